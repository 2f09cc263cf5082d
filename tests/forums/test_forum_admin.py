"""The admin of forums: numbers, capacity with its preview, the line, registrations and their story, what is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums.addresses import check_slug
from forums.at_a_glance import glance
from forums.models import (
    CheckIn,
    Forum,
    Letter,
    Material,
    Paragraph,
    Question,
    Registration,
    Session,
    Speaker,
    Team,
)
from forums.registrations import Details, admit_beyond_capacity, cancel
from forums.teams import Colleague, register_team
from forums.urls import urlpatterns
from tests import people
from tests.factories import make_forum, make_open_forum, make_registration
from tests.forums.hosting import a_full_forum, look, plain, press, row_of, where
from tests.site.test_admin import inline_code

pytestmark = pytest.mark.django_db

State = Registration.State
PREFIXES = ("agenda", "materials", "questions", "paragraphs")


@pytest.fixture
def staff() -> Client:
    """The browser of somebody who may do everything."""
    return people.browser(people.staff())


@pytest.fixture
def forum() -> Forum:
    """Two seats, both held; two wait."""
    return a_full_forum()


def typed(forum: Forum, **changed: Any) -> dict[str, Any]:
    """The forum's form as it stands, with something changed."""
    wall = "%Y-%m-%dT%H:%M"
    data: dict[str, Any] = {
        "status": forum.status,
        "title": forum.title,
        "slug": forum.slug,
        "series": forum.series_id,
        "venue": forum.venue,
        "precision": forum.precision,
        "starts_at": forum.local_start.strftime(wall),
        "ends_at": forum.local_end.strftime(wall),
        "registration_opens_at": "2020-01-01T09:00",
        "time_zone": forum.time_zone,
        "offer_hours": "48",
        "largest_team": "6",
    }
    for prefix in PREFIXES:
        data |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    return {**data, **changed}


# --- the way to other pages -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("codename", "opens"),
    [
        ("check_in", {"door"}),
        ("view_surveyresponse", {"survey"}),
        ("add_tablenote change_tablenote", {"notes"}),
        ("view_forum", set()),
    ],
)
def test_a_forums_page_leads_only_where_one_may_go(forum: Forum, codename: str, opens: set[str]) -> None:
    reader = people.browser(plain(*codename.split()))
    page = look(reader, forum)
    offered = {name for name in ("door", "survey", "notes") if f'href="/cto-forums/{forum.slug}/{name}/"' in page}
    assert offered == opens
    for name in ("door", "survey", "notes"):
        status = reader.get(f"/cto-forums/{forum.slug}/{name}/").status_code
        assert status == (200 if name in opens else 403)
    badges = f"/cto-forums/{forum.slug}/badges.pdf"
    assert f'href="{badges}"' in page


def test_a_draft_leads_to_no_page_of_its_day(staff: Client) -> None:
    draft = make_forum(status=Forum.Status.DRAFT)
    assert "/door/" not in look(staff, draft)


# --- its address ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("slug", ["certificates", "r", "t", "take"])
def test_a_forum_cannot_have_the_address_of_another_page(staff: Client, slug: str) -> None:
    draft = make_forum(status=Forum.Status.DRAFT)
    response = staff.post(where(draft), typed(draft, slug=slug))
    assert response.status_code == 200
    assert "This word stands for other pages of ours." in response.content.decode()
    draft.refresh_from_db()
    assert draft.slug != slug


@pytest.mark.parametrize("slug", ["register", "taken", "tables-2027", "certificates-2027", "calendar"])
def test_every_other_address_is_free(staff: Client, slug: str) -> None:
    draft = make_forum(status=Forum.Status.DRAFT)
    assert staff.post(where(draft), typed(draft, slug=slug)).status_code == 302
    draft.refresh_from_db()
    assert draft.slug == slug


def test_each_address_that_is_no_forums_is_refused_for_one() -> None:
    """Whatever is added below /cto-forums/ later."""
    first_words = {str(pattern.pattern).split("/")[1] for pattern in urlpatterns}
    fixed = {word for word in first_words if word.replace("-", "").isalnum()}
    assert fixed >= {"certificates", "r", "t", "take"}
    for word in fixed:
        with pytest.raises(ValidationError):
            check_slug(word)


