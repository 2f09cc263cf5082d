"""Staff publish a report in the admin, and it is there for those it is for."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.test_journeys.conftest import Visitor

Someone = Callable[..., Visitor]


def test_editor_writes_a_report_publishes_it_and_a_member_downloads_it(someone: Someone) -> None:
    editor, member = someone(), someone()
    editor.goes_to("/admin/")
    editor.signs_in("editor", lands_on="What would you like to do?")
    page = editor.page
    page.get_by_role("link", name="Add a report").click()
    page.get_by_label("Title:", exact=True).fill("Spare Parts: What We Learned From the Repair Shelf")
    page.get_by_label("Series:").select_option(label="CTO Forum reports")
    page.get_by_label("Summary:").fill("How districts keep devices going when budgets do not.")
    page.get_by_label("Write it here in Markdown").check()
    page.locator("textarea[name=source]").fill("## Shelves\n\nKeep one of each.\n\n## People\n\nTeach two of them.\n")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("This is a draft")).to_be_visible()

    member.signs_in("member")
    assert member.goes_to("/knowledge-center/?q=repair+shelf") == 200
    expect(member.page.get_by_role("link", name="Spare Parts")).to_have_count(0)

    page.get_by_role("button", name="Publish now").click()
    expect(page.get_by_text("Withdraw").first).to_be_visible()
    member.goes_to("/knowledge-center/?q=repair+shelf")
    member.page.get_by_role("heading", level=3).get_by_role("link", name="Spare Parts").click()
    download = member.page.get_by_role("link", name="Download the PDF").first
    assert member.downloads(download.click).startswith(b"%PDF")


def test_an_upload_that_is_no_pdf_is_refused_beside_its_field_and_keeps_what_was_typed(someone: Someone) -> None:
    editor = someone()
    editor.goes_to("/admin/reports/report/add/")
    editor.signs_in("editor", lands_on="Add report")
    page = editor.page
    page.get_by_label("Title:", exact=True).fill("A Title That Must Not Be Lost")
    page.get_by_label("Series:").select_option(label="Surveys")
    page.get_by_label("Summary:").fill("Nor this summary.")
    page.get_by_label("Upload a PDF").check()
    page.locator("input[type=file]").set_input_files(
        {"name": "notes.pdf", "mimeType": "application/pdf", "buffer": b"These are only notes."}
    )
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".errorlist").filter(has_text="PDF").first).to_be_visible()
    expect(page.get_by_label("Title:", exact=True)).to_have_value("A Title That Must Not Be Lost")
    expect(page.get_by_label("Summary:")).to_have_value("Nor this summary.")
    kept = "SELECT count(*) FROM reports_report WHERE title = 'A Title That Must Not Be Lost'"
    assert editor.demo.query(kept) == [(0,)]


def test_editor_cannot_open_what_is_about_members_or_money(someone: Someone) -> None:
    editor = someone()
    editor.signs_in("editor")
    refused = ("members/user", "members/membership", "members/organization", "store/grant", "store/download")
    assert [editor.goes_to(f"/admin/{place}/") for place in refused] == [403] * len(refused)
