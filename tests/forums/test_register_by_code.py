"""Registering signed out: an address is shown to be somebody's by a code, which makes the account on the way."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone

from forums.models import Forum, Registration
from members.address_codes import CODES_A_NETWORK, CODES_AN_ADDRESS, TRIES
from members.models import User
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.forums.registering import (
    ABOUT_ME,
    ask_for_code,
    code_mailed_to,
    confirm,
    page_of,
    send_form,
    signed_in_as,
)
from tests.members.post import deliver

pytestmark = pytest.mark.django_db

ANA = "ana@pinehills.example"


@pytest.fixture
def forum() -> Forum:
    return make_open_forum(now=timezone.now(), capacity=20)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def comes_in(forum: Forum, email: str = ANA, **fields: str) -> Client:
    """A browser in which this address was shown to be theirs."""
    browser = Client()
    ask_for_code(browser, forum, email, **fields)
    confirm(browser, forum, code_mailed_to(email.lower()))
    return browser


# --- the way through --------------------------------------------------------------------------------------------------
def test_somebody_new_gets_a_seat_and_an_account_with_a_verified_address(forum: Forum) -> None:
    browser = Client()
    page = browser.get(page_of(forum)).content.decode()
    assert 'autocomplete="email"' in page
    assert ask_for_code(browser, forum, ANA).headers["Location"] == page_of(forum, "code/")
    assert not User.objects.filter(email=ANA).exists(), "nothing is made before the code"
    page = browser.get(page_of(forum, "code/")).content.decode()
    assert ANA in page
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page
    done = confirm(browser, forum, code_mailed_to(ANA))
    assert done.headers["Location"] == page_of(forum)
    assert signed_in_as(browser) == ANA
    assert 'value="Ana Ruiz"' in browser.get(page_of(forum)).content.decode(), "what was typed so far"
    assert send_form(browser, forum).status_code == 302
    row = Registration.objects.get()
    assert (row.person.email, row.person.name, row.seat_number) == (ANA, "Ana Ruiz", 1)
    assert EmailAddress.objects.get(user=row.person).verified
    assert not row.person.has_usable_password()


def test_known_person_comes_to_the_same_form_and_stays_who_they_are(forum: Forum) -> None:
    member = people.member()
    browser = comes_in(forum, member.email, name="Somebody Else")
    assert signed_in_as(browser) == member.email
    assert 'value="Jordan Whitfield"' in browser.get(page_of(forum)).content.decode()
    member.refresh_from_db()
    assert member.name == "Jordan Whitfield"
    assert member.check_password(people.PASSWORD), "their address was verified, so the password is theirs"


def test_one_registration_per_person_whatever_the_letter_case(forum: Forum) -> None:
    send_form(comes_in(forum, "Ana@PineHills.example"), forum)
    browser = comes_in(forum, "ANA@pinehills.EXAMPLE")
    answer = browser.get(page_of(forum))
    assert answer.headers["Location"].startswith("/cto-forums/r/")
    send_form(browser, forum)
    assert Registration.objects.count() == 1
    assert User.objects.filter(email__iexact=ANA).count() == 1


def test_address_verified_beside_ones_own_leads_to_the_same_person(forum: Forum) -> None:
    member = people.member()
    EmailAddress.objects.create(user=member, email="jordan@elsewhere.example", verified=True, primary=False)
    assert signed_in_as(comes_in(forum, "Jordan@Elsewhere.example")) == member.email


def test_code_leads_back_to_the_team_where_it_was_asked_for_there(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA, part="team/")
    assert confirm(browser, forum, code_mailed_to(ANA)).headers["Location"] == page_of(forum, "team/")


def test_code_may_be_typed_as_people_type_codes(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    code = code_mailed_to(ANA)
    confirm(browser, forum, f" {code[:3]} {code[3:]} ")
    assert signed_in_as(browser) == ANA


def test_get_sends_nothing_and_makes_nothing(forum: Forum) -> None:
    browser = Client()
    browser.get(page_of(forum), {"email": ANA, "name": "Ana"})
    browser.get(page_of(forum, "code/"), {"code": "123456"})
    assert deliver() == []
    assert not User.objects.exists()


@pytest.mark.parametrize("typed", [{"email": "ana"}, {"email": ""}, {"name": ""}, {"email": "a@b.example\r\nBcc: x@y"}])
def test_no_code_goes_to_what_is_no_address_or_has_no_name(forum: Forum, typed: dict[str, str]) -> None:
    browser = Client()
    answer = browser.post(page_of(forum), {"email": ANA, "name": "Ana Ruiz", **typed})
    assert answer.status_code == 422
    assert "error" in answer.content.decode()
    assert deliver() == []


# --- the same answer for every address --------------------------------------------------------------------------------
def told(forum: Forum, email: str) -> tuple[object, ...]:
    browser = Client()
    asked = ask_for_code(browser, forum, email)
    page = browser.get(asked.headers["Location"])
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page.content.decode()).replace(email, "TYPED")
    (message,) = deliver()
    code = re.search(r"\d{6}", str(message.body))
    assert code
    wrong = confirm(browser, forum, other_than(code[0]))
    return asked.status_code, asked.headers["Location"], body, sorted(browser.cookies), message.to, wrong.status_code


@pytest.mark.parametrize("known", ["member", "unverified", "closed"])
def test_answer_is_the_same_whether_an_address_is_known_or_not(forum: Forum, known: str) -> None:
    people.member(), people.unverified()
    User.objects.filter(pk=people.person("closed").pk).update(is_active=False)
    of_known, of_unknown = told(forum, f"{known}@example.org"), told(forum, "nobody-knows@example.org")
    assert of_known[:4] == of_unknown[:4]
    assert (of_known[4], of_known[5]) == ([f"{known}@example.org"], of_unknown[5])


# --- guessing ---------------------------------------------------------------------------------------------------------
def test_wrong_code_opens_nothing_and_the_right_one_still_does(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    code = code_mailed_to(ANA)
    answer = confirm(browser, forum, other_than(code))
    assert answer.status_code == 422
    assert "not the code we sent" in answer.content.decode()
    assert signed_in_as(browser) == ""
    confirm(browser, forum, code)
    assert signed_in_as(browser) == ANA


@pytest.mark.parametrize("typed", ["", "abcdef", "٠١٢٣٤٥", "0" * 21, "\x00"])
def test_what_is_no_code_is_answered_as_such(forum: Forum, typed: str) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    deliver()
    assert confirm(browser, forum, typed).status_code == 422
    assert signed_in_as(browser) == ""


def test_nothing_is_a_code_before_the_message_is_sent(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    assert confirm(browser, forum, "000000").status_code == 422
    assert signed_in_as(browser) == ""


def test_right_code_comes_to_nothing_after_too_many_wrong_ones(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    code = code_mailed_to(ANA)
    for _ in range(TRIES):
        confirm(browser, forum, other_than(code))
    answer = confirm(browser, forum, code)
    assert "too often" in answer.content.decode()
    assert signed_in_as(browser) == ""
    assert browser.post(page_of(forum, "code/"), {"again": "1"}).status_code == 302
    confirm(browser, forum, code_mailed_to(ANA))
    assert signed_in_as(browser) == ANA


def test_tries_are_not_given_back_by_an_older_copy_of_the_session(forum: Forum) -> None:
    """Tries sent at the same instant all read the session as it was before them."""
    browser = Client()
    ask_for_code(browser, forum, ANA)
    code = code_mailed_to(ANA)
    before = dict(browser.session.items())
    for _ in range(TRIES):
        confirm(browser, forum, other_than(code))
        session = browser.session
        session.update(before)
        session.save()
    confirm(browser, forum, code)
    assert signed_in_as(browser) == ""


@pytest.mark.parametrize(("minutes", "who"), [(9, ANA), (11, "")], ids=["in time", "too late"])
def test_code_works_for_ten_minutes(forum: Forum, minutes: int, who: str) -> None:
    browser, start = Client(), timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        ask_for_code(browser, forum, ANA)
        code = code_mailed_to(ANA)
        clock.shift(timedelta(minutes=minutes))
        answer = confirm(browser, forum, code)
        assert signed_in_as(browser) == who
    assert answer.status_code == (302 if who else 422)


def test_code_of_another_session_opens_nothing(forum: Forum) -> None:
    mine, theirs = Client(), Client()
    ask_for_code(mine, forum, ANA)
    code = code_mailed_to(ANA)
    ask_for_code(theirs, forum, ANA)
    newer = code_mailed_to(ANA)
    confirm(theirs, forum, code)
    assert signed_in_as(theirs) == "" or code == newer
    stranger = Client()
    assert "in the browser that it was asked for in" in stranger.get(page_of(forum, "code/")).content.decode()
    assert confirm(stranger, forum, code).headers["Location"] == page_of(forum)
    assert signed_in_as(stranger) == ""
    confirm(mine, forum, code)
    assert signed_in_as(mine) == ANA


def test_code_works_once(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    asked, code = dict(browser.session.items()), code_mailed_to(ANA)
    confirm(browser, forum, code)
    copy = Client()
    copy.get("/")
    session = copy.session
    session.update(asked)
    session.save()
    copy.cookies["sessionid"] = str(session.session_key)
    assert confirm(copy, forum, code).status_code == 422
    assert signed_in_as(copy) == ""


def test_new_code_takes_the_place_of_the_one_before(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    first = code_mailed_to(ANA)
    assert browser.post(page_of(forum, "code/"), {"again": "1"}).status_code == 302
    second = code_mailed_to(ANA)
    if first != second:
        confirm(browser, forum, first)
        assert signed_in_as(browser) == ""
    confirm(browser, forum, second)
    assert signed_in_as(browser) == ANA


def test_code_is_stored_nowhere_as_it_is(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    code = code_mailed_to(ANA)
    number = browser.session["address_code"]["number"]
    assert code not in str(cache.get(f"address-code:{number}")["hash"])
    assert code not in str(dict(browser.session.items()))


# --- limits -----------------------------------------------------------------------------------------------------------
def test_mail_to_one_address_comes_to_an_end_and_others_go_on(forum: Forum) -> None:
    for turn in range(CODES_AN_ADDRESS + 2):
        ask_for_code(Client(REMOTE_ADDR=f"192.0.2.{turn}"), forum, "ANA@pinehills.example" if turn % 2 else ANA)
    assert len(deliver()) == CODES_AN_ADDRESS
    answer = ask_for_code(Client(), forum, ANA)
    assert answer.status_code == 422
    assert "several codes" in answer.content.decode()
    assert ask_for_code(Client(), forum, "bo@pinehills.example").status_code == 302


def test_mail_from_one_network_comes_to_an_end_and_others_go_on(forum: Forum) -> None:
    for number in range(CODES_A_NETWORK + 1):
        last = ask_for_code(Client(REMOTE_ADDR="192.0.2.9"), forum, f"cto{number}@pinehills.example")
    assert last.status_code == 422
    assert len(deliver()) == CODES_A_NETWORK
    assert ask_for_code(Client(REMOTE_ADDR="192.0.2.10"), forum, ANA).status_code == 302


# --- who comes in, and with what --------------------------------------------------------------------------------------
def test_password_that_was_set_before_the_address_was_proven_is_forgotten(forum: Forum) -> None:
    squatter = Client()
    people.unverified()
    session_before = squatter.post("/accounts/login/", {"login": "unverified@example.org", "password": people.PASSWORD})
    assert session_before.status_code == 302
    comes_in(forum, "unverified@example.org")
    owner = people.unverified()
    assert EmailAddress.objects.get(user=owner).verified
    assert not owner.has_usable_password()
    squatter.post("/accounts/login/", {"login": "unverified@example.org", "password": people.PASSWORD})
    assert signed_in_as(squatter) == ""


def test_colleague_who_was_named_proves_the_address_and_keeps_the_registration(forum: Forum) -> None:
    named = people.person("named", name="Named By Lead", verified=False)
    make_registration(forum, named, now=timezone.now())
    browser = comes_in(forum, named.email)
    assert browser.get(page_of(forum)).headers["Location"].startswith("/cto-forums/r/")
    assert EmailAddress.objects.get(user=named).verified


def test_closed_account_does_not_open(forum: Forum) -> None:
    User.objects.filter(pk=people.member().pk).update(is_active=False)
    browser = comes_in(forum, "member@example.org")
    assert signed_in_as(browser) == ""


@override_settings(DEBUG=False, TESTING=False, SECURE_SSL_REDIRECT=False)
def test_demos_people_do_not_come_in_where_there_is_no_demo(forum: Forum) -> None:
    people.member()
    assert signed_in_as(comes_in(forum, "member@example.org")) == ""
    assert signed_in_as(comes_in(forum)) == ANA


def test_session_gets_a_new_key_with_the_code(forum: Forum) -> None:
    browser = Client()
    ask_for_code(browser, forum, ANA)
    before = browser.session.session_key
    confirm(browser, forum, code_mailed_to(ANA))
    assert browser.session.session_key != before
    planted = Client()
    planted.cookies["sessionid"] = str(before)
    assert signed_in_as(planted) == ""


def test_nothing_is_left_of_the_code_in_the_session(forum: Forum) -> None:
    browser = comes_in(forum)
    assert "address_code" not in browser.session
    assert "You are signed in" in browser.get(page_of(forum, "code/")).content.decode()
    assert confirm(browser, forum, "123456").headers["Location"] == page_of(forum), "a second press leads on"


def test_form_sent_signed_out_asks_whose_address_it_is(forum: Forum) -> None:
    answer = Client().post(page_of(forum), ABOUT_ME)
    assert answer.status_code == 422
    assert "Enter your e-mail" in answer.content.decode()
    assert not Registration.objects.exists()


def test_code_without_the_forms_token_is_refused(forum: Forum) -> None:
    strict: Any = Client(enforce_csrf_checks=True)
    assert ask_for_code(strict, forum, ANA).status_code == 403
    assert deliver() == []
