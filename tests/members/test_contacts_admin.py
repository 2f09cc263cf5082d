"""The table of contacts on an organization's page of the admin."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress

from members.models import Contact, Organization, User
from tests import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def district() -> Organization:
    """A district where nobody is a contact yet."""
    return Organization.objects.create(name="Cedar Falls Schools", slug="cedar-falls", kind="district")


def save(district: Organization, *rows: dict[str, Any]) -> str:
    """Staff save the page with this table of contacts, each with its `id` if it is there; what they then see."""
    there = sum("id" in row for row in rows)
    data = {"name": district.name, "slug": district.slug, "kind": district.kind}
    data |= {"contacts-TOTAL_FORMS": str(len(rows)), "contacts-INITIAL_FORMS": str(there)}
    for number, row in enumerate(rows):
        data |= {f"contacts-{number}-{name}": value for name, value in {**row, "organization": district.pk}.items()}
    for story in ("domains", "exemption_certificates"):
        data |= {f"{story}-TOTAL_FORMS": "0", f"{story}-INITIAL_FORMS": "0"}
    staff = people.browser(people.staff())
    return staff.post(f"/admin/members/organization/{district.pk}/change/", data, follow=True).content.decode()


def test_somebody_is_made_primary_in_the_table(district: Organization) -> None:
    save(district, {"person": people.visitor().pk, "is_primary": "on"})
    assert Contact.objects.get().is_primary


@pytest.mark.parametrize(("is_active", "verified", "why"), [(False, True, "switched off"), (True, False, "confirmed")])
@pytest.mark.parametrize("is_there", [True, False])
def test_who_cannot_sign_in_is_not_made_primary_in_the_table(
    district: Organization, is_there: bool, is_active: bool, verified: bool, why: str
) -> None:
    person = people.visitor()
    User.objects.filter(pk=person.pk).update(is_active=is_active)
    EmailAddress.objects.filter(user=person).update(verified=verified)
    row: dict[str, Any] = {"person": person.pk, "is_primary": "on"}
    if is_there:
        row["id"] = Contact.objects.create(organization=district, person=person).pk
    page = save(district, row)
    assert f"{person}" in page
    assert why in page
    assert not Contact.objects.filter(is_primary=True).exists()


def test_who_cannot_sign_in_may_be_a_plain_or_a_billing_contact(district: Organization) -> None:
    save(district, {"person": people.unverified().pk, "is_billing": "on"})
    assert Contact.objects.get().is_billing


def test_a_primary_contact_who_was_switched_off_since_keeps_nobody_from_saving_the_page(district: Organization) -> None:
    gone = Contact.objects.create(organization=district, person=people.visitor(), is_primary=True)
    User.objects.filter(pk=gone.person_id).update(is_active=False)
    was_there = {"id": gone.pk, "person": gone.person_id, "is_primary": "on"}
    save(district, was_there, {"person": people.member().pk, "is_billing": "on"})
    assert Contact.objects.filter(organization=district, person=people.member(), is_billing=True).exists()
