"""The demo association's people and memberships, relative to today so that they never go stale.

Only for development and demonstrations: `manage.py load_demo` refuses to run where DEBUG is off.
"""

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from cosn_site.clock import association_day, start_of
from members.demo import directory, roster
from members.models import Contact, Membership, Organization, Plan, Seat, Term, User
from members.price_lists import figures, price_list_on, publish_prices, size_of_holder
from members.prices import band_dues

PASSWORD = "knowledge-center"  # noqa: S105 - the demo's, told to everyone by `make run`
PRICES_SINCE = date(2020, 7, 1)
PEOPLE = {
    "staff": ("Morgan Reyes", "Director of member services"),
    "editor": ("Avery Lindgren", "Editor, knowledge center"),
    "member": ("Jordan Whitfield", "Chief technology officer"),
    "contact": ("Dana Okafor", "Executive assistant to the superintendent"),
    "noseat": ("Robin Castellano", "Network administrator"),
    "grace": ("Sam Petrovic", "Education technology consultant"),
    "lapsed": ("Kim Abernathy", "Retired director of technology"),
    "purchase": ("Noor Haddad", "Curriculum researcher"),
    "visitor": ("Lee Montgomery", ""),
}
COLLEAGUES = (  # who hold the other seats of Maple Valley; they have no password
    "Priya Raman",
    "Walt Jensen",
    "Teresa Quill",
    "Omar Diallo",
    "Beth Sorensen",
    "Hugo Marsh",
    "Ines Calloway",
    "Ty Brandt",
)


def load(now: datetime) -> None:
    """Create what is missing and move every relative day to where it belongs today."""
    content = tomllib.loads((Path(__file__).parent / "association.toml").read_text(encoding="utf-8"))
    today = association_day(now)
    people = {key: _person(f"{key}@example.org", *words) for key, words in PEOPLE.items()}
    _staff(people["staff"], people["editor"])
    plans = {row["slug"]: _plan(position, row) for position, row in enumerate(content["plans"])}
    for row in content["organizations"]:
        _organization(row, plans, today)
    _maple_valley(people, start_of(today - timedelta(days=700)))
    roster.load(content, now)
    _individual(people["grace"], plans["individual"], ended_on=today - timedelta(days=10))
    _individual(people["lapsed"], plans["individual"], ended_on=_years_before(today, 1))
    directory.load(now)


def _person(email: str, name: str, title: str, password: str | None = PASSWORD) -> User:
    person = User.objects.filter(email=email).first()
    if person is None:
        person = User.objects.create(email=email, name=name, title=title, password=_password(password))
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def _password(password: str | None) -> str:
    """The same hash for all demo people of one load: hashing nine times is nine times slow."""
    if password not in _hashes:
        _hashes[password] = make_password(password)
    return _hashes[password]


_hashes: dict[str | None, str] = {}


def _staff(staff: User, editor: User) -> None:
    User.objects.filter(pk=staff.pk).update(is_staff=True, is_superuser=True)
    User.objects.filter(pk=editor.pk).update(is_staff=True)
    editor.groups.add(Group.objects.get(name="Editors"))


_WORDS_OF_A_PLAN = ("name", "holder", "terms", "band_by", "summary", "benefits")
_FIGURES = ("seats", "extra_seat_cents", "grace_days", "provisional_days", "net_days")


def _plan(position: int, row: dict[str, Any]) -> Plan:
    words = {key: row[key] for key in _WORDS_OF_A_PLAN if key in row}
    plan, made = Plan.objects.get_or_create(
        slug=row["slug"], defaults={**words, "is_published": row["published"], "position": position}
    )
    if made:
        terms: dict[str, Any] = {key: row.get(key) for key in _FIGURES}
        bands = [(band.get("up_to"), band["dues_cents"]) for band in row["bands"]]
        publish_prices(plan=plan, valid_from=PRICES_SINCE, bands=bands, by=None, **terms)
    return plan


_FACTS = ("name", "kind", "state", "nces_id", "enrollment", "staff_count")


def _organization(row: dict[str, Any], plans: dict[str, Plan], today: date) -> None:
    organization, _ = Organization.objects.get_or_create(
        slug=row["slug"],
        defaults={key: row[key] for key in _FACTS if key in row},
    )
    if "plan" not in row:
        return
    membership, _ = Membership.objects.get_or_create(organization=organization, defaults={"plan": plans[row["plan"]]})
    if "term_starts_days_from_now" in row:
        ends_on = _years_after(today + timedelta(days=row["term_starts_days_from_now"]), 1) - timedelta(days=1)
    else:
        ends_on = today + timedelta(days=row["term_ends_days_from_now"])
    years = 3 if row["role"] == "home" else 1
    accepted = row.get("purchase_order_days_ago")
    clock = price_list_on(membership.plan, today).provisional_days
    until = None if accepted is None else today + timedelta(days=clock - accepted)
    _terms(membership, ends_on=ends_on, years=years, provisional_until=until)


def _terms(membership: Membership, *, ends_on: date, years: int = 1, provisional_until: date | None = None) -> None:
    """The last `years` yearly terms up to `ends_on`, moved there if an earlier load put them elsewhere."""
    terms = list(membership.terms.all())
    wanted = [
        {"starts_on": _years_before(ends_on, back + 1) + timedelta(days=1), "ends_on": _years_before(ends_on, back)}
        for back in reversed(range(years))
    ]
    if not terms:
        prices, size = price_list_on(membership.plan, ends_on), size_of_holder(membership)
        dues = band_dues(figures(prices).bands, size)
        Term.objects.bulk_create(
            Term(
                membership=membership,
                **days,
                price_list=prices,
                size=size,
                seats=prices.seats,
                grace_days=prices.grace_days,
                dues_cents=dues,
                reference=f"PO {days['starts_on']:%Y}-{1100 + membership.pk}" if membership.organization_id else "",
            )
            for days in wanted
        )
    elif terms[-1].ends_on != ends_on and len(terms) == years:
        # from the last to the first where they move ahead, so that no two overlap on the way
        for term, days in reversed(list(zip(terms, wanted, strict=True))):
            Term.objects.filter(pk=term.pk).update(**days)
    membership.terms.filter(ends_on=ends_on).update(provisional_until=provisional_until)


def _individual(person: User, plan: Plan, *, ended_on: date) -> None:
    membership, _ = Membership.objects.get_or_create(person=person, defaults={"plan": plan})
    _terms(membership, ends_on=ended_on)


def _maple_valley(people: dict[str, User], since: datetime) -> None:
    organization = Organization.objects.get(slug="maple-valley-school-district")
    membership = Membership.objects.get(organization=organization)
    if membership.seat_rows.exists():
        return
    colleagues = [
        _person(f"{name.lower().replace(' ', '.')}@maplevalley.example", name, "", password=None) for name in COLLEAGUES
    ]
    seated = [people["contact"], *colleagues[:2], people["member"], *colleagues[2:]]  # the CTO holds seat 4
    Contact.objects.bulk_create(
        Contact(organization=organization, person=person) for person in [*seated[1:], people["noseat"]]
    )
    Contact.objects.create(organization=organization, person=people["contact"], is_primary=True, is_billing=True)
    Seat.objects.bulk_create(
        Seat(membership=membership, person=person, number=number, taken_at=since)
        for number, person in enumerate(seated, start=1)
    )


def _years_before(day: date, years: int) -> date:
    return _years_after(day, -years)


def _years_after(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
