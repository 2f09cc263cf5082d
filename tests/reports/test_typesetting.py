"""A report as a PDF: what is on its pages, how one finds one's way, and that a screen reader can read it."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pikepdf
import pypdfium2
import pytest

from cosn_site import pdf
from reports.covers import PALETTES, YELLOW, palette_number
from reports.intake import inspect_pdf
from reports.typesetting import Manuscript, typeset
from tests.pdf_checks import instructions, outline, structure, ua_problems, words

PARAGRAPH = "A district that can name twenty such things will be believed when it asks for the larger one. " * 12
SECTIONS = ["The card exercise", "What we are not agreed on", "How to begin on “Monday”"]
MANUSCRIPT = Manuscript(
    title="The “Undiscussables” of Leadership: Engaging in Conversations: A Report",
    series_label="CTO Forum report",
    year=2013,
    slug="undiscussables",
    motif=0,
    body="\n\n".join(
        [
            "What nobody says in a meeting, and how to say it.",
            f"## {SECTIONS[0]}\n\n{PARAGRAPH}\n\n{PARAGRAPH}",
            f"## {SECTIONS[1]}\n\n### An opening that worked\n\n{PARAGRAPH}\n\n- one\n- two\n\n> Say it.",
            "| Line | Cost |\n|---|--:|\n| Wires | 10 |",
            f'## How to begin on "Monday"\n\n{PARAGRAPH}\n\n{PARAGRAPH}\n\n[The forums](/cto-forums/)',
        ]
    ),
    authors=("Consortium for School Networking", "A. Reader"),
    imprint=("From the CTO Leadership Forum, March 2013",),
    edition="Second edition, February 2014",
)


@pytest.fixture(scope="module")
def report() -> Iterator[bytes]:
    """The manuscript as a PDF."""
    yield typeset(MANUSCRIPT)
    pdf._PRESS.stop()


def test_a_screen_reader_can_read_it(report: bytes) -> None:
    assert ua_problems(report) == []
    kinds = structure(report)
    assert kinds.count("H1") == 1
    assert kinds.count("H2") == 4  # the contents and three sections
    assert {"P", "L", "LI", "Link", "Table", "TH", "TD", "BlockQuote", "H3"} <= set(kinds)
    assert "Figure" not in kinds  # the art says nothing, so nobody has to hear of it


def test_title_language_authors_and_subject_are_in_its_properties(report: bytes) -> None:
    with pikepdf.open(BytesIO(report)) as made:
        assert str(made.Root.Lang) == "en"
        assert str(made.docinfo.Title) == MANUSCRIPT.title
        assert str(made.docinfo.Author) == "Consortium for School Networking, A. Reader"
        assert str(made.docinfo.Subject) == "CTO Forum report, 2013"


def test_it_is_letter_size_throughout(report: bytes) -> None:
    with pikepdf.open(BytesIO(report)) as made:
        assert {tuple(float(side) for side in page.mediabox) for page in made.pages} == {(0, 0, 612, 792)}


def test_the_cover_says_what_it_is_and_where_it_comes_from(report: bytes) -> None:
    assert words(report)[0] == (
        "CTO Forum report 2013 The “Undiscussables” of Leadership Engaging in Conversations: A Report "
        "Consortium for School Networking, A. Reader From the CTO Leadership Forum, March 2013 "
        "Second edition, February 2014"
    )


def test_the_cover_has_the_colours_of_its_year_to_the_edge_and_one_yellow_form(report: bytes) -> None:
    def operands(colour: str) -> list[float]:
        return [round(int(colour[start : start + 2], 16) / 255, 3) for start in (1, 3, 5)]

    with pikepdf.open(BytesIO(report)) as made:
        painted = [
            [round(float(value), 3) for value in ops]
            for stream in [made.pages[0], *_groups(made)]
            for ops, name in instructions(stream)
            if name in ("rg", "scn") and len(ops) == 3
        ]
    for colour in PALETTES[palette_number(2013)]:
        assert operands(colour) in painted
    assert painted.count(operands(YELLOW)) == 1


def _groups(made: pikepdf.Pdf) -> list[pikepdf.Object]:
    return [
        item for item in made.objects if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == pikepdf.Name.Form
    ]


def test_the_contents_name_the_page_on_which_each_section_begins(report: bytes) -> None:
    pages = words(report)
    for section in SECTIONS:
        begins = next(number for number, text in enumerate(pages, start=1) if number > 2 and section in text)
        assert f"{section} {begins}" in pages[1]
    assert "An opening that worked" not in pages[1]


def test_the_outline_leads_to_the_same_pages(report: bytes) -> None:
    marks = outline(report)
    assert marks[0] == (0, "The “Undiscussables” of Leadership", 1)
    assert [title for level, title, _ in marks if level == 1] == ["Contents", *SECTIONS]
    pages = words(report)
    assert all(title in pages[page - 1] for _, title, page in marks)


def test_pages_carry_title_section_and_their_number_in_the_file(report: bytes) -> None:
    pages = words(report)
    assert len(pages) >= 4
    for number, text in enumerate(pages[1:], start=2):
        assert "The “Undiscussables” of Leadership" in text
        assert str(number) in text.split()
    assert f"{SECTIONS[0]} 3" in pages[2]


def test_a_link_into_the_site_is_absolute(report: bytes) -> None:
    with pikepdf.open(BytesIO(report)) as made:
        addresses = [str(note.A.URI) for page in made.pages for note in page.obj.get("/Annots", []) if "/A" in note]
    assert addresses
    assert all(address.startswith("http") and address.endswith("/cto-forums/") for address in addresses)


def test_the_same_manuscript_gives_the_same_bytes(report: bytes) -> None:
    assert typeset(MANUSCRIPT) == report
    assert typeset(replace(MANUSCRIPT, edition="Third edition")) != report


def test_our_own_intake_lets_it_in(report: bytes) -> None:
    assert inspect_pdf(BytesIO(report)).pages == len(words(report))


def test_sections_are_found_at_whatever_level_the_author_began() -> None:
    bodies = ["# One\n\ntext\n\n## Part\n\n# Two", "### One\n\ntext\n\n#### Part\n\n### Two"]
    marks = {tuple(outline(typeset(replace(MANUSCRIPT, body=body)))) for body in bodies}
    assert len(marks) == 1
    assert [title for level, title, _ in marks.pop() if level == 1] == ["Contents", "One", "Two"]


def test_a_text_without_headings_has_no_contents_but_the_facts_of_the_report() -> None:
    made = typeset(replace(MANUSCRIPT, title="Plain", body="Only this.", authors=(), imprint=(), edition=""))
    assert ua_problems(made) == []
    assert "Contents" not in words(made)[1]
    assert "CTO Forum report, 2013" in words(made)[1]
    assert "Only this." in words(made)[2]


@pytest.mark.parametrize(("main", "subtitle"), [(250, 0), (95, 150), (88, 160), (52, 190), (52, 65), (10, 160)])
def test_words_on_the_cover_stay_clear_of_the_art_however_long_the_title(main: int, subtitle: int) -> None:
    letters = "Technology Services and Curriculum Working Together " * 5
    title = letters[:main] + (": " + letters[:subtitle] if subtitle else "")
    with pypdfium2.PdfDocument(typeset(replace(MANUSCRIPT, title=title, body="Text."))) as made:
        text = made[0].get_textpage()
        lowest = min(text.get_charbox(index)[1] for index in range(text.count_chars()))
    assert lowest > 6.85 * 72  # the height of the art in points, and a little air


def test_markup_in_a_title_is_shown_and_not_obeyed() -> None:
    made = typeset(replace(MANUSCRIPT, title="<h2>A & B</h2>: <img src=x>", body="Text."))
    assert "<h2>A & B</h2> <img src=x>" in words(made)[0]
