"""How one cell is read: text in, a value that JSON can hold out, or a sentence that says why not.

Days become 2026-07-01, money whole cents, states two letters. An empty cell never comes here.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from members.models import User
from members.terms import FIRST_YEAR, LAST_YEAR

LONGEST = 2_000  # characters of any cell, before its field has its own say
MONTH_FIRST, DAY_FIRST = "month", "day"
_MOST_CENTS = 1_000_000_000
_ERRORS = {"#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u061c\u200e\u200f]")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]")
_FORMULA = re.compile(r"[=@|%]|[+-](?![\d$.,]*$)")

Reader = Callable[[str, str], Any]


class CellRefused(Exception):
    """Why a cell cannot be read, in a sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def tidy(cell: str) -> str:
    """The cell without what nobody sees. Raises CellRefused for what no field of ours can hold."""
    if len(cell) > LONGEST:
        raise CellRefused(f"This cell has more than {LONGEST:,} characters.")
    if cell.isascii() and cell.isprintable():  # most are, and nothing below could be found in them
        return _no_error(" ".join(cell.split()))
    if "\ufffd" in cell:
        raise CellRefused("A character here could not be read. Save the file as UTF-8, and upload it again.")
    if _BIDI.search(cell):
        raise CellRefused("This text has signs that turn its direction, so it is not what it looks like. Type it anew.")
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\n\r\x0b\x0c\x85" for sign in cell):
        raise CellRefused("This text has a control character in it. Type it anew.")
    return _no_error(" ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", cell)).split()))


def _no_error(found: str) -> str:
    if found.upper() in _ERRORS:
        raise CellRefused(f"The spreadsheet shows an error here: {found}.")
    return found


def quoted(cell: str) -> str:
    """A cell in a sentence."""
    return f"“{cell[:40]}…”" if len(cell) > 41 else f"“{cell}”"


def text(most: int) -> Reader:
    """Any text that is no formula."""

    def read(cell: str, dates: str) -> str:
        if _FORMULA.match(cell):
            raise CellRefused(f"{quoted(cell)} begins as a formula does. Put in the text itself.")
        if len(cell) > most:
            raise CellRefused(f"Keep it to {most} characters; this has {len(cell)}.")
        return cell

    return read


def email(cell: str, dates: str) -> str:
    """An address, its domain in lower case."""
    try:
        validate_email(cell)
    except ValidationError as error:
        raise CellRefused(f"{quoted(cell)} is not an e-mail address.") from error
    if len(cell) > 254:
        raise CellRefused("This address is longer than an address can be.")
    return str(User.objects.normalize_email(cell))


def whole(least: int, most: int) -> Reader:
    """A whole number, with or without commas between the thousands."""

    def read(cell: str, dates: str) -> int:
        if not re.fullmatch(r"\d{1,12}|\d{1,3}(,\d{3}){1,3}", cell, re.ASCII):
            raise CellRefused(f"{quoted(cell)} is not a whole number.")
        found = int(cell.replace(",", ""))
        if not least <= found <= most:
            raise CellRefused(f"{found:,} is not between {least:,} and {most:,}.")
        return found

    return read


def nces_id(cell: str, dates: str) -> str:
    """Seven digits. A spreadsheet drops a leading zero, which only one that has six can have lost."""
    if not re.fullmatch(r"\d{6,7}", cell, re.ASCII):
        raise CellRefused(f"An NCES district ID has seven digits; {quoted(cell)} has not.")
    return cell.zfill(7)


def slug(cell: str, dates: str) -> str:
    """The last part of an address."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cell) or len(cell) > 80:
        raise CellRefused("A short name has small letters, digits and hyphens, such as maple-valley; at most 80.")
    return cell


def time_zone(cell: str, dates: str) -> str:
    """A name that the time-zone database knows."""
    if cell not in available_timezones():
        raise CellRefused(f"{quoted(cell)} is not a time zone. Write it as America/Chicago.")
    return cell


def one_of(names: Mapping[str, str], what: str) -> Reader:
    """One of a list; `names` are what may be written, in lower case, and what each means."""

    def read(cell: str, dates: str) -> str:
        found = names.get(cell.casefold().replace(".", ""))
        if found is None:
            raise CellRefused(f"{quoted(cell)} is not {what}.")
        return found

    return read


_YES_NO = dict.fromkeys(("yes", "y", "true", "t", "1", "x", "✓"), True) | dict.fromkeys(
    ("no", "n", "false", "f", "0", "-"), False
)


def yes_no(cell: str, dates: str) -> bool:
    """Yes or no, in the ways that people write it."""
    found = _YES_NO.get(cell.casefold())
    if found is None:
        raise CellRefused(f"{quoted(cell)} is neither yes nor no.")
    return found


def money(cell: str, dates: str) -> int:
    """US dollars into cents: 1250, 1,250.00, $1,250."""
    found = re.fullmatch(r"(?:USD ?|\$ ?)?(\d{1,9}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{1,2}))?(?: ?USD)?", cell, re.ASCII)
    if found is None:
        raise CellRefused(f"{quoted(cell)} is not an amount in dollars. Write it as 1,250.00.")
    cents = int(found[1].replace(",", "")) * 100 + int((found[2] or "").ljust(2, "0"))
    if cents > _MOST_CENTS:
        raise CellRefused("Dues of more than $10,000,000 are taken for a mistake.")
    return cents


# --- days ---------------------------------------------------------------------------------------------------------
_IN_WORDS = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%Y %B %d", "%Y %b %d")


def day(cell: str, dates: str) -> str:
    """A day, as 2026-07-01. `dates` says what comes first in 7/1/2026: month, day, or nothing when it is not known."""
    found = _day(cell.removesuffix(" 00:00:00").removesuffix("T00:00:00"), dates)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise CellRefused(f"The year {found.year} is taken for a mistake.")
    return found.isoformat()


def _day(cell: str, dates: str) -> date:
    unknown = CellRefused(f"{quoted(cell)} is not a day. Write it as 2026-07-01 or 1 July 2026.")
    if iso := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", cell, re.ASCII):
        return _made(int(iso[1]), int(iso[2]), int(iso[3]), unknown)
    if figures := re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", cell, re.ASCII):
        return _by_order(int(figures[1]), int(figures[3]), int(figures[4]), dates, unknown)
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}", cell, re.ASCII):
        raise CellRefused(f"{quoted(cell)} has two figures for the year. Write all four.")
    words = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", re.sub(r"[-,. ]+", " ", cell)).strip()
    words = re.sub(r"\bSept\b", "Sep", words, flags=re.IGNORECASE)
    for form in _IN_WORDS:
        try:
            return datetime.strptime(words, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise unknown


def _by_order(first: int, second: int, year: int, dates: str, unknown: CellRefused) -> date:
    if dates == MONTH_FIRST:
        return _made(year, first, second, unknown)
    if dates == DAY_FIRST:
        return _made(year, second, first, unknown)
    if first <= 12 and second <= 12 and first != second:
        one, other = date(year, first, second), date(year, second, first)
        raise CellRefused(
            f"This could be {one.day} {one:%B} or {other.day} {other:%B}. "
            "Say on the page of the columns what comes first, or write 2026-07-01."
        )
    return _made(year, first, second, unknown) if first <= 12 else _made(year, second, first, unknown)


def _made(year: int, month: int, number: int, unknown: CellRefused) -> date:
    try:
        return date(year, month, number)
    except ValueError as error:
        raise unknown from error
