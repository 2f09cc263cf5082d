"""The page behind a registration's link, and the steps that its buttons take."""

import re
from datetime import timedelta
from typing import Any

import pytest
import segno
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums.allocation import put
from forums.links import token_of
from forums.models import Answer, Certificate, CheckIn, Forum, HandOn, Question, Registration, Skip, Team
from forums.registrations import Details, cancel
from forums.teams import Colleague, register_team
from forums.tickets import qr_code
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db

State = Registration.State
STEPS = ("accept", "answers", "cancel", "hand_on", "take_back", "as_many_as_fit")


def url(row: Registration, step: str = "registration", *more: int) -> str:
    return reverse(f"forums:{step}", args=[token_of(row), *more])


def page(row: Registration, step: str = "registration") -> str:
    answer = Client().get(url(row, step))
    assert answer.status_code == 200
    return words(answer.content.decode())


def words(html: str) -> str:
    return html.replace("\u00a0", " ").replace("&#x27;", "'")


def one_seat(**fields: Any) -> Forum:
    return make_open_forum(now=timezone.now(), capacity=1, **fields)


def registered(forum: Forum, key: str = "visitor", **details: Any) -> Registration:
    return make_registration(forum, people.person(key, name=f"{key.title()} Lane"), now=timezone.now(), **details)


def begun(forum: Forum, *, hours: int = 1, lasts: int = 4) -> None:
    starts = timezone.now() - timedelta(hours=hours)
    Forum.objects.filter(pk=forum.pk).update(starts_at=starts, ends_at=starts + timedelta(hours=lasts))


# --- the page -----------------------------------------------------------------------------------------------------
def test_a_ticket_has_its_seat_its_code_and_a_drawing_of_it() -> None:
    row = registered(one_seat())
    text = page(row)
    assert "You are registered" in text
    assert "Seat 1" in text
    assert row.ticket in text.replace("-", "")


def test_the_drawing_is_the_address_of_the_ticket(settings: object) -> None:
    row = registered(one_seat())
    address = f"{settings.SITE_URL}{reverse('forums:ticket', args=[row.ticket])}"  # type: ignore[attr-defined]
    assert f'<path d="{qr_code(address).path}"/>' in page(row)


def test_the_drawing_has_each_dark_square_of_the_code_and_white_around_it() -> None:
    text = "http://127.0.0.1:8000/cto-forums/t/3JFC5T5B5SF9/"
    code, drawn = qr_code(text), set()
    for column, row, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", code.path):
        drawn |= {(int(row), int(column) + step) for step in range(int(length))}
    symbol = segno.make(text, error="m", micro=False)
    dark = {(y, x) for y, line in enumerate(symbol.matrix_iter(border=4)) for x, is_dark in enumerate(line) if is_dark}
    assert drawn == dark
    assert code.size == symbol.symbol_size(border=4)[0]


def test_the_page_is_for_the_holder_of_the_link_alone() -> None:
    answer = Client().get(url(registered(one_seat())))
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "strict-origin"


def test_a_link_that_was_changed_opens_nothing() -> None:
    row = registered(one_seat())
    number, _, signature = token_of(row).partition(":")
    for token in (f"{row.pk + 1}:{signature}", number, f"{number}:{'x' * len(signature)}"):
        assert Client().get(reverse("forums:registration", args=[token])).status_code == 404


def test_one_sees_ones_place_in_line() -> None:
    forum = one_seat()
    registered(forum, "first")
    rows = [registered(forum, f"cto{number}") for number in range(3)]
    assert "You are 2nd of 3 in line" in page(rows[1])
    assert "1 person ahead of you" in page(rows[1])
    put([rows[0].pk], State.CANCELLED, timezone.now())
    assert "You are 1st of 2 in line" in page(rows[1])


