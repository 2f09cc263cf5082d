"""The small cast everyone knows by name, each with real rows: the demo's sign-ins and four more.

Each function makes its person (and what they stand on) once and answers with them. Days are the association's and
relative to `today`, so that nobody goes stale. Maple Valley's people share one membership, whoever is asked for first.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from cosn_site.clock import association_day
from members.models import Contact, DuesBand, Membership, Organization, Plan, PriceList, Seat, Term, User
from reports.models import Report
from store.models import Grant

PASSWORD = "knowledge-center"
GRACE_DAYS = 30
MAPLE_VALLEY_SEATS = 3


def person(
    key: str,
    *,
    name: str = "",
    title: str = "",
    verified: bool = True,
    is_staff: bool = False,
    is_superuser: bool = False,
) -> User:
    """Somebody with an account and nothing else; `verified` says whether the address is."""
    email = f"{key}@example.org"
    found = User.objects.filter(email=email).first()
    if found is None:
        found = User.objects.create_user(
            email,
            PASSWORD,
            name=name or key.replace(".", " ").title(),
            title=title,
            is_staff=is_staff,
            is_superuser=is_superuser,
        )
        EmailAddress.objects.create(user=found, email=email, verified=verified, primary=True)
    return found


def browser(who: User | None) -> Client:
    """A client in which this person is signed in; for None, one in which nobody is."""
    client = Client()
    if who is not None:
        client.force_login(who)
    return client


# --- staff ------------------------------------------------------------------------------------------------------
def staff() -> User:
    """Staff, everything."""
    return person("staff", name="Morgan Reyes", is_staff=True, is_superuser=True)


def editor() -> User:
    """Staff in the group Editors."""
    found = person("editor", name="Avery Lindgren", is_staff=True)
    found.groups.add(Group.objects.get_or_create(name="Editors")[0])
    return found


# --- Maple Valley: an active district with all its seats taken -------------------------------------------------
def maple_valley() -> Membership:
    """The active membership of Maple Valley School District, half-way through its term."""
    district, made = Organization.objects.get_or_create(
        slug="maple-valley", defaults={"name": "Maple Valley School District", "kind": Organization.Kind.DISTRICT}
    )
    membership, _ = Membership.objects.get_or_create(organization=district, defaults={"plan": district_plan()})
    if made:
        add_term(membership, starts=-180, ends=180, seats=MAPLE_VALLEY_SEATS)
        sit(person("colleague", name="Priya Raman"), membership, number=3)
    return membership


def member() -> User:
    """The CTO of Maple Valley; holds a seat."""
    return _at_maple_valley(person("member", name="Jordan Whitfield", title="Chief technology officer"), seat=2)


def contact() -> User:
    """Maple Valley's primary contact; holds a seat too."""
    return _at_maple_valley(person("contact", name="Dana Okafor"), seat=1, is_primary=True)


def noseat() -> User:
    """Works at Maple Valley, where all seats are taken."""
    contact(), member()
    return _at_maple_valley(person("noseat", name="Robin Castellano"))


def _at_maple_valley(who: User, *, seat: int | None = None, is_primary: bool = False) -> User:
    membership = maple_valley()
    Contact.objects.get_or_create(organization=membership.organization, person=who, defaults={"is_primary": is_primary})
    if seat is not None and not who.seat_rows.exists():
        sit(who, membership, number=seat)
    return who


# --- individuals ------------------------------------------------------------------------------------------------
def grace() -> User:
    """An individual member whose term ended ten days ago."""
    return individual("grace", name="Sam Petrovic", starts=-375, ends=-10)


def lapsed() -> User:
    """An individual member whose term ended a year ago."""
    return individual("lapsed", name="Kim Abernathy", starts=-730, ends=-365)


