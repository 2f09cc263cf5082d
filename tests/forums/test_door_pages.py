"""The pages of the door: who may, what a ticket's code shows to whom, and what a device is given."""

import json
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from forums.models import Answer, CheckIn, Forum, Question, Registration
from forums.registrations import Details, register
from forums.tickets import address_of_ticket
from members.models import User
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db


def at_the_door() -> User:
    """Staff who may check people in, and nothing else."""
    who = people.person("door", name="Dara Keeper", is_staff=True)
    who.user_permissions.add(Permission.objects.get(codename="check_in"))
    return who


def a_forum(**fields: Any) -> Forum:
    now = timezone.now()
    return make_open_forum("2027-april", now=now - timedelta(days=30), starts_at=now - timedelta(hours=1), **fields)


def registered(forum: Forum, key: str, name: str, district: str = "Cedar Falls Schools") -> Registration:
    return make_registration(
        forum,
        people.person(key, name=name),
        now=forum.starts_at - timedelta(days=20),
        organization_name=district,
    )


def door(forum: Forum, rest: str = "") -> str:
    return f"/cto-forums/{forum.slug}/door/{rest}"


# --- who may ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rest", ["", "device.json", "walk-in/", "worker.js"])
def test_the_door_is_for_staff_who_may_check_in(rest: str) -> None:
    forum = a_forum()
    assert people.browser(at_the_door()).get(door(forum, rest)).status_code == 200
    assert people.browser(people.person("plain", is_staff=True)).get(door(forum, rest)).status_code == 403
    assert people.browser(people.member()).get(door(forum, rest)).status_code == 403
    assert Client().get(door(forum, rest)).status_code == 302


def test_nobody_else_checks_anybody_in() -> None:
    forum = a_forum()
    row = registered(forum, "cto", "Priya Raman")
    for browser in (Client(), people.browser(people.person("plain", is_staff=True)), people.browser(row.person)):
        browser.post(door(forum), {"step": "check_in", "ticket": row.ticket})
        browser.post(f"/cto-forums/t/{row.ticket}/")
        browser.post(door(forum, "device.json"), {}, content_type="application/json")
    assert not CheckIn.objects.exists()


# --- by name ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["priya", "RAMAN pri", "cedar", "raman cedar", "<ticket>"])
def test_somebody_is_found_by_name_district_or_code(text: str) -> None:
    forum = a_forum(capacity=9)
    row = registered(forum, "cto", "Priya Raman")
    registered(forum, "other", "Bo Miller", "Lakes Agency")
    page = people.browser(at_the_door()).get(door(forum), {"q": text.replace("<ticket>", row.ticket[:5].lower())})
    assert "Priya Raman" in page.content.decode()
    assert "Bo Miller" not in page.content.decode()


def test_one_press_checks_in_and_another_undoes_it() -> None:
    forum = a_forum()
    row = registered(forum, "cto", "Priya Raman")
    browser = people.browser(at_the_door())
    browser.post(door(forum), {"step": "door", "door": "  East   door "})
    page = browser.post(f"{door(forum)}?q=priya", {"step": "check_in", "ticket": row.ticket}, follow=True)
    made = CheckIn.objects.get()
    assert (made.door, made.way, made.by, made.conflict) == ("East door", "by_name", at_the_door(), "")
    assert "Priya Raman is checked in." in page.content.decode()
    assert "East door: 1" in page.content.decode()
    browser.post(door(forum), {"step": "undo", "check_in": made.pk})
    made.refresh_from_db()
    assert made.undone_at is not None


def test_a_second_check_in_is_told_and_listed() -> None:
    forum = a_forum()
    row = registered(forum, "cto", "Priya Raman")
    browser = people.browser(at_the_door())
    for _ in range(2):
        page = browser.post(door(forum), {"step": "check_in", "ticket": row.ticket}, follow=True)
    assert "was checked in already" in page.content.decode()
    listed = browser.get(door(forum), {"last": "1"}).content.decode()
    assert "Was checked in already" in listed
    assert '<b data-count="in">1</b>' in listed


