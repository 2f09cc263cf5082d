"""What people told us about their needs is seen by the group of hosts, and by nobody else, on no page and in no way."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.models import Answer, Forum, Question, Registration
from forums.registrations import Details, change_details, register
from tests import people
from tests.factories import make_open_forum
from tests.forums.hosting import host, plain, where

pytestmark = pytest.mark.django_db

SECRET = "no-shellfish-7781"
HARMLESS = "meeting colleagues 4452"


@pytest.fixture
def row() -> Registration:
    """Somebody who told us what they cannot eat, and changed it once."""
    now = timezone.now()
    forum = make_open_forum(now=now, capacity=3)
    lunch = Question.objects.create(forum=forum, label="Dietary needs", is_sensitive=True)
    hope = Question.objects.create(forum=forum, label="What brings you?")
    who = people.person("cto")
    answers = {lunch: f"was {SECRET}", hope: HARMLESS}
    made = register(forum=forum, person=who, details=Details(), answers=answers, by=who, now=now)
    return change_details(registration=made, details=Details(), answers={lunch: SECRET}, by=who, now=now)


def pages(row: Registration) -> list[str]:
    changelist = reverse("admin:forums_registration_changelist")
    return [
        *(where(row), where(row, "history"), where(row.forum), where(row.forum, "history")),
        *(where(row.forum, "line"), where(row.forum, "export")),
        *(changelist, f"{changelist}?forum={row.forum_id}"),
    ]


def test_hosts_see_the_answer_and_other_staff_see_that_it_is_hidden(row: Registration) -> None:
    seen = people.browser(host()).get(where(row)).content.decode()
    assert SECRET in seen
    hidden = people.browser(plain()).get(where(row)).content.decode()
    assert SECRET not in hidden
    assert "<dt>Dietary needs</dt><dd>Hidden</dd>" in hidden
    assert HARMLESS in hidden


def test_whether_there_is_an_answer_is_hidden_too(row: Registration) -> None:
    with_one = people.browser(plain()).get(where(row)).content.decode()
    Answer.objects.filter(question__is_sensitive=True).delete()
    without = people.browser(plain()).get(where(row)).content.decode()
    assert with_one.count("Hidden") == without.count("Hidden") == 1


@pytest.mark.parametrize("may", [(), ("change_registration", "change_forum", "view_answer", "change_answer")])
def test_no_page_of_the_admin_tells_staff_outside_the_group(row: Registration, may: tuple[str, ...]) -> None:
    browser = people.browser(plain(*may))
    for address in pages(row):
        response = browser.get(address)
        assert response.status_code == 200, address
        assert SECRET not in response.content.decode(), address


def test_a_search_for_the_answer_finds_nobody_for_anybody(row: Registration) -> None:
    address = reverse("admin:forums_registration_changelist")
    for who in (host(), plain(), people.staff()):
        assert not people.browser(who).get(address, {"q": SECRET}).context["cl"].result_list
        crafted = people.browser(who).get(address, {"answers__value__contains": SECRET[:3]})
        assert crafted.status_code in (302, 400), "no filter reaches into answers"


def test_answers_have_no_page_of_their_own() -> None:
    from django.contrib import admin

    assert Answer not in admin.site._registry


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_forged_request_exports_nothing_sensitive(row: Registration, kind: str) -> None:
    browser = people.browser(plain())
    forged = {"what": "registrants", "kind": "csv", "with_sensitive": "on", "go": "1", "action": "export"}
    assert SECRET not in browser.post(where(row.forum, "export"), forged).content.decode()
    chosen = {**forged, "_selected_action": [str(row.pk)]}
    response = browser.post(reverse("admin:forums_registration_changelist"), chosen)
    assert response["Content-Type"].startswith("text/csv")
    assert SECRET not in response.content.decode()


def test_what_is_sensitive_stays_sensitive(row: Registration) -> None:
    forum: Forum = row.forum
    question = forum.questions.get(is_sensitive=True)
    browser: Client = people.browser(plain("change_forum", "change_question", "view_question"))
    data: dict[str, Any] = {
        "questions-TOTAL_FORMS": "1",
        "questions-INITIAL_FORMS": "1",
        "questions-0-id": question.pk,
        "questions-0-forum": forum.pk,
        "questions-0-stage": "registration",
        "questions-0-label": "Dietary needs",
        "questions-0-kind": "text",
        "questions-0-position": "0",
    }
    browser.post(where(forum), data)
    question.refresh_from_db()
    assert question.is_sensitive
