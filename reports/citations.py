"""How to cite a report: in words, and in the formats that reference managers read.

A citation names the edition it was taken from, and its address says so too (`?edition=2`), so that what was cited can
be found again after a later edition came out. Authors are organizations or people as they are written; nothing here
tells the one from the other, so all are kept whole ("literal").
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.html import format_html
from django.utils.safestring import SafeString

PUBLISHER = "Consortium for School Networking"


@dataclass(frozen=True, slots=True)
class Cited:
    """What a citation says of one edition of one report."""

    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    kind: str  # "CTO Forum report"
    edition: int
    released_on: date
    pages: int
    url: str

    @property
    def by(self) -> tuple[str, ...]:
        return self.authors or (PUBLISHER,)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def in_words(cited: Cited) -> SafeString:
    """After the manner of the APA: authors, year, title in italics, edition from the second on, kind, publisher."""
    *first, last = cited.by
    authors = f"{', '.join(first)}, & {last}" if first else last
    edition = f" ({ordinal(cited.edition)} ed.)" if cited.edition > 1 else ""
    publisher = "" if PUBLISHER in cited.by else f" {PUBLISHER}."
    return format_html(
        "{}. ({}). <em>{}</em>{}. {}.{} {}",
        authors.rstrip("."), cited.year, cited.title, edition, cited.kind, publisher, cited.url,
    )  # fmt: skip


_BIBTEX_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def _bibtex_text(text: str) -> str:
    return "".join(_BIBTEX_SPECIAL.get(character, character) for character in text)


def as_bibtex(cited: Cited) -> str:
    """One @techreport entry, in UTF-8. Double braces keep the title's capitals and an organization's name whole."""
    fields = {
        "author": " and ".join(f"{{{_bibtex_text(author)}}}" for author in cited.by),
        "title": f"{{{_bibtex_text(cited.title)}}}",
        "institution": _bibtex_text(PUBLISHER),
        "type": _bibtex_text(cited.kind),
        "year": str(cited.year),
        "edition": ordinal(cited.edition),
        "pagetotal": str(cited.pages),
        "date": cited.released_on.isoformat(),
        "url": cited.url,
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@techreport{{{cited.key},\n{lines}}}\n"


def as_ris(cited: Cited) -> str:
    """One record of type report. Lines end as the format wants, with CR and LF."""
    tags = [("TY", "RPRT"), *(("AU", author) for author in cited.by)]
    tags += [
        ("TI", cited.title),
        ("PY", str(cited.year)),
        ("DA", cited.released_on.strftime("%Y/%m/%d")),
        ("ET", ordinal(cited.edition)),
        ("M3", cited.kind),
        ("SP", str(cited.pages)),
        ("PB", PUBLISHER),
        ("UR", cited.url),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in tags)


def as_csl_json(cited: Cited) -> str:
    """A list of one item, as citation processors read it."""
    day = cited.released_on
    item = {
        "id": cited.key,
        "type": "report",
        "title": cited.title,
        "author": [{"literal": author} for author in cited.by],
        "issued": {"date-parts": [[cited.year]]},
        "original-date": {"date-parts": [[day.year, day.month, day.day]]},
        "genre": cited.kind,
        "edition": str(cited.edition),
        "number-of-pages": str(cited.pages),
        "publisher": PUBLISHER,
        "URL": cited.url,
    }
    return json.dumps([item], ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Style:
    """A format a citation can be had in."""

    label: str
    content_type: str
    write: Callable[[Cited], str]


STYLES = {
    "bib": Style("BibTeX", "application/x-bibtex; charset=utf-8", as_bibtex),
    "ris": Style("RIS", "application/x-research-info-systems; charset=utf-8", as_ris),
    "json": Style("CSL JSON", "application/vnd.citationstyles.csl+json; charset=utf-8", as_csl_json),
}
