"""At the doors of a forum, on phones: by a ticket's code, by name, without a network, and two doors for one person."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.test_journeys.conftest import PHONE, Demo, Visitor
from tests.test_journeys.test_accessibility import DARK_DIFFERS_IN, violations

Someone = Callable[..., Visitor]
FORUM = "who-decides"
DOOR = f"/cto-forums/{FORUM}/door/"
KEPT = f"door-list:{FORUM}"


def attendees(demo: Demo, count: int) -> list[tuple[str, str]]:
    """Name and ticket of some who have a seat and are not in."""
    rows = demo.query(
        """SELECT person.name, seat.ticket FROM forums_registration seat
           JOIN forums_forum forum ON forum.id = seat.forum_id JOIN members_user person ON person.id = seat.person_id
           WHERE forum.slug = %s AND seat.state = 'confirmed' AND person.name NOT IN ('', 'Jordan Whitfield')
             AND NOT EXISTS (SELECT FROM forums_checkin came WHERE came.registration_id = seat.id)
           ORDER BY seat.seat_number DESC LIMIT %s""",
        FORUM,
        count,
    )
    assert len(rows) == count
    return [(str(name), str(ticket)) for name, ticket in rows]


def came(demo: Demo, ticket: str) -> list[tuple[str, str]]:
    """The conflicts and doors of everything that was noted of a ticket, in the order it reached us."""
    return demo.query(
        """SELECT came.conflict, came.door FROM forums_checkin came
           JOIN forums_registration seat ON seat.id = came.registration_id WHERE seat.ticket = %s ORDER BY came.id""",
        ticket,
    )


def stands_at(someone: Someone, name: str) -> Visitor:
    """Somebody of the staff with a phone at a door of this name, whose device has the list and the page."""
    visitor = someone(PHONE)
    visitor.signs_in("staff")
    visitor.goes_to(DOOR)
    visitor.page.get_by_label("Where do you stand?").fill(name)
    visitor.page.get_by_role("button", name="Name this door").click()
    expect(visitor.page.get_by_role("heading", level=1, name=name)).to_be_visible()
    visitor.page.wait_for_function(
        """async (kept) => localStorage.getItem(kept) && (await navigator.serviceWorker.ready).active &&
           (await (await caches.open('door')).keys()).some(({ url }) => url.includes('door.js'))""",
        arg=KEPT,
    )
    return visitor


def checks_in(page: Page, name: str, ticket: str) -> None:
    """Find them by what they say, and press the button."""
    page.get_by_role("searchbox").fill(ticket)
    page.get_by_role("button", name=f"Check in {name}").click()
    expect(page.get_by_text(f"{name} is checked in.")).to_be_visible()


def test_two_doors_check_in_by_code_and_without_a_network_and_a_contradiction_is_told(someone: Someone) -> None:
    east, west = stands_at(someone, "East door"), stands_at(someone, "West door")
    scanned, first, second = attendees(east.demo, 3)

    # by the code of a ticket, which the phone's own camera opens
    west.goes_to(f"/cto-forums/t/{scanned[1]}/")
    west.page.get_by_role("button", name="Check in").click()
    expect(west.page.get_by_text("In since")).to_be_visible()
    assert came(west.demo, scanned[1]) == [("", "West door")]

    # the network goes: the page still opens, and what is done is kept
    west.goes_to(DOOR)
    east.page.context.set_offline(True)
    east.page.reload()
    expect(east.page.get_by_role("heading", level=1, name="East door")).to_be_visible()
    for name, ticket in (first, second):
        checks_in(east.page, name, ticket)
    expect(east.page.get_by_text("2 check-ins wait on this device.")).to_be_visible()
    assert violations(east.page) == []
    assert violations(east.page, DARK_DIFFERS_IN) == []
    assert came(east.demo, first[1]) == came(east.demo, second[1]) == []

    # meanwhile the other door, which has a network, checks one of the two in as well
    checks_in(west.page, *first)
    expect(west.page.get_by_text("West door: 2")).to_be_visible()

    # the network is back: what was kept is sent, and the contradiction is told and changes nothing
    east.page.context.set_offline(False)
    expect(east.page.get_by_text(f"{first[0]} was checked in already")).to_be_visible()
    expect(east.page.get_by_text("wait on this device")).to_be_hidden()
    assert came(east.demo, first[1]) == [("", "West door"), ("already_in", "East door")]
    assert came(east.demo, second[1]) == [("", "East door")]
    east.goes_to(f"{DOOR}?last=1")
    expect(east.page.get_by_text("Was checked in already").filter(has_text="East door")).to_be_visible()


def test_the_list_leaves_the_device_with_whoever_signs_out_and_a_day_after_the_forum(someone: Someone) -> None:
    visitor = stands_at(someone, "Main door")
    kept = visitor.page.evaluate("key => JSON.parse(localStorage.getItem(key))", KEPT)
    assert {frozenset(person) for person in kept["people"]} == {
        frozenset({"id", "name", "district", "seat", "ticket", "in"})
    }
    visitor.goes_to("/news/")
    assert visitor.page.evaluate("key => localStorage.getItem(key) !== null", KEPT), "it stays while one is signed in"
    old = "key => localStorage.setItem(key, JSON.stringify({people: [], until: '2020-01-01T00:00:00Z'}))"
    visitor.page.evaluate(old, KEPT)
    visitor.goes_to("/news/")
    assert visitor.page.evaluate("key => localStorage.getItem(key)", KEPT) is None

    stands_again = stands_at(someone, "Main door")
    stands_again.goes_to("/accounts/logout/")
    stands_again.page.locator("main form button").click()
    expect(stands_again.page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert stands_again.page.evaluate("key => localStorage.getItem(key)", KEPT) is None


@pytest.mark.parametrize("path", [DOOR, f"{DOOR}?last=1", f"{DOOR}walk-in/", f"/cto-forums/{FORUM}/notes/"])
def test_the_pages_of_the_day_break_no_rule_of_wcag_and_never_scroll_sideways(someone: Someone, path: str) -> None:
    visitor = someone(PHONE)
    visitor.signs_in("staff")
    assert visitor.goes_to(path) == 200
    assert violations(visitor.page) == []
    visitor.page.emulate_media(color_scheme="dark")
    assert violations(visitor.page, DARK_DIFFERS_IN) == []
    assert not visitor.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_without_javascript_the_door_checks_in_and_undoes(someone: Someone) -> None:
    visitor = someone(PHONE, java_script_enabled=False)
    visitor.signs_in("staff")
    ((name, ticket),) = attendees(visitor.demo, 1)
    visitor.goes_to(DOOR)
    page = visitor.page
    page.get_by_role("searchbox").fill(ticket)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name=f"Check in {name}").click()
    expect(page.get_by_text(f"{name} is checked in.")).to_be_visible()
    page.get_by_role("button", name=f"Undo the check-in of {name}").click()
    expect(page.get_by_text(f"{name} is no longer checked in.")).to_be_visible()
