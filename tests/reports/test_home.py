"""The home page's thread from a forum to a skill."""

import pytest
from django.test import Client

from tests.factories import make_forum, make_report, make_skill, make_takeaway

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("years", "words"),
    [((2013,), "across one year."), ((2012, 2014), "across three years."), ((2001, 2026), "across 26 years.")],
)
def test_the_years_of_the_takeaways_are_counted_from_the_first_to_the_last(years: tuple[int, ...], words: str) -> None:
    for year in years:
        report = make_report(year=year, forum=make_forum(f"forum-{year}"))
        make_takeaway(report, "Winning trust", skill=make_skill())
    assert f"searchable {words}" in Client().get("/").content.decode()
