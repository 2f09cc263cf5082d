"""What the demo's organizations have besides members: domains, an invitation, a request, a district that shares."""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress

from members.links import hash_of, new_secret
from members.models import Contact, Domain, Invitation, Membership, Organization, Seat, SeatRequest, User

LEAVER, SUCCESSOR = "ty.brandt@maplevalley.example", "lena.ortiz@maplevalley.example"
# who holds a seat elsewhere: address, name, whose seat, and through which organization
ELSEWHERE = (
    ("gwen.alder@alderrun.example", "Gwen Alder", "three-creeks-education-service-agency", "alder-run-school-district"),
    ("ruth.ansel@birchcounty.example", "Ruth Ansel", "birch-county-schools", ""),
)


def load(content: dict[str, Any], now: datetime) -> None:
    """Create what is missing and move every relative day to where it belongs today."""
    staff = User.objects.get(email="staff@example.org")
    for row in content["organizations"]:
        organization = Organization.objects.get(slug=row["slug"])
        if organization.domains.exists():  # loaded before, and maybe changed since
            continue
        parent = Organization.objects.filter(slug=row.get("parent", "")).first()
        Organization.objects.filter(pk=organization.pk).update(
            parent=parent, shares_benefit=row.get("shares_benefit", False)
        )
        for name in row.get("domains", ()):
            _domain(organization, name, staff, now)
    for email, name, slug, through in ELSEWHERE:
        _seat_elsewhere(email, name, Membership.objects.get(organization__slug=slug), through, now)
    membership = Membership.objects.get(organization__slug="maple-valley-school-district")
    _handed_off(membership, now)
    _asked(membership, now)


def _domain(organization: Organization, name: str, staff: User, now: datetime) -> None:
    Domain.objects.get_or_create(
        organization=organization,
        name=name,
        defaults={
            "dns_value": f"cosn-domain={new_secret()}",
            "added_at": now,
            "added_by": staff,
            "method": Domain.Method.STAFF,
            "verified_at": now,
            "verified_by": staff,
        },
    )


def _seat_elsewhere(email: str, name: str, membership: Membership, through: str, now: datetime) -> None:
    person, made = User.objects.get_or_create(email=email, defaults={"name": name})
    if not made:
        return
    person.set_unusable_password()
    person.save(update_fields=["password"])
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    below = Organization.objects.filter(slug=through).first()
    Seat.objects.create(
        membership=membership, person=person, number=1, through=below, taken_at=now - timedelta(days=20)
    )


def _handed_off(membership: Membership, now: datetime) -> None:
    """A colleague has left; the seat waits for the successor."""
    days = {"invited_at": now - timedelta(days=3), "expires_at": now + timedelta(days=11)}
    waiting = Invitation.objects.filter(membership=membership, email=SUCCESSOR)
    if waiting.exists():
        waiting.unanswered().update(**days)
        return
    seat = membership.seat_rows.filter(person__email=LEAVER, left_at=None).first()
    if seat is None:
        return
    Seat.objects.filter(pk=seat.pk).update(left_at=days["invited_at"])
    Contact.objects.filter(organization=membership.organization_id, person=seat.person).delete()
    contact = Contact.objects.get(organization=membership.organization_id, is_primary=True).person
    Invitation.objects.create(
        membership=membership,
        email=SUCCESSOR,
        name="Lena Ortiz",
        token_hash=hash_of(new_secret()),
        follows=seat,
        invited_by=contact,
        **days,
    )


def _asked(membership: Membership, now: datetime) -> None:
    """Noseat has asked, and nobody has answered yet."""
    person = User.objects.get(email="noseat@example.org")
    asked = SeatRequest.objects.filter(membership=membership, person=person)
    if asked.exists():
        asked.filter(answer="").update(asked_at=now - timedelta(days=4))
    elif not membership.seat_rows.filter(person=person).exists():
        SeatRequest.objects.create(membership=membership, person=person, asked_at=now - timedelta(days=4))
