"""Naming a team: colleagues of one district, whose addresses show that they are."""

from collections.abc import Sequence
from typing import Any, cast

from allauth.account.models import EmailAddress
from django import forms
from django.forms import BaseFormSet, formset_factory

from forums.models import Seating, Team
from forums.register_forms import MAIL_ATTRIBUTES
from forums.teams import Colleague
from members.domain_names import NotADomain, PublicProvider, PublicSuffix, clean_domain
from members.models import Domain, Organization, User

_NO_DOMAIN = (NotADomain, PublicProvider, PublicSuffix)


def team_domains(lead: User, organization: Organization | None) -> frozenset[str]:
    """The e-mail domains that a team of this lead can have: of the lead's verified addresses, and those that their
    organization has shown to be its own. None of them is one where anybody can have an address.
    """
    addresses = EmailAddress.objects.filter(user=lead, verified=True).values_list("email", flat=True)
    domains = {domain for domain in map(domain_of, addresses) if domain}
    if organization is not None:
        verified = Domain.objects.filter(organization=organization, verified_at__isnull=False)
        domains.update(verified.values_list("name", flat=True))
    return frozenset(domains)


def domain_of(email: str) -> str:
    """The domain of an address where it stands for an organization; empty where it cannot."""
    try:
        return clean_domain(email)
    except _NO_DOMAIN:
        return ""


class TeamForm(forms.Form):
    """Whether the team stays together, with what each choice means now."""

    mode = forms.ChoiceField(
        label="Seats for your team",
        choices=Team.Mode.choices,
        initial=Team.Mode.AS_MANY_AS_FIT,
        widget=forms.RadioSelect(attrs={"class": "choices-long"}),
        error_messages={"required": "Choose one of the two."},
    )

    def __init__(self, data: Any = None, *, seating: Seating, smallest: int, largest: int) -> None:
        super().__init__(data)
        field = self.fields["mode"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [
            (mode.value, f"{mode.label}. {what_it_means(mode, seating, smallest, largest)}") for mode in Team.Mode
        ]


def what_it_means(mode: Team.Mode, seating: Seating, smallest: int, largest: int) -> str:
    """What a team that chooses this gets now, in a sentence. It has so many people at least, and so many at most."""
    free, place = seating.free, seating.waiting + 1
    seats = "1 seat is free" if free == 1 else f"{free} seats are free"
    if free >= largest:
        return f"{seats}, so each of you gets one now."
    if mode == Team.Mode.TOGETHER:
        if free >= smallest:
            of = "one person" if free == 1 else f"up to {free}"
            return f"{seats}: a team of {of} is seated now, a larger one waits until there are enough."
        return f"You wait as one, from place {place} in line, and get your seats when there are enough for all of you."
    if free:
        return f"{seats}: you get them in the order you are named, and who is left waits in line."
    return f"You wait from place {place} in line, and each seat that comes up goes to the first of you."


class ColleagueForm(forms.Form):
    """One colleague. A row that is left empty is none."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter your colleague’s name."},
    )
    email = forms.EmailField(
        label="Work e-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={**MAIL_ATTRIBUTES, "autocomplete": "off"}),
        error_messages={"required": "Enter your colleague’s e-mail.", "invalid": "Enter an address with an @ in it."},
    )
    title = forms.CharField(
        label="Position", max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, lead: User, domains: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lead, self.domains = lead, domains

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if email == self.lead.email.lower():
            raise forms.ValidationError("This is your own address. You are in the team already.")
        if domain_of(email) not in self.domains:
            allowed = " or ".join(f"@{domain}" for domain in sorted(self.domains))
            raise forms.ValidationError(f"Colleagues in a team have an address at your district: {allowed}.")
        return email


class Colleagues(BaseFormSet[ColleagueForm]):
    """As many rows as the team can still have people."""

    default_error_messages = {
        "missing_management_form": "Something of the form was lost on the way. Send it again.",
        "too_many_forms": "Name %(num)d colleagues at most: a team of this forum takes no more.",
    }

    def clean(self) -> None:
        named = [form.cleaned_data["email"] for form in self.forms if form.cleaned_data.get("email")]
        if not self.forms or any(form.errors for form in self.forms):
            return
        for form in self.forms:
            email = form.cleaned_data.get("email")
            if email and named.count(email) > 1:
                form.add_error("email", "This address stands here twice.")
        if not named:
            self.forms[0].add_error("email", "Name one colleague or more.")

    def named(self) -> Sequence[Colleague]:
        """Who was named, in the order given; of a valid set."""
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data.get("email")]
        return [Colleague(row["email"], " ".join(row["name"].split()), row["title"]) for row in rows]


def colleagues_for(data: Any, *, lead: User, domains: frozenset[str], room: int) -> Colleagues:
    """Rows for so many colleagues."""
    kind = formset_factory(
        ColleagueForm, formset=Colleagues, extra=room, max_num=room, absolute_max=room, validate_max=True
    )
    return cast("Colleagues", kind(data, prefix="colleagues", form_kwargs={"lead": lead, "domains": domains}))
