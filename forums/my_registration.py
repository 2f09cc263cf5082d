"""What the page of one registration shows: where it stands and what hangs on it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cosn_site.verbs import StepRefused
from forums.certificates import NotEarned, check_earned
from forums.dossier import place_in_line
from forums.materials import may_have_materials
from forums.models import HandOn, Material, Question, Registration, Skip
from forums.panel import Mine, Panel, Phase, panel_for
from forums.questions import given_answers, registration_questions, unanswered
from forums.survey import check_may_answer, survey_questions
from forums.team_shown import TeamShown, teams_led_by
from forums.tickets import Code, address_of_ticket, in_groups, qr_code

State = Registration.State


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and what its owner answered; sensitive ones are for the owner's eyes here."""

    question: Question
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class MyRegistration:
    """One registration, for whoever has its link."""

    row: Registration
    panel: Panel
    code: Code | None = None
    ticket: str = ""
    skips: Sequence[Skip] = ()
    held_out: HandOn | None = None
    went_to: HandOn | None = None
    answers: Sequence[Answered] = ()
    asks: bool = False  # something that wants an answer and has none
    teams: Sequence[TeamShown] = ()  # that they lead
    materials: Sequence[Material] = ()
    has_certificate: bool = False
    lost_certificate: bool = False  # it was revoked
    has_survey: bool = False

    @property
    def can_register(self) -> bool:
        """Whether coming back is the next step: theirs ended, and nobody comes in their place."""
        return self.panel.mine in (Mine.LAPSED, Mine.CANCELLED) and self.panel.can_register

    @property
    def has_next_step(self) -> bool:
        """Whether something is asked of them, or is theirs: a seat, an offer, what comes after the forum."""
        if self.panel.takes_part:
            return self.panel.mine is not Mine.WAITING
        return self.can_register or self.has_certificate or self.has_survey


def read_my_registration(row: Registration, now: datetime) -> MyRegistration:
    """Everything the page shows. `row` comes from its link, with its forum, seating, person and team."""
    forum = row.forum
    seating = getattr(forum, "seating", None)
    place = place_of(row) if row.state == State.WAITING else 0
    panel = panel_for(forum, seating, now, own=row, place=place)
    is_ticket = panel.takes_part and panel.mine is Mine.REGISTERED
    questions = registration_questions(forum) if row.is_alive else []
    given = given_answers(row) if questions else {}
    may_answer = panel.takes_part and now < forum.starts_at
    is_over = panel.phase is Phase.OVER and row.state == State.CONFIRMED
    return MyRegistration(
        row=row,
        panel=panel,
        code=qr_code(address_of_ticket(row)) if is_ticket else None,
        ticket=in_groups(row.ticket) if is_ticket else "",
        skips=list(row.skips.all()) if panel.mine is Mine.WAITING and panel.takes_part else (),
        held_out=row.hand_ons.open().first() if panel.takes_part else None,
        went_to=row.hand_ons.filter(taken_at__isnull=False).first() if panel.mine is Mine.HANDED_ON else None,
        answers=[Answered(question, _lines(question, given.get(question.pk, ""))) for question in questions],
        asks=may_answer and bool(unanswered(questions, given)),
        teams=teams_led_by(forum, row.person, now),
        materials=list(forum.materials.all()) if may_have_materials(row) and panel.phase != Phase.CANCELLED else (),
        has_certificate=is_over and _has_certificate(row, now),
        lost_certificate=is_over and _is_revoked(row),
        has_survey=is_over and _has_survey(row, now),
    )


def place_of(row: Registration) -> int:
    """Its number in line, from 1; 0 where it does not wait."""
    numbered = Registration.objects.filter(pk=row.pk).annotate(number=place_in_line())
    return numbered.values_list("number", flat=True).get()


def _lines(question: Question, value: str) -> list[str]:
    if question.kind == Question.Kind.YES:
        return [{"yes": "Yes", "no": "No"}[value]] if value in ("yes", "no") else []
    return value.splitlines()


def _is_revoked(row: Registration) -> bool:
    certificate = getattr(row, "certificate", None)
    return certificate is not None and certificate.revoked_at is not None


def _has_certificate(row: Registration, now: datetime) -> bool:
    """There is one, or a button that makes it: its page says more."""
    if hasattr(row, "certificate"):
        return not _is_revoked(row)
    try:
        check_earned(row, now)
    except NotEarned:
        return False
    return True


def _has_survey(row: Registration, now: datetime) -> bool:
    try:
        check_may_answer(row, now)
    except StepRefused:
        return False
    return bool(survey_questions(row.forum))
