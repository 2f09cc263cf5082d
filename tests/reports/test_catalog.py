"""The catalog: what is in it, filters and their counts, order, paging, and what it costs."""

import random
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.catalog import ON_A_PAGE, Catalog, read_catalog
from reports.facets import FACETS, Order, find, read_vocabulary
from reports.models import Report, Takeaway
from reports.models.facets import FacetBits
from reports.models.reports import State
from tests import people
from tests.factories import (
    LONG_AGO,
    make_category,
    make_focus_area,
    make_report,
    make_series,
    make_skill,
    make_takeaway,
)

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 10
ADDRESS = "/knowledge-center/"


def catalog(address: str = "") -> Catalog:
    return read_catalog(QueryDict(address), timezone.now())


def titles(found: Catalog) -> list[str]:
    return [row.report.title for row in found.page]


def counts(found: Catalog, facet: str) -> dict[str, int]:
    return {option.value: option.count for group in found.groups if group.name == facet for option in group.options}


def page(address: str = "", client: Client | None = None) -> str:
    response = (client or Client()).get(f"{ADDRESS}{address}")
    assert response.status_code == 200
    return response.content.decode()


# --- what is in it ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", State)
def test_only_reports_that_are_out_are_listed_counted_and_found(state: State) -> None:
    make_report(title="Quokkas in the server room", state=state, pages=["Quokkas again."])
    for address in ("", "q=quokkas", "year=2013"):
        assert catalog(address).total == (1 if state is State.OUT else 0), address


def test_a_report_comes_out_by_itself_when_its_time_has_come() -> None:
    now = timezone.now()
    make_report(published_at=now + timedelta(minutes=1))
    make_report(published_at=LONG_AGO, embargo_until=now + timedelta(minutes=1))
    assert read_catalog(QueryDict(""), now).total == 0
    assert read_catalog(QueryDict(""), now + timedelta(minutes=1)).total == 2


def test_out_in_the_database_is_out_in_the_model() -> None:
    instants = [None, *(LONG_AGO + timedelta(days=day) for day in range(3))]
    made = [
        make_report(published_at=published, embargo_until=embargo, withdrawn_at=withdrawn)
        for published in instants
        for embargo in (instants if published else [None])
        for withdrawn in instants
    ]
    for now in [LONG_AGO + timedelta(days=day, seconds=second) for day in range(-1, 4) for second in (-1, 0, 1)]:
        expected = {report.pk for report in Report.objects.all() if report.state(now) is State.OUT}
        assert set(Report.objects.out(now).values_list("pk", flat=True)) == expected
        assert set(find({}, now, size=len(made)).ids) == expected


def test_a_row_leads_to_the_report_and_shows_its_facts() -> None:
    report = make_report(title="Fish & <chips>", summary="What <b>they</b> said.", pages=["One.", "Two."])
    (row,) = catalog().page
    assert row.url == report.get_absolute_url()
    text = page()
    assert "Fish &amp; &lt;chips&gt;" in text
    assert "What &lt;b&gt;they&lt;/b&gt; said." in text
    assert "2\u00a0pages" in text


# --- filters ----------------------------------------------------------------------------------------------------
def test_values_of_one_facet_widen_and_facets_narrow() -> None:
    leadership, privacy = make_focus_area("leadership"), make_focus_area("privacy")
    make_report(title="A", year=2012, focus_areas=[leadership])
    make_report(title="B", year=2013, focus_areas=[privacy])
    make_report(title="C", year=2013, focus_areas=[leadership, privacy])
    make_report(title="D", year=2014)
    assert set(titles(catalog("focus=leadership&focus=privacy"))) == {"A", "B", "C"}
    assert set(titles(catalog("focus=leadership&year=2013"))) == {"C"}
    assert set(titles(catalog("year=2012&year=2014"))) == {"A", "D"}


def test_a_count_says_what_choosing_that_value_too_would_give() -> None:
    leadership, privacy = make_focus_area("leadership"), make_focus_area("privacy")
    make_report(year=2012, focus_areas=[leadership])
    make_report(year=2013, focus_areas=[leadership, privacy])
    make_report(year=2013, focus_areas=[privacy])
    found = catalog("focus=leadership")
    assert counts(found, "focus") == {"leadership": 2, "privacy": 2}  # not narrowed by its own facet
    assert counts(found, "year") == {"2012": 1, "2013": 1}  # narrowed by the other


def test_a_skill_can_be_asked_for_by_category_or_by_itself() -> None:
    category = make_category("leadership-and-vision")
    make_report(title="By category", categories=[category])
    by_takeaway = make_report(title="By takeaway")
    make_takeaway(by_takeaway, skill=make_skill("strategic-planning", category=category))
    assert titles(catalog("skill=leadership-and-vision")) == ["By category"]
    assert titles(catalog("skill=strategic-planning")) == ["By takeaway"]
    assert counts(catalog(), "skill") == {"leadership-and-vision": 1}  # single skills are not offered
    assert counts(catalog("skill=strategic-planning"), "skill")["strategic-planning"] == 1  # but shown when chosen


