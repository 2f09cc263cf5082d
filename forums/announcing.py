"""Verbs that tell many at once: a change, a cancelled forum, its report, and what staff write.

Each puts its letters in line in the transaction of the change itself. Who is told, and once, is on record: a change
by the forum's revision, the rest by the row of the mailing or of the letter.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from cosn_site.jobs.many import enqueue_each
from cosn_site.verbs import StepRefused, audited
from forums.letters import post, send_letter
from forums.models import CheckIn, Forum, Letter, LetterKind, Mailing, Registration, Seating
from forums.paragraphs import check_paragraph
from members.models import User

BATCH = 500
AN_HOUR = timedelta(hours=1)
_DAY = ("starts_at", "ends_at", "time_zone", "precision")
_PLACE = ("venue", "host_conference")


class NotAnnounced(StepRefused):
    sentence = "Only a forum that is published, and not over, can be cancelled."


class NothingToSay(StepRefused):
    sentence = "Write a subject and a text first."


class SentAlready(StepRefused):
    sentence = "This very message was sent to registrants of this forum within the last hour."


class NobodyToTell(StepRefused):
    sentence = "Nobody is in this list. Nothing was sent."


class TextWrong(StepRefused):
    """The text has a placeholder that there is not."""


# --- a change ---------------------------------------------------------------------------------------------------------
def announce_change(*, forum: Forum, by: User | None, now: datetime) -> int:
    """Save the forum as it stands in memory; where its day, place or title changed, tell everyone who is registered or
    waits. Answers how many.

    Drafts, cancelled and past forums are saved and nobody is told. Saving it again tells nobody again.
    """
    with transaction.atomic(), audited("announce_change", by=by):
        stored = Forum.objects.select_for_update(no_key=True).get(pk=forum.pk)
        what = what_changed(stored, forum)
        tells = bool(what) and stored.status == forum.status == Forum.Status.PUBLISHED and now < forum.ends_at
        forum.revision = stored.revision + tells
        forum.save()
        if not tells:
            return 0
        return _tell(forum, LetterKind.CHANGED, f"{forum.revision}: {', '.join(what)}", now)


def what_changed(before: Forum, after: Forum) -> tuple[str, ...]:
    """What those who come would want to know of: day, place, title; in this order."""
    found = {
        "day": any(getattr(before, name) != getattr(after, name) for name in _DAY),
        "place": any(getattr(before, name) != getattr(after, name) for name in _PLACE),
        "title": before.title != after.title,
    }
    return tuple(word for word, changed in found.items() if changed)


# --- a cancelled forum ------------------------------------------------------------------------------------------------
def cancel_forum(*, forum: Forum, by: User | None, now: datetime) -> int:
    """The forum does not take place. Everyone who is registered or waits is told, and it leaves their calendars.

    Registrations keep their state. Answers how many are told. Raises `NotAnnounced`.
    """
    with transaction.atomic(), audited("cancel_forum", by=by):
        # the lock that every seat is given under, so that nobody registers meanwhile
        Seating.objects.select_for_update(of=("self",)).filter(pk=forum.pk).first()
        row = Forum.objects.select_for_update(no_key=True).get(pk=forum.pk)
        if row.status != Forum.Status.PUBLISHED or row.ends_at <= now:
            raise NotAnnounced
        row.status = Forum.Status.CANCELLED
        row.revision += 1
        row.save(update_fields=["status", "revision"])
        told = tell_of_cancelled(row, now)
    forum.status, forum.revision = row.status, row.revision
    return told


def tell_of_cancelled(forum: Forum, now: datetime) -> int:
    """Tell whoever has a registration for a cancelled forum and was not told. Safe to run twice."""
    return _tell(forum, LetterKind.CANCELLED, f"forum {forum.revision}", now)


def _tell(forum: Forum, kind: LetterKind, key: str, now: datetime) -> int:
    return write_letters(Registration.objects.alive().filter(forum=forum), kind, key, now)


def write_letters(rows: QuerySet[Registration], kind: LetterKind, key: str, now: datetime) -> int:
    """Write the letter of this kind and key to each of these who has none yet, and put it in line. Answers how many.

    In the open transaction, under a lock that keeps a second run out. Four statements a batch.
    """
    told = 0
    for batch in _batches(rows, kind, key):
        letters = [Letter(registration_id=pk, kind=kind, key=key, made_at=now) for pk in batch]
        Letter.objects.bulk_create(letters)
        enqueue_each(send_letter, [(pk, kind.value, key) for pk in batch])
        told += len(batch)
    return told


def _batches(rows: QuerySet[Registration], kind: LetterKind, key: str) -> Iterator[Sequence[int]]:
    written = Letter.objects.filter(registration=OuterRef("pk"), kind=kind, key=key)
    missing = rows.filter(~Exists(written), person__is_active=True).order_by("pk").values_list("pk", flat=True)
    while batch := list(missing[:BATCH]):
        yield batch


# --- its report -------------------------------------------------------------------------------------------------------
def tell_report_is_out(
    *, forum: Forum, reference: str, title: str, link: str, by: User | None = None, now: datetime
) -> int:
    """Tell those who were there that the report of their forum is out: whoever was checked in, or everyone with a seat
    where nobody was.

    `reference` names the report; of one report they are told once, however often this is called. `link` is its address
    on this site. Answers how many are told.
    """
    with transaction.atomic(), audited("tell_report_is_out", by=by):
        people = list(attendees(forum).values_list("pk", flat=True))
        mailing, made = Mailing.objects.get_or_create(
            forum=forum,
            reference=reference,
            defaults={
                "kind": LetterKind.REPORT_OUT,
                "subject": title[:250],
                "link": link,
                "recipients": len(people),
                "made_at": now,
                "by": by,
            },
        )
        if not made:
            return 0
        post(LetterKind.REPORT_OUT, people, now=now, key=str(mailing.pk))
    return len(people)


def checked_in() -> Exists:
    """Whether a registration's person came through a door, as a condition on registrations."""
    return Exists(CheckIn.objects.counting().filter(registration=OuterRef("pk")))


