"""The search: where it looks, how it reads what is typed, what comes first."""

import pytest
from django.utils import timezone

from reports.models import Report
from reports.search import LONGEST, cleaned, hits_inside, search
from tests.factories import add_edition, make_report, make_takeaway

pytestmark = pytest.mark.django_db


def found(text: str) -> list[Report]:
    ranks = search(cleaned(text), timezone.now())
    reports = Report.objects.in_bulk(list(ranks))
    return [reports[pk] for pk in ranks]


def test_it_looks_at_titles_summaries_texts_takeaways_and_pages() -> None:
    places = [
        make_report(title="The quokka question"),
        make_report(alternate_title="Also known as quokka"),
        make_report(summary="About a quokka."),
        make_report(body="There was a quokka."),
        make_report(pages=["Nothing here.", "A quokka, at last."]),
    ]
    by_takeaway = make_report()
    make_takeaway(by_takeaway, "Ask the quokka first.")
    make_report(title="Something else")
    assert set(found("quokka")) == {*places, by_takeaway}


def test_a_title_comes_before_a_takeaway_and_that_before_a_page() -> None:
    page = make_report(pages=["quokka"])
    takeaway = make_report()
    make_takeaway(takeaway, "quokka")
    title = make_report(title="quokka")
    assert found("quokka") == [title, takeaway, page]


def test_word_forms_are_one_word() -> None:
    report = make_report(title="Superintendents decide")
    assert found("superintendent decides") == [report]


@pytest.mark.parametrize("typed", ["undiscuss", "the undiscuss", "Undiscu", "undiscussables"])
def test_the_last_word_may_be_unfinished(typed: str) -> None:
    report = make_report(title="The “Undiscussables” of technology leadership")
    make_report(title="Discussing the weather")
    assert found(typed) == [report]


def test_only_the_last_word_may_be_unfinished() -> None:
    make_report(title="The “Undiscussables” of technology leadership")
    assert found("undiscussab technology") == []


def test_quotes_or_and_minus_mean_what_they_mean_on_the_web() -> None:
    leap = make_report(title="A digital leap")
    other = make_report(title="A leap in digital work")
    assert found('"digital leap"') == [leap]
    assert found("digital -work") == [leap]
    assert set(found("digital or quokka")) == {leap, other}


@pytest.mark.parametrize(
    "typed", ["", "   ", "the", "'", '"', "&|!():*<->", "a:*", "\x00", "or", "-", "%s %(x)s", "\\", "é" * 500]
)
def test_nothing_that_is_typed_breaks_it(typed: str) -> None:
    make_report()
    assert isinstance(found(typed), list)
    assert isinstance(hits_inside(cleaned(typed), [1, 2]), dict)


def test_what_is_too_long_is_cut() -> None:
    assert len(cleaned("x " * 1000)) <= LONGEST


def test_pages_of_earlier_editions_are_not_found() -> None:
    report = make_report(pages=["The quokka was wrong."])
    add_edition(report, number=2, pages=["The figure was wrong."])
    assert found("quokka") == []
    assert found("figure") == [report]


def test_a_hit_names_its_best_page_and_marks_the_words() -> None:
    report = make_report(
        pages=["One quokka among many other things and a lot of words.", "Quokka, “quokka” & < quokka."]
    )
    hit = hits_inside("quokka", [report.pk])[report.pk]
    assert hit.page == 2
    assert hit.piece.startswith("<mark>Quokka</mark>, &quot;<mark>quokka</mark>&quot; &amp; &lt; <mark>quokka</mark>")


def test_marks_that_stand_in_the_text_are_not_taken_for_ours() -> None:
    report = make_report(pages=["A \x02script\x03 and a quokka."])
    assert "<mark>script</mark>" not in hits_inside("quokka", [report.pk])[report.pk].piece


def test_a_report_found_by_its_title_alone_has_no_hit_inside() -> None:
    report = make_report(title="quokka", pages=["Nothing."])
    assert hits_inside("quokka", [report.pk]) == {}
