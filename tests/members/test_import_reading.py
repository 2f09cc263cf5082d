"""Files as they come: encodings, delimiters, quoted line ends, ragged lines, workbooks, and what is neither."""

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from openpyxl import Workbook

from members.importing import cells, mapping, reading, workbook
from members.importing.cells import CellRefused
from members.importing.reading import FileRefused, Line
from tests.members.importing import previewed, refusals
from tests.members.importing import workbook as xlsx

TEXT = "Name;Ort\nJosé Peña;Doña Ana\n“Über” – 5 €;Zoë\n"


def lines(tmp_path: Path, content: bytes) -> list[Line]:
    path = tmp_path / "file"
    path.write_bytes(content)
    return list(reading.read(path, reading.detect(path)))


def refused(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as caught:
        reading.sample_of(path, reading.detect(path))
    return caught.value.code


# --- encodings ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_each_encoding_is_detected_and_read(tmp_path: Path, encoding: str, found: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(TEXT.encode(encoding))
    assert reading.detect(path) == found
    assert [line.cells for line in reading.read(path, found)] == [row.split(";") for row in TEXT.splitlines()]


def test_utf_16_with_the_other_mark_is_read_too(tmp_path: Path) -> None:
    assert lines(tmp_path, b"\xfe\xff" + TEXT.encode("utf-16-be"))[1].cells[0] == "José Peña"


def test_one_letter_far_down_in_a_long_file_decides_its_encoding(tmp_path: Path) -> None:
    rows = ["name,place", *(f"District {n},Here" for n in range(60_000)), "Peña,Doña Ana"]
    found = lines(tmp_path, "\n".join(rows).encode("cp1252"))
    assert found[-1].cells == ["Peña", "Doña Ana"]


def test_a_file_of_plain_letters_is_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"name\nMaple Valley\n")
    assert reading.detect(path) == "utf-8"


def test_bytes_that_are_no_letters_in_a_file_with_a_mark_refuse_their_line(db: None) -> None:
    batch = previewed("people", b"\xef\xbb\xbfemail,name\na@example.org,Fine\nb@example.org,P\xe9rez\n")
    assert list(refusals(batch)) == [3]
    assert "could not be read" in refusals(batch)[3]


# --- shapes -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found_though_the_others_stand_in_the_text(tmp_path: Path, delimiter: str) -> None:
    rows = [["name", "title"], ["Okafor, Dana", "CTO; acting"], ["Lee | Kim", "a\tb"]]
    content = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert [line.cells for line in lines(tmp_path, content.encode())] == rows


