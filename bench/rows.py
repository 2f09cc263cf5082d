"""The rows that the bench reads: one member with a seat, and as many reports as are asked for."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from cosn_site.clock import association_day
from members.models import Contact, Membership, Organization, Plan, Seat, Term, User
from reports.models import Category, Edition, EditionPage, FocusArea, Framework, Report, Series, Skill, Takeaway

FILE_BYTES = 1024 * 1024
MEASURED = 20  # the reports that are asked for, in turn; each has a file of its own
SUBJECTS = (
    "broadband",
    "privacy",
    "assessment",
    "succession",
    "interoperability",
    "leadership",
    "budget",
    "devices",
    "accessibility",
    "procurement",
)


@dataclass(frozen=True, slots=True)
class Member:
    """Who asks, and with which cookie: the product's session, and the bare project's."""

    person_id: int
    organization_id: int
    term_id: int
    session: str
    bare_session: str


def make_member() -> Member:
    """A person in a seat of a district in its third year, among four others."""
    now = timezone.now()
    today = association_day(now)
    district = Organization.objects.create(name="Bench School District", slug="bench", kind="district", state="WI")
    plan = Plan.objects.create(name="District", slug="bench", holder=Plan.Holder.ORGANIZATION)
    membership = Membership.objects.create(organization=district, plan=plan)
    for year in (2, 1, 0):
        starts = today - timedelta(days=180 + 365 * year)
        term = Term.objects.create(
            membership=membership, starts_on=starts, ends_on=starts + timedelta(days=364), seats=5
        )
    for number in range(1, 6):
        person = User.objects.create_user(f"bench-{number}@bench.test", name=f"Bench Person {number}")
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
        Contact.objects.create(organization=district, person=person)
        Seat.objects.create(membership=membership, person=person, number=number, taken_at=now)
    return Member(
        person_id=person.pk,
        organization_id=district.pk,
        term_id=term.pk,
        session=session_of(person, settings.AUTHENTICATION_BACKENDS[0]),
        bare_session=session_of(person, "django.contrib.auth.backends.ModelBackend"),
    )


def session_of(person: User, backend: str) -> str:
    """The key of a session in which this person is signed in."""
    session = SessionStore()
    session.update(
        {
            SESSION_KEY: str(person.pk),
            BACKEND_SESSION_KEY: backend,
            HASH_SESSION_KEY: person.get_session_auth_hash(),
        }
    )
    session.create()
    return str(session.session_key)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What reports are sorted by."""

    series: Sequence[Series]
    focus_areas: Sequence[FocusArea]
    categories: Sequence[Category]
    skills: Sequence[Skill]


def make_shelf() -> Shelf:
    """Three series, eight focus areas, two frameworks of ten categories and thirty skills."""
    series = [Series(name=f"Series {n}", singular=f"Series {n}", slug=f"series-{n}", position=n) for n in range(3)]
    areas = [FocusArea(name=f"Focus {word}", slug=word, position=n) for n, word in enumerate(SUBJECTS[:8])]
    frameworks = [Framework(name=f"Framework {n}", slug=f"framework-{n}", position=n) for n in range(2)]
    Framework.objects.bulk_create(frameworks)
    categories = [
        Category(framework=frameworks[n // 5], name=f"Category {n}", slug=f"category-{n}", position=n)
        for n in range(10)
    ]
    Category.objects.bulk_create(categories)
    skills = [Skill(category=categories[n // 3], name=f"Skill {n}", slug=f"skill-{n}", position=n) for n in range(30)]
    return Shelf(
        Series.objects.bulk_create(series),
        FocusArea.objects.bulk_create(areas),
        categories,
        Skill.objects.bulk_create(skills),
    )


def add_reports(shelf: Shelf, first: int, last: int) -> None:
    """Reports number `first` up to but without `last`, all of them out, each with all that the catalog counts.

    The first MEASURED of all are members' reports with a real file each; the others have rows only. The choices are
    drawn by chance from a fixed seed.
    """
    for start in range(first, last, 5000):
        _add(shelf, range(start, min(start + 5000, last)))
    connection.close()  # VACUUM wants no transaction, and the next user of the connection no leftovers
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


@transaction.atomic
def _add(shelf: Shelf, numbers: range) -> None:
    chance = random.Random(numbers.start)  # noqa: S311 - rows, not secrets
    now = timezone.now()
    reports = Report.objects.bulk_create([_report(shelf, number, chance) for number in numbers], batch_size=1000)
    editions = Edition.objects.bulk_create(
        [_edition(report, number, now) for report, number in zip(reports, numbers, strict=True)], batch_size=1000
    )
    areas, links = Report.focus_areas.through, Report.categories.through
    areas.objects.bulk_create(
        [
            areas(report_id=report.pk, focusarea_id=area.pk)
            for report in reports
            for area in chance.sample(shelf.focus_areas, 2)
        ]
    )
    links.objects.bulk_create(
        [
            links(report_id=report.pk, category_id=category.pk)
            for report in reports
            for category in chance.sample(shelf.categories, 2)
        ]
    )
    Takeaway.objects.bulk_create(
        [
            Takeaway(report=report, kind=kind, text=_words(chance, 12), skill=chance.choice(shelf.skills), position=n)
            for report in reports
            for n, kind in enumerate(Takeaway.Kind.values)
        ],
        batch_size=2000,
    )
    EditionPage.objects.bulk_create(
        [EditionPage(edition=edition, number=1, text=_words(chance, 60)) for edition in editions], batch_size=2000
    )
    # Published at last and together: what is not out costs the database no counting.
    edition = Edition.objects.filter(report=OuterRef("pk")).values("pk")
    new = Report.objects.filter(pk__gte=reports[0].pk)
    new.update(current_edition=Subquery(edition), published_at=now - timedelta(days=1))


def _report(shelf: Shelf, number: int, chance: random.Random) -> Report:
    measured = number < MEASURED
    return Report(
        title=f"Report {number}: {chance.choice(SUBJECTS)} and {chance.choice(SUBJECTS)} in the district",
        slug=slug(number),
        series=shelf.series[number % 3],
        year=2008 + number % 18,
        authors=["Consortium for School Networking"],
        summary=f"What forty districts learned about {_words(chance, 8)}, and what they would do again.",
        audience="District technology leaders",
        body="\n\n".join(_words(chance, 50).capitalize() + "." for _ in range(4)),
        access=Report.Access.MEMBERS if measured else chance.choice(Report.Access.values),
        motif=number % 9,
        released_on=date(2026, 1, 1) - timedelta(days=number % 5000),
    )


def _edition(report: Report, number: int, now: datetime) -> Edition:
    name = file_name(number)
    content = file_content(number) if number < MEASURED else b""
    if content:
        path = Path(settings.FILES_ROOT) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Edition(
        report=report,
        number=1,
        file=name,
        filename=f"{report.slug}.pdf",
        sha256=hashlib.sha256(content or name.encode()).hexdigest(),
        bytes=FILE_BYTES,
        pages=20,
        released_on=association_day(now),
        added_at=now,
    )


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(SUBJECTS, k=count))


def slug(number: int) -> str:
    return f"report-{number}"


def file_name(number: int) -> str:
    """Where an edition's file is, below the folder of private files."""
    return f"editions/bench/{number}.pdf"


def file_content(number: int) -> bytes:
    """One mebibyte that cannot be compressed, unlike any other's."""
    return b"%PDF-1.7\n".ljust(16) + random.Random(number).randbytes(FILE_BYTES - 16)  # noqa: S311


def migrate() -> None:
    """All tables, as production makes them."""
    call_command("migrate", interactive=False, verbosity=0)
