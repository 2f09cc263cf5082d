"""THE table: every person, every kind of report, what the gate answers, by the same set-up for yes and for no.

A reason stands for what must happen: an allowing one for the bytes and one row of the ledger, `not_signed_in` for the
way to the sign-in and back, `not_published` for a page that is not there, every other for a 403 that says why. And the
report's own page, and the store's page about it, must say the same.
"""

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from members.models import User
from reports.models import Report
from store.access import Viewer, decide, read_viewer
from store.models import Download
from store.panels import panel_for
from store.reasons import Reason
from tests import people, shelf
from tests.store.asking import Answer, ask

pytestmark = pytest.mark.django_db

TABLE = """
                public  registered     members        bought         embargoed  draft          scheduled      withdrawn
signed out      public  not_signed_in  not_signed_in  not_signed_in  embargoed  not_published  not_published  withdrawn
visitor         public  registered     not_a_member   not_a_member   embargoed  not_published  not_published  withdrawn
unverified      public  not_verified   not_verified   not_verified   embargoed  not_published  not_published  withdrawn
member          public  registered     member         member         embargoed  not_published  not_published  withdrawn
contact         public  registered     member         member         embargoed  not_published  not_published  withdrawn
noseat          public  registered     no_seat        no_seat        embargoed  not_published  not_published  withdrawn
grace           public  registered     grace          grace          embargoed  not_published  not_published  withdrawn
provisional     public  registered     provisional    provisional    embargoed  not_published  not_published  withdrawn
upcoming        public  registered     not_a_member   not_a_member   embargoed  not_published  not_published  withdrawn
lapsed          public  registered     lapsed         lapsed         embargoed  not_published  not_published  withdrawn
purchase        public  registered     not_a_member   purchased      embargoed  not_published  not_published  withdrawn
editor          public  registered     staff          staff          staff      staff          staff          staff
staff           public  registered     staff          staff          staff      staff          staff          staff
"""

ALLOWING = {"public", "registered", "member", "grace", "provisional", "purchased", "staff"}


def cells() -> list[tuple[str, str, str]]:
    """(person, kind of report, reason), cell by cell."""
    head, *rows = TABLE.strip("\n").splitlines()
    kinds = head.split()
    answers = []
    for row in rows:
        who, *reasons = re.split(r"\s{2,}", row.strip())
        answers += [(who, kind, reason) for kind, reason in zip(kinds, reasons, strict=True)]
    return answers


def test_the_table_leaves_out_no_person_and_no_kind_of_report() -> None:
    assert {who for who, _, _ in cells()} == set(people.CAST)
    assert {kind for _, kind, _ in cells()} == set(shelf.KINDS)
    assert {Reason[reason.upper()] for _, _, reason in cells()} | {Reason.COMPLIMENTARY} == set(Reason)
    assert {reason for _, _, reason in cells() if Reason[reason.upper()].allows} == ALLOWING


@pytest.mark.parametrize(("who", "kind", "reason"), cells(), ids=lambda value: str(value).replace(" ", "-"))
def test_the_gate_answers_as_the_table_says(who: str, kind: str, reason: str) -> None:
    person, report = _set_the_scene(who, kind)
    browser = people.browser(person)

    answer = ask(browser, report)

    if reason in ALLOWING:
        assert answer.status == 200
        assert answer.body == shelf.bytes_of(kind)
        assert [(row.person, row.right, row.edition.report) for row in Download.objects.all()] == [
            (person, reason, report)
        ]
    else:
        _is_refused(answer, report, reason)
        assert shelf.bytes_of(kind)[:60] not in answer.body
        assert not Download.objects.exists()
    _pages_say_the_same(browser, person, report, Reason[reason.upper()])


def _set_the_scene(who: str, kind: str) -> tuple[User | None, Report]:
    person, report = people.CAST[who](), shelf.KINDS[kind]()
    if kind == "bought":
        people.buys(people.purchase(), report)
    return person, report


def _is_refused(answer: Answer, report: Report, reason: str) -> None:
    if reason == "not_signed_in":
        assert answer.status == 302
        assert answer.headers["Location"] == f"/accounts/login/?next=/store/reports/{report.slug}/download/"
    elif reason == "not_published":
        assert answer.status == 404
        assert report.title not in answer.body.decode()
    else:
        assert answer.status == 403
        assert report.title in unescape(answer.body.decode())
    if reason != "not_published":
        assert "no-store" in answer.headers["Cache-Control"]


def _pages_say_the_same(browser: Client, person: User | None, report: Report, reason: Reason) -> None:
    """The panel on the report's page and the store's page about it, against the gate's answer a moment ago."""
    now = timezone.now()
    decision = decide(read_viewer(person) if person else Viewer(), report, now)
    assert decision.reason is reason
    for path in (f"/store/reports/{report.slug}/", f"/knowledge-center/{report.slug}/"):
        page = browser.get(path)
        if reason is Reason.NOT_PUBLISHED:
            assert page.status_code == 404
            continue
        if page.status_code == 404 and reason is Reason.STAFF and path.startswith("/knowledge-center/"):
            assert report.slug in {"draft", "scheduled"}, "staff look at these in the admin, or here"
            continue
        assert page.status_code == 200
        panel = access_panel(page.content.decode())
        assert panel_for(decision, now).title in panel
        assert (f'href="/store/reports/{report.slug}/download/"' in panel) is reason.allows


def access_panel(html: str) -> str:
    """The panel's part of a page, from its box to the end of it."""
    start = html.index('<div class="access')
    depth, end = 0, start
    for tag in re.finditer(r"<(/?)div\b", html[start:]):
        depth += -1 if tag.group(1) else 1
        if depth == 0:
            end = start + tag.end()
            break
    return unescape(html[start:end])


@pytest.mark.parametrize(("who", "kind", "reason"), [cell for cell in cells() if cell[2] not in ALLOWING][::3])
def test_asking_only_for_the_head_never_writes_a_row_and_gets_the_same_answer(who: str, kind: str, reason: str) -> None:
    person, report = _set_the_scene(who, kind)
    browser = people.browser(person)
    assert ask(browser, report, method="head").status == ask(browser, report).status
    assert not Download.objects.exists()
