"""The editor's work in the admin, through its addresses."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models.signals import pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reports.indexing import page_texts
from reports.models import Boilerplate, Edition, NewsItem, Report
from reports.models.reports import State
from tests import people
from tests.factories import make_focus_area, make_news, make_report, make_series
from tests.reports.pdf_files import JAVASCRIPT, sound

pytestmark = pytest.mark.django_db
LIST = "/admin/reports/report/"
ADD = f"{LIST}add/"
MARKDOWN = "# What we heard\n\nA district tries it.\n"


@pytest.fixture
def editor() -> Client:
    """The browser of somebody in the group Editors."""
    return people.browser(people.editor())


def change(report: Report, rest: str = "change/") -> str:
    return f"{LIST}{report.pk}/{rest}"


def upload(content: bytes, name: str = "report.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def typed(**more: Any) -> dict[str, Any]:
    """The add form as an editor fills it in."""
    return {
        "title": "What Districts Ask",
        "slug": "what-districts-ask",
        "series": make_series().pk,
        "year": "2026",
        "authors": "Consortium for School Networking\nA second author, Jr.",
        "summary": "A summary that took an hour to write.",
        "access": Report.Access.MEMBERS,
        "focus_areas": [make_focus_area().pk],
        "takeaways-TOTAL_FORMS": "0",
        "takeaways-INITIAL_FORMS": "0",
        **more,
    }


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode().replace("\xa0", " "))


# --- the list ---------------------------------------------------------------------------------------------------
def test_the_list_says_the_state_of_each_report_now(editor: Client) -> None:
    for state in State:
        make_report(state=state)
    page = text_of(editor.get(LIST))
    for words in ("Draft", "Scheduled for", "Embargoed until", ">Out<", "Withdrawn"):
        assert words in page


@pytest.mark.parametrize("state", State)
def test_the_list_can_be_narrowed_to_a_state(editor: Client, state: State) -> None:
    reports = {each: make_report(state=each) for each in State}
    page = text_of(editor.get(LIST, {"state": state.value}))
    assert [each for each in State if change(reports[each]) in page] == [state]


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(editor: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            editor.get(LIST)
        return len(captured)

    make_report()
    editor.get(LIST)
    few = queries()
    for _ in range(8):
        make_report()
    assert queries() == few


# --- publishing -------------------------------------------------------------------------------------------------
def test_publish_now_is_one_press(editor: Client) -> None:
    report = make_report(state=State.DRAFT)
    assert "This is a draft." in text_of(editor.get(change(report)))
    response = editor.post(change(report, "do/publish/"), follow=True)
    assert "is out." in text_of(response)
    assert Report.objects.get().state(timezone.now()) is State.OUT


def test_opening_the_page_of_a_step_changes_nothing(editor: Client) -> None:
    report = make_report(state=State.DRAFT)
    assert editor.get(change(report, "do/publish/")).status_code == 200
    assert Report.objects.get().state(timezone.now()) is State.DRAFT


def test_times_are_typed_in_the_association_s_zone_and_the_page_says_so(editor: Client) -> None:
    report = make_report(state=State.DRAFT)
    assert "Eastern time" in text_of(editor.get(change(report)))
    editor.post(change(report, "do/schedule/"), {"schedule-at": "2999-01-05T09:00"})
    assert Report.objects.get().published_at == datetime(2999, 1, 5, 14, tzinfo=UTC)


def test_a_time_that_has_passed_is_refused_with_a_sentence_and_stays_typed(editor: Client) -> None:
    report = make_report(state=State.DRAFT)
    response = editor.post(change(report, "do/embargo/"), {"embargo-until": "2020-01-05T09:00"})
    assert response.status_code == 422
    assert "That time has passed." in text_of(response)
    assert 'value="2020-01-05T09:00"' in text_of(response)
    assert Report.objects.get().state(timezone.now()) is State.DRAFT


def test_a_time_that_the_change_of_clocks_skips_is_refused(editor: Client) -> None:
    report = make_report(state=State.DRAFT)
    response = editor.post(change(report, "do/schedule/"), {"schedule-at": "2027-03-14T02:30"})
    assert response.status_code == 422
    assert Report.objects.get().published_at is None


def test_withdrawing_asks_for_a_reason_and_shows_it(editor: Client) -> None:
    report = make_report(state=State.OUT)
    assert "copies already downloaded stay" in text_of(editor.get(change(report, "do/withdraw/")))
    assert editor.post(change(report, "do/withdraw/"), {"withdraw-reason": ""}).status_code == 422
    assert Report.objects.get().state(timezone.now()) is State.OUT
    response = editor.post(change(report, "do/withdraw/"), {"withdraw-reason": "Table 3 was wrong."}, follow=True)
    assert "Table 3 was wrong." in text_of(response)
    assert Report.objects.get().state(timezone.now()) is State.WITHDRAWN


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (State.DRAFT, {"publish", "schedule", "embargo"}),
        (State.SCHEDULED, {"publish", "schedule", "embargo", "unschedule"}),
        (State.EMBARGOED, {"embargo", "lift-embargo", "withdraw"}),
        (State.OUT, {"withdraw"}),
        (State.WITHDRAWN, {"reinstate"}),
    ],
)
def test_a_report_s_page_offers_the_steps_that_make_sense(editor: Client, state: State, offered: set[str]) -> None:
    report = make_report(state=state)
    assert set(re.findall(r"/do/([\w-]+)/", text_of(editor.get(change(report))))) == offered


def test_a_draft_without_an_edition_offers_no_way_to_publish_it(editor: Client) -> None:
    editor.post(ADD, typed(way="later"))
    page = text_of(editor.get(change(Report.objects.get())))
    assert "It has no edition yet" in page
    assert "/do/" not in page


def test_who_may_edit_but_not_publish_is_offered_nothing_and_refused() -> None:
    report, clerk = make_report(state=State.DRAFT), people.person("clerk", is_staff=True)
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=["change_report", "view_report"]))
    client = people.browser(clerk)
    assert "/do/" not in text_of(client.get(change(report)))
    assert client.post(change(report, "do/publish/")).status_code == 403
    assert Report.objects.get().state(timezone.now()) is State.DRAFT


# --- a new report -----------------------------------------------------------------------------------------------
def test_a_report_and_its_first_edition_are_made_in_one_go(editor: Client) -> None:
    content = sound(pages=4)
    response = editor.post(ADD, typed(way="upload", file=upload(content)))
    assert response.status_code == 302
    report = Report.objects.get()
    assert report.authors == ["Consortium for School Networking", "A second author, Jr."]
    edition = report.current_edition
    assert edition is not None
    assert (edition.number, edition.pages, edition.added_by) == (1, 4, people.editor())
    assert report.state(timezone.now()) is State.DRAFT


def test_a_report_can_be_written_in_markdown(editor: Client) -> None:
    editor.post(ADD, typed(way="write", source=MARKDOWN))
    edition = Edition.objects.get()
    assert edition.source == MARKDOWN
    with edition.file.open("rb") as file:
        assert file.read(5) == b"%PDF-"


def test_a_refused_upload_says_why_and_the_form_keeps_what_was_typed(editor: Client) -> None:
    scripted = sound(lambda pdf: setattr(pdf.Root, "OpenAction", JAVASCRIPT))
    response = editor.post(ADD, typed(way="upload", file=upload(scripted)))
    page = text_of(response)
    assert response.status_code == 200
    assert "This PDF carries JavaScript." in page
    assert "A summary that took an hour to write." in page
    assert not Report.objects.exists()


def test_a_good_file_beside_another_mistake_is_to_be_chosen_again(editor: Client) -> None:
    response = editor.post(ADD, typed(way="upload", file=upload(sound()), title=""))
    assert "Choose the file again" in text_of(response)
    assert not Report.objects.exists()


@pytest.mark.parametrize("size", [2_000, 4_000_000])
def test_a_file_over_the_limit_is_left_on_the_wire_and_the_form_keeps_what_was_typed(
    editor: Client, settings: Any, size: int
) -> None:
    settings.REPORT_MAX_BYTES = 1_000
    response = editor.post(ADD, typed(way="upload", file=upload(b"%PDF-1.7 " + b"x" * size)))
    page = text_of(response)
    assert "This file is larger than" in page
    assert "A summary that took an hour to write." in page
    assert not response.wsgi_request.FILES
    assert not Report.objects.exists()


def test_upload_without_a_file_says_what_to_do(editor: Client) -> None:
    assert "Choose a PDF to upload" in text_of(editor.post(ADD, typed(way="upload")))


# --- further editions -------------------------------------------------------------------------------------------
def test_a_new_edition_says_what_changed_and_keeps_the_one_before(editor: Client) -> None:
    report = make_report(state=State.OUT)
    address = change(report, "editions/add/")
    refused = editor.post(address, {"way": "upload", "file": upload(sound()), "note": ""})
    assert refused.status_code == 422
    assert "Say what changed" in text_of(refused)
    response = editor.post(
        address, {"way": "upload", "file": upload(sound()), "note": "Corrects table 3."}, follow=True
    )
    assert "Edition 2 is now the current one" in text_of(response)
    assert "Corrects table 3." in text_of(response)
    assert [edition.number for edition in report.editions.all()] == [2, 1]


def test_a_written_edition_without_a_day_says_on_its_cover_the_day_that_it_is_recorded_with(editor: Client) -> None:
    report = make_report(state=State.OUT, released_on=date(2025, 3, 14))
    editor.post(change(report, "editions/add/"), {"way": "write", "source": MARKDOWN, "note": "Says more."})
    edition = report.editions.get(number=2)
    assert edition.released_on == people.today()
    with edition.file.open("rb") as file:
        cover = " ".join(page_texts(file)[0].split())
    assert f"Edition 2, {people.today():%B %Y}" in cover


def test_the_page_of_a_new_edition_offers_the_text_of_the_one_before(editor: Client) -> None:
    report = make_report(state=State.OUT, source="# The text before\n")
    assert "# The text before" in text_of(editor.get(change(report, "editions/add/")))


@pytest.mark.parametrize("is_new", [True, False])
def test_a_preview_is_a_pdf_shown_in_the_browser_and_stores_nothing(editor: Client, *, is_new: bool) -> None:
    if is_new:
        response = editor.post(f"{LIST}preview-pdf/", typed(way="write", source=MARKDOWN))
    else:
        report = make_report(state=State.DRAFT)
        response = editor.post(change(report, "editions/preview/"), {"way": "write", "source": MARKDOWN})
    editions = Edition.objects.count()
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].startswith("inline")
    assert response.headers["Cache-Control"].startswith("private, no-store")
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.content.startswith(b"%PDF-")
    assert editions == (0 if is_new else 1)
    assert Report.objects.count() == editions


def test_a_preview_of_a_form_with_mistakes_lists_them(editor: Client) -> None:
    response = editor.post(f"{LIST}preview-pdf/", typed(way="write", source=MARKDOWN, title=""))
    assert response.status_code == 422
    assert "Title: This field is required." in text_of(response)


# --- what stays -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("state", "stays"), [(State.DRAFT, False), (State.SCHEDULED, False), (State.OUT, True)])
def test_the_address_is_fixed_once_it_was_public(editor: Client, state: State, *, stays: bool) -> None:
    report = make_report(state=state)
    data = typed(slug="another-address", motif="0")
    assert (
        editor.post(change(report), {**data, "editions-TOTAL_FORMS": "0", "editions-INITIAL_FORMS": "0"}).status_code
        == 302
    )
    assert (Report.objects.get().slug == report.slug) is stays


def test_a_report_with_an_edition_cannot_be_deleted_and_an_empty_draft_can(editor: Client) -> None:
    kept = make_report(state=State.DRAFT)
    empty = Report.objects.create(title="Empty", slug="empty", series=make_series(), year=2026, summary="Nothing.")
    assert editor.post(change(kept, "delete/"), {"post": "yes"}).status_code == 403
    assert editor.post(change(empty, "delete/"), {"post": "yes"}).status_code == 302
    assert list(Report.objects.all()) == [kept]


def test_a_text_whose_pdf_is_refused_keeps_what_was_typed(editor: Client, settings: Any) -> None:
    report = make_report(state=State.DRAFT)
    settings.REPORT_MAX_BYTES = 1_000  # less than any PDF of ours
    text = {"way": "write", "source": MARKDOWN, "note": "A new table."}
    for answer in (editor.post(change(report, "editions/add/"), text), editor.post(ADD, typed(**text))):
        assert answer.status_code in (200, 422)
        page = text_of(answer)
        assert "Make its pictures smaller" in page
        assert "A district tries it." in page
    assert Report.objects.get() == report


def test_a_report_withdrawn_while_somebody_saves_its_text_stays_withdrawn(editor: Client) -> None:
    report = make_report(state=State.OUT)

    def withdraw_meanwhile(**kwargs: Any) -> None:
        Report.objects.filter(pk=report.pk).update(withdrawn_at=timezone.now(), withdrawn_reason="A table is wrong.")

    pre_save.connect(withdraw_meanwhile, sender=Report)
    try:
        form = typed(title="A better title", motif="0")
        editor.post(change(report), form | {"editions-TOTAL_FORMS": "0", "editions-INITIAL_FORMS": "0"})
    finally:
        pre_save.disconnect(withdraw_meanwhile, sender=Report)
    report.refresh_from_db()
    assert report.title == "A better title"
    assert report.state(timezone.now()) is State.WITHDRAWN


def test_the_order_of_focus_areas_is_changed_in_their_list(editor: Client) -> None:
    area = make_focus_area()
    row = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(area.pk), "form-0-position": "7"}
    assert editor.post("/admin/reports/focusarea/", row | {"_save": "Save"}).status_code == 302
    area.refresh_from_db()
    assert area.position == 7


def test_the_history_page_shows_who_did_what(editor: Client) -> None:
    report = make_report(state=State.DRAFT)
    editor.post(change(report, "do/publish/"))
    page = text_of(editor.get(change(report, "history/")))
    assert "<td>Publish</td>" in page
    assert "<td>Avery Lindgren</td>" in page


# --- news -------------------------------------------------------------------------------------------------------
def test_news_is_published_at_a_time_or_now_and_taken_down(editor: Client) -> None:
    item = make_news(published_at=None)
    address = f"/admin/reports/newsitem/{item.pk}/do"
    editor.post(f"{address}/schedule/", {"schedule-at": "2999-01-05T09:00"})
    assert NewsItem.objects.get().published_at == datetime(2999, 1, 5, 14, tzinfo=UTC)
    editor.post(f"{address}/publish/")
    assert NewsItem.objects.out(timezone.now()).exists()
    editor.post(f"{address}/take-down/")
    assert NewsItem.objects.get().published_at is None


def test_news_that_is_out_is_not_deleted(editor: Client) -> None:
    item = make_news()
    assert editor.post(f"/admin/reports/newsitem/{item.pk}/delete/", {"post": "yes"}).status_code == 403
    assert NewsItem.objects.exists()


def test_a_text_in_use_is_not_rewritten_and_a_change_is_a_new_version(editor: Client) -> None:
    text = Boilerplate.objects.create(version=1, text="About us.")
    make_news(boilerplate=text)
    editor.post(f"/admin/reports/boilerplate/{text.pk}/change/", {"version": "1", "text": "Something else."})
    assert Boilerplate.objects.get().text == "About us."
    page = text_of(editor.get(reverse("admin:reports_boilerplate_add")))
    assert 'value="2"' in page


@pytest.mark.parametrize(("published", "status"), [(False, 200), (True, 403)])
def test_a_new_edition_of_what_is_out_wants_the_right_to_publish(published: bool, status: int) -> None:
    report = make_report(state=State.OUT if published else State.DRAFT)
    clerk = people.person("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=("view_report", "change_report")))
    answer = people.browser(clerk).get(f"/admin/reports/report/{report.pk}/editions/add/")
    assert answer.status_code == status
