"""The one search: what people type, against titles, summaries, takeaways and the pages of the current editions.

Words are read as PostgreSQL's `websearch_to_tsquery` reads them (all of them, "exact phrases", or, -not), in English
word forms. The last word also finds what begins with it, so that somebody still typing gets an answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from reports.models.searchable import searchable_text

LONGEST = 200  # characters; what is longer was pasted by mistake
_LAST_WORD = re.compile(r"(?:^|(?<=\s))([^\W_]{2,})$")
_QUERY = "(websearch_to_tsquery('english', %s) || (websearch_to_tsquery('english', %s) && to_tsquery('english', %s)))"
_PLAIN = "websearch_to_tsquery('english', %s)"
_START, _STOP = "\x02", "\x03"
# For translate(): our marks are taken out of a page's text, so that what ts_headline marks is told from what stood
# there, and quotes become straight, so that they are not taken for part of a word (see searchable.py).
_READABLE = ("“”‘’\u00a0" + _START + _STOP, "\"\"'' ")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place inside a report: the page, and a piece of its text with the words marked. Both come from the file, so
    the piece may only be shown to somebody who may read it; the page's number may be shown to all."""

    page: int
    piece: SafeString


def cleaned(text: str) -> str:
    """What was typed, without what the database cannot take."""
    return " ".join(text.replace("\x00", " ").split())[:LONGEST]


def _query(text: str) -> tuple[str, list[str]]:
    """The search condition in SQL and its parameters."""
    text = searchable_text(text)
    last = _LAST_WORD.search(text)
    if last is None or text.count('"') % 2 or last[1].lower() == "or":
        return _PLAIN, [text]
    return _QUERY, [text, text[: last.start()], f"{last[1]}:*"]


def search(text: str, now: datetime) -> dict[int, float]:
    """The ids of the reports that are out and say it somewhere, best first, with their rank. One statement.

    A word in the title weighs most, then summary and description, then takeaways, then pages. Of the last two only the
    number counts: to rank each page that says a common word takes a second, to count them takes none.
    """
    query, parameters = _query(text)
    statement = f"""
    WITH found (id, rank) AS (
        SELECT id, 4 * ts_rank(search, {query}) FROM reports_report WHERE search @@ {query} AND out_at <= %s
        UNION ALL
        SELECT report_id, 0.5 * ln(1 + count(*)) FROM reports_takeaway WHERE search @@ {query} GROUP BY 1
        UNION ALL
        SELECT report.id, 0.2 * ln(1 + count(*)) FROM reports_editionpage AS page
            JOIN reports_report AS report ON report.current_edition_id = page.edition_id
            WHERE page.search @@ {query} GROUP BY 1
    )
    SELECT found.id, sum(found.rank) AS rank FROM found JOIN reports_report AS report ON report.id = found.id
    WHERE report.out_at <= %s GROUP BY found.id ORDER BY rank DESC, found.id DESC
    """  # noqa: S608 - built from constants
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters * 2, now, *parameters * 2, now])
        return dict(cursor.fetchall())


def hits_inside(text: str, report_ids: Sequence[int]) -> dict[int, Hit]:
    """For each of these reports that says it on a page of its current edition, the best such page. One statement."""
    query, parameters = _query(text)
    statement = f"""
    SELECT report.id, hit.number, ts_headline('english', hit.text, {query}, %s)
    FROM reports_report AS report CROSS JOIN LATERAL (
        SELECT number, translate(text, %s, %s) AS text FROM reports_editionpage AS page
        WHERE page.edition_id = report.current_edition_id AND page.search @@ {query}
        ORDER BY ts_rank(page.search, {query}) DESC, number LIMIT 1
    ) AS hit WHERE report.id = ANY(%s)
    """  # noqa: S608 - built from constants
    options = f"StartSel={_START}, StopSel={_STOP}, MaxFragments=1, MinWords=10, MaxWords=22"
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, options, *_READABLE, *parameters, *parameters, list(report_ids)])
        return {report_id: Hit(number, _marked(piece)) for report_id, number, piece in cursor.fetchall()}


def _marked(piece: str) -> SafeString:
    escaped = escape(" ".join(piece.split()))
    return mark_safe(  # noqa: S308 - escaped above; the two marks are our own
        escaped.replace(_START, "<mark>").replace(_STOP, "</mark>")
    )
