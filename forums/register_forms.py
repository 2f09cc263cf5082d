"""What registering asks, beside the forum's own questions."""

from typing import Any

from django import forms

from forums.models import Forum, Seating
from forums.registrations import Details
from members.models import Organization
from members.states import NAMES

MAIL_ATTRIBUTES = {"autocomplete": "email", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}


class AddressForm(forms.Form):
    """Who registers, when nobody is signed in."""

    email = forms.EmailField(
        label="Work e-mail",
        max_length=254,
        widget=forms.EmailInput(attrs=MAIL_ATTRIBUTES),
        error_messages={"required": "Enter your e-mail.", "invalid": "Enter an address such as you@district.example."},
    )
    name = forms.CharField(
        label="Your name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Enter your name, as it should stand on your badge."},
    )


class CodeForm(forms.Form):
    """The code from the mail."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text="Six digits.",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "pattern": "[0-9 ]*", "autofocus": True}
        ),
        error_messages={"required": "Enter the code from the message."},
    )


class StateField(forms.ChoiceField):
    """One of the states, or none. Django would copy the sixty names for each form, and walk them to find one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=lambda: [("", "Choose your state"), *NAMES.items()], **kwargs)

    def valid_value(self, value: Any) -> bool:
        return value in NAMES


class AskMeFirst(forms.ChoiceField):
    """What happens when a seat becomes free; who does not say is asked."""

    ASK, AT_ONCE = "ask", "at_once"

    def __init__(self, **kwargs: Any) -> None:
        choices = [(self.ASK, "Ask me first"), (self.AT_ONCE, "Give it to me at once")]
        super().__init__(choices=choices, initial=self.ASK, widget=forms.RadioSelect, **kwargs)

    def clean(self, value: Any) -> Any:
        return super().clean(value or self.ASK)


class DetailsForm(forms.Form):
    """What a registration says of its person. Whoever changes the name of their organization is at another one."""

    name = forms.CharField(
        label="Your name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Enter your name, as it should stand on your badge."},
    )
    title = forms.CharField(
        label="Position",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    organization = forms.CharField(
        label="District or organization",
        max_length=160,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={"required": "Enter the name of your district or organization."},
    )
    us_state = StateField(label="State", required=False, widget=forms.Select(attrs={"autocomplete": "address-level1"}))
    if_free = AskMeFirst(label="If a seat becomes free")

    def __init__(self, data: Any = None, *, name: str, known: Details, asks_first: bool) -> None:
        initial = {
            "name": name,
            "title": known.title,
            "organization": str(known.organization or known.organization_name),
            "us_state": known.us_state,
            "if_free": AskMeFirst.AT_ONCE if known.takes_seat_at_once else AskMeFirst.ASK,
        }
        super().__init__(data, initial=initial)
        self.known = known
        if not asks_first:
            del self.fields["if_free"]

    def details(self) -> Details:
        """What was typed, of a valid form."""
        typed = self.cleaned_data
        organization = self._organization(typed["organization"])
        return Details(
            organization=organization,
            organization_name="" if organization else typed["organization"],
            title=typed["title"],
            us_state=typed["us_state"],
            takes_seat_at_once=typed.get("if_free") == AskMeFirst.AT_ONCE,
        )

    def _organization(self, typed: str) -> Organization | None:
        known = self.known.organization
        same = known is not None and " ".join(typed.split()).casefold() == known.name.casefold()
        return known if same else None


def asks_first(forum: Forum, seating: Seating | None) -> bool:
    """Whether somebody who registers now says what happens when a seat becomes free: they wait, and are asked."""
    return seating is not None and not seating.free and forum.offer_hours > 0
