"""A forum in numbers, for those who run it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, TextField, Value
from django.db.models.functions import Cast, Coalesce, Lower, NullIf

from forums.announcing import checked_in
from forums.models import Forum, Registration, Seating
from members.states import NAMES

State = Registration.State


@dataclass(frozen=True, slots=True)
class Glance:
    """How a forum stands at an instant. `no_shows` is None before it has begun."""

    capacity: int
    confirmed: int  # within the capacity
    offered: int
    free: int
    over: int
    extra: int
    waiting: int
    left: int  # cancelled, lapsed or handed on
    checked_in: int
    no_shows: int | None
    districts: int
    teams: int
    by_state: tuple[tuple[str, int], ...]  # of those with a seat; the largest first

    @property
    def states(self) -> int:
        """From how many states those with a seat come."""
        return len([name for name, _ in self.by_state if name])

    @property
    def bar(self) -> list[tuple[str, str, float, float]]:
        """The parts of a bar: kind, words, where it begins and how long it is, in percent of the chairs there are."""
        kinds = (
            ("taken", f"{self.confirmed:,} registered", self.confirmed),
            ("kept", f"{self.offered:,} kept for who was asked", self.offered),
            ("extra", f"{self.extra:,} beyond the capacity by an override", self.extra),
            ("left", f"{self.free:,} free", self.free),
        )
        whole, begins, found = sum(count for _, _, count in kinds), 0, []
        for kind, words, count in kinds:
            if count:
                found.append((kind, words, round(100 * begins / whole, 2), round(100 * count / whole, 2)))
            begins += count
        return found


def glance(forum: Forum, now: datetime) -> Glance | None:
    """The forum in numbers; None where it takes no registrations. Three statements, however many are registered."""
    seating = Seating.objects.filter(pk=forum.pk).first()
    if seating is None:
        return None
    rows = Registration.objects.filter(forum=forum).order_by()
    seat = Q(state__in=Registration.HOLDING)
    # an organization that we know, or the name that was typed, whatever its letter case
    typed = NullIf(Lower("organization_name"), Value(""))
    district = Coalesce(Cast("organization", TextField()), typed, output_field=TextField())
    sums = rows.aggregate(
        confirmed=Count("pk", filter=Q(state=State.CONFIRMED, override=None)),
        offered=Count("pk", filter=Q(state=State.OFFERED)),
        left=Count("pk", filter=~Q(state__in=Registration.ALIVE)),
        came=Count("pk", filter=Q(checked_in())),
        absent=Count("pk", filter=Q(~checked_in(), state=State.CONFIRMED)),
        districts=Count(district, filter=seat, distinct=True),
        teams=Count("team", filter=Q(state__in=Registration.ALIVE), distinct=True),
    )
    by_state = rows.holding().values("us_state").annotate(count=Count("pk")).order_by("-count", "us_state")
    return Glance(
        capacity=seating.capacity,
        confirmed=sums["confirmed"],
        offered=sums["offered"],
        free=seating.free,
        over=seating.over,
        extra=seating.extra,
        waiting=seating.waiting,
        left=sums["left"],
        checked_in=sums["came"],
        no_shows=sums["absent"] if now >= forum.starts_at else None,
        districts=sums["districts"],
        teams=sums["teams"],
        by_state=tuple((NAMES.get(row["us_state"], ""), row["count"]) for row in by_state),
    )