# --- numbers ----------------------------------------------------------------------------------------------------------
def test_the_numbers_are_those_of_the_rows() -> None:
    now = timezone.now()
    forum = make_open_forum(now=now, capacity=4)
    for name, details in (
        ("a", {"us_state": "WA", "organization_name": "Maple Valley"}),
        ("b", {"us_state": "WA", "organization_name": "maple valley"}),
        ("c", {"us_state": "OR", "organization_name": "Other"}),
        ("d", {}),
        ("e", {}),
        ("f", {}),
    ):
        make_registration(forum, people.person(name), now=now, **details)
    cancel(registration=row_of(forum, "d"), by=None, now=now)
    by = people.staff()
    admit_beyond_capacity(forum=forum, person=people.person("g"), details=Details(), reason="Speaks.", by=by, now=now)
    register_team(
        forum=forum,
        lead=people.person("h"),
        colleagues=[Colleague("i@example.org", "I")],
        mode=Team.Mode.TOGETHER,
        details=Details(),
        by=None,
        now=now,
    )
    CheckIn.objects.create(registration=row_of(forum, "a"), entry="a" * 32, at=now, received_at=now, way="scanned")
    found = glance(forum, now)
    assert found is not None
    assert (found.capacity, found.confirmed, found.offered, found.free, found.extra) == (4, 3, 1, 0, 1)
    assert (found.waiting, found.left, found.checked_in, found.no_shows) == (3, 1, 1, None)
    assert (found.districts, found.states, found.teams) == (2, 2, 1)
    assert found.by_state[:3] == (("", 2), ("Washington", 2), ("Oregon", 1))
    assert sum(length for _, _, _, length in found.bar) == pytest.approx(100, abs=0.1)
    after = glance(forum, forum.starts_at)
    assert after is not None
    assert after.no_shows == 3


def test_a_forum_in_numbers_takes_as_many_statements_for_many_as_for_few(forum: Forum) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        glance(forum, timezone.now())
    for number in range(8):
        make_registration(forum, people.person(f"more{number}"), now=timezone.now(), us_state="WA")
    with CaptureQueriesContext(connection) as many:
        glance(forum, timezone.now())
    assert len(few) == len(many) == 3


@pytest.mark.parametrize("page", ["forum", "line", "registrations"])
def test_the_pages_take_as_many_statements_for_many_as_for_few(staff: Client, forum: Forum, page: str) -> None:
    address = {
        "forum": where(forum),
        "line": where(forum, "line"),
        "registrations": reverse("admin:forums_registration_changelist"),
    }[page]
    Session.objects.create(forum=forum, starts_at="10:00", title="Welcome")
    staff.get(address)
    with CaptureQueriesContext(connection) as few:
        staff.get(address)
    for number in range(6):
        make_registration(forum, people.person(f"more{number}"), now=timezone.now())
    Session.objects.create(forum=forum, starts_at="11:00", title="Tables")
    with CaptureQueriesContext(connection) as many:
        staff.get(address)
    assert len(many) == len(few)


def test_the_forum_s_page_shows_words_a_bar_and_a_table(staff: Client, forum: Forum) -> None:
    page = look(staff, forum)
    assert "2 registered" in page
    assert '<th scope="row">On the waitlist</th><td>2</td>' in page
    assert '<svg class="glance-bar"' in page
    assert inline_code(page) == []


# --- capacity ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("capacity", "words"),
    [
        (3, "1 more gets an offer, 1 still waits"),
        (9, "2 more get an offer, and nobody waits any longer"),
        (1, "1 is over. Nobody loses a seat"),
    ],
)
def test_another_capacity_says_first_what_follows_and_changes_nothing_yet(
    staff: Client, forum: Forum, capacity: int, words: str
) -> None:
    response = staff.post(where(forum, "do", "resize"), {"resize-capacity": capacity})
    assert words in response.content.decode()
    forum.seating.refresh_from_db()
    assert (forum.seating.capacity, forum.seating.held) == (2, 2)


