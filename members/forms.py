"""Forms about people."""

from django import forms

from members.models import User


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
