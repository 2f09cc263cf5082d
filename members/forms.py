"""Forms about people."""

from zoneinfo import available_timezones

from django import forms

from members.models import User

# Where the association's people are; every other zone is offered below these.
USUAL_ZONES = {
    "America/New_York": "Eastern (New York)",
    "America/Chicago": "Central (Chicago)",
    "America/Denver": "Mountain (Denver)",
    "America/Phoenix": "Mountain without daylight time (Phoenix)",
    "America/Los_Angeles": "Pacific (Los Angeles)",
    "America/Anchorage": "Alaska (Anchorage)",
    "Pacific/Honolulu": "Hawaii (Honolulu)",
}


def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The zones of the United States by their usual names, then all others by theirs."""
    others = sorted(zone for zone in available_timezones() if "/" in zone and zone not in USUAL_ZONES)
    return [
        ("United States", list(USUAL_ZONES.items())),
        ("Elsewhere", [(zone, zone.replace("_", " ")) for zone in others]),
    ]


class SignupForm(forms.Form):
    """The fields that sign-up asks beside address and password (django-allauth puts them together)."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    title = forms.CharField(
        label="Job title",
        max_length=120,
        required=False,
        help_text="Such as Chief technology officer.",
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )

    def signup(self, request: object, user: User) -> None:
        """Called by allauth once the person exists; the adapter has kept name and title already."""


class ProfileForm(forms.ModelForm[User]):
    """What a person may change about themselves; the address has a page of its own, because it must be verified."""

    class Meta:
        model = User
        fields = ("name", "title", "time_zone")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "title": forms.TextInput(attrs={"autocomplete": "organization-title"}),
        }
        help_texts = {"time_zone": "Where you are. A forum’s times are always shown in the forum’s own zone."}

    time_zone = forms.ChoiceField(label="Time zone", choices=time_zone_choices)
