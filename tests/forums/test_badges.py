"""Badges: six to a page, in the order asked for, and no name too long for its badge."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pypdfium2
import pytest
from django.utils import timezone

from cosn_site import pdf
from forums.badges import Badge, Order, badges_of, typeset
from forums.models import Forum
from forums.registrations import cancel
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.pdf_checks import ua_problems, words

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def _press_stops_afterwards() -> Iterator[None]:
    yield
    pdf._PRESS.stop()


def some_badges(count: int, name: str = "Priya Raman") -> list[Badge]:
    return [
        Badge(f"{name}", "Maple Valley School District", "MN", number, f"T{number}", f"https://example.org/t/{number}")
        for number in range(1, count + 1)
    ]


@pytest.mark.django_db
def test_badges_are_for_those_with_a_seat_by_last_name_or_by_seat() -> None:
    forum = make_open_forum(now=NOW, capacity=3)
    for key, name in (("a", "Zoe Adams"), ("b", "Ada Young"), ("c", "Bo Miller"), ("d", "Waits Atall")):
        make_registration(forum, people.person(key, name=name), now=NOW)
    assert [badge.name for badge in badges_of(forum, Order.NAME)] == ["Zoe Adams", "Bo Miller", "Ada Young"]
    assert [badge.seat for badge in badges_of(forum, Order.SEAT)] == [1, 2, 3]
    row = forum.registrations.get(person__name="Bo Miller")
    cancel(registration=row, by=None, now=NOW)
    assert "Bo Miller" not in [badge.name for badge in badges_of(forum, Order.NAME)]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (6, 1), (7, 2), (13, 3)])
def test_six_badges_share_a_page(count: int, pages: int) -> None:
    content = typeset(Forum(title="Seats", starts_at=NOW, ends_at=NOW), some_badges(count))
    found = words(content)
    assert len(found) == pages
    assert sum(page.count("Priya Raman") for page in found) == count


def test_the_sheet_is_tagged_and_its_codes_have_words() -> None:
    content = typeset(Forum(title="Seats", starts_at=NOW, ends_at=NOW), some_badges(2), with_code=True)
    assert ua_problems(content) == []


WIDE = "W" * 60 + " " + "W" * 59  # as wide as a name can be


@pytest.mark.parametrize(
    "name", ["Jo Li", "Maximiliana Featherstonehaugh-Cholmondeley", "Wolfeschlegelsteinhausenbergerdorff", WIDE]
)
def test_no_name_is_cut_off_or_leaves_its_badge(name: str) -> None:
    content = typeset(Forum(title="On chairs", starts_at=NOW, ends_at=NOW), some_badges(1, name))
    with pypdfium2.PdfDocument(BytesIO(content)) as document:
        text = document[0].get_textpage()
        written = "".join(text.get_text_bounded().split())
        assert "".join(name.split()) in written.replace("\x02", "-")  # a hyphen at the end of a line
        boxes = [text.get_charbox(index) for index in range(text.count_chars())]
    boxes = [box for box in boxes if box[2] > box[0]]  # not the spaces
    left, right = 0.25 * 72, 4.25 * 72
    top, bottom = 10 * 72, 7 * 72
    assert all(left <= box[0] and box[2] <= right and bottom <= box[1] and box[3] <= top for box in boxes)
    # the name has its own part of the badge: what stands between the forum and the district
    letters = boxes[len("Onchairs") :][: len("".join(name.split()))]
    assert min(box[1] for box in letters) >= 10 * 72 - (0.28 + 0.3 + 1.16) * 72


@pytest.mark.django_db
def test_only_staff_who_see_registrations_print_badges() -> None:
    forum = make_open_forum(now=timezone.now())
    make_registration(forum, people.person("cto", name="Priya Raman"), now=timezone.now())
    address = f"/cto-forums/{forum.slug}/badges.pdf?code=1&order=seat"
    assert people.browser(people.editor()).get(address).status_code == 403
    assert people.browser(people.member()).get(address).status_code == 403
    response = people.browser(people.staff()).get(address)
    assert response.status_code == 200
    assert "Priya Raman" in words(response.content)[0]
