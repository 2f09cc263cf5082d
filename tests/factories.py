"""Rows for tests, one function each: what a test doesn't name has a harmless default.

Reports made here have an edition's row but no file behind it; a test that needs the bytes publishes for real
(`reports.publishing`). Times are given relative to `NOW`, or by name through `state`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from forums.certificates import new_number
from forums.models import Certificate, Forum, ForumSeries, Registration, Seating
from forums.registrations import Details, new_ticket, register
from members.models import User
from reports.models import (
    Category,
    Edition,
    EditionPage,
    FocusArea,
    Framework,
    NewsItem,
    Report,
    Series,
    Skill,
    Takeaway,
)
from reports.models.reports import State

_numbers = count(1)
LONG_AGO = datetime(2013, 11, 14, 14, tzinfo=UTC)  # 9 am in Washington
FAR_AHEAD = datetime(2999, 1, 1, tzinfo=UTC)

TIMES = ("published_at", "embargo_until", "withdrawn_at", "withdrawn_reason")
TIMES_OF: dict[State, dict[str, Any]] = {
    State.DRAFT: {},
    State.SCHEDULED: {"published_at": FAR_AHEAD},
    State.EMBARGOED: {"published_at": LONG_AGO, "embargo_until": FAR_AHEAD},
    State.OUT: {"published_at": LONG_AGO},
    State.WITHDRAWN: {
        "published_at": LONG_AGO,
        "withdrawn_at": LONG_AGO + timedelta(days=30),
        "withdrawn_reason": "A figure in it was wrong.",
    },
}


def make_series(slug: str = "cto-forum-reports", **fields: Any) -> Series:
    """The series of that slug, made when it is not there yet."""
    names = {"name": slug.replace("-", " ").capitalize(), "singular": slug.replace("-", " ").capitalize().rstrip("s")}
    return Series.objects.get_or_create(slug=slug, defaults={**names, **fields})[0]


def make_focus_area(slug: str = "leadership", **fields: Any) -> FocusArea:
    """The focus area of that slug, made when it is not there yet."""
    defaults = {"name": slug.replace("-", " ").capitalize(), **fields}
    return FocusArea.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_framework(slug: str = "essential-skills", **fields: Any) -> Framework:
    """The framework of that slug, made when it is not there yet."""
    defaults = {"name": slug.replace("-", " ").capitalize(), **fields}
    return Framework.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_category(slug: str = "leadership-and-vision", **fields: Any) -> Category:
    """The category of that slug, in the framework given or the usual one."""
    fields.setdefault("framework", None)
    framework = fields.pop("framework") or make_framework()
    defaults = {"name": slug.replace("-", " ").capitalize(), "framework": framework, **fields}
    return Category.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_skill(slug: str = "strategic-planning", *, category: Category | None = None, **fields: Any) -> Skill:
    """The skill of that slug, in the category given or the usual one."""
    defaults = {"name": slug.replace("-", " ").capitalize(), "category": category or make_category(), **fields}
    return Skill.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_forum(slug: str = "2013-march", **fields: Any) -> Forum:
    """A published forum, by default one that is past and known by its month."""
    series = ForumSeries.objects.get_or_create(slug="cto-leadership-forums", defaults={"name": "CTO Leadership Forums"})
    defaults: dict[str, Any] = {
        "series": series[0],
        "title": f"Forum {slug}",
        "status": Forum.Status.PUBLISHED,
        "precision": Forum.Precision.MONTH,
        "starts_at": datetime(2013, 3, 15, 17, tzinfo=UTC),
    }
    defaults.update(fields)
    defaults.setdefault("ends_at", defaults["starts_at"] + timedelta(hours=4))
    return Forum.objects.create(slug=slug, **defaults)


def make_open_forum(slug: str = "2027-april", *, now: datetime, capacity: int = 2, **fields: Any) -> Forum:
    """A published forum sixty days from now that takes registrations, with its seating."""
    starts_at = fields.pop("starts_at", now + timedelta(days=60))
    defaults = {
        "precision": Forum.Precision.TIME,
        "registration_opens_at": now - timedelta(days=1),
        "starts_at": starts_at,
    }
    forum = make_forum(slug, **{**defaults, **fields})
    Seating.objects.create(forum=forum, capacity=capacity)
    return forum


def make_registration(forum: Forum, person: User, *, now: datetime, **details: Any) -> Registration:
    """Registered by the verb: with a seat if one is free, otherwise in line."""
    return register(forum=forum, person=person, details=Details(**details), by=person, now=now)


def make_certificate(forum: Forum) -> Certificate:
    """A certificate of somebody who is registered for this forum and nothing else."""
    person = User.objects.create_user(f"attendee{next(_numbers)}@example.org", name="Ada Attendee")
    Seating.objects.get_or_create(forum=forum, defaults={"capacity": 10})
    row = Registration.objects.create(
        forum=forum,
        person=person,
        state=Registration.State.CONFIRMED,
        ticket=new_ticket(),
        registered_at=LONG_AGO,
        settled_at=LONG_AGO,
    )
    return Certificate.objects.create(
        registration=row, number=new_number(), name=person.name, hours=4, issued_at=LONG_AGO
    )


def add_edition(
    report: Report,
    *,
    number: int = 1,
    pages: Sequence[str] = ("A page of text.",),
    source: str = "",
    note: str = "",
    released_on: date = date(2013, 11, 14),
) -> Edition:
    """A further edition with the text of its pages, and make it the current one."""
    edition = Edition.objects.create(
        report=report,
        number=number,
        file=f"editions/{report.pk}/{number}.pdf",
        filename=f"{report.slug}.pdf",
        sha256=sha256(f"{report.pk}/{number}".encode()).hexdigest(),
        bytes=100_000,
        pages=max(len(pages), 1),
        note=note,
        source=source,
        released_on=released_on,
        added_at=LONG_AGO + timedelta(days=number - 1),
    )
    EditionPage.objects.bulk_create(
        EditionPage(edition=edition, number=place, text=text) for place, text in enumerate(pages, start=1)
    )
    Report.objects.filter(pk=report.pk).update(current_edition=edition)
    report.current_edition = edition
    return edition


def make_report(
    *,
    state: State = State.OUT,
    pages: Sequence[str] = ("A page of text.",),
    source: str = "",
    focus_areas: Iterable[FocusArea] = (),
    categories: Iterable[Category] = (),
    **fields: Any,
) -> Report:
    """A report with one edition, in the state named. Fields that are given win over the state's times."""
    number = next(_numbers)
    given = {name: fields.pop(name) for name in TIMES if name in fields}
    times = {**TIMES_OF[state], **given}
    defaults = {
        "title": f"Report {number}",
        "slug": f"report-{number}",
        "year": 2013,
        "summary": f"What report {number} says.",
        "authors": ["Consortium for School Networking"],
        **fields,
    }
    if "series" not in defaults:
        defaults["series"] = make_series()
    report = Report.objects.create(**defaults)
    add_edition(report, pages=pages, source=source)
    for name, value in times.items():
        setattr(report, name, value)
    report.save()
    report.focus_areas.set(focus_areas)
    report.categories.set(categories)
    return report


def make_takeaway(report: Report, text: str = "A challenge", **fields: Any) -> Takeaway:
    """A challenge of the report, unless another kind is given."""
    return Takeaway.objects.create(report=report, text=text, **{"kind": Takeaway.Kind.CHALLENGE, **fields})


def make_news(title: str = "News", **fields: Any) -> NewsItem:
    """A post that is out, unless told otherwise."""
    defaults = {
        "title": title,
        "slug": f"news-{next(_numbers)}",
        "kind": NewsItem.Kind.POST,
        "body": "A paragraph.",
        "published_at": LONG_AGO,
        **fields,
    }
    return NewsItem.objects.create(**defaults)
