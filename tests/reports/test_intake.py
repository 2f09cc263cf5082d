"""What the intake refuses and why; each refusal beside a file that differs in that one thing and is let in."""

import hashlib
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pikepdf import Array, Dictionary, Name, String
from pytest_django.fixtures import Settings

from cosn_site.bounded import MEBIBYTE
from reports.intake import FOUND, MOST_PAGES, PdfRefused, inspect_pdf
from reports.pdf_probe import probe
from reports.typesetting import Manuscript, typeset
from tests.reports.pdf_cases import ACTING, HEAVY, SIZED, UNSOUND, Change, Make
from tests.reports.pdf_files import CATALOG, PAGES, one_page, raw, sound


def _code(content: bytes) -> str:
    """The code of the refusal, or `let in`."""
    try:
        inspect_pdf(BytesIO(content))
    except PdfRefused as refused:
        return refused.code
    return "let in"


def _verdict(content: bytes, folder: Path) -> str:
    """As `_code`, but without a process for each file; for what cannot hurt this one."""
    path = folder / "file.pdf"
    path.write_bytes(content)
    answer = probe(path, MOST_PAGES)
    return FOUND[answer["found"]][0] if "found" in answer else "let in"


# --- what acts: name, code, the same place with something that acts and with something that does not ---------------


@pytest.mark.parametrize(("code", "acting", "twin"), [case[1:] for case in ACTING], ids=[case[0] for case in ACTING])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_a_file_that_acts_is_refused_and_its_harmless_twin_is_let_in(
    code: str, acting: Change, twin: Change, packed: bool, tmp_path: Path
) -> None:
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    for change, expected in ((acting, code), (twin, "let in")):
        assert _verdict(sound(change, object_stream_mode=mode), tmp_path) == expected


def test_a_name_spelled_in_numbers_hides_nothing() -> None:
    hidden = b"/OpenAction << /#53 /J#61vaScr#69pt /J#53 (app.alert\\(1\\)) >>"
    assert _code(one_page(catalog=hidden)) == "script"
    assert _code(one_page(catalog=hidden.replace(b"/J", b"/K"))) == "let in"


def test_an_object_that_nothing_leads_to_is_looked_at_too() -> None:
    assert _code(one_page(more=[b"<< /S /Launch /F (calc.exe) >>"])) == "launch"
    assert _code(one_page(more=[b"<< /S /Lunch /F (calc.exe) >>"])) == "let in"


def test_the_kind_of_an_action_kept_apart_from_it_is_found() -> None:
    apart = one_page(catalog=b"/OpenAction << /S 4 0 R /F (calc.exe) >>", more=[b"/Launch"])
    assert _code(apart) == "launch"
    assert _code(apart.replace(b"/Launch", b"/GoTo  ")) == "let in"


def test_an_action_that_is_two_things_at_once_is_refused() -> None:
    both = b"/OpenAction << /S /Launch /S /GoTo /D [3 0 R /Fit] >>"
    assert _code(one_page(catalog=both)) == "damaged"
    assert _code(one_page(catalog=both.replace(b"/S /Launch", b""))) == "let in"


def test_the_word_javascript_in_a_text_is_no_script() -> None:
    assert _code(one_page(catalog=b"/Note (/JS /JavaScript /Launch) ")) == "let in"
    assert _code(one_page(catalog=b"/Note << /JS (x) >> ")) == "script"


# --- what is not sound, or would hurt whoever opens it -------------------------------------------------------------


@pytest.mark.parametrize(("code", "hostile", "twin"), [case[1:] for case in UNSOUND], ids=[case[0] for case in UNSOUND])
def test_an_unsound_file_is_refused_and_its_sound_twin_is_let_in(
    code: str, hostile: Make, twin: Make, tmp_path: Path
) -> None:
    assert _verdict(hostile(), tmp_path) == code
    assert _verdict(twin(), tmp_path) == "let in"


@pytest.mark.parametrize(("code", "hostile", "twin"), [case[1:] for case in HEAVY], ids=[case[0] for case in HEAVY])
def test_a_file_that_would_hang_or_exhaust_us_is_refused_and_its_light_twin_is_let_in(
    code: str, hostile: Make, twin: Make
) -> None:
    assert _code(hostile()) == code
    assert _code(twin()) == "let in"


def test_a_count_that_promises_billions_of_pages_is_not_believed() -> None:
    boasting = raw([CATALOG % b"", PAGES.replace(b"/Count 1", b"/Count 2000000000"), SIZED])
    assert inspect_pdf(BytesIO(boasting)).pages == 1


# --- what is let in, and what is known of it -----------------------------------------------------------------------


def test_what_is_known_of_a_sound_file() -> None:
    content = sound()
    facts = inspect_pdf(BytesIO(content))
    assert (facts.pages, facts.bytes, facts.title) == (3, len(content), "A sound report")
    assert facts.sha256 == hashlib.sha256(content).hexdigest()


