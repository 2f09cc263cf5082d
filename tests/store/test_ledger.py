"""The download ledger: who, which edition, by which right, when; written once, never changed, never by a look."""

from datetime import timedelta

import pytest
import time_machine
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from members.models import Membership, Organization
from reports.models import Report
from store.models import Download, Grant
from store.reasons import Reason
from tests import people, shelf
from tests.store.asking import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def report() -> Report:
    return shelf.report()


def the_row() -> Download:
    return Download.objects.get()


def test_a_row_says_who_took_which_edition_by_which_right_and_when(report: Report) -> None:
    member = people.member()
    before = timezone.now()
    ask(people.browser(member), report)
    row = the_row()
    assert (row.person, row.edition, row.right, row.grant) == (member, report.current_edition, "member", None)
    assert row.organization == people.maple_valley().organization
    assert before <= row.at <= timezone.now()


@pytest.mark.parametrize("who", ["grace", "staff", "editor"])
def test_a_right_that_comes_from_no_organization_names_none(report: Report, who: str) -> None:
    ask(people.browser(people.CAST[who]()), report)
    assert the_row().organization is None


def test_the_organization_on_the_row_is_the_one_whose_seat_opened_the_report(report: Report) -> None:
    person = people.individual("both", starts=-700, ends=-400)
    gone = Organization.objects.create(name="Gone District", slug="gone", kind=Organization.Kind.DISTRICT)
    lapsed = Membership.objects.create(organization=gone, plan=people.district_plan())
    people.add_term(lapsed, starts=-700, ends=-400)
    people.sit(person, lapsed, number=1)
    people.sit(person, people.maple_valley(), number=9)
    ask(people.browser(person), report)
    assert the_row().organization == people.maple_valley().organization


def test_a_purchase_names_its_grant_and_not_an_organization(report: Report) -> None:
    buyer = people.purchase()
    grant = people.buys(buyer, report)
    ask(people.browser(buyer), report)
    assert (the_row().right, the_row().grant, the_row().organization) == ("purchased", grant, None)


def test_a_member_who_also_bought_the_report_takes_it_as_a_member(report: Report) -> None:
    member = people.member()
    people.buys(member, report)
    ask(people.browser(member), report)
    assert (the_row().right, the_row().grant) == ("member", None)


def test_a_free_report_taken_by_nobody_we_know_is_a_row_without_a_person() -> None:
    ask(people.browser(None), shelf.KINDS["public"]())
    assert (the_row().person, the_row().right, the_row().organization) == (None, "public", None)


def test_a_free_report_taken_by_a_member_names_the_member_and_no_organization() -> None:
    ask(people.browser(people.member()), shelf.KINDS["public"]())
    assert (the_row().person, the_row().right, the_row().organization) == (people.member(), "public", None)


def test_every_get_is_exactly_one_row(report: Report) -> None:
    browser = people.browser(people.member())
    for count in range(1, 4):
        ask(browser, report)
        assert Download.objects.count() == count


def test_looking_writes_nothing(report: Report) -> None:
    browser = people.browser(people.member())
    for path in (
        "/store/reports/a-report/",
        "/knowledge-center/a-report/",
        "/knowledge-center/",
        "/account/",
        "/store/",
    ):
        for method in ("get", "head"):
            assert ask(browser, path, method=method).status == 200, path
    ask(browser, report, method="head")
    assert not Download.objects.exists()
    ask(browser, report)
    assert Download.objects.count() == 1


def test_the_row_names_the_edition_that_left_and_keeps_it_when_a_later_one_comes(report: Report) -> None:
    browser = people.browser(people.member())
    ask(browser, report)
    first = report.current_edition
    second = shelf.add_edition(report, shelf.bytes_of("second"), number=2)
    ask(browser, report)
    assert list(Download.objects.order_by("at").values_list("edition", flat=True)) == [first.pk, second.pk]  # type: ignore[union-attr]


def test_the_time_on_the_row_is_the_instant_of_the_decision(report: Report) -> None:
    member = people.member()
    instant = timezone.now() + timedelta(minutes=20)
    with time_machine.travel(instant, tick=False):
        ask(people.browser(member), report)
    assert the_row().at == instant


# --- written once -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE store_download SET at = now()",
        "UPDATE store_download SET person_id = NULL",
        "DELETE FROM store_download",
    ],
)
def test_the_database_itself_refuses_to_change_the_ledger(report: Report, statement: str) -> None:
    ask(people.browser(people.member()), report)
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert the_row().person == people.member()


def test_neither_person_nor_edition_nor_grant_can_be_deleted_from_under_a_row(report: Report) -> None:
    buyer = people.purchase()
    grant = people.buys(buyer, report)
    ask(people.browser(buyer), report)
    for row in (buyer, report.current_edition, grant):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.delete()  # type: ignore[union-attr]
    assert the_row().grant == grant


@pytest.mark.parametrize("reason", [reason for reason in Reason if not reason.allows], ids=lambda reason: reason.value)
def test_no_refusal_is_a_right_that_the_ledger_knows(reason: Reason) -> None:
    rights = dict(Download._meta.get_field("right").choices or [])
    assert reason.value not in rights
    assert set(rights) == {right.value for right in Reason if right.allows}


def test_an_edition_that_leaves_by_a_grant_given_by_staff_says_so(report: Report) -> None:
    visitor = people.visitor()
    for kind, right in ((Grant.Kind.COMPLIMENTARY, "complimentary"), (Grant.Kind.STAFF, "staff")):
        Grant.objects.update(closed_at=timezone.now())
        grant = Grant.objects.create(
            report=report, person=visitor, kind=kind, opened_at=timezone.now() - timedelta(days=1)
        )
        ask(people.browser(visitor), report)
        row = Download.objects.latest("pk")
        assert (row.right, row.grant) == (right, grant)
