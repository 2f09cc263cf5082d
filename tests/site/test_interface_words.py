"""The tags and filters that every template may use."""

from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from cosn_site.templatetags import site


def rendered(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def test_an_icon_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in rendered('{% icon "download" %}')


def test_an_unknown_icon_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        site.icon("unicorn")


@pytest.mark.parametrize(("taken", "total"), [(0, 1), (3, 3), (47, 60), (120, 120)])
def test_a_seating_plan_draws_every_seat_once(taken: int, total: int) -> None:
    drawing = site.seats(taken, total)
    seats_of = {name: part.count("Z") for name, part in (piece.split('"', 1) for piece in drawing.split('class="')[1:])}
    assert seats_of.get("taken", 0) == taken
    assert seats_of.get("left", 0) == total - taken


def test_your_seat_is_one_of_the_taken_ones() -> None:
    drawing = site.seats(8, 10, yours=1)
    assert drawing.count("Z") == 10
    assert 'class="you"' in drawing


def test_more_than_120_seats_become_a_bar() -> None:
    drawing = site.seats(100, 400)
    assert drawing.count("<rect") == 2
    assert "<path" not in drawing


def test_the_key_names_only_the_kinds_that_are_there() -> None:
    full = site.seats(10, 10, key=True)
    assert "Taken" in full
    assert "Free" not in full
    assert "Yours" not in full


def test_no_seats_draw_nothing() -> None:
    assert site.seats(0, 0) == ""


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        (date(2013, 11, 14), "day", "14 November 2013"),
        (date(2026, 9, 2), "day_short", "2 Sep 2026"),
        (date(2027, 4, 6), "day_month", "6 April"),
        # four in the morning in London is still the day before in Washington
        (datetime(2026, 12, 4, 4, 0, tzinfo=UTC), "day", "3 December 2026"),
        (datetime(2026, 12, 4, 14, 0, tzinfo=UTC), "moment", "Friday, 4 December 2026, 9 am Eastern"),
        (datetime(2026, 7, 3, 17, 30, tzinfo=UTC), "moment", "Friday, 3 July 2026, 1:30 pm Eastern"),
        (datetime(2026, 12, 5, 5, 0, tzinfo=UTC), "moment", "Saturday, 5 December 2026, 12 am Eastern"),
    ],
)
def test_dates_are_written_in_full_in_the_associations_zone(value: date, name: str, expected: str) -> None:
    assert getattr(site, name)(value).replace("\u00a0", " ") == expected


def test_a_date_never_breaks_across_lines() -> None:
    assert " " not in site.day(date(2013, 11, 14))


@pytest.mark.parametrize("name", ["day", "day_short", "day_month", "moment"])
def test_a_missing_date_is_written_as_nothing(name: str) -> None:
    assert getattr(site, name)(None) == ""


def test_a_title_is_split_at_its_first_colon_and_read_out_with_it() -> None:
    split = site.split_title("Data: Whose is it: yours?")
    assert split == 'Data<span class="visually-hidden">: </span><span class="sub">Whose is it: yours?</span>'


def test_a_split_title_is_escaped() -> None:
    assert site.split_title("A <b>: C & D").count("<b>") == 0
    assert site.split_title("<i>").count("<i>") == 0


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/news/", ' aria-current="page"'),
        ("/news/two-reports/", ' aria-current="true"'),
        ("/newsletter/", ""),
        ("/", ""),
    ],
)
def test_the_navigation_marks_where_you_are(path: str, expected: str) -> None:
    request = RequestFactory().get(path)
    assert rendered('{% current "/news/" %}', request=request) == expected


def test_the_sign_in_link_leads_back_to_the_page() -> None:
    request = RequestFactory().get("/knowledge-center/?q=a&year=2016")
    address = rendered("{% sign_in_url as url %}{{ url|safe }}", request=request)
    assert address == "/accounts/login/?next=%2Fknowledge-center%2F%3Fq%3Da%26year%3D2016"


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_sign_in_link_never_leads_back_to_a_form_or_to_the_sign_in(method: str) -> None:
    path = "/accounts/signup/" if method == "get" else "/newsletter/"
    request = getattr(RequestFactory(), method)(path)
    assert rendered("{% sign_in_url %}", request=request) == "/accounts/login/"


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        ("Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on Chromebook"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown"),
    ],
)
def test_a_browser_is_named_in_words(user_agent: str, expected: str) -> None:
    assert site.browser(user_agent) == expected