def test_a_title_is_one_line_of_bearable_length() -> None:
    facts = inspect_pdf(BytesIO(sound(lambda pdf: pdf.docinfo.__setitem__("/Title", String("A\n\x07B " * 200)))))
    assert facts.title.startswith("A B A B")
    assert len(facts.title) == 300
    assert inspect_pdf(BytesIO(one_page(trailer=b"/Info << /Title 7 >>"))).title == ""


def test_an_upload_is_read_from_its_beginning_and_left_there() -> None:
    upload = SimpleUploadedFile("report.pdf", sound())
    upload.seek(30)
    assert inspect_pdf(upload).pages == 3
    assert upload.tell() == 0


def test_what_we_set_ourselves_is_let_in() -> None:
    manuscript = Manuscript(
        title="Seats: Who Has One", series_label="Report", year=2015, slug="seats", motif=2, body="## One\n\nText."
    )
    assert inspect_pdf(BytesIO(typeset(manuscript))).title == "Seats: Who Has One"


def test_what_a_browser_prints_is_let_in(chromium: str, tmp_path: Path) -> None:
    page, out = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(
        "<title>From a browser</title><h1 id=a>Report</h1><p><a href='#a'>up</a> <a href='https://x.example'>x</a>"
    )
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    command = [chromium, *flags, f"--print-to-pdf={out}", page.as_uri()]
    subprocess.run(command, check=True, timeout=60, capture_output=True)  # noqa: S603 - the browser, no shell
    with out.open("rb") as file:
        assert inspect_pdf(file).title == "From a browser"


@pytest.mark.parametrize(
    "how",
    [
        {"linearize": True},
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        {"force_version": "1.3", "compress_streams": False},
        {"qdf": True},
    ],
)
def test_a_file_is_let_in_however_its_program_writes_it(how: dict[str, Any]) -> None:
    def as_office_programs_do(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = Array([pdf.pages[0].obj, Name.XYZ, 0, 792, 0])
        pdf.Root.Lang, pdf.Root.PageMode = String("en-US"), Name.UseOutlines
        pdf.Root.MarkInfo = Dictionary(Marked=True)

    assert _code(sound(as_office_programs_do, **how)) == "let in"


def test_numbers_and_words_kept_as_objects_of_their_own_are_no_harm() -> None:
    apart = one_page(
        catalog=b"/Lang 4 0 R /A 5 0 R /B 6 0 R", more=[b"(en)", b"12", b"/JS", b"[1 2]", b"null", b"true"]
    )
    assert _code(apart) == "let in"


def test_a_file_with_a_later_revision_behind_it_is_let_in() -> None:
    first = sound()
    with pikepdf.open(BytesIO(first)) as pdf:
        number = pdf.Root.objgen[0]
        catalog = pdf.Root.unparse(resolved=True)
        size = int(pdf.trailer.Size)
    start = first.rpartition(b"startxref\n")[2].split()[0]
    place = len(first)
    update = b"%d 0 obj\n%s\nendobj\n" % (number, catalog)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, place)
    trailer = b"trailer\n<< /Size %d /Root %d 0 R /Prev %s >>\n" % (size, number, start)
    later = first + update + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (place + len(update))
    assert _code(later) == "let in"
    assert (
        _code(later.replace(update, update.replace(b"/Type", b"/OpenAction << /S /JavaScript /JS (x) >> /Type")))
        != "let in"
    )


# --- size, and words -----------------------------------------------------------------------------------------------


def test_a_file_over_the_limit_is_refused_with_both_sizes(settings: Settings) -> None:
    content = sound()
    settings.REPORT_MAX_BYTES = len(content)
    assert _code(content) == "let in"
    settings.REPORT_MAX_BYTES = len(content) - 1
    with pytest.raises(PdfRefused) as refused:
        inspect_pdf(BytesIO(content))
    assert refused.value.code == "too_large"
    assert f"{len(content):,} bytes; the most is {len(content) - 1:,} bytes" in refused.value.message
    settings.REPORT_MAX_BYTES = 50 * MEBIBYTE
    with pytest.raises(PdfRefused) as refused:
        inspect_pdf(BytesIO(bytes(51 * MEBIBYTE)))
    assert "This file is 51 MB; the most is 50 MB." in refused.value.message


def test_each_refusal_is_two_plain_sentences_with_a_way_on() -> None:
    assert {code for code, _, _ in FOUND.values()} == {
        *("not_pdf", "damaged", "encrypted", "script", "launch", "embedded", "no_pages", "too_many_pages"),
    }
    for _, matter, remedy in FOUND.values():
        assert "This" in matter or "this" in matter
        assert matter.endswith(".")
        assert remedy.endswith(".")
        assert "!" not in matter + remedy