def test_a_check_in_of_another_forum_is_not_undone_here() -> None:
    here = a_forum()
    there = make_open_forum("there", now=timezone.now() - timedelta(days=30), starts_at=here.starts_at)
    row = registered(there, "cto", "Priya Raman")
    browser = people.browser(at_the_door())
    browser.post(door(there), {"step": "check_in", "ticket": row.ticket})
    made = CheckIn.objects.get()
    assert browser.post(door(here), {"step": "undo", "check_in": made.pk}).status_code == 404
    assert browser.post(door(here), {"step": "check_in", "ticket": row.ticket}).status_code == 404
    made.refresh_from_db()
    assert made.undone_at is None


# --- a ticket's code --------------------------------------------------------------------------------------------------
def test_a_ticket_opened_at_the_door_shows_its_person_and_one_press_checks_them_in() -> None:
    forum = a_forum()
    row = registered(forum, "cto", "Priya Raman")
    browser = people.browser(at_the_door())
    page = browser.get(f"/cto-forums/t/{row.ticket.lower()}/").content.decode()
    assert "Priya Raman" in page
    assert not CheckIn.objects.exists()
    page = browser.post(f"/cto-forums/t/{row.ticket}/", follow=True).content.decode()
    assert CheckIn.objects.get().way == CheckIn.Way.SCANNED
    assert "In since" in page


@pytest.mark.parametrize("who", ["signed out", "visitor", "themselves", "staff who may not"])
def test_a_ticket_opened_by_anybody_else_tells_nothing(who: str) -> None:
    row = registered(a_forum(), "cto", "Priya Raman")
    browser = {
        "signed out": Client(),
        "visitor": people.browser(people.visitor()),
        "themselves": people.browser(row.person),
        "staff who may not": people.browser(people.person("plain", is_staff=True)),
    }[who]
    real, none = (browser.get(f"/cto-forums/t/{code}/") for code in (row.ticket, "ABCDEFGHJKLM"))
    assert real.status_code == none.status_code == 200
    assert "Show this at the door" in real.content.decode()
    assert "Priya" not in real.content.decode()
    assert "Cedar" not in real.content.decode()
    assert len(real.content) == len(none.content), "nor whether there is such a ticket"


# --- the device -------------------------------------------------------------------------------------------------------
def test_the_list_for_a_device_has_name_district_seat_and_ticket_and_nothing_else() -> None:
    forum = a_forum(capacity=1)
    question = Question.objects.create(forum=forum, label="Dietary needs", kind="text", is_sensitive=True)
    row = registered(forum, "cto", "Priya Raman")
    Answer.objects.create(registration=row, question=question, value="Coeliac")
    registered(forum, "waiting", "Bo Miller")
    response = people.browser(at_the_door()).get(door(forum, "device.json"))
    told = response.json()
    assert told["people"] == [
        {
            "id": row.pk,
            "name": "Priya Raman",
            "district": "Cedar Falls Schools",
            "seat": 1,
            "ticket": row.ticket,
            "in": "",
        }
    ]
    assert "Coeliac" not in response.content.decode()
    assert "@" not in response.content.decode()
    assert datetime.fromisoformat(told["until"]) == forum.ends_at + timedelta(hours=24)
    assert "no-cache" in response.headers["Cache-Control"]


def test_the_page_that_a_device_keeps_names_nobody() -> None:
    forum = a_forum()
    row = registered(forum, "cto", "Priya Raman")
    browser = people.browser(at_the_door())
    browser.post(door(forum), {"step": "check_in", "ticket": row.ticket})
    kept = browser.get(door(forum), {"shell": "1"}).content.decode()
    assert "Priya" not in kept
    assert row.ticket not in kept
    assert "Priya Raman is checked in." in browser.get(door(forum)).content.decode(), "the message waits for the page"