def test_each_skip_is_told_with_its_reason_and_its_day() -> None:
    forum = one_seat()
    winner, waits = registered(forum, "first"), registered(forum)
    Skip.objects.create(
        registration=waits, in_favor_of=winner, reason=Skip.Reason.TEAM_TOO_LARGE, free_seats=1, at=timezone.now()
    )
    text = page(waits)
    assert "The team stays together and there were fewer free seats than it needs." in text
    assert "1 seat free" in text
    assert timezone.now().astimezone(forum.zone).strftime("%B %Y") in text
    assert "First Lane" not in text  # in whose favor is nobody else's business


def test_an_offer_is_told_with_its_deadline_in_the_forums_zone() -> None:
    forum = one_seat(time_zone="America/Denver")
    holder, waits = registered(forum, "first"), registered(forum)
    Client().post(url(holder, "cancel"))
    waits.refresh_from_db()
    assert waits.state == State.OFFERED
    assert waits.offer_expires_at is not None
    local = waits.offer_expires_at.astimezone(forum.zone)
    text = page(waits)
    assert f"{local:%A}, {local.day} {local:%B %Y}" in text
    assert "Mountain" in text
    assert "Take the seat" in text
    assert "Let it go" in text


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (State.CANCELLED, "Your registration is cancelled"),
        (State.LAPSED, "The offer went to the next person"),
        (State.HANDED_ON, "A colleague goes in your place"),
    ],
)
def test_who_is_out_is_told_how_and_can_register_again(state: Registration.State, title: str) -> None:
    row = registered(one_seat())
    put([row.pk], state, timezone.now())
    text = page(row)
    assert title in text
    assert reverse("forums:register", args=[row.forum.slug]) in text
    assert "QR code" not in text


def test_a_cancelled_forum_says_so_and_shows_no_ticket() -> None:
    forum = one_seat()
    row = registered(forum)
    Forum.objects.filter(pk=forum.pk).update(status=Forum.Status.CANCELLED)
    assert "This forum will not take place" in page(row)
    assert "QR code" not in page(row)


def test_a_ticket_shows_on_the_day_and_can_be_given_up_no_more() -> None:
    forum = one_seat()
    row = registered(forum)
    begun(forum)
    text = page(row)
    assert "QR code" in text
    assert url(row, "cancel") not in text
    assert url(row, "hand_on") not in text


def test_after_the_forum_certificate_and_survey_show_when_they_are_there() -> None:
    forum = one_seat()
    row = registered(forum)
    begun(forum, hours=5)
    assert url(row, "my_certificate") not in page(row)
    assert url(row, "survey") not in page(row)
    now = timezone.now()
    CheckIn.objects.create(
        registration=row, entry="0" * 32, at=now, received_at=now, way=CheckIn.Way.SCANNED, conflict=""
    )
    Question.objects.create(forum=forum, stage=Question.Stage.SURVEY, label="How was it?", kind=Question.Kind.SCALE)
    assert url(row, "my_certificate") in page(row)  # whose page has the button that makes it
    assert url(row, "survey") in page(row)
    Registration.objects.filter(pk=row.pk).update(surveyed_at=now)
    assert url(row, "survey") not in page(row)


def test_the_page_costs_the_same_however_long_the_line() -> None:
    forum = one_seat()
    registered(forum, "first")
    waits = registered(forum)
    page(waits)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(waits)
        return len(asked)

    before = cost()
    for number in range(5):
        registered(forum, f"cto{number}")
    assert cost() == before


# --- opening changes nothing --------------------------------------------------------------------------------------
def everything_about(forum: Forum) -> list[tuple[object, ...]]:
    rows = Registration.objects.filter(forum=forum).order_by("pk")
    hand_ons = HandOn.objects.order_by("pk").values_list("pk", "taken_at", "withdrawn_at")
    return [*rows.values_list(*[field.attname for field in Registration._meta.concrete_fields]), *hand_ons]


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("step", ["registration", *STEPS])
def test_opening_a_link_changes_nothing(method: str, step: str) -> None:
    forum = one_seat()
    holder, waits, offered = registered(forum, "first"), registered(forum), registered(forum, "third")
    team = Team.objects.create(forum=forum, lead=waits.person, mode=Team.Mode.TOGETHER, created_at=timezone.now())
    Registration.objects.filter(pk=waits.pk).update(team=team)
    Client().post(url(holder, "hand_on"), {"name": "Kay", "email": "kay@example.org"})
    before = everything_about(forum)
    more = (team.pk,) if step == "as_many_as_fit" else ()
    statuses = [getattr(Client(), method)(url(row, step, *more)).status_code for row in (holder, waits, offered)]
    assert set(statuses) <= {200, 302, 404}
    assert everything_about(forum) == before


