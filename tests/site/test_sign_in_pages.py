"""django-allauth's pages and mails: in our design, in our words, and the same for an address we do not know."""

import re

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from members.models import User
from tests.people import PASSWORD, person

pytestmark = pytest.mark.django_db

OUTSIDE = ["account_login", "account_signup", "account_request_login_code", "account_reset_password"]
OUTSIDE += ["account_inactive"]
INSIDE = ["account_email", "account_change_password", "account_reauthenticate", "account_logout", "usersessions_list"]


@pytest.fixture
def member() -> User:
    return person("member", name="Robin Reed")


def page(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    assert response.status_code == 200
    return response.content.decode()


def expect_our_design(html: str) -> None:
    assert 'class="masthead"' in html
    assert html.count("<h1") == 1
    assert not re.search(r"\sstyle=", html)
    title = re.search(r"<title>(.*?)</title>", html, re.DOTALL)
    assert title
    assert title[1].strip().removesuffix("| CoSN").strip()


def code_in(letter: EmailMessage) -> str:
    found = re.search(r"^ {4}(\S+)$", str(letter.body), re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_page_outside_the_door_is_in_our_design(client: Client, name: str) -> None:
    expect_our_design(page(client.get(reverse(name))))


@pytest.mark.parametrize("name", INSIDE)
def test_a_page_about_ones_sign_in_is_in_our_design(client: Client, member: User, name: str) -> None:
    client.login(email=member.email, password=PASSWORD)
    expect_our_design(page(client.get(reverse(name), follow=True)))


def test_labels_are_ours_and_no_placeholder_repeats_them(client: Client) -> None:
    html = page(client.get(reverse("account_login")))
    assert ">E-mail</label>" in html
    assert "placeholder" not in html


def test_a_wrong_password_is_answered_with_a_way_on(client: Client, member: User) -> None:
    html = page(client.post(reverse("account_login"), {"login": member.email, "password": "not this one"}))
    assert "sign in with a code" in html
    assert f'value="{member.email}"' in html


def test_one_signs_in_with_a_code(client: Client, member: User) -> None:
    asked = client.post(reverse("account_request_login_code"), {"email": member.email}, follow=True)
    expect_our_design(page(asked))
    (letter,) = outbox.outbox
    answer = client.post(reverse("account_confirm_login_code"), {"code": code_in(letter)})
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(member.pk)


def test_a_new_person_verifies_by_code_and_is_in(client: Client) -> None:
    data = {"email": "new@example.org", "name": "Kim", "password1": "three words here", "password2": "three words here"}
    expect_our_design(page(client.post(reverse("account_signup"), data, follow=True)))
    (letter,) = outbox.outbox
    client.post(reverse("account_email_verification_sent"), {"code": code_in(letter)})
    assert client.session["_auth_user_id"] == str(User.objects.get(email="new@example.org").pk)


def test_a_forgotten_password_is_replaced_with_a_code(client: Client, member: User) -> None:
    expect_our_design(page(client.post(reverse("account_reset_password"), {"email": member.email}, follow=True)))
    (letter,) = outbox.outbox
    code = {"code": code_in(letter)}
    expect_our_design(page(client.post(reverse("account_confirm_password_reset_code"), code, follow=True)))
    new = {"password1": "another four words here", "password2": "another four words here"}
    expect_our_design(page(client.post(reverse("account_complete_password_reset"), new, follow=True)))
    member.refresh_from_db()
    assert member.check_password("another four words here")


@pytest.mark.parametrize("route", ["account_request_login_code", "account_reset_password"])
def test_an_unknown_address_gets_the_same_answer(member: User, route: str) -> None:
    answers = []
    for email in (member.email, "nobody@example.org"):
        response = Client().post(reverse(route), {"email": email}, follow=True)
        html = page(response).replace(email, "ADDRESS")
        answers.append((response.redirect_chain, re.sub(r'csrfmiddlewaretoken" value="[^"]*"', "", html)))
    assert answers[0] == answers[1]


def test_every_sign_in_mail_has_a_text_and_a_designed_page(client: Client, member: User) -> None:
    client.post(reverse("account_request_login_code"), {"email": member.email})
    Client().post(reverse("account_reset_password"), {"email": "nobody@example.org"})
    assert len(outbox.outbox) == 2
    for letter in outbox.outbox:
        assert "Consortium for School Networking" in letter.body
        assert isinstance(letter, EmailMultiAlternatives)
        ((html, kind),) = letter.alternatives
        assert kind == "text/html"
        assert 'class="mail-h" style="' in str(html)