def test_a_larger_capacity_brings_the_next_in_and_a_smaller_one_evicts_nobody(staff: Client, forum: Forum) -> None:
    assert press(staff, forum, "resize", capacity=3).status_code == 302
    assert row_of(forum, "three").state == State.OFFERED
    assert press(staff, forum, "resize", capacity=1).status_code == 302
    forum.seating.refresh_from_db()
    assert (forum.seating.held, forum.seating.over) == (3, 2)
    assert "2 people are over the number of seats" in look(staff, forum)


def test_a_preview_that_is_no_longer_true_is_shown_again(staff: Client, forum: Forum) -> None:
    shown = staff.post(where(forum, "do", "resize"), {"resize-capacity": 3})
    cancel(registration=row_of(forum, "four"), by=None, now=timezone.now())
    data = {"resize-capacity": 3, "seen": shown.context["seen"]}
    again = staff.post(where(forum, "do", "resize"), data)
    assert "1 more gets an offer, and nobody waits any longer" in again.content.decode()
    forum.seating.refresh_from_db()
    assert forum.seating.capacity == 2


def test_the_capacity_is_no_field_of_the_form(staff: Client, forum: Forum) -> None:
    staff.post(where(forum), typed(forum, capacity="9"))
    forum.seating.refresh_from_db()
    assert forum.seating.capacity == 2
    assert 'name="capacity"' not in look(staff, forum)


def test_a_new_forum_gets_its_seats_by_the_button(staff: Client) -> None:
    forum = make_open_forum(now=timezone.now())
    bare = make_open_forum("bare", now=timezone.now())
    bare.seating.delete()
    assert "say how many seats there are" in look(staff, bare)
    assert press(staff, bare, "resize", capacity=40).status_code == 302
    assert "say how many seats there are" not in look(staff, forum)
    assert Forum.objects.get(pk=bare.pk).seating.capacity == 40


# --- changes that are told --------------------------------------------------------------------------------------------
def told(kind: str) -> int:
    return Letter.objects.filter(kind=kind).count()


