"""A CTO who is signed out registers for a forum from a phone, and confirms the address by a code."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.test_journeys.conftest import PHONE, WIDE, Demo, Visitor
from tests.test_journeys.mail import mailed_to
from tests.test_journeys.test_accessibility import DARK_DIFFERS_IN, violations

Someone = Callable[..., Visitor]
OPEN_NOW = """
    SELECT slug FROM forums_forum JOIN forums_seating ON forum_id = id
    WHERE status = 'published' AND registration_opens_at < now() AND held + extra < capacity
        AND (registration_closes_at IS NULL OR registration_closes_at > now()) AND starts_at > now()
    ORDER BY starts_at
"""


# --- steps ------------------------------------------------------------------------------------------------------------
def open_forum(demo: Demo) -> str:
    """The slug of a forum of the demo that takes registrations now and has a seat free."""
    rows = demo.query(OPEN_NOW)
    assert rows, "the demo has a forum to register for"
    return str(rows[0][0])


def code_mailed_to(demo: Demo, address: str) -> str:
    """The six digits in the mail."""
    return mailed_to(demo, address, r"(?m)^ {4}(\d{6})\s*$")


def link_mailed_to(demo: Demo, address: str) -> str:
    """The path of somebody's own page, from the mail about their registration."""
    return mailed_to(demo, address, r"https?://[^/\s]+(/cto-forums/r/[^\s\"/]+/)")


def shows_whose_address_it_is(visitor: Visitor, slug: str, *, email: str, name: str, part: str = "") -> None:
    """From the forum's registration page, signed out, to the form behind the code."""
    page = visitor.page
    visitor.goes_to(f"/cto-forums/{slug}/register/{part}")
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code").fill(code_mailed_to(visitor.demo, email))
    page.get_by_role("button", name="Confirm the address").click()
    expect(page.get_by_label("Your name")).to_have_value(name)


def answers_what_is_required(page: Page) -> None:
    """Whatever the forum asks and wants an answer to: the first choice, or a word."""
    for group in page.locator("main form fieldset").all():
        radios = group.locator("input[type=radio]")
        if radios.count() and not group.locator("input:checked").count():
            radios.first.check()
    for box in page.locator("main form :is(input[type=text], textarea)[required]").all():
        if not box.input_value():
            box.fill("Nothing")


def registers(visitor: Visitor, *, district: str, button: str = "Register") -> None:
    """Fill in the form that is open and press its button."""
    page = visitor.page
    page.get_by_label("Position").fill("Chief technology officer")
    page.get_by_label("District or organization").fill(district)
    page.get_by_label("State").select_option("OR")
    answers_what_is_required(page)
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_url("**/cto-forums/r/**")


# --- journeys ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_signed_out_cto_registers_from_a_phone_and_sees_the_ticket(someone: Someone, script: bool) -> None:
    cto = someone(PHONE, java_script_enabled=script)
    slug, email = open_forum(cto.demo), f"nia.{script}@pinehills.example".lower()
    shows_whose_address_it_is(cto, slug, email=email, name="Nia Colton")
    registers(cto, district="Pine Hills Schools")
    expect(cto.page.get_by_text("Nia Colton").first).to_be_visible()
    state = cto.demo.query(
        "SELECT state, seat_number > 0 FROM forums_registration r JOIN members_user u ON u.id = person_id"
        " JOIN forums_forum f ON f.id = forum_id WHERE email = %s AND slug = %s",
        email,
        slug,
    )
    assert state == [("confirmed", True)]
    # the link in the mail opens the same page, in a browser that is not signed in
    other = someone(PHONE)
    assert other.goes_to(link_mailed_to(cto.demo, email)) == 200
    expect(other.page.get_by_text("Nia Colton").first).to_be_visible()


def test_wrong_code_is_said_beside_the_field_and_a_new_one_can_be_had(someone: Someone) -> None:
    cto = someone(PHONE)
    page, slug, email = cto.page, open_forum(cto.demo), "otto.reyes@pinehills.example"
    cto.goes_to(f"/cto-forums/{slug}/register/")
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_label("Your name").fill("Otto Reyes")
    page.get_by_role("button", name="Send the code").click()
    code = code_mailed_to(cto.demo, email)
    page.get_by_label("Code").fill(f"{(int(code) + 1) % 1_000_000:06}")
    page.get_by_role("button", name="Confirm the address").click()
    expect(page.get_by_text("That is not the code we sent")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Confirm the address").click()
    expect(page.get_by_label("Your name")).to_have_value("Otto Reyes")


def test_team_is_registered_from_a_phone_with_rows_as_they_are_needed(someone: Someone) -> None:
    lead = someone(PHONE)
    page, slug = lead.page, open_forum(lead.demo)
    shows_whose_address_it_is(lead, slug, email="hana.abara@oakfield.example", name="Hana Abara", part="team/")
    expect(page.get_by_role("group", name="Colleague 2")).to_be_hidden()
    page.get_by_role("button", name="Add a colleague").click()
    page.get_by_label("District or organization").fill("Oakfield Schools")
    answers_what_is_required(page)
    for number, name in enumerate(("Ines", "Jonas")):
        row = page.get_by_role("group", name=f"Colleague {number + 1}")
        row.get_by_label("Name").fill(f"{name} Abara")
        row.get_by_label("Work e-mail").fill(f"{name.lower()}.abara@oakfield.example")
    page.get_by_text("All of us or none").click()
    page.get_by_role("button", name="Register the team").click()
    expect(page.get_by_text("Your team is registered")).to_be_visible()
    expect(page.get_by_text("Ines Abara")).to_be_visible()
    colleague = someone(PHONE)
    assert colleague.goes_to(link_mailed_to(lead.demo, "ines.abara@oakfield.example")) == 200


@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["wide", "phone"])
def test_pages_of_registering_break_no_rule_of_wcag_and_never_scroll_sideways(someone: Someone, screen: object) -> None:
    reader = someone(screen)
    faults: list[str] = []
    slug = open_forum(reader.demo)

    def look(name: str) -> None:
        for scheme, rules in (("light", None), ("dark", DARK_DIFFERS_IN)):
            reader.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = violations(reader.page) if rules is None else violations(reader.page, rules)
            faults.extend(f"{name} ({scheme}) {fault}" for fault in found)
        if reader.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            faults.append(f"{name} scrolls sideways")

    reader.goes_to(f"/cto-forums/{slug}/register/")
    look("address")
    reader.goes_to(f"/cto-forums/{slug}/register/code/")
    look("no code")
    reader.signs_in("visitor")
    reader.goes_to(f"/cto-forums/{slug}/register/")
    look("form")
    reader.page.get_by_label("Your name").fill("")
    reader.page.get_by_role("button", name="Register", exact=True).click()
    look("form with errors")
    reader.goes_to(f"/cto-forums/{slug}/register/team/")
    look("team")
    assert not faults, "\n".join(faults)