def test_what_a_device_kept_is_answered_entry_by_entry() -> None:
    forum = a_forum()
    inside, outside = registered(forum, "a", "Priya Raman"), registered(forum, "b", "Bo Miller")
    browser = people.browser(at_the_door())
    browser.post(door(forum), {"step": "check_in", "ticket": inside.ticket})
    at = (timezone.now() - timedelta(minutes=20)).isoformat()
    entries = [
        {"entry": str(uuid4()), "registration": row.pk, "at": at, "door": "Side door", "way": "scanned"}
        for row in (inside, outside)
    ]
    for _ in range(2):  # the answer was lost on its way, so the device sends again
        told = browser.post(door(forum, "device.json"), {"entries": entries}, content_type="application/json").json()
        assert [one["conflict"] for one in told["outcomes"]] == ["already_in", ""]
        assert "Priya Raman was checked in already" in told["outcomes"][0]["sentence"]
    assert told["counts"]["in"] == 2
    assert CheckIn.objects.count() == 3


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "[]",
        "{}",
        '{"entries": 1}',
        '{"entries": [{"entry": "x", "registration": 1, "at": "2027-01-01T12:00:00Z"}]}',
        '{"entries": [{"entry": "<uuid>", "registration": "1", "at": "2027-01-01T12:00Z"}]}',
        '{"entries": [{"entry": "<uuid>", "registration": 1, "at": "2027-01-01T12:00"}]}',
        '{"entries": [{"entry": "<uuid>", "registration": 1, "at": "2027-13-01T12:00Z"}]}',
        json.dumps({"entries": [{}] * 2001}),
    ],
)
def test_what_is_no_list_of_check_ins_is_refused_without_a_stumble(sent: str) -> None:
    browser, sent = people.browser(at_the_door()), sent.replace("<uuid>", str(uuid4()))
    response = browser.post(door(a_forum(), "device.json"), sent, content_type="application/json")
    assert response.status_code == 400


def test_the_worker_is_a_script_of_ours_with_a_say_at_this_door_only() -> None:
    forum = a_forum()
    response = people.browser(at_the_door()).get(door(forum, "worker.js"))
    assert response.headers["Content-Type"].startswith("text/javascript")
    assert "Service-Worker-Allowed" not in response.headers
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


def test_the_cost_of_the_door_does_not_grow_with_the_forum(django_assert_max_num_queries: Any) -> None:
    forum = a_forum(capacity=30)
    browser = people.browser(at_the_door())
    for number in range(12):
        registered(forum, f"cto{number}", f"Person {number}")
    with django_assert_max_num_queries(12):
        browser.get(door(forum, "device.json"))
    with django_assert_max_num_queries(12):
        browser.get(door(forum), {"q": "Person"})


# --- walk-ins ---------------------------------------------------------------------------------------------------------
def test_a_walk_in_is_typed_in_and_checked_in_at_once() -> None:
    forum = a_forum(capacity=2)
    browser = people.browser(at_the_door())
    typed = {"name": "Sam New", "email": "Sam.New@example.org", "organization": "Lakes Agency", "us_state": "MN"}
    page = browser.post(door(forum, "walk-in/"), typed, follow=True).content.decode()
    assert "Sam New is checked in. Seat 1." in page
    row = Registration.objects.get()
    assert (row.organization_name, row.us_state, row.override is not None) == ("Lakes Agency", "MN", True)


def test_a_walk_in_whom_no_chair_awaits_is_refused_in_words_and_let_in_for_a_reason() -> None:
    forum = a_forum(capacity=1)
    row = registered(forum, "cto", "Priya Raman")
    browser = people.browser(at_the_door())
    browser.post(door(forum), {"step": "check_in", "ticket": row.ticket})
    typed = {"name": "Sam New", "email": "sam.new@example.org"}
    refused = browser.post(door(forum, "walk-in/"), typed)
    assert refused.status_code == 422
    assert "Somebody sits on every chair" in refused.content.decode()
    assert not User.objects.filter(email="sam.new@example.org").exists()
    browser.post(door(forum, "walk-in/"), {**typed, "reason": "Speaks at four"})
    assert Registration.objects.filter(person__email="sam.new@example.org", override__reason="Speaks at four").exists()


def test_a_cancelled_forum_has_no_door() -> None:
    forum = a_forum()
    row = register(
        forum=forum, person=people.visitor(), details=Details(), by=None, now=forum.starts_at - timedelta(days=1)
    )
    Forum.objects.update(status=Forum.Status.CANCELLED)
    browser = people.browser(at_the_door())
    page = browser.post(door(forum), {"step": "check_in", "ticket": row.ticket}, follow=True).content.decode()
    assert "Nobody is checked in" in page
    assert not CheckIn.objects.exists()


def test_the_doors_camera_reads_the_address_that_a_ticket_holds() -> None:
    """door.js takes the code out of the address by a pattern; this is the pattern and the address."""
    row = registered(a_forum(), "cto", "Priya Raman")
    script = (settings.BASE_DIR / "static/js/door.js").read_text()
    assert r"/\/t\/([0-9A-Za-z]+)\/?$/" in script
    found = re.search(r"/t/([0-9A-Za-z]+)/?$", address_of_ticket(row))
    assert found is not None
    assert found[1] == row.ticket
