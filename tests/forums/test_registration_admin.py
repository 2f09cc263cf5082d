"""The admin of registrations: the line, the steps of staff with their reasons, stories, who may, writing to many."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from forums.models import CheckIn, Forum, HandOn, Letter, Override, Registration
from forums.registrations import Details, admit_beyond_capacity, cancel
from forums.roles import HOSTS
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.forums.hosting import a_full_forum, host, look, plain, press, row_of, where

pytestmark = pytest.mark.django_db

State = Registration.State


@pytest.fixture
def staff() -> Client:
    """The browser of somebody who may do everything."""
    return people.browser(people.staff())


@pytest.fixture
def forum() -> Forum:
    """Two seats, both held; two wait."""
    return a_full_forum()


# --- the line ---------------------------------------------------------------------------------------------------------
def test_the_line_says_who_waits_where_and_why_somebody_was_passed_over(staff: Client, forum: Forum) -> None:
    admit_beyond_capacity(
        forum=forum,
        person=people.person("speaker"),
        details=Details(),
        reason="Speaks.",
        by=people.staff(),
        now=timezone.now(),
    )
    page = look(staff, forum, "line")
    assert "2 wait." in page
    assert page.index("Three") < page.index("Four")
    assert page.count("for Speaker. Staff brought in a chair for somebody else") == 2
    cancel(registration=row_of(forum, "one"), reason="A board meeting", by=None, now=timezone.now())
    page = look(staff, forum, "line")
    assert "1 waits." in page
    assert "Seat offered, to be answered by" in page


# --- registrations ----------------------------------------------------------------------------------------------------
def test_registrations_are_not_added_edited_or_deleted(staff: Client, forum: Forum) -> None:
    row = row_of(forum, "one")
    assert staff.get(reverse("admin:forums_registration_add")).status_code == 403
    assert staff.post(where(row, "delete"), {"post": "yes"}).status_code == 403
    assert staff.post(where(row), {"state": "cancelled"}).status_code == 403
    assert row_of(forum, "one").state == State.CONFIRMED


def test_staff_cancel_with_a_reason_and_the_seat_goes_on(staff: Client, forum: Forum) -> None:
    assert press(staff, row_of(forum, "one"), "cancel").status_code == 422
    assert press(staff, row_of(forum, "one"), "cancel", reason="Asked by phone").status_code == 302
    row = row_of(forum, "one")
    assert (row.state, row.reason) == (State.CANCELLED, "Asked by phone")
    assert row_of(forum, "three").state == State.OFFERED


def test_staff_bring_in_a_chair_for_who_waits_and_for_who_is_new(staff: Client, forum: Forum) -> None:
    assert press(staff, row_of(forum, "four"), "admit", reason="Speaks.").status_code == 302
    row = row_of(forum, "four")
    assert (row.state, row.override is not None and row.override.reason) == (State.CONFIRMED, "Speaks.")
    assert press(staff, forum, "bring-in", email="new@example.org", name="New", reason="").status_code == 422
    answer = press(staff, forum, "bring-in", email="New@Example.org", name="New Person", reason="Moderates.")
    assert answer.status_code == 302
    assert row_of(forum, "new").state == State.CONFIRMED
    assert Override.objects.filter(by=people.staff()).count() == 2
    forum.seating.refresh_from_db()
    assert (forum.seating.held, forum.seating.extra) == (2, 2)


def test_no_chair_is_brought_in_while_one_is_free(staff: Client) -> None:
    forum = make_open_forum(now=timezone.now(), capacity=5)
    answer = press(staff, forum, "bring-in", email="new@example.org", name="New", reason="Speaks.")
    assert "A seat is free for them without it" in answer.content.decode()
    assert not Override.objects.exists()


def test_staff_hold_out_and_take_back(staff: Client, forum: Forum) -> None:
    assert press(staff, row_of(forum, "one"), "hand-on", email="c@example.org", name="C").status_code == 302
    assert HandOn.objects.open().get().email == "c@example.org"
    assert press(staff, row_of(forum, "one"), "take-back").status_code == 302
    assert not HandOn.objects.open().exists()


def test_the_list_is_filtered_by_forum_standing_state_team_and_who_came(staff: Client, forum: Forum) -> None:
    other = make_open_forum("other", now=timezone.now(), capacity=9)
    row = make_registration(other, people.person("elsewhere"), now=timezone.now(), us_state="WA")
    Forum.objects.filter(pk=other.pk).update(starts_at=timezone.now() - timedelta(hours=1))
    absent = make_registration(forum, people.person("five"), now=timezone.now())
    CheckIn.objects.create(
        registration=row, entry="a" * 32, at=timezone.now(), received_at=timezone.now(), way="scanned"
    )
    assert absent.state == State.WAITING

    def shown(**query: Any) -> int:
        response = staff.get(reverse("admin:forums_registration_changelist"), query)
        return len(response.context["cl"].result_list)

    assert (shown(), shown(forum=forum.pk), shown(state="waiting"), shown(state="seat")) == (6, 5, 3, 3)
    assert (shown(us_state="WA"), shown(team="yes"), shown(team="no")) == (1, 0, 6)
    assert (shown(came="yes"), shown(came="no"), shown(q="elsewhere")) == (1, 0, 1)


def test_a_registration_tells_its_story_with_who_and_by_which_verb(staff: Client, forum: Forum) -> None:
    row = row_of(forum, "four")
    press(staff, row, "admit", reason="Speaks.")
    Letter.objects.create(registration=row, kind="registered", key="x", made_at=timezone.now())
    page = look(staff, row)
    assert "Came into the line" in page
    assert "Seat 3 brought in beyond the capacity; by “admit beyond capacity”" in page
    assert f"By {people.staff()}" in page
    assert "Letter: Registered" in page
    assert "Was passed over for Four" in look(staff, row_of(forum, "three"))


# --- who may ----------------------------------------------------------------------------------------------------------
def test_hosts_run_forums_and_editors_see_nobody(forum: Forum) -> None:
    row = row_of(forum, "one")
    browser = people.browser(host())
    for address in (where(forum), where(forum, "line"), where(forum, "export"), where(row), where(row, "history")):
        assert browser.get(address).status_code == 200, address
        seen = people.browser(people.editor()).get(address)
        assert seen.status_code == 200 if address == where(forum) else seen.status_code == 403, address
    page = look(people.browser(people.editor()), forum)
    assert "Who is registered" not in page
    assert "2 registered" in page
    assert press(browser, forum, "resize", capacity=3).status_code == 302


def test_who_only_looks_takes_no_steps(forum: Forum) -> None:
    browser = people.browser(plain())
    assert "room-steps" not in look(browser, forum)
    for obj, verb in ((forum, "resize"), (forum, "cancel"), (forum, "bring-in"), (row_of(forum, "one"), "cancel")):
        assert browser.post(where(obj, "do", verb), {}).status_code == 403


def test_the_group_of_hosts_is_there_after_migrating() -> None:
    held = set(Group.objects.get(name=HOSTS).permissions.values_list("codename", flat=True))
    assert {"view_sensitive_answers", "check_in", "change_forum", "view_registration"} <= held
    assert not {"delete_forum", "add_registration", "delete_registration"} & held


# --- writing to many --------------------------------------------------------------------------------------------------
def test_staff_write_to_whom_the_filters_leave_after_seeing_it(staff: Client, forum: Forum) -> None:
    other = make_open_forum("other", now=timezone.now())
    make_registration(other, people.person("elsewhere"), now=timezone.now())
    address = f"{reverse('admin:forums_registration_changelist')}?forum={forum.pk}&state=waiting"
    chosen = {"action": "write", "select_across": "1", "_selected_action": [str(row_of(forum, "three").pk)]}
    assert staff.post(address, chosen).status_code == 200
    data = {**chosen, "go": "1", "subject": "Parking", "text": "Park behind the hall, {name}."}
    shown = staff.post(address, data)
    assert "2 people, each by a mail of their own" in shown.content.decode()
    assert not DBTaskResult.objects.filter(args_kwargs__args__1="from_staff").exists()
    assert staff.post(address, {**data, "seen": shown.context["seen"]}).status_code == 302
    assert DBTaskResult.objects.filter(args_kwargs__args__1="from_staff").count() == 2


def test_people_of_two_forums_are_not_written_to_at_once(staff: Client, forum: Forum) -> None:
    other = make_open_forum("other", now=timezone.now())
    row = make_registration(other, people.person("elsewhere"), now=timezone.now())
    keys = [str(row.pk), str(row_of(forum, "one").pk)]
    response = staff.post(
        reverse("admin:forums_registration_changelist"), {"action": "write", "_selected_action": keys}, follow=True
    )
    assert "Choose people of one forum" in response.content.decode()


def test_no_two_columns_of_the_list_have_one_name(forum: Forum) -> None:
    text = people.browser(people.staff()).get(reverse("admin:forums_registration_changelist")).content.decode()
    names = re.findall(r'class="text"><(?:a|span)[^>]*>([^<]+)<', text)
    assert "Registration" in names
    assert len(names) == len(set(names))
