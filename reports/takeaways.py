"""A verb on a report's takeaways: take over what the tables of its forum wrote down."""

import textwrap

from django.db import transaction
from django.db.models import Max

from cosn_site.verbs import StepRefused, audited
from forums.models import TableNote
from members.models import User
from reports.models import Report, Takeaway

LONGEST = 300
# A quote is for the report's text; the other kinds are what a report gives, under the same names.
KINDS = {
    TableNote.Kind.CHALLENGE: Takeaway.Kind.CHALLENGE,
    TableNote.Kind.OPPORTUNITY: Takeaway.Kind.OPPORTUNITY,
    TableNote.Kind.RECIPE: Takeaway.Kind.RECIPE,
}


class NothingToTakeOver(StepRefused):
    sentence = "There is nothing to take over: the tables wrote nothing down that this report does not have."


def has_notes(report: Report) -> bool:
    """Whether its forum has notes that can be takeaways."""
    return report.forum_id is not None and TableNote.objects.filter(forum=report.forum_id, kind__in=KINDS).exists()


def take_over_notes(*, report: Report, by: User | None) -> int:
    """Add the challenges, opportunities and recipes of the forum's tables that the report lacks; answers how many.

    Published or not: the report's editor decides. What is there stays as it is, also when it was taken over before and
    is worded alike. A long note is cut at a word. Raises `NothingToTakeOver`.
    """
    with transaction.atomic(), audited("take_over_notes", by=by):
        row = Report.objects.select_for_update(of=("self",)).only("pk", "forum").get(pk=report.pk)
        have = set(Takeaway.objects.filter(report=row).values_list("kind", "text"))
        notes = TableNote.objects.filter(forum=row.forum_id, kind__in=KINDS).order_by("pk")
        wanted = dict.fromkeys(
            (KINDS[TableNote.Kind(note.kind)], textwrap.shorten(note.text, LONGEST, placeholder=" …")) for note in notes
        )
        lacking = [pair for pair in wanted if (pair[0].value, pair[1]) not in have]
        if not lacking:
            raise NothingToTakeOver
        last = Takeaway.objects.filter(report=row).aggregate(last=Max("position"))["last"] or 0
        Takeaway.objects.bulk_create(
            Takeaway(report=row, kind=kind, text=text, position=last + number)
            for number, (kind, text) in enumerate(lacking, start=1)
        )
    return len(lacking)
