"""Cover art: always the same for a report, one yellow form on each, and nothing that a strict policy would drop."""

import hashlib
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.covers import MOTIF_CHOICES, MOTIFS, PALETTES, YELLOW, art_svg, cover_svg, motif_for, palette_number

slugs = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=60)
years = st.integers(1990, 2100)
motifs = st.integers(0, 8)


@given(slug=slugs, year=years, motif=motifs)
def test_every_cover_has_exactly_one_yellow_form(slug: str, year: int, motif: int) -> None:
    yellow = re.findall(rf'<\w+ ([^>]*)fill="{YELLOW}"', art_svg(year, slug, motif=motif))
    if MOTIFS[motif][0] == "Weave":  # a band, drawn again wherever it runs over another: all at one height
        assert len({re.sub(r"^d=.M\S+ (\d+)h.*", r"\1", form) for form in yellow}) == 1
    else:
        assert len(yellow) == 1


@given(slug=slugs, year=years, motif=motifs, title=st.text(max_size=120) | st.none())
def test_a_cover_is_well_formed_without_styles_scripts_or_ids(
    slug: str, year: int, motif: int, title: str | None
) -> None:
    printable = "".join(letter for letter in title if letter.isprintable()) if title else title
    svg = cover_svg(year, slug, title=printable, label="CTO Forum report", motif=motif)
    attributes = {name for element in ElementTree.fromstring(svg).iter() for name in element.attrib}  # noqa: S314
    assert not attributes & {"style", "id", "href", "onload", "onclick"}


def test_the_words_of_a_title_cannot_become_markup() -> None:
    svg = cover_svg(2013, "x", title='<script>alert("1")</script>: & more', label="<b>", motif=0)
    assert "<script" not in svg
    assert "<b>" not in svg
    assert "&amp; more" in svg


@pytest.mark.parametrize("motif", range(9))
def test_two_reports_of_a_year_are_siblings_and_not_twins(motif: int) -> None:
    drawn = {art_svg(2013, slug, motif=motif) for slug in ("landscape", "undiscussables", "team", "value", "leap")}
    assert len(drawn) > 1
    for art in drawn:
        assert set(re.findall(r"#[0-9A-F]{6}", art)) <= {*PALETTES[palette_number(2013)], YELLOW}


def test_the_palettes_go_round_in_nine_years() -> None:
    assert [palette_number(year) for year in (2008, 2013, 2016, 2017, 2007)] == [0, 5, 8, 0, 8]


def test_a_cover_that_is_out_never_changes() -> None:
    # What readers have seen stays: another shape is another motif. These are digests of the nine as they went out.
    drawn = [art_svg(2008 + motif, "seat", motif=motif) for motif in range(9)]
    assert [hashlib.sha256(art.encode()).hexdigest()[:12] for art in drawn] == [
        *("55c91a4a0fc2", "457a2b06f488", "5b3e1b6325b9", "2bf72c69a6b7", "9a2b7367e160"),
        *("41c0473a403b", "962c7ab9d0a1", "cb526cdb4d16", "0e1fe8cf5344"),
    ]


def test_a_thumbnail_shows_the_year_and_a_large_cover_title_and_label() -> None:
    small = cover_svg(2013, "x", motif=0)
    assert 'class="cover-year"' in small
    assert "cover-title" not in small
    large = cover_svg(2013, "x", title="Serving our Customers: On Their Terms", label="CTO Forum report", motif=0)
    assert re.findall(r'class="cover-(?:title|sub|label)"[^>]*>([^<]*)<', large) == [
        *("CTO Forum report", "2013", "Serving our", "Customers", "On Their Terms"),
    ]


def test_a_cover_is_left_out_of_what_is_read_aloud() -> None:
    assert 'aria-hidden="true" focusable="false"' in cover_svg(2013, "x", motif=0)


@given(slug=slugs, recent=st.lists(motifs, max_size=3))
def test_a_new_report_gets_a_motif_that_the_three_before_it_have_not(slug: str, recent: list[int]) -> None:
    assert motif_for(slug, recent) in {number for number, _ in MOTIF_CHOICES} - set(recent)
    assert motif_for(slug, recent) == motif_for(slug, tuple(reversed(recent)))


def test_when_all_motifs_were_used_the_report_keeps_its_own() -> None:
    assert motif_for("x", range(9)) == motif_for("x")