def test_a_line_that_only_names_the_delimiter_is_none(tmp_path: Path) -> None:
    found = lines(tmp_path, b"sep=;\r\nname;state\r\nMaple;MN\r\n")
    assert [(line.number, line.cells) for line in found] == [(2, ["name", "state"]), (3, ["Maple", "MN"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_numbered_as_an_editor_counts_them(tmp_path: Path, end: str) -> None:
    text = f'name,note{end}A,"one{end}two{end}three"{end}{end}   ,{end}B,x{end}'
    found = lines(tmp_path, text.encode())
    assert [line.number for line in found] == [1, 2, 7]
    assert found[1].cells == ["A", f"one{end}two{end}three"]


def test_a_quotation_mark_that_is_not_closed_is_named_by_the_line_that_opens_it(tmp_path: Path) -> None:
    found = lines(tmp_path, b'name,note\nA,x\nB,"never\nclosed\n')
    assert [(line.number, line.problem[:34]) for line in found[2:]] == [(3, "A quotation mark in this line is n")]


def test_a_quotation_mark_in_the_middle_of_a_cell_refuses_its_line_and_no_other(tmp_path: Path) -> None:
    found = lines(tmp_path, b'name,note\nA,"x"y,z\nB,fine\n')
    assert [(line.number, bool(line.problem)) for line in found] == [(1, False), (2, True), (3, False)]


def test_a_cell_that_never_ends_is_given_up_and_not_kept_in_memory(tmp_path: Path) -> None:
    found = lines(tmp_path, b'name,note\nA,"' + b"x" * 300_000 + b"\n")
    assert "far too long" in found[1].problem or "not closed" in found[1].problem


def test_ragged_lines_say_how_many_cells_they_have(db: None) -> None:
    batch = previewed("organizations", "name,kind,state\nA,district\nB,district,MN,x\nC,district,MN,,\n")
    said = refusals(batch)
    assert set(said) == {2, 3}, "empty cells at the end do no harm"
    assert "This line has 2 cells where the header has 3." in said[2]
    assert "This line has 4 cells where the header has 3." in said[3]


def test_columns_of_one_name_are_told_apart_and_neither_is_guessed() -> None:
    header = ["Email", "Name", "email ", ""]
    assert mapping.guess("people", header) == {"name": 1}
    assert mapping.column_names(header) == ["A: Email", "B: Name", "C: email", "D: no name"]
    assert [mapping.letters(place) for place in (0, 25, 26, 51, 99)] == ["A", "Z", "AA", "AZ", "CV"]


@pytest.mark.parametrize(
    ("kind", "header", "expected"),
    [
        ("organizations", ["LEA Name", "LEAID", "ST"], {"nces_id": 1, "state": 2}),
        ("organizations", ["District Name", "Type", "# Students"], {"name": 0, "kind": 1, "enrollment": 2}),
        (
            "people",
            ["E-Mail", "First Name", "Surname", "Job Title"],
            {"email": 0, "first_name": 1, "last_name": 2, "title": 3},
        ),
        (
            "memberships",
            ["District", "Level", "Start Date", "Expires", "PO #"],
            {"organization": 0, "plan": 1, "starts_on": 2, "ends_on": 3},
        ),
    ],
)
def test_columns_are_guessed_from_what_people_call_them(kind: str, header: list[str], expected: dict[str, int]) -> None:
    found = mapping.guess(kind, header)
    assert {name: found.get(name) for name in expected} == expected


# --- what is neither ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n\n  \r\n", "empty"),
        (b"name,kind\n", "no_lines"),
        (b"%PDF-1.7\n", "not_text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not_text"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "not_text"),
        (b"{\\rtf1 name,kind}\n", "not_text"),
        (b"<!DOCTYPE html><table><tr><td>name</td></tr></table>", "not_text"),
        (b'<?xml version="1.0"?>\n<Workbook/>', "not_text"),
        (b"\x7fELF" + bytes(500), "not_text"),
        (bytes(range(256)) * 9, "not_text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"),
        (b"PK\x03\x04" + bytes(60), "broken"),
        (b",".join(b"c" for _ in range(101)) + b"\nx\n", "too_many_columns"),
    ],
)  # fmt: skip
def test_what_is_not_a_list_is_refused_with_its_reason(tmp_path: Path, content: bytes, code: str) -> None:
    assert refused(tmp_path, content) == code
    assert reading.REFUSALS[code].endswith(".")


def test_a_list_of_more_lines_than_allowed_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(reading, "MOST_LINES", 10)
    path = tmp_path / "file"
    path.write_bytes(b"name\n" + b"x\n" * 11)
    with pytest.raises(FileRefused) as caught:
        list(reading.read(path, "utf-8", most_lines=10))
    assert caught.value.code == "too_many_lines"


# --- workbooks ----------------------------------------------------------------------------------------------------
def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def parts_of(book: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_cells_of_a_workbook_come_as_somebody_would_type_them(tmp_path: Path) -> None:
    row = [
        "text",
        12_500,
        12_500.0,
        0.5,
        True,
        False,
        date(2026, 7, 1),
        datetime(2026, 7, 1),  # noqa: DTZ001 - as a workbook has it
        datetime(2026, 7, 1, 9, 30),  # noqa: DTZ001
        time(9),
        None,
    ]
    found = lines(tmp_path, xlsx([["a"] * len(row), [], row]))
    assert found[1].number == 3, "an empty row counts, as the spreadsheet shows it"
    assert found[1].cells == [
        *("text", "12500", "12500", "0.5", "yes", "no"),
        *("2026-07-01", "2026-07-01", "2026-07-01 09:30:00", "09:00:00", ""),
    ]


def test_a_formula_counts_by_its_result_and_without_one_it_is_refused(tmp_path: Path) -> None:
    parts = parts_of(xlsx([["name", "kind", "note"], ["x", "district", "=1+1"], ["=A1", "district", "y"]]))
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    assert "<f>1+1</f>" in sheet
    calculated = sheet.replace("<f>1+1</f><v></v>", "<f>1+1</f><v>2</v>").replace(
        "<f>1+1</f><v />", "<f>1+1</f><v>2</v>"
    )
    assert calculated != sheet
    parts["xl/worksheets/sheet1.xml"] = calculated.encode()
    found = lines(tmp_path, zipped(parts))
    assert found[1].cells == ["x", "district", "2"]
    assert found[2].refused == {0: workbook.NO_RESULT}


def test_a_formula_without_a_result_refuses_its_line_by_its_column(db: None) -> None:
    batch = previewed("organizations", xlsx([["name", "kind"], ["=A1", "district"]]), filename="list.xlsx")
    assert refusals(batch) == {2: f"Name: {workbook.NO_RESULT}"}


def test_the_first_sheet_that_is_shown_is_read(tmp_path: Path) -> None:
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["hidden"])
    hidden.sheet_state = "hidden"
    shown = book.create_sheet("Shown")
    shown.append(["name"])
    shown.append(["Maple"])
    out = io.BytesIO()
    book.save(out)
    assert [line.cells for line in lines(tmp_path, out.getvalue())] == [["name"], ["Maple"]]


def _big(size: int) -> bytes:
    return b"<sst>" + b"<si><t>" + b"A" * size


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda parts: parts.pop("xl/worksheets/sheet1.xml"), "no_sheet"),
        (lambda parts: parts.update({"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row"}), "broken"),
        (lambda parts: parts.update({"xl/workbook.xml": b"not xml"}), "broken"),
        (lambda parts: parts.update({"xl/sharedStrings.xml": _big(100 * 2**20)}), "bomb"),
        (lambda parts: parts.update({"xl/media/image.png": bytes(310 * 2**20)}), "bomb"),
        (
            lambda parts: parts.update(
                {
                    "xl/worksheets/sheet1.xml": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
                    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
                    b'<row r="1"><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
                }
            ),
            "broken",
        ),
    ],
    ids=["no sheet", "cut off", "no XML", "strings", "picture", "entities"],
)
def test_a_broken_or_swollen_workbook_is_refused_and_does_no_harm(tmp_path: Path, change: Any, code: str) -> None:
    parts = parts_of(xlsx([["name"], ["Maple"]]))
    change(parts)
    assert refused(tmp_path, zipped(parts)) == code