def test_a_change_of_the_day_is_told_to_everybody_who_is_registered_or_waits(staff: Client, forum: Forum) -> None:
    later = (forum.local_start + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    ends = (forum.local_end + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    data = typed(forum, starts_at=later, ends_at=ends, tell_everybody="on")
    assert staff.post(where(forum), data).status_code == 302
    forum.refresh_from_db()
    assert told("changed") == 4
    assert forum.revision == 1
    assert forum.local_start.strftime("%Y-%m-%dT%H:%M") == later


def test_nobody_is_told_when_staff_say_so_but_calendars_follow(staff: Client, forum: Forum) -> None:
    assert staff.post(where(forum), typed(forum, venue="Room 2")).status_code == 302
    forum.refresh_from_db()
    assert (forum.venue, forum.revision, told("changed")) == ("Room 2", 1, 0)


def test_nobody_is_told_of_what_nobody_travels_for(staff: Client, forum: Forum) -> None:
    data = typed(forum, summary="Other words.", tell_everybody="on")
    assert staff.post(where(forum), data).status_code == 302
    forum.refresh_from_db()
    assert (forum.summary, forum.revision, told("changed")) == ("Other words.", 0, 0)


def test_a_forum_is_cancelled_by_its_button_and_everybody_is_told(staff: Client, forum: Forum) -> None:
    shown = staff.post(where(forum, "do", "cancel"), {})
    assert "4 people" in shown.content.decode()
    assert Forum.objects.get(pk=forum.pk).status == Forum.Status.PUBLISHED
    assert press(staff, forum, "cancel").status_code == 302
    assert Forum.objects.get(pk=forum.pk).status == Forum.Status.CANCELLED
    assert told("cancelled") == 4


def test_the_form_neither_cancels_a_forum_nor_hides_one_that_people_are_registered_for(
    staff: Client, forum: Forum
) -> None:
    for status in ("cancelled", "draft"):
        staff.post(where(forum), typed(forum, status=status))
        assert Forum.objects.get(pk=forum.pk).status == Forum.Status.PUBLISHED
    empty = make_open_forum("empty", now=timezone.now())
    assert staff.post(where(empty), typed(empty, status="cancelled")).status_code == 200
    assert staff.post(where(empty), typed(empty, status="draft")).status_code == 302
    assert Forum.objects.get(pk=empty.pk).status == Forum.Status.DRAFT


# --- what belongs to it -----------------------------------------------------------------------------------------------
def added(prefix: str, **fields: Any) -> dict[str, Any]:
    return {f"{prefix}-TOTAL_FORMS": "1", **{f"{prefix}-0-{name}": value for name, value in fields.items()}}


def test_a_session_has_speakers_and_moderators(staff: Client, forum: Forum) -> None:
    fields = {"starts_at": "13:00", "ends_at": "13:20", "title": "Welcome"}
    assert staff.post(where(forum), typed(forum, **added("agenda", **fields))).status_code == 302
    session, speaker = forum.agenda.get(), Speaker.objects.create(name="Alma Reyes-Holt")
    data = {**fields, "parts-INITIAL_FORMS": "0"} | added("parts", speaker=speaker.pk, role="moderator", position="0")
    response = staff.post(where(session), data)
    assert response.headers["Location"] == where(forum)
    assert "Alma Reyes-Holt, moderator" in look(staff, forum)


def test_a_session_ends_after_it_starts(staff: Client, forum: Forum) -> None:
    data = typed(forum, **added("agenda", starts_at="13:00", ends_at="12:00", title="Welcome"))
    assert "A session ends after it starts." in staff.post(where(forum), data).content.decode()


def test_a_material_is_a_file_of_a_kind_that_runs_nothing_or_a_link(staff: Client, forum: Forum, settings: Any) -> None:
    page = SimpleUploadedFile("page.html", b"<script>")
    data = typed(forum, **added("materials", title="Slides", file=page, position="0"))
    assert "Files of this kind are not handed out" in staff.post(where(forum), data).content.decode()
    data = typed(forum, **added("materials", title="Slides", file=SimpleUploadedFile("a.pdf", b"%PDF"), position="0"))
    assert staff.post(where(forum), data).status_code == 302
    assert str(Material.objects.get().file).startswith(f"forums/{forum.pk}/a")
    assert "a.pdf" in look(staff, forum)
    settings.REPORT_MAX_BYTES = 10
    data = typed(forum, **added("materials", title="Big", file=SimpleUploadedFile("b.pdf", b"%PDF" * 9), position="0"))
    assert "is larger than" in staff.post(where(forum), data).content.decode()
    assert Material.objects.count() == 1


def test_a_question_says_what_sensitive_means_and_stays_so_once_answered(staff: Client, forum: Forum) -> None:
    assert "are erased 30 days after the forum" in look(staff, forum)
    fields = {"stage": "registration", "label": "Lunch", "kind": "one", "choices": "Meat", "position": "0"}
    data = typed(forum, **added("questions", **fields))
    assert "Give two choices or more." in staff.post(where(forum), data).content.decode()
    fields |= {"choices": "Meat\nNo meat", "is_sensitive": "on"}
    assert staff.post(where(forum), typed(forum, **added("questions", **fields))).status_code == 302
    question = Question.objects.get()
    assert (question.choices, question.is_sensitive) == (["Meat", "No meat"], True)
    row_of(forum, "one").answers.create(question=question, value="Meat")
    del fields["is_sensitive"]
    data = typed(forum, **added("questions", id=question.pk, **fields)) | {"questions-INITIAL_FORMS": "1"}
    assert "It stays sensitive." in staff.post(where(forum), data).content.decode()


def test_a_paragraph_may_name_known_values_only(staff: Client, forum: Forum) -> None:
    data = typed(forum, **added("paragraphs", kind="registered", text="Bring {person.password}"))
    assert "is no placeholder" in staff.post(where(forum), data).content.decode()
    data = typed(forum, **added("paragraphs", kind="registered", text="Bring a pen, {name}."))
    assert staff.post(where(forum), data).status_code == 302
    assert Paragraph.objects.get().text == "Bring a pen, {name}."


def test_a_past_forum_without_seats_has_a_page(staff: Client) -> None:
    assert "At a glance" not in look(staff, make_forum())
