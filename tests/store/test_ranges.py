"""Downloads in pieces: the bytes asked for, no more and no fewer, and one row of the ledger however many pieces."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from reports.models import Edition, Report
from store.delivery import wanted_range
from store.models import Download
from tests import people, shelf
from tests.store.asking import Answer, ask, gate

WHOLE = shelf.bytes_of("a-report")
SIZE = len(WHOLE)


@pytest.fixture
def report(db: None) -> Report:
    return shelf.report()


@pytest.fixture
def browser(report: Report) -> Client:
    return people.browser(people.member())


def ask_for(browser: Client, report: Report, ranges: str, *, method: str = "get", **headers: str) -> Answer:
    return ask(browser, report, method=method, headers={"Range": ranges, **headers})


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-199", 100, 199),
        ("bytes=0-0", 0, 0),
        ("bytes=4999-4999", 4999, 4999),
        ("bytes=4000-", 4000, 4999),
        ("bytes=0-", 0, 4999),
        ("bytes=4990-9999999", 4990, 4999),
        ("bytes=-1", 4999, 4999),
        ("bytes=-500", 4500, 4999),
        ("bytes=-5000", 0, 4999),
        ("bytes=-999999", 0, 4999),
    ],
)
def test_a_range_gets_its_bytes_and_says_which(
    browser: Client, report: Report, asked: str, first: int, last: int
) -> None:
    answer = ask_for(browser, report, asked)
    assert answer.status == 206
    assert answer.body == WHOLE[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("asked", ["bytes=5000-", "bytes=5000-5001", "bytes=999999999-", "bytes=-0"])
def test_a_range_behind_the_end_is_answered_416_with_the_size_and_no_row(
    browser: Client, report: Report, asked: str
) -> None:
    answer = ask_for(browser, report, asked)
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert WHOLE[:40] not in answer.body
    assert "no-store" in answer.headers["Cache-Control"]
    assert not Download.objects.exists()
    assert ask_for(browser, report, "bytes=4999-").status == 206


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-99,200-299",
        "bytes=200-299, 0-99, -5",
        "bytes=0-0," * 1000 + "0-0",
        "bytes=-",
        "bytes=9-1",
        "bytes=a-b",
        "bytes=1-2-3",
        "bytes=0x10-",
        "bytes= 1-2 ",
        "bytes",
        "pages=1-2",
        "",
        "bytes=²-",
    ],
)
def test_several_ranges_and_nonsense_get_the_whole_file(browser: Client, report: Report, asked: str) -> None:
    answer = ask_for(browser, report, asked)
    assert answer.status in (200, 206)
    assert answer.body == (WHOLE if answer.status == 200 else WHOLE[1:3])
    assert Download.objects.count() == 1


@pytest.mark.parametrize("asked", ["bytes=" + "9" * 5_000 + "-", "bytes=0-" + "9" * 5_000, "bytes=-" + "9" * 5_000])
def test_a_number_of_five_thousand_digits_is_only_a_number(browser: Client, report: Report, asked: str) -> None:
    assert ask_for(browser, report, asked).status in (200, 206, 416)


def test_the_unit_of_a_range_is_known_in_any_letter_case_or_ignored(browser: Client, report: Report) -> None:
    answer = ask_for(browser, report, "Bytes=0-9")
    assert answer.body in (WHOLE, WHOLE[:10])


def test_pieces_put_together_are_the_file(browser: Client, report: Report) -> None:
    pieces = [ask_for(browser, report, f"bytes={start}-{start + 699}").body for start in range(0, SIZE, 700)]
    assert b"".join(pieces) == WHOLE


def test_a_download_in_pieces_is_one_row(browser: Client, report: Report) -> None:
    for start in range(0, SIZE, 700):
        ask_for(browser, report, f"bytes={start}-{start + 699}")
    assert Download.objects.count() == 1


def test_a_resumed_download_writes_no_second_row(browser: Client, report: Report) -> None:
    etag = ask(browser, report).headers["ETag"]
    answer = ask_for(browser, report, "bytes=2000-", **{"If-Range": etag})
    assert (answer.status, answer.body) == (206, WHOLE[2000:])
    assert Download.objects.count() == 1


def test_the_first_piece_writes_a_row_wherever_it_starts(browser: Client, report: Report) -> None:
    ask_for(browser, report, "bytes=2000-2999")
    assert Download.objects.count() == 1


def test_a_piece_of_a_later_edition_is_a_download_of_that_edition(browser: Client, report: Report) -> None:
    ask(browser, report)
    second = shelf.add_edition(report, shelf.bytes_of("second"), number=2)
    ask_for(browser, report, "bytes=1-")
    assert set(Download.objects.values_list("edition", flat=True)) == {report.editions.get(number=1).pk, second.pk}


def test_a_piece_does_not_hide_behind_the_download_of_somebody_else(browser: Client, report: Report) -> None:
    ask(browser, report)
    ask_for(people.browser(people.grace()), report, "bytes=1-")
    assert Download.objects.count() == 2


def test_a_piece_days_later_is_a_new_download(browser: Client, report: Report) -> None:
    from datetime import timedelta

    from django.utils import timezone

    Download.objects.create(
        edition=report.editions.get(), person=people.member(), right="member", at=timezone.now() - timedelta(days=2)
    )
    ask_for(browser, report, "bytes=1-")
    assert Download.objects.count() == 2


def test_a_resume_against_another_edition_gets_the_whole_new_file(browser: Client, report: Report) -> None:
    etag = ask(browser, report).headers["ETag"]
    shelf.add_edition(report, shelf.bytes_of("second"), number=2)
    answer = ask_for(browser, report, "bytes=2000-", **{"If-Range": etag})
    assert (answer.status, answer.body) == (200, shelf.bytes_of("second"))


@pytest.mark.parametrize("validator", ['W/"{}"', '"{}x"', "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_resume_by_a_weak_or_other_validator_gets_the_whole_file(
    browser: Client, report: Report, validator: str
) -> None:
    sha256 = report.current_edition.sha256  # type: ignore[union-attr]
    answer = ask_for(browser, report, "bytes=2000-", **{"If-Range": validator.format(sha256)})
    assert (answer.status, answer.body) == (200, WHOLE)


def test_a_head_says_the_size_and_that_pieces_can_be_had_and_writes_nothing(browser: Client, report: Report) -> None:
    answer = ask(browser, report, method="head")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == ask(browser, report).headers["ETag"]
    assert Download.objects.count() == 1


@pytest.mark.parametrize("asked", ["bytes=0-99", "bytes=2000-", "bytes=9999-"])
def test_a_head_pays_no_heed_to_ranges(browser: Client, report: Report, asked: str) -> None:
    """RFC 9110, 14.2: a range belongs to GET and to nothing else."""
    answer = ask_for(browser, report, asked, method="head")
    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(SIZE)
    assert "Content-Range" not in answer.headers
    assert not Download.objects.exists()


@pytest.mark.parametrize("asked", ["bytes=0-0", "bytes=100-", "bytes=-1", "bytes=0-1,2-3", "bytes=99999-"])
def test_no_range_gets_one_byte_past_a_refusal(browser: Client, report: Report, asked: str) -> None:
    answer = ask_for(people.browser(people.lapsed()), report, asked)
    assert answer.status == 403
    assert b"secret" not in answer.body
    assert not Download.objects.exists()
    assert ask_for(browser, report, asked).status in (200, 206, 416)


numbers = st.integers(0, 12_000)


@given(first=numbers, last=numbers | st.none(), size=st.integers(1, 10_000))
def test_a_range_is_always_inside_the_file(first: int, last: int | None, size: int) -> None:
    from django.test import RequestFactory

    request = RequestFactory().get("/", headers={"Range": f"bytes={first}-{'' if last is None else last}"})
    piece = wanted_range(request, Edition(bytes=size, sha256="0" * 64))
    if last is not None and last < first:
        assert piece is None
    elif first >= size:
        assert piece is not None
        assert not piece
    else:
        assert piece == range(first, min(size, size if last is None else last + 1))


def test_the_address_of_the_gate_is_the_one_of_the_contract(report: Report) -> None:
    assert gate(report) == "/store/reports/a-report/download/"
