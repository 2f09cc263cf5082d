"""Sign-in as a person meets it: through the pages and the mails. And as somebody who fishes for addresses does."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from members.models import User
from tests import people, shelf
from tests.store.asking import ask

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "four quite ordinary words"
NEWCOMER = {
    "email": "new.person@example.org",
    "name": "New Person",
    "title": "CTO",
    "password1": NEW_PASSWORD,
    "password2": NEW_PASSWORD,
}


def code() -> str:
    """The code in the newest message."""
    found = re.search(r"^ {4}(\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]


def signed_in_as(browser: Client) -> str:
    """The address of whom the site takes this browser for; empty for nobody."""
    page = browser.get("/account/")
    if page.status_code == 302:
        return ""
    found = re.search(r"Signed in as ([^<\s]+)", page.content.decode())
    assert found
    return found[1]


def sign_in(browser: Client, email: str, password: str = people.PASSWORD) -> int:
    return browser.post("/accounts/login/", {"login": email, "password": password}).status_code


# --- sign up ------------------------------------------------------------------------------------------------------
def test_a_newcomer_signs_up_types_the_code_and_is_in_and_verified() -> None:
    browser, report = Client(), shelf.KINDS["registered"]()
    assert browser.post("/accounts/signup/", NEWCOMER).status_code == 302
    assert signed_in_as(browser) == ""
    browser.post("/accounts/confirm-email/", {"code": code()})
    assert signed_in_as(browser) == "new.person@example.org"
    person = User.objects.get(email="new.person@example.org")
    assert (person.name, person.title, person.is_staff) == ("New Person", "CTO", False)
    assert EmailAddress.objects.get(user=person).verified
    assert ask(browser, report).status == 200


def test_without_the_code_a_newcomer_is_not_in_and_a_wrong_one_is_no_help() -> None:
    browser = Client()
    browser.post("/accounts/signup/", NEWCOMER)
    browser.post("/accounts/confirm-email/", {"code": "AAAAAA"})
    assert signed_in_as(browser) == ""
    assert not EmailAddress.objects.get(email="new.person@example.org").verified
    browser.post("/accounts/confirm-email/", {"code": code()})
    assert signed_in_as(browser) == "new.person@example.org"


def test_a_code_that_is_guessed_too_often_is_worth_nothing() -> None:
    browser = Client()
    browser.post("/accounts/signup/", NEWCOMER)
    right = code()
    for guess in range(20):
        browser.post("/accounts/confirm-email/", {"code": f"A{guess:05}"})
    browser.post("/accounts/confirm-email/", {"code": right})
    assert signed_in_as(browser) == ""


def test_a_code_works_once_and_in_its_own_browser_only() -> None:
    people.member()
    browser, thief = Client(), Client()
    browser.post("/accounts/login/code/", {"email": "member@example.org"})
    right = code()
    thief.post("/accounts/login/code/", {"email": "visitor@example.org"})
    thief.post("/accounts/login/code/confirm/", {"code": right})
    assert signed_in_as(thief) == ""
    browser.post("/accounts/login/code/confirm/", {"code": right})
    assert signed_in_as(browser) == "member@example.org"
    browser.post("/accounts/logout/")
    browser.post("/accounts/login/code/confirm/", {"code": right})
    assert signed_in_as(browser) == ""


def test_a_code_that_is_an_hour_old_is_worth_nothing() -> None:
    people.member()
    late, in_time = Client(), Client()
    for browser, waits, expected in ((in_time, 1, "member@example.org"), (late, 60, "")):
        browser.post("/accounts/login/code/", {"email": "member@example.org"})
        right = code()
        with time_machine.travel(timezone.now() + timedelta(minutes=waits), tick=False):
            browser.post("/accounts/login/code/confirm/", {"code": right})
            assert signed_in_as(browser) == expected


@pytest.mark.parametrize("weak", ["short", "1234567890", "password123", "new.person@example.org"])
def test_a_weak_password_is_refused_and_what_was_typed_is_kept(weak: str) -> None:
    response = Client().post("/accounts/signup/", {**NEWCOMER, "password1": weak, "password2": weak})
    assert response.status_code == 200
    page = response.content.decode()
    assert 'value="New Person"' in page
    assert f'value="{weak}"' not in page.replace('value="new.person@example.org"', "")
    assert not User.objects.exists()
    assert Client().post("/accounts/signup/", NEWCOMER).status_code == 302


def test_nobody_signs_up_as_staff_or_verified() -> None:
    extra = {"is_staff": "on", "is_superuser": "on", "verified": "on", "groups": "1", "is_active": "on"}
    Client().post("/accounts/signup/", {**NEWCOMER, **extra})
    person = User.objects.get(email="new.person@example.org")
    assert (person.is_staff, person.is_superuser, person.groups.count()) == (False, False, 0)
    assert not EmailAddress.objects.get(user=person).verified


# --- sign in ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "typed", ["member@example.org", "MEMBER@EXAMPLE.ORG", "Member@Example.org", " member@example.org "]
)
def test_the_letter_case_of_an_address_makes_no_difference(typed: str) -> None:
    people.member()
    browser = Client()
    assert sign_in(browser, typed) == 302
    assert signed_in_as(browser) == "member@example.org"


@pytest.mark.parametrize("typed", ["MEMBER@example.org", "Member@Example.org"])
def test_a_code_is_mailed_to_the_address_on_record_whatever_case_is_typed(typed: str) -> None:
    people.member()
    browser = Client()
    browser.post("/accounts/login/code/", {"email": typed})
    assert mail.outbox[-1].to == ["member@example.org"]
    browser.post("/accounts/login/code/confirm/", {"code": code()})
    assert signed_in_as(browser) == "member@example.org"


def test_signing_up_in_other_letters_makes_no_second_person() -> None:
    people.member()
    Client().post("/accounts/signup/", {**NEWCOMER, "email": "MEMBER@Example.ORG"})
    assert User.objects.filter(email__iexact="member@example.org").count() == 1


@pytest.mark.parametrize("password", ["", "knowledge-centre", "KNOWLEDGE-CENTER", "knowledge-center "])
def test_another_password_does_not_open(password: str) -> None:
    people.member()
    browser = Client()
    assert sign_in(browser, "member@example.org", password) == 200
    assert signed_in_as(browser) == ""
    assert sign_in(browser, "member@example.org") == 302


def test_a_closed_account_does_not_open_by_password_or_code() -> None:
    member, browser = people.member(), Client()
    User.objects.filter(pk=member.pk).update(is_active=False)
    sign_in(browser, "member@example.org")
    browser.post("/accounts/login/code/", {"email": "member@example.org"})
    if mail.outbox:
        found = re.search(r"^ {4}(\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
        browser.post("/accounts/login/code/confirm/", {"code": found[1] if found else "AAAAAA"})
    assert signed_in_as(browser) == ""


def test_the_unverified_are_asked_for_the_code_and_are_not_in_before() -> None:
    people.unverified()
    browser = Client()
    assert sign_in(browser, "unverified@example.org") == 302
    assert signed_in_as(browser) == ""
    browser.post("/accounts/confirm-email/", {"code": code()})
    assert signed_in_as(browser) == "unverified@example.org"


def test_guessing_passwords_comes_to_an_end_even_with_the_right_one() -> None:
    people.member()
    browser = Client()
    for guess in range(12):
        sign_in(browser, "member@example.org", f"guess number {guess}")
    assert sign_in(browser, "member@example.org") != 302
    assert signed_in_as(browser) == ""


def test_guessing_at_one_account_does_not_lock_another() -> None:
    people.member(), people.grace()
    for guess in range(6):
        sign_in(Client(), "member@example.org", f"guess number {guess}")
    assert sign_in(Client(), "grace@example.org") == 302


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.example"],
)
def test_the_sign_in_never_leads_to_another_site(target: str) -> None:
    people.member()
    response = Client().post(
        "/accounts/login/", {"login": "member@example.org", "password": people.PASSWORD, "next": target}
    )
    assert response.status_code == 302
    assert "evil.example" not in response.headers["Location"]
    assert not response.headers["Location"].startswith("javascript")


def test_the_session_gets_a_new_key_with_the_sign_in() -> None:
    people.member()
    browser = Client()
    browser.get("/accounts/login/")
    session = browser.session
    session["x"] = 1
    session.save()
    before = str(session.session_key)
    browser.cookies["sessionid"] = before
    sign_in(browser, "member@example.org")
    assert browser.session.session_key != before


def test_signing_out_asks_for_a_post() -> None:
    browser = people.browser(people.member())
    browser.get("/accounts/logout/")
    assert signed_in_as(browser) == "member@example.org"
    browser.post("/accounts/logout/")
    assert signed_in_as(browser) == ""


def test_a_form_without_its_token_is_refused() -> None:
    people.member()
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict, "member@example.org") == 403
    assert signed_in_as(strict) == ""


# --- the password -------------------------------------------------------------------------------------------------
def test_a_reset_by_code_replaces_the_password_and_ends_sessions_elsewhere() -> None:
    elsewhere, browser = people.browser(people.member()), Client()
    browser.post("/accounts/password/reset/", {"email": "MEMBER@example.org"})
    browser.post("/accounts/password/reset/confirm/", {"code": code()})
    browser.post("/accounts/password/reset/complete/", {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert signed_in_as(elsewhere) == ""
    assert sign_in(Client(), "member@example.org") == 200
    assert sign_in(Client(), "member@example.org", NEW_PASSWORD) == 302


def test_a_reset_cannot_be_completed_without_the_code() -> None:
    people.member()
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": "member@example.org"})
    browser.post("/accounts/password/reset/complete/", {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert sign_in(Client(), "member@example.org", NEW_PASSWORD) == 200
    assert sign_in(Client(), "member@example.org") == 302


def test_changing_the_password_wants_the_old_one_ends_other_sessions_and_keeps_this_one() -> None:
    member = people.member()
    elsewhere, browser = people.browser(member), Client()
    sign_in(browser, "member@example.org")
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert browser.post("/accounts/password/change/", {**form, "oldpassword": "wrong"}).status_code == 200
    assert signed_in_as(elsewhere) == "member@example.org"
    assert browser.post("/accounts/password/change/", {**form, "oldpassword": people.PASSWORD}).status_code == 302
    assert signed_in_as(browser) == "member@example.org"
    assert signed_in_as(elsewhere) == ""
    assert sign_in(Client(), "member@example.org", NEW_PASSWORD) == 302


# --- sessions and the address ---------------------------------------------------------------------------------------
def test_the_list_of_sessions_shows_mine_alone_and_ends_the_others() -> None:
    member = people.member()
    phone = Client(headers={"User-Agent": "A telephone"})
    laptop = Client(headers={"User-Agent": "A laptop"})
    for browser in (phone, laptop):
        sign_in(browser, "member@example.org")
    stranger = Client(headers={"User-Agent": "A stranger"})
    people.grace()
    sign_in(stranger, "grace@example.org")
    page = laptop.get("/accounts/sessions/").content.decode()
    assert "A telephone" in page
    assert "A laptop" in page
    assert "A stranger" not in page
    laptop.post("/accounts/sessions/")
    assert (signed_in_as(phone), signed_in_as(laptop)) == ("", member.email)
    assert signed_in_as(stranger) == "grace@example.org"


def change_address(browser: Client, email: str, password: str = people.PASSWORD) -> int:
    """Ask for another address, and prove with the password that it is really me."""
    asked = browser.post("/accounts/email/", {"email": email, "action_add": ""})
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    return browser.post(asked.headers["Location"], {"password": password}).status_code


def test_a_new_address_counts_only_when_its_code_is_typed_in() -> None:
    member, browser = people.member(), Client()
    sign_in(browser, "member@example.org")
    change_address(browser, "moved@example.org")
    member.refresh_from_db()
    assert member.email == "member@example.org"
    assert mail.outbox[-1].to == ["moved@example.org"]
    browser.post("/accounts/confirm-email/", {"code": code()})
    member.refresh_from_db()
    assert member.email == "moved@example.org"
    assert sign_in(Client(), "moved@example.org") == 302


def test_whoever_finds_a_browser_signed_in_cannot_move_its_account_without_the_password() -> None:
    member, browser = people.member(), Client()
    sign_in(browser, "member@example.org")
    assert change_address(browser, "thief@example.org", "a guess") == 200
    assert mail.outbox == []
    assert [one.email for one in EmailAddress.objects.filter(user=member)] == ["member@example.org"]


def test_a_member_who_moves_keeps_the_reports_until_and_after_the_code(db: None) -> None:
    report, browser = shelf.report(), Client()
    people.member()
    sign_in(browser, "member@example.org")
    change_address(browser, "moved@example.org")
    assert ask(browser, report).status == 200
    browser.post("/accounts/confirm-email/", {"code": code()})
    assert ask(browser, report).status == 200


def test_nobody_takes_over_the_address_of_somebody_else() -> None:
    grace = people.grace()
    people.member()
    browser = Client()
    sign_in(browser, "member@example.org")
    change_address(browser, "GRACE@example.org")
    for message in mail.outbox:
        for guess in re.findall(r"^ {4}(\S+)$", str(message.body), re.MULTILINE):
            browser.post("/accounts/confirm-email/", {"code": guess})
    assert User.objects.get(email="grace@example.org") == grace
    assert signed_in_as(browser) == "member@example.org"


@pytest.mark.parametrize("path", ["/accounts/email/", "/accounts/sessions/", "/accounts/password/set/"])
def test_who_signs_in_by_code_alone_meets_no_dead_end(path: str) -> None:
    """Such a person has no password to prove anything with, so there must be another way on."""
    person = people.person("codes.only")
    person.set_unusable_password()
    person.save()
    browser = Client()
    browser.post("/accounts/login/code/", {"email": person.email})
    browser.post("/accounts/login/code/confirm/", {"code": code()})
    page = browser.get(path, follow=True)
    assert page.status_code == 200
    words = page.content.decode()
    main = words.partition("<main")[2]
    assert re.search(r"<(form|button|a class=\"button)", main), page.redirect_chain
    if page.redirect_chain and page.redirect_chain[-1][0].startswith("/accounts/reauthenticate/"):
        assert 'type="password"' not in main, "asks for a password that there is none of"


# --- fishing for addresses ------------------------------------------------------------------------------------------
def told(browser: Client, path: str, form: dict[str, str], email: str) -> tuple[object, ...]:
    """All that an outsider can see of the answer, without what differs every time."""
    response = browser.post(path, form)
    seen = [_seen(response, email)]
    while response.status_code == 302:
        response = browser.get(response.headers["Location"])
        seen.append(_seen(response, email))
    return (*seen, sorted(browser.cookies))


def _seen(response: Any, email: str) -> tuple[object, ...]:
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())
    names = sorted(name for name in response.headers if name != "Content-Length")
    return (
        response.status_code,
        response.headers.get("Location"),
        names,
        body.replace(email, "TYPED").replace(email.lower(), "LOWER"),
    )


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/login/", {"login": "EMAIL", "password": "not the password"}),
        ("/accounts/login/code/", {"email": "EMAIL"}),
        ("/accounts/password/reset/", {"email": "EMAIL"}),
        ("/accounts/signup/", {**NEWCOMER, "email": "EMAIL"}),
    ],
)
@pytest.mark.parametrize(
    "known", ["member@example.org", "MEMBER@example.org", "unverified@example.org", "closed@example.org"]
)
def test_the_answer_is_the_same_whether_an_address_is_known_or_not(path: str, form: dict[str, str], known: str) -> None:
    people.member(), people.unverified()
    User.objects.filter(pk=people.person("closed").pk).update(is_active=False)
    answers = []
    unknown = "NOBODY-KNOWS@example.org" if known.startswith("MEMBER") else "nobody-knows@example.org"
    for email in (known, unknown):
        filled = {name: value.replace("EMAIL", email) for name, value in form.items()}
        answers.append(told(Client(), path, filled, email))
    assert answers[0] == answers[1]


def test_the_real_owner_hears_of_a_second_sign_up_and_the_stranger_does_not_get_in() -> None:
    people.member()
    browser = Client()
    browser.post("/accounts/signup/", {**NEWCOMER, "email": "member@example.org"})
    (message,) = mail.outbox
    assert message.to == ["member@example.org"]
    assert not re.search(r"^ {4}[A-Z0-9-]{4,}$", str(message.body), re.MULTILINE), "no code that would let them in"
    assert signed_in_as(browser) == ""
    assert people.member().check_password(people.PASSWORD)


def test_changing_to_a_known_address_is_answered_like_changing_to_an_unknown_one() -> None:
    people.grace()
    answers = []
    for number, email in enumerate(("grace@example.org", "nobody-knows@example.org")):
        mover = people.person(f"mover-{number}")
        browser = Client()
        sign_in(browser, mover.email)
        change_address(browser, email)
        page = _seen(browser.get("/accounts/email/", follow=True), email)
        answers.append((page[0], str(page[3]).replace(mover.email, "MOVER").replace(str(mover), "MOVER")))
    assert answers[0] == answers[1]
