"""Forms of the knowledge center's pages."""

from typing import Any

from django import forms

from reports.models import ConsentText, FocusArea


class NewsletterForm(forms.Form):
    """Asks for an address, subjects, and agreement to the words in force."""

    email = forms.EmailField(
        label="Your e-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Give the address the newsletter should go to.",
            "invalid": "This is not an e-mail address. It looks like name@district.example.",
        },
    )
    focus_areas = forms.ModelMultipleChoiceField(
        label="About",
        queryset=FocusArea.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick none to hear about all of them.",
        error_messages={
            "invalid_choice": "One of these subjects is not there any more. Choose again.",
            "invalid_pk_value": "One of these subjects is not there any more. Choose again.",
        },
    )
    agreed = forms.BooleanField(error_messages={"required": "Without your agreement we may not write to you."})
    consent_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, consent: ConsentText, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.consent = consent
        self.fields["agreed"].label = consent.text
        self.fields["consent_version"].initial = consent.version

    def clean(self) -> dict[str, Any] | None:
        """They agree to the words that they saw, and to no others."""
        cleaned = super().clean()
        if cleaned is not None and cleaned.get("agreed") and cleaned.get("consent_version") != self.consent.version:
            self.add_error("agreed", "The words have changed since you opened this page. Read them and tick again.")
        return cleaned