def attendees(forum: Forum) -> QuerySet[Registration]:
    """Who was there, as far as is known: those checked in; everyone with a seat where nobody was checked in."""
    rows = Registration.objects.filter(forum=forum, person__is_active=True)
    came = rows.filter(checked_in())
    return came if came.exists() else rows.confirmed()


# --- what staff write -------------------------------------------------------------------------------------------------
def mail_registrants(
    *, forum: Forum, registrations: QuerySet[Registration], subject: str, text: str, by: User, now: datetime
) -> Mailing:
    """Mail a text of staff to these registrations of the forum, whatever their state. It may hold placeholders.

    Raises `NothingToSay`, `TextWrong`, `NobodyToTell`, `SentAlready`.
    """
    subject, text = " ".join(subject.split())[:250], text.strip()
    if not (subject and text):
        raise NothingToSay
    try:
        check_paragraph(text)
    except ValidationError as error:
        raise TextWrong(" ".join(error.messages)) from error
    with transaction.atomic(), audited("mail_registrants", by=by):
        Forum.objects.select_for_update(no_key=True).get(pk=forum.pk)  # who presses twice comes second
        if Mailing.objects.filter(forum=forum, subject=subject, text=text, made_at__gt=now - AN_HOUR).exists():
            raise SentAlready
        rows = registrations.filter(forum=forum, person__is_active=True).order_by("pk")
        people = list(dict.fromkeys(rows.values_list("pk", flat=True)))
        if not people:
            raise NobodyToTell
        mailing = Mailing.objects.create(
            forum=forum,
            kind=LetterKind.FROM_STAFF,
            subject=subject,
            text=text,
            recipients=len(people),
            made_at=now,
            by=by,
        )
        post(LetterKind.FROM_STAFF, people, now=now, key=str(mailing.pk))
    return mailing