def test_a_button_without_its_secret_form_value_changes_nothing() -> None:
    row = registered(one_seat())
    assert Client(enforce_csrf_checks=True).post(url(row, "cancel")).status_code == 403
    row.refresh_from_db()
    assert row.state == State.CONFIRMED


# --- cancel -------------------------------------------------------------------------------------------------------
def test_cancelling_gives_the_seat_to_the_next_in_line() -> None:
    forum = one_seat()
    holder, waits = registered(forum, "first"), registered(forum)
    assert "We give seat 1 to the next person at once" in page(holder, "cancel")
    answer = Client().post(url(holder, "cancel"), {"reason": "The budget hearing moved"}, follow=True)
    assert "Your registration is cancelled." in words(answer.content.decode())
    holder.refresh_from_db()
    waits.refresh_from_db()
    assert (holder.state, holder.reason) == (State.CANCELLED, "The budget hearing moved")
    assert waits.state == State.OFFERED


def test_who_was_cancelled_by_staff_is_not_told_that_they_gave_it_back() -> None:
    row = registered(one_seat())
    cancel(registration=row, reason="This seat is for districts.", by=people.staff(), now=timezone.now())
    text = page(row)
    assert "It was cancelled on" in text
    assert "The reason given: This seat is for districts." in text
    assert "You gave it back" not in text


def test_cancelling_twice_is_refused_in_words() -> None:
    row = registered(one_seat())
    Client().post(url(row, "cancel"))
    answer = Client().post(url(row, "cancel"))
    assert answer.status_code == 409
    assert "There is nothing to cancel" in answer.content.decode()


def test_after_the_forum_began_nothing_is_cancelled() -> None:
    forum = one_seat()
    row = registered(forum)
    begun(forum)
    answer = Client().post(url(row, "cancel"))
    assert answer.status_code == 409
    assert "The forum has begun" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == State.CONFIRMED


def test_a_page_of_a_step_that_is_past_leads_back_to_where_one_stands() -> None:
    row = registered(one_seat())
    put([row.pk], State.CANCELLED, timezone.now())
    for step in ("cancel", "answers", "hand_on", "accept"):
        answer = Client().get(url(row, step))
        assert (answer.status_code, answer.headers["Location"]) == (302, url(row))


# --- accept -------------------------------------------------------------------------------------------------------
def test_an_offer_is_taken_by_its_button() -> None:
    forum = one_seat()
    holder, waits = registered(forum, "first"), registered(forum)
    Client().post(url(holder, "cancel"))
    assert "Take the seat" in page(waits, "accept")
    answer = Client().post(url(waits, "accept"), follow=True)
    assert "The seat is yours" in answer.content.decode()
    assert "QR code" in answer.content.decode()
    waits.refresh_from_db()
    assert waits.state == State.CONFIRMED


def test_an_offer_is_declined_by_its_button_and_goes_on() -> None:
    forum = one_seat()
    holder, waits, third = registered(forum, "first"), registered(forum), registered(forum, "third")
    Client().post(url(holder, "cancel"))
    assert "Let the seat go" in page(waits, "cancel")
    Client().post(url(waits, "cancel"))
    waits.refresh_from_db()
    third.refresh_from_db()
    assert (waits.state, third.state) == (State.CANCELLED, State.OFFERED)


