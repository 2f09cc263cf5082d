"""The gate itself: what leaves with the bytes, what it costs, and that every answer is made anew."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.models import Contact, Membership, Organization, Seat, Term, User
from reports.models import Report
from store.access import Refused, Viewer, open_edition, read_viewer
from store.models import Download, Grant
from tests import people, shelf
from tests.store.asking import ask, gate

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 6


# --- what leaves ------------------------------------------------------------------------------------------------
def test_the_bytes_leave_with_headers_that_keep_them_private() -> None:
    report = shelf.report("value")
    response = ask(people.browser(people.member()), report)
    assert response.body == shelf.bytes_of("value")
    headers = response.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Length"] == "5000"
    assert {part.strip() for part in headers["Cache-Control"].split(",")} >= {"private", "no-store"}
    assert "public" not in headers["Cache-Control"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == 'attachment; filename="value.pdf"'
    assert headers["Content-Security-Policy"]


@pytest.mark.parametrize("kind", ["public", "registered", "members"])
def test_a_free_report_leaves_as_privately_as_a_members_one(kind: str) -> None:
    response = ask(people.browser(people.member()), shelf.KINDS[kind]())
    assert "no-store" in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]
    assert response.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("filename", "wanted"),
    [
        ("plain.pdf", 'attachment; filename="plain.pdf"'),
        ("with blanks.pdf", 'attachment; filename="with blanks.pdf"'),
        ("“Undiscussables”.pdf", "attachment; filename*=utf-8''%E2%80%9CUndiscussables%E2%80%9D.pdf"),
        ('a"b.pdf', 'attachment; filename="a\\"b.pdf"'),
    ],
)
def test_a_copy_is_called_what_the_edition_says(filename: str, wanted: str) -> None:
    report = shelf.report()
    shelf.add_edition(report, shelf.bytes_of("second"), number=2, filename=filename)
    assert ask(people.browser(people.member()), report).headers["Content-Disposition"] == wanted


def test_a_line_break_in_a_filename_starts_no_header_of_its_own() -> None:
    report = shelf.report()
    shelf.add_edition(report, shelf.bytes_of("second"), number=2, filename="a\r\nSet-Cookie: x=1.pdf")
    response = ask(people.browser(people.member()), report)
    assert "Set-Cookie" not in response.headers
    assert "\n" not in response.headers["Content-Disposition"]


def test_the_edition_that_leaves_is_the_current_one() -> None:
    report = shelf.report()
    shelf.add_edition(report, shelf.bytes_of("second"), number=2)
    assert ask(people.browser(people.member()), report).body == shelf.bytes_of("second")


def test_whoever_may_have_a_report_may_have_its_earlier_editions_and_the_ledger_says_which() -> None:
    report, browser = shelf.report(), people.browser(people.member())
    shelf.add_edition(report, shelf.bytes_of("second"), number=2)
    assert ask(browser, f"{gate(report)}?edition=1").body == shelf.bytes_of("a-report")
    assert Download.objects.get().edition.number == 1
    assert ask(browser, f"{gate(report)}?edition=3").status == 404
    assert ask(browser, f"{gate(report)}?edition=none").body == shelf.bytes_of("second")


def test_an_edition_that_was_replaced_before_the_report_came_out_is_for_staff_alone() -> None:
    report = shelf.report(published_at=None)
    shelf.add_edition(report, shelf.bytes_of("the right file"), number=2)
    Report.objects.filter(pk=report.pk).update(published_at=timezone.now())
    earlier = f"{gate(report)}?edition=1"
    assert ask(people.browser(people.member()), earlier).status == 404
    assert ask(people.browser(people.staff()), earlier).body == shelf.bytes_of("a-report")
    page = ask(people.browser(people.member()), report.get_absolute_url()).body.decode()
    assert "First" not in page
    assert ask(people.browser(people.member()), report).body == shelf.bytes_of("the right file")


def test_an_earlier_edition_is_refused_like_the_current_one() -> None:
    report = shelf.report()
    shelf.add_edition(report, shelf.bytes_of("second"), number=2)
    assert ask(people.browser(people.lapsed()), f"{gate(report)}?edition=1").status == 403
    assert ask(people.browser(people.visitor()), f"{gate(report)}?edition=9").status == 403


def test_no_validator_turns_a_second_request_into_an_answer_without_the_gate() -> None:
    browser, report = people.browser(people.member()), shelf.report()
    first = ask(browser, report)
    again = ask(browser, report, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (200, shelf.bytes_of("a-report"))
    people.member().seat_rows.update(left_at=timezone.now())
    assert ask(browser, report, headers={"If-None-Match": first.headers["ETag"]}).status == 403


def test_a_file_that_is_gone_from_the_storage_is_said_so_and_not_written_down() -> None:
    browser, report = people.browser(people.member()), shelf.report()
    assert ask(browser, report).status == 200
    report.current_edition.file.delete(save=False)  # type: ignore[union-attr]
    response = ask(browser, report)
    assert response.status == 503
    assert b"editions/" not in response.body
    assert Download.objects.count() == 1


def test_a_report_without_an_edition_does_not_exist_even_for_staff() -> None:
    browser, report = people.browser(people.staff()), shelf.report(published_at=None)
    assert ask(browser, report).status == 200
    Report.objects.filter(pk=report.pk).update(current_edition=None)
    assert ask(browser, report).status == 404


def test_a_report_that_never_was_answers_like_one_that_is_not_published() -> None:
    browser = people.browser(people.visitor())
    draft = shelf.report("draft", published_at=None)
    missing, hidden = ask(browser, "/store/reports/nothing/download/"), ask(browser, draft)
    assert (missing.status, hidden.status) == (404, 404)
    assert missing.body.replace(b"nothing", b"draft") == hidden.body


def test_the_way_through_the_sign_in_leads_back_to_the_file() -> None:
    people.member()
    report, browser = shelf.report(), Client()
    asked = ask(browser, report)
    signed_in = browser.post(
        asked.headers["Location"], {"login": "member@example.org", "password": people.PASSWORD, "next": gate(report)}
    )
    assert signed_in.headers["Location"] == gate(report)
    assert ask(browser, signed_in.headers["Location"]).body == shelf.bytes_of("a-report")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_other_methods_than_get_and_head_are_not_allowed(method: str) -> None:
    browser, report = people.browser(people.member()), shelf.report()
    assert ask(browser, report, method=method).status == 405
    assert not Download.objects.exists()
    assert ask(browser, report).status == 200


def test_the_only_way_to_a_file_refuses_by_itself() -> None:
    report, now = shelf.report(), timezone.now()
    decision, edition = open_edition(read_viewer(people.member()), report, now)
    assert decision.allowed
    assert edition == report.current_edition
    for viewer in (Viewer(), read_viewer(people.visitor()), read_viewer(people.lapsed())):
        with pytest.raises(Refused) as refused:
            open_edition(viewer, report, now)
        assert not refused.value.decision.allowed


@pytest.mark.parametrize("number", ["1", "2", "99", "0", "-1", "x", "1e1", "99999999999999999999", "²"])
def test_asking_for_an_edition_opens_nothing_to_whom_the_gate_refuses(number: str) -> None:
    report = shelf.report()
    shelf.add_edition(report, shelf.bytes_of("second"), number=2)
    path = f"{gate(report)}?edition={number}"
    assert ask(people.browser(people.lapsed()), path).status == 403
    signed_out = ask(people.browser(None), path)
    assert signed_out.status == 302
    assert "edition%3D" in signed_out.headers["Location"], "the way back is to the same edition"
    answer = ask(people.browser(people.member()), path)
    wanted = {"1": "a-report", "2": "second", "99": "", "0": ""}.get(number, "second")
    assert (answer.status, answer.body) == (200, shelf.bytes_of(wanted)) if wanted else answer.status == 404


def test_an_edition_of_another_report_cannot_be_had_through_a_free_one() -> None:
    free, dear = shelf.KINDS["public"](), shelf.report()
    shelf.add_edition(dear, shelf.bytes_of("second"), number=2)
    assert ask(people.browser(None), f"{gate(free)}?edition=1").body == shelf.bytes_of("public")
    assert ask(people.browser(None), f"{gate(free)}?edition=2").status == 404


# --- nothing is kept ----------------------------------------------------------------------------------------------
def _take_the_seat(person: User, report: Report) -> None:
    Seat.objects.filter(person=person).update(left_at=timezone.now())


def _void_the_term(person: User, report: Report) -> None:
    Term.objects.filter(membership__seat_rows__person=person).update(voided_at=timezone.now())


def _end_the_term(person: User, report: Report) -> None:
    Term.objects.filter(membership__seat_rows__person=person).update(ends_on=people.today() - timedelta(days=31))


def _forget_the_verification(person: User, report: Report) -> None:
    EmailAddress.objects.filter(user=person).update(verified=False)


def _withdraw(person: User, report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(withdrawn_at=timezone.now())


def _embargo(person: User, report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(embargo_until=timezone.now() + timedelta(minutes=1))


def _unpublish(person: User, report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(published_at=None)


def _deactivate(person: User, report: Report) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def _change_the_password(person: User, report: Report) -> None:
    person.set_password("another-password-altogether")
    person.save()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (_take_the_seat, 403),
        (_void_the_term, 403),
        (_end_the_term, 403),
        (_forget_the_verification, 403),
        (_withdraw, 403),
        (_embargo, 403),
        (_unpublish, 404),
        (_deactivate, 302),
        (_change_the_password, 302),
    ],
)
def test_what_ends_a_right_ends_it_with_the_next_request(change: Callable[[User, Report], None], status: int) -> None:
    member, report = people.member(), shelf.report()
    browser = people.browser(member)
    assert ask(browser, report).status == 200
    change(member, report)
    assert ask(browser, report).status == status
    assert Download.objects.count() == 1


def test_a_refund_closes_what_the_purchase_opened_with_the_next_request() -> None:
    buyer, report = people.purchase(), shelf.report()
    grant, browser = people.buys(buyer, report), people.browser(buyer)
    assert ask(browser, report).status == 200
    Grant.objects.filter(pk=grant.pk).update(closed_at=timezone.now(), closed_reason="Refunded")
    assert ask(browser, report).status == 403


def test_who_leaves_the_staff_is_nobody_special_with_the_next_request() -> None:
    editor, report = people.editor(), shelf.report()
    browser = people.browser(editor)
    assert ask(browser, report).status == 200
    User.objects.filter(pk=editor.pk).update(is_staff=False)
    assert ask(browser, report).status == 403


def test_a_seat_opens_the_gate_with_the_next_request() -> None:
    visitor, report = people.visitor(), shelf.report()
    browser = people.browser(visitor)
    assert ask(browser, report).status == 403
    people.sit(visitor, people.maple_valley(), number=7)
    assert ask(browser, report).status == 200


# --- grants -------------------------------------------------------------------------------------------------------
def test_a_grant_opens_its_own_report_and_no_other_and_for_its_own_person_and_no_other() -> None:
    buyer, bought, other = people.purchase(), shelf.report("bought"), shelf.report("other")
    people.buys(buyer, bought)
    assert ask(people.browser(buyer), bought).status == 200
    assert ask(people.browser(buyer), other).status == 403
    assert ask(people.browser(people.visitor()), bought).status == 403


def test_a_link_that_was_granted_opens_nothing_to_those_who_do_not_hold_it() -> None:
    report, visitor = shelf.report(), people.visitor()
    Grant.objects.create(
        report=report, kind=Grant.Kind.COMPLIMENTARY, link_hash="0" * 64, opened_at=timezone.now() - timedelta(days=1)
    )
    assert ask(people.browser(None), report).status == 302
    assert ask(people.browser(visitor), report).status == 403


def test_a_grant_that_opens_later_opens_nothing_before() -> None:
    report, visitor = shelf.report(), people.visitor()
    now = timezone.now()
    grant = Grant.objects.create(
        report=report, kind=Grant.Kind.COMPLIMENTARY, person=visitor, opened_at=now + timedelta(hours=1)
    )
    browser = people.browser(visitor)
    assert ask(browser, report).status == 403
    Grant.objects.filter(pk=grant.pk).update(opened_at=now - timedelta(hours=1))
    assert ask(browser, report).status == 200


def test_a_grant_that_expired_opens_nothing() -> None:
    report, visitor = shelf.report(), people.visitor()
    now = timezone.now()
    grant = people.buys(visitor, report)
    Grant.objects.filter(pk=grant.pk).update(expires_at=now + timedelta(minutes=5))
    assert ask(people.browser(visitor), report).status == 200
    Grant.objects.filter(pk=grant.pk).update(expires_at=now - timedelta(seconds=1))
    assert ask(people.browser(visitor), report).status == 403


def test_an_expired_grant_does_not_hide_one_that_holds() -> None:
    report, visitor = shelf.report(), people.visitor()
    now = timezone.now()
    for ends in (now - timedelta(seconds=1), now + timedelta(hours=1)):
        Grant.objects.create(
            report=report,
            kind=Grant.Kind.COMPLIMENTARY,
            person=visitor,
            opened_at=now - timedelta(days=1),
            expires_at=ends,
        )
    assert ask(people.browser(visitor), report).status == 200


def test_a_grant_opens_neither_an_embargoed_nor_a_withdrawn_nor_an_unpublished_report() -> None:
    buyer = people.purchase()
    for kind, status in (("bought", 200), ("embargoed", 403), ("withdrawn", 403), ("draft", 404), ("scheduled", 404)):
        report = shelf.KINDS[kind]()
        people.buys(buyer, report)
        assert ask(people.browser(buyer), report).status == status, kind


# --- what it costs ------------------------------------------------------------------------------------------------
def _statements(browser: Client, path: str) -> list[str]:
    ask(browser, path)  # whatever is done once a process is done now
    with CaptureQueriesContext(connection) as captured:
        response = ask(browser, path)
    assert response.status == 200
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.parametrize("who", ["member", "grace", "provisional", "staff", "editor"])
def test_a_whole_download_takes_at_most_six_statements(who: str) -> None:
    person, report = people.CAST[who](), shelf.report()
    statements = _statements(people.browser(person), gate(report))
    assert len(statements) <= MOST_STATEMENTS, "\n".join(statements)
    assert sum("write_a_download" in sql for sql in statements) == 1
    assert Download.objects.count() == 2  # the one before the counting, too


def test_a_download_signed_out_takes_at_most_three_statements() -> None:
    assert len(_statements(Client(), gate(shelf.KINDS["public"]()))) <= 3


def test_many_terms_seats_and_grants_cost_no_statement_more() -> None:
    few, many = people.member(), people.person("many")
    report = shelf.report()
    cost = len(_statements(people.browser(few), gate(report)))
    for number in range(12):
        organization = Organization.objects.create(name=f"District {number}", slug=f"d{number}", kind="district")
        membership = Membership.objects.create(organization=organization, plan=people.district_plan())
        for year in range(5):
            people.add_term(membership, starts=-365 * (year + 1) + 100, ends=-365 * year + 99)
        people.sit(many, membership, number=1)
        Contact.objects.create(organization=organization, person=many)
        people.buys(many, shelf.report(f"bought-{number}"))
    viewer = read_viewer(many)
    assert (len(viewer.holdings), len(viewer.grants), len(viewer.holdings[0].terms)) == (12, 12, 5)
    assert len(_statements(people.browser(many), gate(report))) == cost
    assert cost <= MOST_STATEMENTS


def test_a_refusal_costs_no_more_statements_than_a_page() -> None:
    browser, report = people.browser(people.noseat()), shelf.report()
    ask(browser, report)
    with CaptureQueriesContext(connection) as captured:
        assert ask(browser, report).status == 403
    assert len(captured) <= MOST_STATEMENTS
    assert not any(query["sql"].startswith(("INSERT", "UPDATE", "DELETE")) for query in captured.captured_queries)
