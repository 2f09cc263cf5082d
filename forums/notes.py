"""Verbs on table notes: what the tables of a forum wrote down, row by row, for the report that is written from them."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import transaction
from django.db.models import F, QuerySet

from cosn_site.verbs import audited
from forums.allocation import SeatRefused
from forums.models import Forum, TableNote
from members.models import User

LONGEST = 400
MOST_FOUND = 5


class NothingWritten(SeatRefused):
    sentence = "Write the note first."


@dataclass(frozen=True, slots=True)
class Words:
    """What a note says, at which table."""

    kind: TableNote.Kind
    text: str
    table: str = ""


def write_note(*, forum: Forum, words: Words, by: User | None, now: datetime) -> TableNote:
    """Keep a note of a table; nobody but staff sees it yet. Raises `NothingWritten`."""
    note = TableNote(forum=forum, taken_by=by, taken_at=now)
    with transaction.atomic(), audited("write_note", by=by):
        return _saved(note, words)


def change_note(*, note: TableNote, words: Words, by: User | None) -> TableNote:
    """Say it better. Raises `NothingWritten`."""
    with transaction.atomic(), audited("change_note", by=by):
        return _saved(TableNote.objects.select_for_update(of=("self",)).get(pk=note.pk), words)


def _saved(note: TableNote, words: Words) -> TableNote:
    note.kind, note.table = words.kind, " ".join(words.table.split())[:40]
    note.text = " ".join(words.text.split())[:LONGEST]
    if not note.text:
        raise NothingWritten
    note.save()
    return note


def delete_note(*, note: TableNote, by: User | None) -> None:
    """Take a note away; its history stays. What a report has taken over stays in the report."""
    with transaction.atomic(), audited("delete_note", by=by):
        TableNote.objects.filter(pk=note.pk).delete()


def publish_note(*, note: TableNote, by: User | None) -> None:
    """Everybody may read and find it."""
    with transaction.atomic(), audited("publish_note", by=by):
        TableNote.objects.filter(pk=note.pk).update(is_published=True)


def withdraw_note(*, note: TableNote, by: User | None) -> None:
    """Only staff see it again."""
    with transaction.atomic(), audited("withdraw_note", by=by):
        TableNote.objects.filter(pk=note.pk).update(is_published=False)


def notes_of(forum: Forum) -> QuerySet[TableNote]:
    """All notes of a forum, the newest first."""
    return TableNote.objects.filter(forum=forum).select_related("taken_by").order_by("-pk")


def published_notes(forum: Forum) -> QuerySet[TableNote]:
    """What everybody may read of a forum's notes, in the order they were taken."""
    return TableNote.objects.filter(forum=forum, is_published=True).order_by("pk")


def find_notes(text: str) -> list[TableNote]:
    """The published notes that say it best, with their forums; none of a forum that is a draft. One statement."""
    query = SearchQuery(text, config="english", search_type="websearch")
    found = TableNote.objects.filter(is_published=True, search=query).exclude(forum__status=Forum.Status.DRAFT)
    ranked = found.annotate(rank=SearchRank(F("search"), query)).order_by("-rank", "-pk")
    return list(ranked.select_related("forum")[:MOST_FOUND])