_NAMES = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_SHEET = (
    f"<worksheet {_NAMES}><sheetData>"
    '<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>Maple WORD</t></is></c></row></sheetData></worksheet>'
)
_ASKING = (
    f"<worksheet {_NAMES}><sheetData>"
    '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row></sheetData></worksheet>'
)
_STRINGS = f'<sst {_NAMES} count="2" uniqueCount="2"><si><t>name</t></si><si><t>Maple WORD</t></si></sst>'
_STRINGS_ARE_THERE = (
    '<Override PartName="/xl/sharedStrings.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
STOLEN = "the-word-that-nobody-may-read"


def book_with(part: str, word: str, declared: str = "") -> bytes:
    """A workbook of one name, in a part of which this word stands; that part begins with what it declares."""
    parts = parts_of(xlsx([["name"], ["Maple"]]))
    if part == "sheet":
        changed = {"xl/worksheets/sheet1.xml": _SHEET}
    elif part == "strings":
        parts["xl/worksheets/sheet1.xml"] = _ASKING.encode()
        types = parts["[Content_Types].xml"].replace(b"</Types>", _STRINGS_ARE_THERE.encode() + b"</Types>")
        parts["[Content_Types].xml"] = types
        changed = {"xl/sharedStrings.xml": _STRINGS}
    else:
        changed = {"xl/workbook.xml": parts["xl/workbook.xml"].decode().replace('name="List"', 'name="WORD"')}
    for name, text in changed.items():
        assert "WORD" in text
        parts[name] = f"{declared}{text.replace('WORD', word)}".encode()
    return zipped(parts)


@pytest.fixture
def stealing(tmp_path: Path) -> dict[str, str]:
    """Ways to have a parser put a file of this machine into the text: what a document declares before it begins."""
    (tmp_path / "secret.txt").write_text(STOLEN)
    secret = (tmp_path / "secret.txt").as_uri()
    (tmp_path / "own.dtd").write_text(f'<!ENTITY stolen SYSTEM "{secret}">')
    own = (tmp_path / "own.dtd").as_uri()
    return {
        "entity": f'<!DOCTYPE x [<!ENTITY stolen SYSTEM "{secret}">]>',
        "parameter": f'<!DOCTYPE x [<!ENTITY % own SYSTEM "{own}"> %own;]>',
        "definition": f'<!DOCTYPE x SYSTEM "{own}">',
    }


@pytest.mark.parametrize("way", ["entity", "parameter", "definition"])
@pytest.mark.parametrize("part", ["sheet", "strings", "book"])
def test_a_workbook_brings_no_file_of_this_machine_in(
    tmp_path: Path, stealing: dict[str, str], part: str, way: str
) -> None:
    honest = lines(tmp_path, book_with(part, "Valley"))
    assert honest[1].cells[0] == ("Maple" if part == "book" else "Maple Valley"), "but for what it declares it is sound"
    try:
        read = str(lines(tmp_path, book_with(part, "&stolen;", stealing[way])))
    except FileRefused as refused:
        read = refused.code
    assert STOLEN not in read
    assert "Maple" in read or read == "broken"


@pytest.mark.parametrize("way", ["entity", "parameter", "definition"])
def test_a_parser_that_trusts_its_document_would_have_brought_the_file_in(stealing: dict[str, str], way: str) -> None:
    """The control: what is declared above does steal, where somebody lets it."""
    trusting = etree.XMLParser(resolve_entities=True, load_dtd=True)
    read = etree.fromstring(f"{stealing[way]}{_SHEET.replace('WORD', '&stolen;')}".encode(), trusting)
    assert STOLEN in "".join(str(text) for text in read.itertext())


def test_an_archive_without_a_workbook_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, zipped({"word/document.xml": b"<x/>"})) == "not_a_workbook"