@pytest.mark.parametrize(
    "address",
    [
        "focus=no-such", "year=abc", "year=99999", "year=", "series=%00", "access=secret", "skill=x&skill=y",
        "sort=random", "page=x", "page=0", "page=-3", "page=1e9", "colour=blue", "q=%00", "year=²⁰¹³",
    ],
)  # fmt: skip
def test_what_means_nothing_is_passed_over(address: str) -> None:
    make_report(title="There")
    assert "There" in page(f"?{address}")


def test_a_year_without_reports_gives_none_and_can_be_taken_off() -> None:
    make_report()
    found = catalog("year=1999")
    assert found.total == 0
    assert found.chips == [("1999", "?")]
    assert "No report has all of these" in page("?year=1999")


def test_a_chip_takes_away_its_own_filter_and_keeps_the_rest() -> None:
    make_report(focus_areas=[make_focus_area("leadership")])
    text = page("?q=report&focus=leadership&year=2013&sort=title")
    links = [unescape(link) for link in re.findall(r'<a class="chip" href="([^"]*)"', text)]
    assert links == ["?q=report&year=2013&sort=title", "?q=report&focus=leadership&sort=title"]


def test_an_empty_search_says_so_and_offers_a_way_on() -> None:
    make_report(title="Something else")
    text = page("?q=xylophone&year=2013")
    assert "Nothing matches “xylophone”" in text
    assert 'href="?q=xylophone"' in text