def provisional() -> User:
    """Holds the seat of an agency whose purchase order is accepted and unpaid; its clock has ten days to run."""
    agency, made = Organization.objects.get_or_create(
        slug="lakes-agency", defaults={"name": "Lakes Regional Agency", "kind": Organization.Kind.AGENCY}
    )
    who = person("provisional", name="Uma Fields")
    if made:
        membership = Membership.objects.create(organization=agency, plan=district_plan())
        add_term(membership, starts=-30, ends=334, provisional_until=10)
        sit(who, membership, number=1)
    return who


def upcoming() -> User:
    """An individual member whose first term starts in three weeks."""
    return individual("upcoming", name="Ivo Sands", starts=21, ends=385)


def individual(key: str, *, name: str = "", starts: int, ends: int, provisional_until: int | None = None) -> User:
    """A person with a membership of their own: one term, in days from today."""
    who = person(key, name=name)
    if not Membership.objects.filter(person=who).exists():
        membership = Membership.objects.create(person=who, plan=individual_plan())
        add_term(membership, starts=starts, ends=ends, provisional_until=provisional_until)
    return who


# --- everybody else ---------------------------------------------------------------------------------------------
def purchase() -> User:
    """Not a member. What they bought is a grant: see `buys`."""
    return person("purchase", name="Noor Haddad")


def buys(who: User, report: Report, *, now: datetime | None = None) -> Grant:
    """The person bought this report the day before."""
    opened_at = (now or timezone.now()) - timedelta(days=1)
    return Grant.objects.create(report=report, person=who, kind=Grant.Kind.PURCHASED, opened_at=opened_at)


def visitor() -> User:
    """Signed up, nothing else."""
    return person("visitor", name="Lee Montgomery")


def unverified() -> User:
    """Signed up and never typed the code in, though a seat of Maple Valley waits for them."""
    return person("unverified", name="Pat Unsworth", verified=False)


def signed_out() -> None:
    """Nobody."""


CAST: dict[str, Callable[[], User | None]] = {
    "signed out": signed_out,
    "visitor": visitor,
    "unverified": unverified,
    "member": member,
    "contact": contact,
    "noseat": noseat,
    "grace": grace,
    "provisional": provisional,
    "upcoming": upcoming,
    "lapsed": lapsed,
    "purchase": purchase,
    "editor": editor,
    "staff": staff,
}


# --- what they stand on -----------------------------------------------------------------------------------------
def district_plan() -> Plan:
    return _plan("district-test", "District membership", Plan.Holder.ORGANIZATION, dues_cents=125_000, seats=10)


def individual_plan() -> Plan:
    return _plan("individual-test", "Individual membership", Plan.Holder.PERSON, dues_cents=15_000, seats=1)


def _plan(slug: str, name: str, holder: str, *, dues_cents: int, seats: int) -> Plan:
    """A plan with one price, and the price list that it has had for ever."""
    plan, made = Plan.objects.get_or_create(slug=slug, defaults={"name": name, "holder": holder})
    if made:
        prices = PriceList.objects.create(
            plan=plan,
            number=1,
            valid_from=date(2000, 1, 1),
            seats=seats,
            extra_seat_cents=7_500 if seats > 1 else None,
            grace_days=GRACE_DAYS,
        )
        DuesBand.objects.create(price_list=prices, dues_cents=dues_cents)
    return plan


def today() -> date:
    """The association's day."""
    return association_day(timezone.now())


def add_term(
    membership: Membership,
    *,
    starts: int,
    ends: int,
    seats: int = 10,
    provisional_until: int | None = None,
    grace_days: int = GRACE_DAYS,
) -> Term:
    """A term in days from today: `ends` is its last day."""
    return Term.objects.create(
        membership=membership,
        starts_on=today() + timedelta(days=starts),
        ends_on=today() + timedelta(days=ends),
        seats=seats,
        grace_days=grace_days,
        provisional_until=None if provisional_until is None else today() + timedelta(days=provisional_until),
    )


def sit(who: User, membership: Membership, *, number: int) -> Seat:
    """The person has sat in this seat for a hundred days."""
    return Seat.objects.create(
        membership=membership, person=who, number=number, taken_at=timezone.now() - timedelta(days=100)
    )
