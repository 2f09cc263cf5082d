"""Two years of the renewal series, day by day, with the real verbs and the real mail, and a scheduler that is dead for
random weeks: every letter that fell due was mailed once, and none when the matter was settled.

`FULL=1` simulates more memberships, and more worlds.
"""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django_tasks_db.models import DBTaskResult

from cosn_site.clock import ASSOCIATION_ZONE
from cosn_site.jobs.stopping import Stop
from cosn_site.jobs.worker import Worker
from members import dues, renewals
from members.models import Contact, Membership, Organization, RenewalNotice, Term
from members.quotes import DuesError
from members.renewals import STEPS, Outcome, Series, send_due_notices
from members.terms import TermsOverlap, record_term, void_term
from tests import people

pytestmark = pytest.mark.django_db

FULL = bool(os.environ.get("FULL"))
WORLDS = range(8) if FULL else range(1)
MEMBERSHIPS = 25 if FULL else 8
FIRST_DAY, DAYS = date(2026, 1, 5), 730


@dataclass
class Life:
    """What this test remembers of a membership, from what it did to it; nothing is read from the series."""

    membership: Membership
    address: str
    terms: dict[int, tuple[date, date]] = field(default_factory=dict)  # key: (last day, recorded on)
    is_cancelled: bool = False
    sent: list[tuple[int, int, date]] = field(default_factory=list)  # term, step, day

    def last_term(self) -> int | None:
        return max(self.terms, key=lambda key: self.terms[key][0], default=None)

    def expects(self, today: date) -> tuple[int, int] | None:
        """The letter that must go out on this day: its term and its step."""
        last = self.last_term()
        if last is None or self.is_cancelled or any(day == today for _, _, day in self.sent):
            return None
        last_day, recorded_on = self.terms[last]
        gone = {step for term, step, _ in self.sent if term == last}
        for step in range(-90, 26):
            due = last_day + timedelta(days=step)
            if step in STEPS and step not in gone and recorded_on <= due <= today:
                return last, step
        return None


class World:
    """Memberships to which things happen at random, and a scheduler that is dead for weeks."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)  # noqa: S311 - a game, played again alike
        self.lives = [self._life(number) for number in range(MEMBERSHIPS)]
        self.dead = set[int]()
        for _ in range(6):
            begins = self.dice.randrange(DAYS)
            self.dead |= set(range(begins, begins + 7 * self.dice.choice([1, 2, 3, 6, 16])))

    def _life(self, number: int) -> Life:
        who = people.person(f"simulated{number}")
        if number % 2:
            return Life(Membership.objects.create(person=who, plan=people.individual_plan()), who.email)
        district = Organization.objects.create(name=f"District {number}", slug=f"district-{number}", kind="district")
        Contact.objects.create(organization=district, person=who, is_primary=True, is_billing=True)
        return Life(Membership.objects.create(organization=district, plan=people.district_plan()), who.email)

    def live(self) -> None:
        for ahead in range(DAYS):
            today = FIRST_DAY + timedelta(days=ahead)
            morning = datetime.combine(today, time(5, 0), tzinfo=ASSOCIATION_ZONE)
            with time_machine.travel(morning, tick=False):
                for life in self.lives:
                    self._happens(life, today, morning)
            if ahead not in self.dead:
                self._run(today)

    def _happens(self, life: Life, today: date, now: datetime) -> None:
        if not life.terms and self.dice.random() < 0.03:
            ends_on = today + timedelta(days=self.dice.choice([3, 20, 80, 120, 200, 364]))
            self._remember(
                life,
                record_term(
                    membership=life.membership, starts_on=today, ends_on=ends_on, dues_cents=9_000, by=None, now=now
                ),
                today,
            )
        elif life.terms and self.dice.random() < 0.006:
            what = self.dice.choice(["renew", "renew", "extend", "free", "void", "cancel", "keep_going"])
            try:
                getattr(self, f"_{what}")(life, today, now)
            except (DuesError, TermsOverlap):
                return

    def _remember(self, life: Life, term: Term, today: date) -> None:
        life.terms[term.pk] = (term.ends_on, today)
        life.is_cancelled = False

    def _renew(self, life: Life, today: date, now: datetime) -> None:
        self._remember(life, dues.renew(membership=life.membership, by=None, now=now), today)

    def _extend(self, life: Life, today: date, now: datetime) -> None:
        days = self.dice.randrange(1, 120)
        term = dues.extend(membership=life.membership, days=days, reason="A word with us.", by=None, now=now)
        life.terms[term.pk] = (term.ends_on, today)  # some days more do not take a cancellation back

    def _free(self, life: Life, today: date, now: datetime) -> None:
        term = dues.give_complimentary_term(membership=life.membership, months=3, reason="Thanks.", by=None, now=now)
        self._remember(life, term, today)

    def _void(self, life: Life, today: date, now: datetime) -> None:
        last = life.last_term()
        assert last is not None
        void_term(term=Term.objects.get(pk=last), reason="A mistake.", by=None, now=now)
        del life.terms[last]

    def _cancel(self, life: Life, today: date, now: datetime) -> None:
        dues.cancel_at_end(membership=life.membership, by=None, now=now)
        life.is_cancelled = True

    def _keep_going(self, life: Life, today: date, now: datetime) -> None:
        dues.keep_going(membership=life.membership, by=None, now=now)
        life.is_cancelled = False

    def _run(self, today: date) -> None:
        """The day's run (some days there are two), and what it mailed against what had to be mailed."""
        expected = {life.address: (life, letter) for life in self.lives if (letter := life.expects(today))}
        noon = datetime.combine(today, time(12, 0), tzinfo=ASSOCIATION_ZONE)
        with time_machine.travel(noon, tick=False):
            outcome = Outcome()
            for _ in range(self.dice.choice([1, 1, 1, 2])):
                outcome += send_due_notices(by=None, now=noon)
            if outcome.letters:
                Worker(stop=Stop(), until_idle=True).run()
        letters = {letter.to[0]: str(letter.subject) for letter in mail.outbox}
        assert len(letters) == len(mail.outbox)
        amiss = set(letters) ^ set(expected)
        assert not amiss, (today, letters, [life for life in self.lives if life.address in amiss])
        mail.outbox.clear()
        for address, (life, (term, step)) in expected.items():
            left = (life.terms[term][0] - today).days
            assert _days_named(letters[address]) == left, letters[address]
            life.sent.append((term, step, today))


