"""Registering a team in the browser."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from forums.links import token_of
from forums.models import Answer, Forum, Question, Registration, Team
from forums.registrations import cancel
from forums.team_views import TEAMS_A_DAY
from members.models import Domain, Organization, User
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.forums.registering import ABOUT_ME, page_of

pytestmark = pytest.mark.django_db

State, Mode = Registration.State, Team.Mode
PINE = "pinehills.example"


@pytest.fixture
def forum() -> Forum:
    return make_open_forum(now=timezone.now(), capacity=3, largest_team=4)


def at(email: str, name: str = "Ana Ruiz") -> User:
    """Somebody with this verified address."""
    who = User.objects.create_user(email, people.PASSWORD, name=name)
    EmailAddress.objects.create(user=who, email=email, verified=True, primary=True)
    return who


@pytest.fixture
def lead() -> User:
    return at(f"ana@{PINE}")


def rows(*emails: str, room: int = 3, **more: str) -> dict[str, str]:
    """The filled-in form of a lead who is not registered yet."""
    form = {**ABOUT_ME, "mode": Mode.TOGETHER, "colleagues-TOTAL_FORMS": f"{room}", "colleagues-INITIAL_FORMS": "0"}
    for number, email in enumerate(emails):
        form[f"colleagues-{number}-name"] = f"Colleague {number}"
        form[f"colleagues-{number}-email"] = email
        form[f"colleagues-{number}-title"] = "Director"
    return {**form, **more}


def send(who: User, forum: Forum, *emails: str, **more: Any) -> Any:
    return people.browser(who).post(page_of(forum, "team/"), rows(*emails, **more))


def words(response: Any) -> str:
    return str(response.content.decode().partition("<main")[2])


def look(who: User, forum: Forum) -> str:
    return words(people.browser(who).get(page_of(forum, "team/")))


def fill_up(forum: Forum, seats: int = 3) -> list[Registration]:
    return [make_registration(forum, people.person(f"early{number}"), now=timezone.now()) for number in range(seats)]


# --- the way through --------------------------------------------------------------------------------------------------
def test_lead_registers_the_team_and_sees_who_has_a_seat(forum: Forum, lead: User) -> None:
    page = look(lead, forum)
    assert page.count("<legend") >= 3
    assert f"@{PINE}" in page
    done = send(lead, forum, f"bo@{PINE}", f"CY@{PINE}")
    assert done.headers["Location"] == page_of(forum, "team/")
    team = Team.objects.get()
    assert [(row.person.email, row.state, row.title) for row in team.registrations.order_by("pk")] == [
        (lead.email, State.CONFIRMED, "CTO"),
        (f"bo@{PINE}", State.CONFIRMED, "Director"),
        (f"cy@{PINE}", State.CONFIRMED, "Director"),
    ]
    assert team.registrations.filter(organization_name="Pine Hills Schools", us_state="OR").count() == 3
    page = look(lead, forum)
    assert "3 of 3 have a seat" in page
    assert f"cy@{PINE}" in page
    assert "Take as many as fit" not in page


def test_leads_answers_are_kept_and_nobody_elses_are_asked(forum: Forum, lead: User) -> None:
    question = Question.objects.create(forum=forum, label="Diet", is_required=True)
    assert send(lead, forum, f"bo@{PINE}").status_code == 422
    assert not Registration.objects.exists()
    send(lead, forum, f"bo@{PINE}", **{f"question_{question.pk}": "None"})
    assert [(answer.registration.person, answer.value) for answer in Answer.objects.all()] == [(lead, "None")]


def test_lead_who_is_registered_is_asked_about_colleagues_only(forum: Forum, lead: User) -> None:
    make_registration(forum, lead, now=timezone.now(), organization_name="Pine Hills Schools", us_state="OR")
    assert "About you" not in look(lead, forum)
    form = {name: value for name, value in rows(f"bo@{PINE}").items() if name not in ABOUT_ME}
    assert people.browser(lead).post(page_of(forum, "team/"), form).status_code == 302
    colleague = Registration.objects.get(person__email=f"bo@{PINE}")
    assert (colleague.organization_name, colleague.us_state) == ("Pine Hills Schools", "OR")


def test_what_each_choice_means_now_is_said(forum: Forum, lead: User) -> None:
    page = look(lead, forum)
    assert "3 seats are free: a team of up to 3 is seated now" in page
    assert "3 seats are free: you get them in the order you are named" in page
    fill_up(forum, seats=4)
    page = look(lead, forum)
    assert "You wait as one, from place 2 in line" in page
    assert "You wait from place 2 in line" in page


def test_no_team_is_promised_more_people_than_the_forum_takes_in_one(lead: User) -> None:
    large = make_open_forum("large", now=timezone.now(), capacity=60, largest_team=6)
    page = look(lead, large)
    assert page.count("60 seats are free, so each of you gets one now.") == 2
    assert "up to 60" not in page


def test_single_free_seat_is_enough_for_one_colleague_of_a_lead_who_is_registered(forum: Forum, lead: User) -> None:
    fill_up(forum, seats=1)
    make_registration(forum, lead, now=timezone.now())
    other = at(f"bo@{PINE}", name="Bo")
    assert "1 seat is free: a team of one person is seated now" in look(lead, forum)
    assert "You wait as one, from place 1 in line" in look(other, forum)


def test_signed_out_lead_shows_the_address_first(forum: Forum) -> None:
    page = words(people.browser(None).get(page_of(forum, "team/")))
    assert "who leads the team" in page
    assert "Send the code" in page


# --- who may be named -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("bo@elsewhere.example", "have an address at your district"),
        (f"bo@not{PINE}", "have an address at your district"),
        (f"bo@sub.{PINE}", "have an address at your district"),
        ("bo@gmail.com", "have an address at your district"),
        (f"ANA@{PINE}", "your own address"),
        ("bo", "an @ in it"),
    ],
)
def test_stranger_cannot_be_named(forum: Forum, lead: User, email: str, says: str) -> None:
    response = send(lead, forum, f"cy@{PINE}", email)
    assert response.status_code == 422
    assert says in words(response)
    assert f'value="cy@{PINE}"' in words(response), "what was typed is kept"
    assert not Registration.objects.exists()
    assert not User.objects.filter(email__startswith="cy@").exists()
    assert send(lead, forum, f"cy@{PINE}", f"bo@{PINE}").status_code == 302


def test_verified_domain_of_the_leads_organization_counts_too(forum: Forum) -> None:
    member = people.member()
    district = Organization.objects.get(slug="maple-valley")
    assert send(member, forum, "bo@maplevalley.example").status_code == 422
    Domain.objects.create(
        organization=district,
        name="maplevalley.example",
        dns_value="x",
        added_at=timezone.now(),
        method=Domain.Method.STAFF,
        verified_at=timezone.now(),
    )
    assert send(member, forum, "bo@maplevalley.example").status_code == 302


def test_domain_that_was_only_claimed_does_not_count(forum: Forum) -> None:
    member = people.member()
    Domain.objects.create(
        organization=Organization.objects.get(slug="maple-valley"),
        name="claimed.example",
        dns_value="x",
        added_at=timezone.now(),
    )
    assert send(member, forum, "bo@claimed.example").status_code == 422


def test_public_mail_provider_makes_no_team(forum: Forum) -> None:
    lead = at("ana@gmail.com")
    assert "public mail provider" in look(lead, forum)
    send(lead, forum, "bo@gmail.com")
    assert not Registration.objects.exists()


def test_address_that_is_not_verified_makes_no_team(forum: Forum, lead: User) -> None:
    EmailAddress.objects.create(user=lead, email="ana@victim.example", verified=False, primary=False)
    assert send(lead, forum, "bo@victim.example").status_code == 422
    EmailAddress.objects.filter(email="ana@victim.example").update(verified=True)
    assert send(lead, forum, "bo@victim.example").status_code == 302


@pytest.mark.parametrize(
    ("emails", "more", "says"),
    [
        ((), {}, "Name one colleague or more"),
        ((f"bo@{PINE}", f"BO@{PINE}"), {}, "stands here twice"),
        ((f"bo@{PINE}",), {"colleagues-0-name": ""}, "colleague’s name"),
        ((f"bo@{PINE}",), {"mode": "whatever"}, "whatever"),
        ((f"bo@{PINE}",), {"name": ""}, "Enter your name"),
    ],
    ids=["nobody", "twice", "no name", "no such choice", "lead without a name"],
)
def test_bad_input_writes_nothing(
    forum: Forum, lead: User, emails: tuple[str, ...], more: dict[str, str], says: str
) -> None:
    response = send(lead, forum, *emails, **more)
    assert response.status_code == 422
    assert says in words(response)
    assert not Team.objects.exists()
    assert not Registration.objects.exists()


def test_form_without_its_counters_is_answered(forum: Forum, lead: User) -> None:
    response = people.browser(lead).post(page_of(forum, "team/"), {**ABOUT_ME, "mode": Mode.TOGETHER})
    assert response.status_code == 422
    assert "Send it again" in words(response)
    assert not Registration.objects.exists()


def test_team_does_not_outgrow_the_forum_in_several_turns(forum: Forum, lead: User) -> None:
    assert send(lead, forum, f"a@{PINE}", f"b@{PINE}", f"c@{PINE}", f"d@{PINE}", room=4).status_code == 422
    send(lead, forum, f"a@{PINE}", f"b@{PINE}")
    assert send(lead, forum, f"c@{PINE}", f"d@{PINE}", room=2).status_code == 422
    send(lead, forum, f"c@{PINE}", room=1)
    assert Registration.objects.count() == 4
    assert "Your team is complete" in look(lead, forum)
    send(lead, forum, f"d@{PINE}", room=1)
    assert Registration.objects.count() == 4


def test_naming_people_comes_to_an_end(forum: Forum, lead: User) -> None:
    for number in range(TEAMS_A_DAY):
        assert send(lead, forum, f"bo{number}@{PINE}").status_code == 302
        Registration.objects.exclude(person=lead).delete()
    response = send(lead, forum, f"late@{PINE}")
    assert response.status_code == 422
    assert "Go on tomorrow" in words(response)
    assert send(at(f"cy@{PINE}"), forum, f"late@{PINE}").status_code == 302


def test_get_changes_nothing(forum: Forum, lead: User) -> None:
    people.browser(lead).get(page_of(forum, "team/"), rows(f"bo@{PINE}"))
    assert not Registration.objects.exists()


# --- a team that waits ------------------------------------------------------------------------------------------------
def waiting(forum: Forum, lead: User) -> Team:
    early = fill_up(forum)
    send(lead, forum, f"bo@{PINE}", f"cy@{PINE}")
    cancel(registration=early[0], by=None, now=timezone.now())
    return Team.objects.get()


def way(who: User, forum: Forum, team: Team) -> str:
    """Where this person would let the team part, by the link to their own registration."""
    own = Registration.objects.get(forum=forum, person=who)
    return reverse("forums:as_many_as_fit", args=[token_of(own), team.pk])


def test_lead_of_a_team_that_waits_together_lets_it_part(forum: Forum, lead: User) -> None:
    team = waiting(forum, lead)
    page, part = look(lead, forum), way(lead, forum, team)
    assert "0 of 3 have a seat" in page
    assert "1st in line" in page
    assert part in page
    assert "Take as many as fit" in words(people.browser(None).get(part))
    assert people.browser(None).post(part).status_code == 302
    assert [row.state for row in team.registrations.order_by("pk")] == [State.OFFERED, State.WAITING, State.WAITING]
    assert part not in look(lead, forum)
    assert people.browser(None).get(part).status_code == 302, "there is nothing left to ask"
    again = people.browser(None).post(part)
    assert (again.status_code, "does not wait for seats together" in words(again)) == (409, True)


def test_lead_who_does_not_come_any_more_still_lets_the_team_part(forum: Forum, lead: User) -> None:
    team = waiting(forum, lead)
    cancel(registration=Registration.objects.get(forum=forum, person=lead), by=lead, now=timezone.now())
    part = way(lead, forum, team)
    assert part in look(lead, forum)
    assert "Take as many as fit" in words(people.browser(None).get(part))
    people.browser(None).post(part)
    team.refresh_from_db()
    assert team.mode == Mode.AS_MANY_AS_FIT


def test_nobody_but_the_lead_lets_a_team_part(forum: Forum, lead: User) -> None:
    team = waiting(forum, lead)
    colleague, stranger = User.objects.get(email=f"bo@{PINE}"), people.person("early1")
    assert "The team of Ana Ruiz" in look(colleague, forum)
    for who in (colleague, stranger):
        assert way(who, forum, team) not in look(colleague, forum)
        assert people.browser(who).post(way(who, forum, team)).status_code == 404
    people.browser(lead).get(way(lead, forum, team))
    other = Team.objects.create(forum=forum, lead=stranger, mode=Mode.TOGETHER, created_at=timezone.now())
    assert people.browser(lead).post(way(lead, forum, other)).status_code == 404
    team.refresh_from_db()
    assert team.mode == Mode.TOGETHER
    people.browser(None).post(way(lead, forum, team))
    team.refresh_from_db()
    assert team.mode == Mode.AS_MANY_AS_FIT


def test_lead_sees_who_of_the_team_has_cancelled(forum: Forum, lead: User) -> None:
    send(lead, forum, f"bo@{PINE}")
    cancel(registration=Registration.objects.get(person__email=f"bo@{PINE}"), by=None, now=timezone.now())
    page = look(lead, forum)
    assert "1 of 1 has a seat" in page
    assert "Cancelled" in page


def test_strangers_do_not_see_a_team(forum: Forum, lead: User) -> None:
    send(lead, forum, f"bo@{PINE}")
    assert f"bo@{PINE}" in look(lead, forum)
    assert f"bo@{PINE}" not in look(people.visitor(), forum)


def test_team_stays_to_be_seen_when_registration_has_closed(forum: Forum, lead: User) -> None:
    send(lead, forum, f"bo@{PINE}")
    Forum.objects.update(registration_closes_at=timezone.now())
    page = look(lead, forum)
    assert f"bo@{PINE}" in page
    assert "Register the team" not in page
    assert "Registration is closed" in look(people.visitor(), forum)
