"""The main job, in a real browser: who gets a forum report, who does not, and what they do then."""

import hashlib
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.test_journeys.conftest import PHONE, WIDE, Visitor

UNDISCUSSABLES = "undiscussables-of-technology-leadership"
Someone = Callable[..., Visitor]


@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["wide", "phone"])
def test_member_signs_in_searches_and_downloads_the_edition_byte_for_byte(someone: Someone, screen: object) -> None:
    member = someone(screen)
    member.goes_to("/")
    member.page.get_by_role("link", name="Sign in").click()
    member.signs_in("member")
    member.page.get_by_role("link", name="Knowledge center").first.click()
    expect(member.page).to_have_url(f"{member.demo.url}/knowledge-center/")
    member.page.get_by_role("searchbox").fill("undiscussables")
    member.page.get_by_role("searchbox").press("Enter")
    member.page.get_by_role("heading", level=3).get_by_role("link", name="Undiscussables").click()
    panel = member.page.get_by_role("complementary").filter(has_text="You can download this")
    expect(panel).to_contain_text("It’s yours, through Maple Valley School District")
    content = member.downloads(panel.get_by_role("link", name="Download the PDF").click)
    ((sha256, size),) = member.demo.query(
        "SELECT e.sha256, e.bytes FROM reports_edition e JOIN reports_report r ON r.current_edition_id = e.id"
        " WHERE r.slug = %s",
        UNDISCUSSABLES,
    )
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (sha256, size)


def test_each_download_is_in_the_ledger_and_on_the_account_page(someone: Someone) -> None:
    member = someone()
    member.signs_in("member")
    counted = "SELECT count(*) FROM store_download d JOIN members_user u ON u.id = d.person_id WHERE u.email = %s"
    ((before,),) = member.demo.query(counted, "member@example.org")
    member.goes_to("/knowledge-center/prove-it/")
    member.downloads(member.page.get_by_role("link", name="Download the PDF").first.click)
    ((after,),) = member.demo.query(counted, "member@example.org")
    assert after == before + 1
    member.goes_to("/account/")
    expect(member.page.get_by_role("row", name="Prove IT").first).to_be_visible()


def test_signed_out_reader_is_led_to_the_sign_in_and_back_to_the_file(someone: Someone) -> None:
    reader = someone()
    reader.goes_to(f"/knowledge-center/{UNDISCUSSABLES}/")
    reader.page.get_by_role("complementary").get_by_role("link", name="Sign in").click()
    reader.signs_in("member")
    expect(reader.page).to_have_url(f"{reader.demo.url}/knowledge-center/{UNDISCUSSABLES}/")
    assert reader.downloads(reader.page.get_by_role("link", name="Download the PDF").click).startswith(b"%PDF")


def test_visitor_reads_why_not_and_follows_the_next_step_to_the_plans(someone: Someone) -> None:
    visitor = someone()
    visitor.signs_in("visitor")
    assert visitor.goes_to(f"/store/reports/{UNDISCUSSABLES}/download/") == 403
    expect(visitor.page.get_by_role("heading", name="This report is for members")).to_be_visible()
    visitor.page.get_by_text("Why?").click()
    expect(visitor.page.get_by_text("You have no membership and no seat")).to_be_visible()
    visitor.page.get_by_role("link", name="See membership plans").click()
    expect(visitor.page.get_by_role("heading", level=1, name="Membership")).to_be_visible()
    expect(visitor.page.get_by_role("heading", name="District membership")).to_be_visible()


def test_lapsed_member_reads_when_the_term_ended_and_is_led_to_renew(someone: Someone) -> None:
    lapsed = someone(PHONE)
    lapsed.signs_in("lapsed")
    assert lapsed.goes_to(f"/store/reports/{UNDISCUSSABLES}/download/") == 403
    expect(lapsed.page.get_by_role("heading", name="Your membership ended on")).to_be_visible()
    lapsed.page.get_by_role("link", name="Renew membership").click()
    expect(lapsed.page.get_by_role("heading", name="Join or renew")).to_be_in_viewport()


def test_a_colleague_without_a_seat_learns_who_gives_one(someone: Someone) -> None:
    colleague = someone()
    colleague.signs_in("noseat")
    assert colleague.goes_to(f"/store/reports/{UNDISCUSSABLES}/download/") == 403
    colleague.page.get_by_role("link", name="See who gives you a seat").click()
    expect(colleague.page.locator("#seat")).to_contain_text("Dana Okafor")


def test_member_in_grace_still_downloads_and_is_told_until_when(someone: Someone) -> None:
    grace = someone()
    grace.signs_in("grace")
    grace.goes_to(f"/knowledge-center/{UNDISCUSSABLES}/")
    panel = grace.page.get_by_role("complementary").filter(has_text="of grace left")
    expect(panel).to_contain_text("You can still download this")
    assert grace.downloads(panel.get_by_role("link", name="Download the PDF").click).startswith(b"%PDF")


def test_the_whole_way_to_a_file_goes_by_keyboard_alone(someone: Someone) -> None:
    member = someone()
    member.signs_in("member")
    member.goes_to(f"/knowledge-center/{UNDISCUSSABLES}/")
    keyboard, focused = member.page.keyboard, "document.activeElement.textContent.trim()"
    keyboard.press("Tab")
    assert member.page.evaluate(focused) == "Skip to the page"
    keyboard.press("Enter")
    for _ in range(40):
        keyboard.press("Tab")
        if member.page.evaluate(focused) == "Download the PDF":
            break
    assert member.downloads(lambda: keyboard.press("Enter")).startswith(b"%PDF")
