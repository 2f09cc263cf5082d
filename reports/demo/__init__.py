"""The demo association's knowledge center: every row and text of reports/demo/, as data, with a real PDF each."""

import tomllib
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime, time, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django
from django.db import transaction

from cosn_site.clock import ASSOCIATION_ZONE
from forums.models import Forum
from members.models import User
from reports import publishing
from reports.models import (
    Boilerplate,
    Category,
    ConsentText,
    Coverage,
    FocusArea,
    Framework,
    FrameworkEdition,
    NewsItem,
    PressContact,
    Report,
    Series,
    Skill,
    Takeaway,
)
from reports.models.reports import State
from reports.typesetting import typeset

HERE = Path(__file__).parent
IMPRINT = """

## About this edition

This text was written for a demonstration of the knowledge center. It is not the association’s publication of the same
title.
"""
CONSENT = (
    "Send me the newsletter at this address, about the subjects I ticked. I can leave at any time with one click. "
    "My address is kept for this and nothing else, as the privacy page says."
)


def load(now: datetime) -> list[str]:
    """Create what is missing. Returns the slugs of the reports that were set and published by this call."""
    catalog = tomllib.loads((HERE / "catalog.toml").read_text(encoding="utf-8"))
    _topics(catalog)
    _frameworks(catalog["frameworks"])
    editor = User.objects.get(email="editor@example.org")
    there = set(Report.objects.filter(current_edition__isnull=False).values_list("slug", flat=True))
    new = [
        (_report(head), head, text + IMPRINT)
        for head, text in map(_read, sorted((HERE / "reports").glob("*.md")))
        if head["slug"] not in there
    ]
    for (report, head, text), content in zip(new, _set_all(new), strict=True):
        with publishing.files_follow_the_transaction(), transaction.atomic():
            _publish(report, head, text, content, editor, now)
    _link_frameworks(catalog["frameworks"])
    _press(catalog)
    for head, text in map(_read, sorted((HERE / "news").glob("*.md"))):
        _news(head, text, now)
    ConsentText.objects.get_or_create(version=1, defaults={"text": CONSENT})
    return [report.slug for report, _, _ in new]


def _read(file: Path) -> tuple[dict[str, Any], str]:
    """The TOML between the +++ lines, and the Markdown after it."""
    _, head, text = file.read_text(encoding="utf-8").split("+++\n", 2)
    return tomllib.loads(head), text.strip()


def _only(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name].strip() if isinstance(row[name], str) else row[name] for name in names if name in row}


def _topics(catalog: dict[str, Any]) -> None:
    for position, row in enumerate(catalog["series"]):
        defaults = {**_only(row, "name", "singular", "description"), "position": position}
        Series.objects.get_or_create(slug=row["slug"], defaults=defaults)
    for position, row in enumerate(catalog["focus_areas"]):
        defaults = {**_only(row, "name", "summary", "body"), "position": position}
        FocusArea.objects.get_or_create(slug=row["slug"], defaults=defaults)


def _frameworks(rows: list[dict[str, Any]]) -> None:
    for position, row in enumerate(rows):
        framework, created = Framework.objects.get_or_create(
            slug=row["slug"], defaults={**_only(row, "name", "summary", "body"), "position": position}
        )
        if not created:
            continue
        FrameworkEdition.objects.bulk_create(
            FrameworkEdition(framework=framework, **_only(edition, "year", "label", "note"))
            for edition in row.get("editions", [])
        )
        for place, line in enumerate(row.get("categories", [])):
            category = Category.objects.create(
                framework=framework, **_only(line, "slug", "name", "description"), position=place
            )
            Skill.objects.bulk_create(
                Skill(category=category, **_only(skill, "slug", "name", "description"), position=rank)
                for rank, skill in enumerate(line.get("skills", []))
            )


def _link_frameworks(rows: list[dict[str, Any]]) -> None:
    frameworks = {framework.slug: framework for framework in Framework.objects.all()}
    categories = {category.slug: category for category in Category.objects.all()}
    for row in rows:
        framework = frameworks[row["slug"]]
        if framework.report_id is None and row.get("report"):
            framework.report = Report.objects.get(slug=row["report"])
        framework.parallel_to = frameworks.get(row.get("parallel_to", ""))
        framework.aligned_to = frameworks.get(row.get("aligned_to", ""))
        framework.save(update_fields=["report", "parallel_to", "aligned_to"])
        for line in row.get("categories", []):
            if line.get("aligned_to"):
                Category.objects.filter(slug=line["slug"]).update(aligned_to=categories[line["aligned_to"]])


