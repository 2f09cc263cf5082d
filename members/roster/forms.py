"""What the roster's pages ask."""

from difflib import get_close_matches
from typing import Any

from django import forms

from cosn_site.admin_fields import DayInput
from members.certificates import MEBIBYTE, MOST_BYTES, CertificateRefused, kind_of
from members.invitations import DAYS
from members.models import Contact, Membership, Organization, User
from members.seats import people_without_a_seat

CLOSE_ENOUGH = 0.85


class InviteForm(forms.Form):
    """Whom to keep a seat for. An address whose domain is nearly the organization's own is asked about once."""

    email = forms.EmailField(
        label="Work e-mail", max_length=254, help_text=f"They get a link that works for {DAYS} days."
    )
    name = forms.CharField(label="Name", max_length=120, required=False)
    sure = forms.BooleanField(label="The address is right as it is", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.domains = [domain.name for domain in organization.domains.all()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = cleaned.get("email", "").rpartition("@")[2].lower()
        near = get_close_matches(given, self.domains, n=1, cutoff=CLOSE_ENOUGH) if given else []
        if near and near[0] != given and not cleaned.get("sure"):
            self.fields["sure"].widget = forms.CheckboxInput()
            self.add_error("email", f"Did you mean {near[0]}? If not, tick the box below and send it again.")
        return cleaned


class SwapForm(forms.Form):
    """Who sits in the seat instead."""

    person = forms.ModelChoiceField(
        label="Who sits there instead",
        queryset=User.objects.none(),
        help_text="Colleagues without a seat. Invite somebody who isn’t here: hand the seat off.",
    )

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = people_without_a_seat(membership)


class HandOffForm(InviteForm):
    """The successor, and who takes the leaver's roles."""

    roles_to = forms.ModelChoiceField(
        label="Roles of who leaves",
        queryset=User.objects.none(),
        required=False,
        empty_label="The successor, once they accept",
        help_text="Until then the roles stay where they are. Choose a colleague to pass them on at once.",
    )

    def __init__(self, *args: Any, leaver: User, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, **kwargs)
        colleagues = Contact.objects.filter(organization=organization).exclude(person=leaver)
        contact = Contact.objects.filter(organization=organization, person=leaver).first()
        if contact is None or not (contact.is_primary or contact.is_billing):
            del self.fields["roles_to"]
            return
        field = self.fields["roles_to"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = User.objects.filter(pk__in=colleagues.values("person"), is_active=True).order_by("name", "pk")


class DeclineForm(forms.Form):
    """Why somebody gets no seat; they read it."""

    reason = forms.CharField(
        label="Why not", max_length=200, help_text="They read this in a mail, such as: we add seats in July."
    )


class BillingForm(forms.Form):
    """Whether they are to be a billing contact: what the page said, whatever somebody did since."""

    to = forms.BooleanField(required=False, widget=forms.HiddenInput)


class DomainForm(forms.Form):
    """A domain of the organization's own; what may be one `members.domain_names` says."""

    name = forms.CharField(
        label="Domain", max_length=254, help_text="What stands after the @ in your addresses: maplevalley.example."
    )


class CertificateForm(forms.Form):
    """A tax-exempt certificate."""

    file = forms.FileField(
        label="Certificate", help_text=f"PDF, PNG or JPEG, at most {MOST_BYTES // MEBIBYTE} MB.", max_length=200
    )
    state = forms.RegexField(
        label="State",
        regex=r"^[A-Za-z]{2}$",
        help_text="Its two letters, such as MN.",
        error_messages={"invalid": "Give the two letters of the state, such as MN."},
    )
    number = forms.CharField(label="Certificate number", max_length=60, required=False)
    expires_on = forms.DateField(
        label="Good until", required=False, widget=DayInput, help_text="The last day. Leave it empty if it stays good."
    )

    def __init__(self, *args: Any, oversized: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "file" in oversized:
            large = f"This file is larger than {MOST_BYTES // MEBIBYTE} MB. Scan it in a lower quality."
            self.fields["file"].error_messages["required"] = large

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        try:
            kind_of(file)
        except CertificateRefused as refused:
            raise forms.ValidationError(refused.sentence) from refused
        return file

    def clean_state(self) -> str:
        return str(self.cleaned_data["state"]).upper()