def test_a_row_that_claims_to_be_the_thousand_millionth_is_not_waited_for(tmp_path: Path) -> None:
    parts = parts_of(xlsx([["name"], ["Maple"]]))
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b'<row r="2"', b'<row r="900000000"')
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'"A2"', b'"A900000000"')
    assert refused(tmp_path, zipped(parts)) in {"no_lines", "broken"}


# --- cells --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "written",
    [
        "2026-07-01", "2026/7/1", "2026.07.01", "1 July 2026", "01 Jul 2026", "1-Jul-2026", "July 1, 2026",
        "Jul 1 2026",
        "July 1st, 2026", "2026-07-01 00:00:00", "2026 July 1", "1 july 2026",
    ],
)  # fmt: skip
def test_a_day_is_read_in_any_clear_form(written: str) -> None:
    assert cells.day(written, "") == "2026-07-01"


def test_figures_that_can_only_be_one_day_are_read_as_that() -> None:
    assert cells.day("25/7/2026", "") == cells.day("7/25/2026", "") == "2026-07-25"
    assert cells.day("3/3/2026", "") == "2026-03-03"


def test_a_choice_settles_what_could_be_two_days() -> None:
    assert cells.day("03/04/2026", cells.MONTH_FIRST) == "2026-03-04"
    assert cells.day("03/04/2026", cells.DAY_FIRST) == "2026-04-03"
    with pytest.raises(CellRefused, match="4 March or 3 April"):
        cells.day("03/04/2026", "")
    with pytest.raises(CellRefused):
        cells.day("25/7/2026", cells.MONTH_FIRST)


@given(
    st.dates(date(1970, 1, 1), date(2100, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d %b %Y"])
)
def test_every_day_written_clearly_is_that_day(day: date, form: str) -> None:
    assert cells.day(day.strftime(form), "") == day.isoformat()


@given(st.integers(0, 99_999_999))
def test_every_amount_written_with_or_without_commas_is_its_cents(cents: int) -> None:
    for written in (f"{cents / 100:.2f}", f"${cents / 100:,.2f}", f"USD {cents / 100:,.2f}"):
        assert cells.money(written, "") == cents


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_sentence(cell: str) -> None:
    for kind in mapping.KINDS.values():
        for field in kind.fields:
            try:
                tidied = cells.tidy(cell)
                if tidied:
                    field.read(tidied, "")
            except CellRefused as refusal:
                assert refusal.sentence[0].isupper() or refusal.sentence[0] in "“#$0123456789"  # noqa: PT017


def test_states_are_known_by_name_and_by_letters() -> None:
    state = mapping.KINDS["organizations"].field("state")
    assert [state.read(name, "") for name in ("Minnesota", "mn", "MN", "D.C.", "puerto rico")] == [
        "MN",
        "MN",
        "MN",
        "DC",
        "PR",
    ]