def test_an_offer_that_is_gone_cannot_be_taken() -> None:
    forum = one_seat()
    holder, waits, third = registered(forum, "first"), registered(forum), registered(forum, "third")
    Client().post(url(holder, "cancel"))
    Registration.objects.filter(pk=waits.pk).update(offer_expires_at=timezone.now() - timedelta(minutes=1))
    assert "The offer went to the next person" in page(waits)
    answer = Client().post(url(waits, "accept"))
    assert answer.status_code == 409
    assert "This offer is gone" in answer.content.decode()
    waits.refresh_from_db()
    third.refresh_from_db()
    assert (waits.state, third.state) == (State.LAPSED, State.OFFERED)


# --- answers ------------------------------------------------------------------------------------------------------
def asked(forum: Forum, label: str, **fields: Any) -> Question:
    return Question.objects.create(forum=forum, label=label, **fields)


def test_answers_are_shown_to_their_owner_the_sensitive_ones_too() -> None:
    forum = one_seat()
    diet = asked(forum, "What should the kitchen know?", is_sensitive=True)
    row = registered(forum, organization_name="Elm County Schools", title="CTO", us_state="OH")
    Answer.objects.create(registration=row, question=diet, value="No nuts")
    text = page(row)
    assert "Elm County Schools, Ohio" in text
    assert "What should the kitchen know?" in text
    assert "No nuts" in text
    assert 'value="No nuts"' in page(row, "answers")


def test_answers_and_details_are_changed_and_the_seat_stays() -> None:
    forum = one_seat()
    diet = asked(forum, "What should the kitchen know?", is_sensitive=True)
    row = registered(forum, organization_name="Elm County Schools")
    answer = Client().post(
        url(row, "answers"),
        {"organization": "Oak City Schools", "title": "CIO", "us_state": "OH", f"question_{diet.pk}": "Vegan"},
        follow=True,
    )
    assert "Your answers are saved." in answer.content.decode()
    row.refresh_from_db()
    assert (row.organization_name, row.title, row.us_state) == ("Oak City Schools", "CIO", "OH")
    assert (row.state, row.seat_number) == (State.CONFIRMED, 1)
    assert row.answers.get().value == "Vegan"


def test_a_required_answer_cannot_be_taken_away() -> None:
    forum = one_seat()
    question = asked(forum, "Which table?", is_required=True)
    row = registered(forum)
    assert "that you have not answered yet" in page(row)
    answer = Client().post(url(row, "answers"), {"organization": "Oak", f"question_{question.pk}": ""})
    assert answer.status_code == 422
    assert "The forum needs an answer to this one." in answer.content.decode()


def test_each_of_a_team_is_asked_by_their_own_page_until_they_have_answered() -> None:
    team = a_team(Team.Mode.AS_MANY_AS_FIT)
    question = asked(team.forum, "Which table?", is_required=True)
    asked(team.forum, "What do you hope for?")
    for row in team.registrations.order_by("pk"):
        assert "that you have not answered yet" in page(row)
        assert "Which table?" in page(row, "answers")
        Client().post(url(row, "answers"), {"organization": "Oak", f"question_{question.pk}": "The first"})
        assert "that you have not answered yet" not in page(row)


def test_nobody_is_asked_what_can_be_answered_no_more() -> None:
    forum = one_seat()
    asked(forum, "Which table?", is_required=True)
    row = registered(forum)
    begun(forum)
    assert "that you have not answered yet" not in page(row)


def test_who_waits_may_say_that_a_seat_is_theirs_at_once() -> None:
    forum = one_seat()
    holder, waits = registered(forum, "first"), registered(forum)
    assert "If a seat becomes free" in page(waits, "answers")
    assert "If a seat becomes free" not in page(holder, "answers")
    Client().post(url(waits, "answers"), {"organization": "Oak", "if_free": "at_once"})
    Client().post(url(holder, "cancel"))
    waits.refresh_from_db()
    assert waits.state == State.CONFIRMED