def _days_named(subject: str) -> int:
    """The number of days to the end that a subject names; negative when it is over."""
    for words, days in (("ends tomorrow", 1), ("ends today", 0), ("ended yesterday", -1)):
        if words in subject:
            return days
    ahead = re.search(r"ends in (\d+) days", subject)
    ago = re.search(r"ended (\d+) days ago", subject)
    return int(ahead[1]) if ahead else -int(ago[1]) if ago else 10_000


def sent_twice(letters: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Terms and steps of which there is more than one letter."""
    return {letter for letter, count in Counter(letters).items() if count > 1}


@pytest.mark.parametrize("seed", WORLDS)
def test_over_two_years_every_letter_that_fell_due_is_mailed_once_and_none_once_the_matter_is_settled(
    seed: int,
) -> None:
    world = World(seed)
    world.live()
    on_record = list(RenewalNotice.objects.values_list("term", "step"))
    remembered = [(term, step) for life in world.lives for term, step, _ in life.sent]
    assert sorted(on_record) == sorted(remembered)
    assert sent_twice(on_record) == set()
    assert DBTaskResult.objects.exclude(status="SUCCESSFUL").count() == 0
    assert len(on_record) > 4 * MEMBERSHIPS, "hardly a letter was due"
    late = [notice for notice in RenewalNotice.objects.all() if notice.sent_at.date() > notice.due_on]
    assert len(late) > MEMBERSHIPS / 2, "the dead weeks hardly held anything up"


def test_a_run_that_forgets_its_record_would_send_letters_twice_and_the_database_stops_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: the check above finds the double letters of a series without a memory."""
    last_day, recorded_on = FIRST_DAY + timedelta(days=30), FIRST_DAY - timedelta(days=300)
    forgetful = [
        (1, step)
        for ahead in range(60)
        if (step := renewals.next_step(Series(last_day, recorded_on), FIRST_DAY + timedelta(days=ahead))) is not None
    ]
    assert sent_twice(forgetful) == {(1, -90)}

    membership = Membership.objects.create(person=people.visitor(), plan=people.individual_plan())
    noon = datetime.combine(FIRST_DAY, time(12, 0), tzinfo=ASSOCIATION_ZONE)
    with time_machine.travel(noon - timedelta(days=300), tick=False):
        starts_on = FIRST_DAY - timedelta(days=300)
        record_term(membership=membership, starts_on=starts_on, ends_on=last_day, dues_cents=0, by=None, now=noon)
    monkeypatch.setattr(renewals, "_series", lambda term: Series(term.last_day, recorded_on))
    assert send_due_notices(by=None, now=noon).letters == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        send_due_notices(by=None, now=noon + timedelta(days=1))
