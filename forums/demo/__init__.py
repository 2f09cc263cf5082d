"""The demo association's forums: four past ones, known to the month, and two to come, counted from today."""

import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cosn_site.clock import ASSOCIATION_ZONE, association_day
from forums.demo import people, programme
from forums.models import Forum, ForumSeries, Seating, Session, Sponsor


def load(now: datetime) -> None:
    """Create what is missing and move the forums to come to where they belong today."""
    content = tomllib.loads((Path(__file__).parent / "forums.toml").read_text(encoding="utf-8"))
    series = {}
    for row in content["series"]:
        series[row["slug"]], _ = ForumSeries.objects.get_or_create(slug=row["slug"], defaults=row)
    for row in content["forums"]:
        times = _month(row) if "month" in row else _to_come(row, association_day(now))
        forum, created = Forum.objects.update_or_create(
            slug=row["slug"], defaults=times, create_defaults={**times, **_words(row), "series": series[row["series"]]}
        )
        if created:
            if "capacity" in row:
                Seating.objects.create(forum=forum, capacity=row["capacity"])
            _sponsors(forum, row.get("sponsors", []))
            Session.objects.bulk_create(
                Session(
                    forum=forum,
                    starts_at=time.fromisoformat(item["time"]),
                    title=item["title"],
                    detail=item.get("detail", ""),
                )
                for item in row.get("agenda", [])
            )
        if "agenda" in row:
            programme.load(forum, row, content)
    people.load(now)


def _words(row: dict[str, Any]) -> dict[str, Any]:
    names = (
        *("title", "theme", "summary", "body", "audience", "host_conference", "venue", "time_zone"),
        "certificate_hours",
    )
    return {name: row[name] for name in names if name in row} | {"status": Forum.Status.PUBLISHED}


def _sponsors(forum: Forum, names: list[str]) -> None:
    for name in names:
        sponsor, _ = Sponsor.objects.get_or_create(name=name)
        forum.sponsors.add(sponsor)


def _month(row: dict[str, Any]) -> dict[str, Any]:
    first = date.fromisoformat(f"{row['month']}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return {
        "precision": Forum.Precision.MONTH,
        "starts_at": datetime.combine(first, time(), tzinfo=ASSOCIATION_ZONE),
        "ends_at": datetime.combine(last, time(23, 59), tzinfo=ASSOCIATION_ZONE),
    }


def _to_come(row: dict[str, Any], today: date) -> dict[str, Any]:
    zone, on = ZoneInfo(row["time_zone"]), today + timedelta(days=row["days_from_now"])

    def at(day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), tzinfo=zone)

    return {
        "precision": Forum.Precision.TIME,
        "starts_at": at(on, row["starts"]),
        "ends_at": at(on, row["ends"]),
        "registration_opens_at": at(today + timedelta(days=row["registration_opens_days_from_now"]), "09:00"),
        "registration_closes_at": at(on - timedelta(days=row["registration_closes_days_before"]), "17:00"),
    }
