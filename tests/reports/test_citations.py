"""Citations: what they say, in each format, and which edition they name."""

import json
from datetime import date
from typing import Any

import pytest
from django.test import Client

from reports.citations import Cited, as_bibtex, as_csl_json, as_ris, in_words, ordinal
from reports.models.reports import State
from tests.factories import add_edition, make_report

REPORT = Cited(
    key="prove-it-2",
    title="Prove IT: What {Research} Says & <How>",
    authors=("Consortium for School Networking",),
    year=2012,
    kind="CTO Forum report",
    edition=2,
    released_on=date(2013, 2, 3),
    pages=24,
    url="https://www.example.org/knowledge-center/prove-it/?edition=2",
)


def cited(**fields: Any) -> Cited:
    return Cited(**{**{name: getattr(REPORT, name) for name in Cited.__slots__}, **fields})


def test_in_words_it_names_authors_year_title_and_edition() -> None:
    assert in_words(REPORT) == (
        "Consortium for School Networking. (2012). <em>Prove IT: What {Research} Says &amp; &lt;How&gt;</em> "
        "(2nd ed.). CTO Forum report. https://www.example.org/knowledge-center/prove-it/?edition=2"
    )


def test_in_words_a_first_edition_is_not_numbered_and_authors_are_joined() -> None:
    words = in_words(cited(edition=1, authors=("A. Reyes", "B. Okafor", "C. Haddad")))
    assert words.startswith("A. Reyes, B. Okafor, &amp; C. Haddad. (2012).")
    assert "ed.)" not in words
    assert "CTO Forum report. Consortium for School Networking." in words


def test_a_report_without_authors_is_the_associations() -> None:
    assert in_words(cited(authors=())).startswith("Consortium for School Networking. (2012)")


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (112, "112th")],
)
def test_ordinals(number: int, word: str) -> None:
    assert ordinal(number) == word


def test_bibtex_keeps_special_characters_as_text_and_capitals_as_they_are() -> None:
    entry = as_bibtex(REPORT)
    assert entry.startswith("@techreport{prove-it-2,\n")
    assert r"title = {{Prove IT: What \{Research\} Says \& <How>}}," in entry
    assert "author = {{Consortium for School Networking}}," in entry
    assert "edition = {2nd}," in entry
    assert entry.count("{") - entry.count(r"\{") == entry.count("}") - entry.count(r"\}")


def test_ris_is_one_record_with_the_line_ends_of_the_format() -> None:
    lines = as_ris(cited(title="One\nline")).split("\r\n")
    assert lines[0] == "TY  - RPRT"
    assert "TI  - One line" in lines
    assert "PY  - 2012" in lines
    assert lines[-2:] == ["ER  - ", ""]
    assert all(line[2:6] == "  - " for line in lines[:-1])


def test_csl_json_is_a_report_with_its_edition() -> None:
    (item,) = json.loads(as_csl_json(REPORT))
    assert item["type"] == "report"
    assert item["title"] == REPORT.title
    assert item["edition"] == "2"
    assert item["issued"] == {"date-parts": [[2012]]}
    assert item["author"] == [{"literal": "Consortium for School Networking"}]


# --- as files ---------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("style", "content_type"),
    [
        ("bib", "application/x-bibtex; charset=utf-8"),
        ("ris", "application/x-research-info-systems; charset=utf-8"),
        ("json", "application/vnd.citationstyles.csl+json; charset=utf-8"),
    ],
)
def test_each_format_is_a_file_pinned_to_the_edition_asked_for(style: str, content_type: str) -> None:
    report = make_report()
    add_edition(report, number=2)
    for query, number in (("", 2), ("?edition=1", 1), ("?edition=2", 2)):
        response = Client().get(f"{report.get_absolute_url()}cite.{style}{query}")
        assert response.status_code == 200
        assert response["Content-Type"] == content_type
        assert response["Content-Disposition"] == f'attachment; filename="{report.slug}.{style}"'
        assert f"?edition={number}" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end",
    ["cite.doc", "cite.bib?edition=3", "cite.bib?edition=x", "cite.bib?edition=-1", "cite.bib?edition=99999999999"],
)
def test_what_there_is_not_is_not_found(end: str) -> None:
    assert Client().get(f"{make_report().get_absolute_url()}{end}").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("state", [state for state in State if state is not State.OUT])
def test_only_what_is_out_can_be_cited(state: State) -> None:
    assert Client().get(f"{make_report(state=state).get_absolute_url()}cite.bib").status_code == 404