def _report(head: dict[str, Any]) -> Report:
    """The report's row with all that hangs on it but its edition; found again when an earlier load was cut short."""
    forum = Forum.objects.get(slug=head["forum"]) if head.get("forum") else None
    report, created = Report.objects.get_or_create(
        slug=head["slug"],
        defaults={
            **_only(head, "title", "alternate_title", "year", "authors", "summary", "audience", "access"),
            "body": head["about"].strip(),
            "series": Series.objects.get(slug=head["series"]),
            "forum": forum,
            "motif": publishing.choose_motif(head["slug"]),
            "released_on": None if head.get("state") else head["released_on"],
        },
    )
    if created:
        report.focus_areas.set(FocusArea.objects.filter(slug__in=head.get("focus_areas", [])))
        report.categories.set(Category.objects.filter(slug__in=head.get("categories", [])))
        _takeaways(report, head.get("takeaways", []))
    return report


def _set_all(new: list[tuple[Report, dict[str, Any], str]]) -> list[bytes]:
    """The PDFs of these reports, two at a time: setting them is most of what a first start waits for."""
    if not new:
        return []
    manuscripts = [
        publishing.manuscript_of(report=report, source=text, number=1, released_on=head["released_on"])
        for report, head, text in new
    ]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=django.setup) as presses:
        return list(presses.map(typeset, manuscripts))


def _takeaways(report: Report, rows: list[dict[str, Any]]) -> None:
    skills = {skill.slug: skill for skill in Skill.objects.all()}
    Takeaway.objects.bulk_create(
        Takeaway(
            report=report,
            kind=row["kind"],
            text=row["text"].strip(),
            skill=skills.get(row.get("skill", "")),
            position=position,
        )
        for position, row in enumerate(rows)
    )


def _publish(report: Report, head: dict[str, Any], text: str, content: bytes, editor: User, now: datetime) -> None:
    state = head.get("state", State.OUT)
    released = datetime.combine(head["released_on"], time(9), tzinfo=ASSOCIATION_ZONE)
    then = released if state in (State.OUT, State.WITHDRAWN) else now - timedelta(days=2)
    publishing.add_edition(report=report, content=content, source=text, by=editor, now=then, note="As released")
    if state in (State.OUT, State.WITHDRAWN):
        publishing.publish(report=report, by=editor, now=then)
    if state == State.WITHDRAWN:
        publishing.withdraw(report=report, reason=head["withdrawn_reason"], by=editor, now=now - timedelta(days=30))
    if state == State.EMBARGOED:
        publishing.embargo(report=report, until=_embargo_until(now), by=editor, now=then)


def _embargo_until(now: datetime) -> datetime:
    on = now.astimezone(ASSOCIATION_ZONE).date() + timedelta(days=13)
    return datetime.combine(on, time(9), tzinfo=ASSOCIATION_ZONE)


def _press(catalog: dict[str, Any]) -> None:
    for row in catalog["boilerplates"]:
        Boilerplate.objects.get_or_create(version=row["version"], defaults=_only(row, "text"))
    for row in catalog["press_contacts"]:
        PressContact.objects.get_or_create(role=row["role"], defaults=_only(row, "email"))
    for row in catalog["coverage"]:
        coverage, created = Coverage.objects.get_or_create(
            outlet=row["outlet"],
            published_on=_day(row["date"]),
            defaults={
                **_only(row, "author", "headline", "line", "url"),
                "framework": Framework.objects.filter(slug=row.get("framework", "")).first(),
            },
        )
        if created:
            coverage.reports.set(Report.objects.filter(slug__in=row.get("reports", [])))


def _news(head: dict[str, Any], text: str, now: datetime) -> None:
    if "days_ago" in head:
        published_at = now.astimezone(ASSOCIATION_ZONE).replace(hour=9, minute=0, second=0, microsecond=0)
        published_at -= timedelta(days=head["days_ago"])
    else:
        published_at = datetime.combine(_day(head["published"]), time(9), tzinfo=ASSOCIATION_ZONE)
    release = head["kind"] == NewsItem.Kind.PRESS_RELEASE
    item, created = NewsItem.objects.get_or_create(
        slug=head["slug"],
        defaults={
            **_only(head, "kind", "subhead", "summary", "dateline", "byline", "post_series", "part"),
            "title": head.get("headline") or head["title"],
            "body": text,
            "published_at": published_at,
            "boilerplate": Boilerplate.objects.get(version=head["boilerplate"]) if release else None,
            "press_contact": PressContact.objects.first() if release else None,
        },
    )
    if created:
        item.focus_areas.set(FocusArea.objects.filter(slug__in=head.get("focus_areas", [])))
        item.reports.set(Report.objects.filter(slug__in=head.get("reports", [])))


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
