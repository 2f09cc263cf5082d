"""Which letters time calls for: “Still coming?”, reminders, and thanks. Pure.

The rule, as the association states it:

- Before a forum, whoever has a seat is asked “Still coming?” 14 and 3 days ahead, and reminded 7 days and 1 day ahead:
  by the calendar of the forum's zone, at the hour at which it begins.
- Each of these is due until the next one is. So whatever was held up, one letter goes out, the latest; never a
  reminder of a week when the forum is tomorrow, and none once it has begun.
- It goes to those who had their seat when it came due. Who got theirs later has just had a letter that says the same.
- From nine in the morning of the day after its end, those who came are thanked, and those who had a seat and were not
  seen at the door are told that they were missed. Where nobody was checked in, all who had a seat are thanked. After
  two weeks it is too late for either.
- Each goes out once for a forum and its day. A forum that is put off reminds anew, for the new day.
- A cancelled forum and a draft send none; nor does one of which only the month is known.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from forums.models import Forum, LetterKind

# Days before the day of the forum, the farthest first.
BEFORE = {
    14: LetterKind.STILL_COMING,
    7: LetterKind.REMINDED,
    3: LetterKind.STILL_COMING,
    1: LetterKind.REMINDED,
}
THANKS_FROM = time(9)
THANKS_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Due:
    """A letter that is due: which, the key that makes it this one, and who must have had their seat by when."""

    kind: LetterKind
    key: str
    since: datetime


def due_before(starts_at: datetime, zone: ZoneInfo, now: datetime) -> Due | None:
    """The letter before a forum that is due at this instant; None where there is none."""
    if now >= starts_at:
        return None
    start = starts_at.astimezone(zone)
    due = [(days, start - timedelta(days=days)) for days in BEFORE]  # by the calendar, whatever the clocks do
    begun = [(days, since) for days, since in due if since <= now]
    if not begun:
        return None
    days, since = begun[-1]
    return Due(BEFORE[days], f"{days} {'day' if days == 1 else 'days'} before {start.date()}", since)


def due_after(ends_at: datetime, zone: ZoneInfo, now: datetime) -> Due | None:
    """The thanks of a forum that are due at this instant."""
    day = ends_at.astimezone(zone).date()
    since = datetime.combine(day + timedelta(days=1), THANKS_FROM, tzinfo=zone)
    return Due(LetterKind.THANKED, f"after {day}", since) if since <= now < since + THANKS_FOR else None


def is_due(kind: LetterKind, key: str, forum: Forum, now: datetime) -> bool:
    """Whether a letter that was due, and then waited in line, is due still."""
    return any((due.kind, due.key) == (kind, key) for due in all_due(forum, now))


def all_due(forum: Forum, now: datetime) -> list[Due]:
    """What is due of a forum at this instant."""
    if forum.status != Forum.Status.PUBLISHED or forum.precision != Forum.Precision.TIME:
        return []
    found = due_before(forum.starts_at, forum.zone, now), due_after(forum.ends_at, forum.zone, now)
    return [due for due in found if due is not None]
