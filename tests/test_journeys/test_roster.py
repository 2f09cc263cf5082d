"""A district's contact looks after its seats, in a real browser: by mouse, on a phone, and by keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.test_journeys.conftest import PHONE, WIDE, Visitor
from tests.test_journeys.mail import link_mailed_to
from tests.test_journeys.test_accessibility import DARK_DIFFERS_IN, violations

Someone = Callable[..., Visitor]
REPORT = "/knowledge-center/undiscussables-of-technology-leadership/"
GATE = "/store/reports/undiscussables-of-technology-leadership/download/"
PAGE = "/account/organization/"


def free_a_seat(contact: Visitor) -> None:
    """Withdraw the demo's open invitation, so that its seat is free."""
    contact.goes_to(PAGE)
    page = contact.page
    page.get_by_role("link", name="Withdraw the invitation of lena.ortiz@maplevalley.example").click()
    page.get_by_role("button", name="Withdraw the invitation").click()
    expect(page.get_by_text("is withdrawn")).to_be_visible()


def invite(contact: Visitor, email: str, name: str) -> None:
    page = contact.page
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text(f"The invitation is on its way to {email}")).to_be_visible()


def test_contact_invites_a_colleague_who_downloads_until_the_seat_is_taken_back(someone: Someone) -> None:
    contact, colleague = someone(), someone(PHONE)
    email = "nia.colton@maplevalley.example"
    contact.signs_in("contact")
    contact.page.get_by_role("link", name="Look after Maple Valley School District").click()
    expect(contact.page.get_by_role("heading", level=1, name="Maple Valley School District")).to_be_visible()
    free_a_seat(contact)
    invite(contact, email, "Nia Colton")

    colleague.goes_to(link_mailed_to(colleague.demo, email, "/membership/invitations/"))
    expect(colleague.page.get_by_label("Your name")).to_have_value("Nia Colton")
    colleague.page.get_by_role("button", name="Accept the seat").click()
    expect(colleague.page.get_by_role("heading", level=1, name="You hold seat 10")).to_be_visible()
    expect(colleague.page.get_by_role("heading", name="Next forum")).to_be_visible()
    colleague.goes_to(REPORT)
    download = colleague.page.get_by_role("link", name="Download the PDF").first
    assert colleague.downloads(download.click).startswith(b"%PDF")

    contact.goes_to(PAGE)
    contact.page.get_by_role("link", name="Take back seat 10 from Nia Colton").click()
    contact.page.get_by_role("button", name="Take the seat back").click()
    expect(contact.page.get_by_text("Seat 10 is free")).to_be_visible()

    assert colleague.goes_to(GATE) == 403
    expect(colleague.page.get_by_text("No seat", exact=True).first).to_be_visible()
    colleague.goes_to("/account/")
    expect(colleague.page.get_by_role("row", name="Undiscussables").first).to_be_visible()
    invite(_back_to_page(contact), "lena.ortiz@maplevalley.example", "Lena Ortiz")  # as the demo had it


def _back_to_page(contact: Visitor) -> Visitor:
    contact.goes_to(PAGE)
    return contact


@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_contacts_pages_break_no_rule_of_wcag_and_never_scroll_sideways(someone: Someone, screen: object) -> None:
    contact, faults = someone(screen), []
    contact.signs_in("contact")
    contact.goes_to(PAGE)
    links = contact.page.eval_on_selector_all("main a[href]", "links => links.map(link => new URL(link.href).pathname)")
    steps = {re.sub(r"/\d+/", "/*/", path): path for path in links if path.startswith(PAGE)}
    assert len(steps) > 10, "the page leads to its steps"
    for path in [PAGE, *steps.values(), "/account/", "/account/seat/", "/account/welcome/"]:
        assert contact.goes_to(path) == 200, path
        if screen is WIDE or path == PAGE:  # on a phone the other pages are the same, one column wide
            contact.page.emulate_media(color_scheme="light")
            faults += [f"{path} (light) {fault}" for fault in violations(contact.page)]
            contact.page.emulate_media(color_scheme="dark")
            faults += [f"{path} (dark) {fault}" for fault in violations(contact.page, DARK_DIFFERS_IN)]
        if contact.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            faults.append(f"{path} scrolls sideways")
    assert not faults, "\n".join(faults)


def test_noseat_takes_the_request_back_and_asks_again_by_keyboard_alone(someone: Someone) -> None:
    noseat = someone()
    noseat.signs_in("noseat")
    noseat.goes_to("/account/")
    _press(noseat, "Take the request back")
    expect(noseat.page.get_by_text("Your request is taken back")).to_be_visible()
    _press(noseat, "Ask for a seat")
    expect(noseat.page.get_by_text("Your request is with the primary contact")).to_be_visible()
    assert violations(noseat.page) == []


def _press(visitor: Visitor, label: str) -> None:
    """Tab to the button and press Enter."""
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("document.activeElement.textContent.trim()").startswith(label):
            visitor.page.keyboard.press("Enter")
            return
    pytest.fail(f"No way to “{label}” by keyboard.")


def test_a_role_is_given_and_taken_without_javascript(someone: Someone) -> None:
    contact = someone(java_script_enabled=False)
    contact.signs_in("contact")
    contact.goes_to(PAGE)
    page = contact.page
    for link, button in (("Make billing", "Make them a billing contact"), ("Stop billing mail", "Stop billing mail")):
        page.get_by_role("link", name=re.compile(f"{link}.*Jordan Whitfield")).click()
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("heading", level=1, name="Maple Valley School District")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Make billing.*Jordan Whitfield"))).to_be_visible()


@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_seat_meter_leads_on_a_phone_and_stands_at_the_side_of_a_wide_page(
    someone: Someone, screen: object
) -> None:
    contact = someone(screen)
    contact.signs_in("contact")
    contact.goes_to(PAGE)
    meter = contact.page.get_by_role("heading", name="seats used").bounding_box()
    seated = contact.page.get_by_role("heading", name="People and seats").bounding_box()
    assert meter
    assert seated
    if screen is PHONE:
        assert meter["y"] + meter["height"] < seated["y"]
    else:
        assert meter["x"] > seated["x"] + 300
        assert abs(meter["y"] - seated["y"]) < 5, "side by side"
