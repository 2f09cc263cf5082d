"""Letters about a registration: putting them in line, and sending one.

A verb calls `post` in its transaction, so that a letter is never lost and never early. The task that sends it is safe
to run twice: what it sent is on record, and two sendings of one letter have one Message-ID.

A letter that waited in line while things moved on is not sent: what it says would no longer be true, and the step that
made it untrue has put a letter of its own in line. What the letters say is in `forums.letter_words`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone

from cosn_site.jobs import job
from cosn_site.jobs.many import enqueue_each
from cosn_site.mail import compose
from forums import letter_words
from forums.calendar import host, method_of, registration_calendar
from forums.due import is_due
from forums.letter_parts import CHANGES, Facts, Words, facts_about, values_for
from forums.models import CheckIn, Forum, HandOn, Letter, LetterKind, Mailing, Paragraph, Question, Registration
from forums.paragraphs import fill, fill_html
from forums.questions import given_answers, registration_questions, unanswered
from members.links import hash_of, new_secret

STAFF_ADDRESS = "forums@example.org"
_INSTANT = "%Y%m%dT%H%M%S.%f"
_ABOUT_A_STATE = {
    LetterKind.REGISTERED: (Registration.State.CONFIRMED,),
    LetterKind.WAITLISTED: (Registration.State.WAITING,),
    LetterKind.OFFERED: (Registration.State.OFFERED,),
    LetterKind.LAPSED: (Registration.State.LAPSED,),
    LetterKind.CANCELLED: (Registration.State.CANCELLED, Registration.State.HANDED_ON),
    LetterKind.STILL_COMING: (Registration.State.CONFIRMED,),
    LetterKind.REMINDED: (Registration.State.CONFIRMED,),
    LetterKind.THANKED: (Registration.State.CONFIRMED,),
}
# With these comes the calendar entry as it is now; the others say nothing that a calendar wants to know.
_WITH_CALENDAR = frozenset(LetterKind) - {LetterKind.REPORT_OUT, LetterKind.FROM_STAFF}


def post(kind: LetterKind, registrations: Iterable[int], *, now: datetime, key: str = "") -> None:
    """Put a letter of this kind to each of these registrations in line, in the transaction that is open.

    `key` says which of its kind it is (“7 days”); by default it is the one about what happened at this instant.
    """
    key = key or key_at(now)
    enqueue_each(send_letter, [(pk, kind.value, key) for pk in registrations])


def key_at(now: datetime) -> str:
    """The key of a letter about what happened at this instant. Keys sort as their instants do."""
    return now.astimezone(UTC).strftime(_INSTANT)


@job(queue="mail", attempts=8)
def send_letter(registration_id: int, kind: str, key: str) -> str:
    """Send one letter, unless it was sent or is overtaken. Two sendings of it have one Message-ID."""
    now = timezone.now()
    row = Registration.objects.select_related("forum", "person", "team").get(pk=registration_id)
    letter, _ = Letter.objects.get_or_create(registration=row, kind=kind, key=key, defaults={"made_at": now})
    if letter.sent_at is not None:
        return "Sent before."
    if not row.person.is_active:
        return "Not sent: the account is switched off."
    if reason := overtaken(letter, row, now):
        return f"Not sent: {reason}"
    message_for(letter, row, now).send()
    # never before it was made, though the clock of this machine may be behind that of another
    Letter.objects.filter(pk=letter.pk).update(sent_at=Greatest(timezone.now(), F("made_at")))
    return "Sent."


def overtaken(letter: Letter, row: Registration, now: datetime) -> str:
    """Why this letter would no longer be true at this instant, in words; empty when it is."""
    kind, key, forum = LetterKind(letter.kind), letter.key, row.forum
    off = forum.status != Forum.Status.PUBLISHED
    if kind == LetterKind.CANCELLED and forum.status == Forum.Status.CANCELLED and row.is_alive:
        return ""
    if kind in _ABOUT_A_STATE and row.state not in _ABOUT_A_STATE[kind]:
        return "the registration is in another state by now."
    if _is_instant(key) and key < key_at(row.settled_at):
        return "a later letter of this kind says it."
    match kind:
        case LetterKind.REGISTERED if off or now >= forum.ends_at:
            return "the forum is over, or does not take place."
        case LetterKind.WAITLISTED if off or now >= forum.starts_at:
            return "the forum has begun, or does not take place."
        case LetterKind.OFFERED if off or row.offer_expires_at is None or row.offer_expires_at <= now:
            return "the offer is gone."
        case LetterKind.CHANGED if off or not row.is_alive or now >= forum.ends_at:
            return "nobody waits for this forum any more."
        case LetterKind.CHANGED if row.letters.filter(kind=kind, pk__gt=letter.pk).exists():
            return "the forum has changed again, and a later letter says it all."
        case LetterKind.STILL_COMING | LetterKind.REMINDED | LetterKind.THANKED if not is_due(kind, key, forum, now):
            return "it is too late for it."
    return ""


def _is_instant(key: str) -> bool:
    return len(key) == len("20270101T120000.000000") and key[8:9] == "T"


# --- one message ------------------------------------------------------------------------------------------------------
def message_for(letter: Letter, row: Registration, now: datetime) -> EmailMultiAlternatives:
    """The letter as it reads at this instant, with the calendar entry; not sent."""
    kind = LetterKind(letter.kind)
    facts = _facts(kind, row, letter.key, now)
    said, values = letter_words.words(kind, facts), values_for(row)
    own = facts.mailing.text if facts.mailing else ""
    added = own or Paragraph.objects.filter(forum=row.forum, kind=kind).values_list("text", flat=True).first() or ""
    message = _composed(
        row.person.email,
        said,
        {
            "added": fill(added, values),
            "added_html": fill_html(added, values),
            "facts": [] if own else facts_about(row),
            "why": f"You get this because you registered for “{row.forum.title}”.",
        },
    )
    message.extra_headers["Message-ID"] = message_id(row.pk, kind, letter.key)
    if kind in _WITH_CALENDAR and facts.came is not False and row.forum.precision == Forum.Precision.TIME:
        _add_calendar(message, row, now)
    return message


def message_id(registration_id: int, kind: LetterKind, key: str) -> str:
    """The Message-ID of a letter: the same however often it is sent, and from whichever machine."""
    digest = sha256(f"{registration_id}/{kind.value}/{key}".encode()).hexdigest()[:24]
    return f"<{kind.value.replace('_', '-')}.{registration_id}.{digest}@{host()}>"


def _composed(to: str, said: Words, more: dict[str, object]) -> EmailMultiAlternatives:
    context = {"said": said, **more}
    message = compose(to=[to], template="forums/letter", context=context, reply_to=[STAFF_ADDRESS])
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    return message


def _add_calendar(message: EmailMultiAlternatives, row: Registration, now: datetime) -> None:
    """As an alternative with its method, which mail programs act upon, and as a file for those that do not."""
    content, method = registration_calendar(row, now).decode(), method_of(row)
    message.attach_alternative(content, f"text/calendar; method={method}")
    message.attach(f"{row.forum.slug}.ics", content.encode(), "application/ics")


def _facts(kind: LetterKind, row: Registration, key: str, now: datetime) -> Facts:
    """What the letter is made from; asked of the database is only what its kind needs."""
    match kind:
        case LetterKind.WAITLISTED:
            ahead = Registration.objects.in_line().filter(forum=row.forum_id, place__lt=row.place)
            return Facts(row, key, now, position=ahead.count() + 1, unanswered=_unanswered(row))
        case LetterKind.REGISTERED | LetterKind.REMINDED:
            return Facts(row, key, now, unanswered=_unanswered(row))
        case LetterKind.CANCELLED if row.state == Registration.State.HANDED_ON:
            taken = row.hand_ons.filter(taken_by__isnull=False).select_related("taken_by__person").first()
            taker = taken.taken_by.person if taken and taken.taken_by else None
            return Facts(row, key, now, colleague=(taker.name or taker.email) if taker else "")
        case LetterKind.CHANGED:
            # with what was announced before it and overtaken on the way
            untold = row.letters.filter(kind=kind, sent_at__isnull=True).order_by("pk").values_list("key", flat=True)
            words = {word for one in untold for word in one.partition(": ")[2].split(", ")}
            return Facts(row, key, now, changed=tuple(word for word in CHANGES if word in words))
        case LetterKind.THANKED:
            counted = CheckIn.objects.counting().filter(registration__forum=row.forum_id)
            came = counted.filter(registration=row).exists() if counted.exists() else None
            asks = row.forum.questions.filter(stage=Question.Stage.SURVEY).exists() and row.surveyed_at is None
            return Facts(row, key, now, came=came, has_survey=asks and came is not False)
        case LetterKind.REPORT_OUT | LetterKind.FROM_STAFF:
            return Facts(row, key, now, mailing=Mailing.objects.get(pk=key))
    return Facts(row, key, now)


def _unanswered(row: Registration) -> int:
    return len(unanswered(registration_questions(row.forum), given_answers(row)))


# --- to a colleague ---------------------------------------------------------------------------------------------------
@job(queue="mail", attempts=8)
def send_hand_on(hand_on_id: int) -> str:
    """Mail the colleague the link by which they take the seat. Safe to run twice: a newer link takes the place."""
    now = timezone.now()
    hand_on = HandOn.objects.select_related("registration__forum", "registration__person", "registration__team").get(
        pk=hand_on_id
    )
    row = hand_on.registration
    if hand_on.taken_at is not None or hand_on.withdrawn_at is not None:
        return "Not sent: it was taken, or taken back."
    if not row.is_alive or row.forum.status != Forum.Status.PUBLISHED or now >= row.forum.starts_at:
        return "Not sent: there is nothing to take any more."
    secret = new_secret()
    HandOn.objects.filter(pk=hand_on.pk).update(token_hash=hash_of(secret))
    link = f"{settings.SITE_URL}{reverse('forums:take', args=[secret])}"
    facts = [fact for fact in facts_about(row) if fact[0] != "Seat"]
    why = f"You get this because {row.person.name or row.person.email} gave this address."
    said = letter_words.held_out(hand_on, link)
    _composed(hand_on.email, said, {"facts": facts, "why": why}).send()
    return "Sent."
