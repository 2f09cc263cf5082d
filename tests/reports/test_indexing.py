"""Words out of PDFs as a reader sees them, page by page; and the picture of the first page."""

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cosn_site.bounded import MEBIBYTE
from cosn_site.pdf import write_pdf
from reports.indexing import PdfUnreadable, first_page_png, mend, page_texts
from tests.reports.pdf_files import CATALOG, PAGE, PAGES, deflated, one_page, raw, sound, stream


def test_each_page_has_its_own_words_on_one_line() -> None:
    html = "<html lang=en><title>T</title><p>First of<br>two lines<p style='break-before:page'><p>Second"
    assert page_texts(BytesIO(write_pdf(html))) == ["First of two lines", "Second"]


def test_a_page_without_words_keeps_its_place() -> None:
    def without_words(pdf: pikepdf.Pdf) -> None:
        pdf.pages[1].obj.Contents = pdf.make_stream(b"0 0 99 99 re f")

    assert page_texts(BytesIO(sound(without_words))) == ["Page 1", "", "Page 3"]


def test_a_path_and_an_open_file_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(sound())
    with path.open("rb") as file:
        assert page_texts(file) == page_texts(path) == page_texts(str(path)) == ["Page 1", "Page 2", "Page 3"]


def test_words_that_were_hyphenated_and_ligatures_are_whole_again() -> None:
    html = """<html lang="en"><title>T</title><link rel="stylesheet" href="attached:narrow.css">
    <p>The office of communication is a telecommunications workflow affiliated with infrastructure responsibility"""
    narrow = b"p { width: 60pt; hyphens: auto; hyphenate-limit-chars: 5; font-variant-ligatures: common-ligatures }"
    content = write_pdf(html, attached={"narrow.css": narrow})
    with pypdfium2.PdfDocument(content) as pdf:
        assert "\u2010" in pdf[0].get_textpage().get_text_bounded()  # it was hyphenated indeed
    [text] = page_texts(BytesIO(content))
    assert text == (
        "The office of communication is a telecommunications workflow affiliated with infrastructure responsibility"
    )


@pytest.mark.parametrize(
    ("raw_text", "mended"),
    [
        ("tech-\r\nnology", "technology"),
        ("tech-\nnology and techno-\nlogy", "technology and technology"),
        ("a district-\nlevel plan; district-level", "a district-level plan; district-level"),
        ("the K-\n12 CTO", "the K-12 CTO"),
        ("Anglo-\nSaxon", "Anglo-Saxon"),
        ("com\u2010\nmittee", "committee"),
        ("com\u0002\nmittee", "committee"),
        ("com\ufffe\nmittee", "committee"),
        ("com\xadmittee", "committee"),
        ("the o\ufb03ce \ufb01le", "the office file"),
        ("one\t two\u00a0\u2003three", "one two three"),
        ("\u2022 one\n\u2022 two", "one two"),
        ("4 -\n5", "4 - 5"),
    ],
)
def test_what_the_page_broke_is_mended(raw_text: str, mended: str) -> None:
    assert mend([raw_text]) == [mended]


def test_heads_that_run_over_most_pages_are_left_out_and_sentences_are_not() -> None:
    pages = [f"Reports 2013\nPage {number} begins here.\nIt says {number} things.\n{number}" for number in range(1, 8)]
    pages[3] = "Reports 2013\nA sentence of its own.\n4"
    assert mend(pages)[3] == "A sentence of its own."
    assert mend(["Reports 2013\nOne.", "Reports 2013\nTwo."]) == ["Reports 2013 One.", "Reports 2013 Two."]


@given(st.lists(st.text(max_size=200), max_size=6))
def test_mending_keeps_every_page_and_leaves_nothing_to_mend(pages: list[str]) -> None:
    mended = mend(pages)
    assert len(mended) == len(pages)
    assert all(text == " ".join(text.split()) for text in mended)
    assert not {"\x00", "\ufb01", "\xad", "\n"} & set("".join(mended))


def test_the_picture_is_as_wide_as_asked_in_the_proportions_of_the_page() -> None:
    picture = Image.open(BytesIO(first_page_png(BytesIO(sound()), 612)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (612, 792))
    assert picture.getpixel((600, 780)) == (255, 255, 255)
    assert Image.open(BytesIO(first_page_png(BytesIO(sound()), 100_000))).width == 2_400


def test_a_page_of_a_mile_makes_a_picture_of_bearable_size() -> None:
    mile = raw([CATALOG % b"", PAGES, (PAGE % b"").replace(b"612 792", b"612 4561920")])
    width, height = Image.open(BytesIO(first_page_png(BytesIO(mile), 600))).size
    assert (width, height) <= (600, 2_400)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7\nnothing\n%%EOF\n",
        sound()[:400],
        raw([CATALOG % b"", PAGES.replace(b"3 0 R", b"")]),
        sound(encryption=pikepdf.Encryption(user="x", owner="x")),
    ],
    ids=["empty", "no objects", "cut off", "no pages", "encrypted"],
)
def test_a_file_that_cannot_be_read_is_an_error_with_a_name(content: bytes) -> None:
    with pytest.raises(PdfUnreadable) as unreadable:
        first_page_png(BytesIO(content), 100)
    assert unreadable.value.reason == "crash"


def test_a_page_that_unpacks_to_gigabytes_costs_its_own_words_and_not_this_process() -> None:
    bomb = one_page(page=b"/Contents 4 0 R", more=[stream(deflated(4096 * MEBIBYTE), Filter=b"/FlateDecode")])
    with suppress(PdfUnreadable):  # or the library gives up on the page by itself
        assert page_texts(BytesIO(bomb)) == [""]
    assert page_texts(BytesIO(sound())) == ["Page 1", "Page 2", "Page 3"]