# --- the team -----------------------------------------------------------------------------------------------------
def a_team(mode: Team.Mode, capacity: int = 2) -> Team:
    forum = make_open_forum(now=timezone.now(), capacity=capacity)
    colleagues = [Colleague(f"mate{number}@example.org", f"Mate {number}") for number in range(2)]
    lead = people.person("lead", name="Lee Lead")
    return register_team(
        forum=forum, lead=lead, colleagues=colleagues, mode=mode, details=Details(), by=lead, now=timezone.now()
    )


def test_the_lead_sees_where_the_team_stands_and_nobody_else_does() -> None:
    team = a_team(Team.Mode.AS_MANY_AS_FIT)
    lead, mate, last = team.registrations.order_by("pk")
    text = page(lead)
    assert "Mate 0" in text
    assert re.search(r"Mate 1</th>.*?Waitlist</span>\s+1st in line", text, re.S)
    assert "Mate 1" not in page(mate)
    assert "Lee Lead" not in page(last)


def test_the_lead_lets_a_waiting_team_be_served_one_by_one() -> None:
    team = a_team(Team.Mode.TOGETHER)
    lead, mate, _ = team.registrations.order_by("pk")
    assert lead.state == State.WAITING
    assert url(lead, "as_many_as_fit", team.pk) in page(lead)
    assert Client().post(url(mate, "as_many_as_fit", team.pk)).status_code == 404
    assert Client().post(url(lead, "as_many_as_fit", team.pk)).status_code == 302
    assert [row.state for row in team.registrations.order_by("pk")] == [State.OFFERED, State.OFFERED, State.WAITING]
    answer = Client().post(url(lead, "as_many_as_fit", team.pk))
    assert answer.status_code == 409


# --- what is next ---------------------------------------------------------------------------------------------------
def test_a_certificate_that_was_revoked_is_not_offered_for_download() -> None:
    row = registered(one_seat())
    begun(row.forum, hours=5)
    certificate = Certificate.objects.create(
        registration=row, number="K7QM-3XRA-9VTB", name="Kay", hours=3, issued_at=timezone.now()
    )
    assert "Download your certificate" in page(row)
    Certificate.objects.filter(pk=certificate.pk).update(revoked_at=timezone.now(), revoked_reason="Left early.")
    text = page(row)
    assert "Download your certificate" not in text
    assert "Your certificate was revoked" in text
    assert url(row, "my_certificate") in text


@pytest.mark.parametrize(
    ("state", "is_next"), [(State.CANCELLED, True), (State.LAPSED, True), (State.HANDED_ON, False)]
)
def test_coming_back_is_the_next_step_unless_a_colleague_comes(state: Any, *, is_next: bool) -> None:
    row = registered(one_seat())
    put([row.pk], state, timezone.now())
    text = page(row)
    panel = text[text.index('<div class="access') : text.index("Register again")]
    assert ("button-next" in panel, "access-wait" in panel) == (is_next, not is_next)


# --- the account --------------------------------------------------------------------------------------------------
def test_the_account_lists_ones_own_registrations_with_the_way_to_them() -> None:
    now = timezone.now()
    person, other = people.person("visitor"), people.person("other")
    soon, later, past = (make_open_forum(slug, now=now, capacity=1) for slug in ("soon", "later", "past"))
    strangers = make_registration(later, other, now=now)
    rows = {forum.slug: make_registration(forum, person, now=now) for forum in (soon, later, past)}
    begun(past, hours=30)
    text = words(people.browser(person).get("/account/").content.decode())
    for row in rows.values():
        assert url(row) in text
    assert url(strangers) not in text
    assert "Seat 1" in text
    assert "1st in line" in text
    assert text.index("Forum soon") < text.index("Past forums") < text.index("Forum past")
    Forum.objects.filter(pk=past.pk).update(status=Forum.Status.CANCELLED)
    assert "Past forums" not in people.browser(person).get("/account/").content.decode(), "it was never held"


def test_the_account_without_a_registration_says_so() -> None:
    answer = people.browser(people.person("visitor")).get("/account/")
    assert "You are not registered for a forum" in answer.content.decode()
