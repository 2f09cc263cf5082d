"""The renewal series: which letter is due for a membership, and writing down that it goes out.

The rule, as the association states it:

- Letters go out 90, 60, 30 and 7 days before the last day of a membership's last term, on that day, and 7 and 25 days
  after it, to the billing and the primary contacts, or to the person whose membership it is.
- A letter is due from its day on, until it was sent. What was due before the term was recorded is not sent.
- Each letter of a term is sent once; the one that was due first goes first; a membership gets at most one a day. So a
  series that was held up catches up, a letter a day.
- It stops the moment a later term is recorded, the membership is cancelled, or the term is void; and nobody is written
  to about a term that ended more than a year ago.

The row of a letter and the task that mails it are written in one transaction, under a lock on the membership, so that
two runs at once send it once. What the letters say is in `members.renewal_letters`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from cosn_site.clock import association_day
from cosn_site.jobs.many import enqueue_each
from cosn_site.verbs import audited
from members.models import Contact, Membership, RenewalNotice, Term, User
from members.models.memberships import LAST_DAY
from members.models.renewals import STEPS
from members.renewal_letters import send_renewal_letter

FORGOTTEN = timedelta(days=365)  # after the last day
BATCH = 200


# --- the rule: pure ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Series:
    """What the rule needs to know of a membership's last term. `last_letter_on` counts those of earlier terms too."""

    last_day: date
    recorded_on: date
    sent: frozenset[int] = frozenset()
    last_letter_on: date | None = None


def due_on(last_day: date, step: int) -> date:
    """The day from which a step of the series is due."""
    return last_day + timedelta(days=step)


def due_steps(series: Series, today: date) -> tuple[int, ...]:
    """The steps that are due and not sent, the one that was due first at the head."""
    if today > series.last_day + FORGOTTEN:
        return ()
    return tuple(
        step
        for step in STEPS
        if step not in series.sent and series.recorded_on <= due_on(series.last_day, step) <= today
    )


def next_step(series: Series, today: date) -> int | None:
    """The step to send today; None when none is due, or the membership had its letter of the day."""
    if series.last_letter_on is not None and series.last_letter_on >= today:
        return None
    return next(iter(due_steps(series, today)), None)


# --- the facts, and the writing ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Outcome:
    """How many letters were written down, and how many of them had nobody to go to."""

    letters: int = 0
    without_recipient: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.letters + other.letters, self.without_recipient + other.without_recipient)

    def __str__(self) -> str:
        said = f"{self.letters} renewal letter{'' if self.letters == 1 else 's'}."
        if not self.without_recipient:
            return said
        return f"{said} {self.without_recipient} of them had nobody to go to: see “Renewal notices”."


def send_due_notices(*, by: User | None, now: datetime, batch: int = BATCH) -> Outcome:
    """Write down and put in line every letter that is due on this day. Safe to run twice, and by two at once.

    Memberships are taken in batches, each with a fixed number of statements and a transaction of its own.
    """
    today, after, sent = association_day(now), 0, Outcome()
    while terms := list(running_series(today).filter(pk__gt=after).order_by("pk")[:batch]):
        after = terms[-1].pk
        due = [term.membership_id for term in terms if next_step(_series(term), today) is not None]
        if due:
            sent += _send_batch(due, by=by, now=now)
    return sent


def running_series(today: date) -> QuerySet[Term]:
    """The last term of each membership whose series has begun and is not over, with what was sent of it."""
    of_term = RenewalNotice.objects.filter(term=OuterRef("pk"))
    of_membership = RenewalNotice.objects.filter(term__membership=OuterRef("membership")).order_by("-sent_at")
    later = Term.objects.counting().filter(membership=OuterRef("membership"), starts_on__gt=OuterRef("starts_on"))
    return (
        Term.objects.counting()
        .filter(membership__cancelled_at__isnull=True)
        .alias(to=LAST_DAY)
        .filter(to__gte=today - FORGOTTEN, to__lte=today - timedelta(days=STEPS[0]))
        .filter(~Exists(later), ~Exists(of_term.filter(step=STEPS[-1])))
        .annotate(
            steps_sent=ArraySubquery(of_term.values("step")),
            last_letter_at=Subquery(of_membership.values("sent_at")[:1]),
        )
    )


def _series(term: Term) -> Series:
    last_letter_at: datetime | None = term.last_letter_at  # type: ignore[attr-defined]
    return Series(
        last_day=term.last_day,
        recorded_on=association_day(term.created_at),
        sent=frozenset(term.steps_sent),  # type: ignore[attr-defined]
        last_letter_on=association_day(last_letter_at) if last_letter_at else None,
    )


def _send_batch(memberships: Sequence[int], *, by: User | None, now: datetime) -> Outcome:
    """The letters of these memberships, read anew under a lock on each. Six statements, however many they are."""
    today = association_day(now)
    with transaction.atomic(), audited("send_renewal_notices", by=by):
        # in one order, so that two runs wait for each other and never in a circle
        locked = Membership.objects.select_for_update().filter(pk__in=memberships).order_by("pk")
        found = running_series(today).filter(membership__in=list(locked.values_list("pk", flat=True)))
        due = [(term, step) for term in found.order_by("pk") if (step := next_step(_series(term), today)) is not None]
        addresses = recipients_of(term.membership_id for term, _ in due)
        notices = RenewalNotice.objects.bulk_create(
            RenewalNotice(
                term=term,
                step=step,
                due_on=due_on(term.last_day, step),
                sent_at=now,
                recipients=addresses.get(term.membership_id, []),
            )
            for term, step in due
        )
        enqueue_each(
            send_renewal_letter,
            [(notice.pk, place) for notice in notices for place in range(len(notice.recipients))],
        )
    return Outcome(len(notices), sum(not notice.recipients for notice in notices))


def recipients_of(memberships: Iterable[int]) -> dict[int, list[str]]:
    """Whom renewal letters of each membership go to; none for one that has nobody with an account that is switched on.

    Two statements.
    """
    wanted = list(memberships)
    contacts = (
        Contact.objects.filter(Q(is_billing=True) | Q(is_primary=True), person__is_active=True)
        .filter(organization__membership__in=wanted)
        .order_by("-is_billing", "pk")
        .values_list("organization__membership", "person__email")
    )
    people = Membership.objects.filter(pk__in=wanted, person__is_active=True).values_list("pk", F("person__email"))
    found: dict[int, list[str]] = defaultdict(list)
    for membership, email in (*contacts, *people):
        found[membership].append(email)
    return found