def test_what_was_typed_is_escaped_wherever_it_stands() -> None:
    text = page("?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in text


def reference_count(reports: Iterable[Report], choices: dict[str, set[str]], skills: dict[int, set[str]]) -> int:
    """How many of the reports carry one of the chosen values of every facet: the rule, said once more, slowly."""
    carried = {
        report.pk: {
            "access": {report.access},
            "series": {report.series.slug},
            "year": {str(report.year)},
            "focus": {area.slug for area in report.focus_areas.all()},
            "skill": {category.slug for category in report.categories.all()} | skills[report.pk],
        }
        for report in reports
    }
    return sum(all(has[facet] & wanted for facet, wanted in choices.items()) for has in carried.values())


def test_counts_agree_with_counting_one_by_one() -> None:
    chance = random.Random(7)  # noqa: S311 - rows, not secrets
    series = [make_series(f"series-{n}") for n in range(2)]
    areas = [make_focus_area(f"area-{n}") for n in range(3)]
    categories = [make_category(f"category-{n}") for n in range(3)]
    skills = [make_skill(f"skill-{n}", category=categories[n]) for n in range(2)]
    for _ in range(40):
        report = make_report(
            state=chance.choice([State.OUT, State.OUT, State.EMBARGOED, State.WITHDRAWN]),
            year=chance.choice([2012, 2013]),
            series=chance.choice(series),
            access=chance.choice(Report.Access.values),
            focus_areas=chance.sample(areas, chance.randint(0, 2)),
            categories=chance.sample(categories, chance.randint(0, 2)),
        )
        for skill in chance.sample(skills, chance.randint(0, 2)):
            make_takeaway(report, skill=skill)
    now = timezone.now()
    out = list(Report.objects.out(now).prefetch_related("focus_areas", "categories").select_related("series"))
    of_report = {report.pk: {t.skill.slug for t in report.takeaways.all() if t.skill} for report in out}
    vocabulary = read_vocabulary()
    slugs = {facet: sorted(vocabulary.values[facet]) for facet in FACETS} | {"year": ["2012", "2013"]}
    for _ in range(60):
        wanted = {
            facet: set(chance.sample(slugs[facet], chance.randint(1, 2)))
            for facet in chance.sample(FACETS, chance.randint(0, 3))
        }
        choices = {facet: vocabulary.choose(facet, values) for facet, values in wanted.items()}
        found = find(choices, now, size=1000)
        assert found.total == reference_count(out, wanted, of_report) == len(found.ids)
        for facet in FACETS:
            others = {name: values for name, values in wanted.items() if name != facet}
            for value in vocabulary.choose(facet, slugs[facet]):
                expected = reference_count(out, {**others, facet: {value.slug}}, of_report)
                assert found.behind.get((facet, value.key), 0) == expected, (wanted, value)


# --- the bits behind the counts ---------------------------------------------------------------------------------
def test_counts_follow_whatever_way_a_row_is_written() -> None:
    area, skill = make_focus_area("leadership"), make_skill("strategic-planning")
    report = make_report(focus_areas=[area])
    takeaway = make_takeaway(report, skill=skill)
    other = make_report()
    Report.objects.filter(pk=report.pk).update(year=2009)
    assert counts(catalog(), "year") == {"2013": 1, "2009": 1}
    Takeaway.objects.filter(pk=takeaway.pk).update(report=other)
    assert [row.report for row in catalog("skill=strategic-planning").page] == [other]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reports_report_focus_areas SET report_id = %s", [other.pk])
    assert [row.report for row in catalog("focus=leadership").page] == [other]
    other.focus_areas.clear()
    assert catalog("focus=leadership").total == 0
    Takeaway.objects.all().delete()
    assert catalog("skill=strategic-planning").total == 0


def test_counts_hold_across_the_edge_of_a_block() -> None:
    for pk in (4095, 4096, 3 * 4096):  # block 0, block 1, an empty block, block 3
        make_report(pk=pk, title=f"Number {pk}")
    found = catalog("year=2013&sort=title")
    assert found.total == 3
    assert sorted(titles(found)) == ["Number 12288", "Number 4095", "Number 4096"]
    assert set(FacetBits.objects.filter(facet="out").values_list("block", flat=True)) == {0, 1, 3}


# --- order and pages --------------------------------------------------------------------------------------------
def test_newest_goes_by_the_day_of_release() -> None:
    make_report(title="Old", released_on=datetime(2009, 5, 1, tzinfo=UTC).date(), published_at=timezone.now())
    make_report(title="New", published_at=LONG_AGO)
    assert titles(catalog()) == ["New", "Old"]
    assert titles(catalog("sort=title")) == ["New", "Old"]


def test_a_report_under_embargo_is_as_new_as_the_end_of_its_embargo() -> None:
    end = timezone.now() - timedelta(days=1)
    report = make_report(published_at=LONG_AGO, embargo_until=end)
    report.refresh_from_db()
    assert report.out_at == end
    assert make_report(state=State.DRAFT, embargo_until=None).out_at is None


@pytest.mark.parametrize("order", [Order.NEWEST, Order.TITLE])
def test_every_report_is_on_exactly_one_page(order: Order) -> None:
    for number in range(2 * ON_A_PAGE + 3):
        make_report(title=f"Report {number % 4}")
    pages = [titles(catalog(f"sort={order}&page={number}")) for number in (1, 2, 3)]
    assert [len(found) for found in pages] == [ON_A_PAGE, ON_A_PAGE, 3]
    ids = [row.report.pk for number in (1, 2, 3) for row in catalog(f"sort={order}&page={number}").page]
    assert len(set(ids)) == 2 * ON_A_PAGE + 3


def test_a_page_beyond_the_last_is_the_last() -> None:
    for _ in range(ON_A_PAGE + 1):
        make_report()
    found = catalog("page=9")
    assert found.page.number == 2
    assert len(found.page.object_list) == 1
    assert f"{ON_A_PAGE + 1} to {ON_A_PAGE + 1} of {ON_A_PAGE + 1}" in page("?page=9")


def test_the_canonical_address_has_known_parameters_in_one_order() -> None:
    make_report(focus_areas=[make_focus_area("leadership")])
    text = page("?utm=x&year=2013&focus=nonsense&focus=leadership&page=7&sort=newest")
    assert (
        '<link rel="canonical" href="http://127.0.0.1:8000/knowledge-center/?focus=leadership&amp;year=2013">' in text
    )


# --- who sees what ----------------------------------------------------------------------------------------------
def test_a_piece_from_inside_a_report_is_shown_only_to_who_may_read_it() -> None:
    make_report(
        title="Plain", access=Report.Access.MEMBERS, pages=["Nothing.", "Here <i>lives</i> the quokka, happily."]
    )
    for who, sees in ((None, False), (people.visitor(), False), (people.lapsed(), False), (people.member(), True)):
        text = page("?q=quokka", people.browser(who))
        assert ("<mark>quokka</mark>" in text) is sees
        assert ("happily" in text) is sees
        assert ("Found inside the report, on page 2." in text) is not sees
        assert "<i>lives" not in text


def test_each_row_says_how_this_reader_gets_it() -> None:
    make_report(access=Report.Access.MEMBERS)
    assert "See how to get it" in page()
    assert "Download the PDF" in page("", people.browser(people.member()))


# --- cost -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address", ["", "?focus=leadership&year=2013&skill=leadership-and-vision", "?q=report&sort=title"]
)
def test_a_page_costs_the_same_however_many_reports_there_are(address: str) -> None:
    client = people.browser(people.member())
    area, category = make_focus_area("leadership"), make_category()
    numbers = []
    for _ in range(2):
        for _ in range(ON_A_PAGE + 5):
            make_report(focus_areas=[area], categories=[category], pages=["A report."])
        page(address, client)
        with CaptureQueriesContext(connection) as asked:
            page(address, client)
        numbers.append(len(asked))
    assert numbers[0] == numbers[1] <= MOST_STATEMENTS
