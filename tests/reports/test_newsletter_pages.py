"""The newsletter's pages and mails: nobody gets it by another's doing, and everybody can leave."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from members.links import hash_of
from reports import newsletter
from reports.models import ConsentText, Subscriber
from reports.newsletter import Standing
from reports.tasks import send_newsletter_link
from reports.views.newsletter import MAILS_AN_ADDRESS, TRIES_A_NETWORK
from tests.factories import make_focus_area

pytestmark = pytest.mark.django_db

ADDRESS = "/newsletter/"
SITE = "http://127.0.0.1:8000"
EMAIL = "reader@district.example"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def consent() -> ConsentText:
    return ConsentText.objects.create(version=3, text="Send me the newsletter.")


def ask(email: str = EMAIL, client: Client | None = None, **fields: object) -> Any:
    return (client or Client()).post(ADDRESS, {"email": email, "agreed": "on", "consent_version": 3, **fields})


def send() -> str:
    """Send what is due to the only subscriber; the link in it."""
    mail.outbox.clear()
    send_newsletter_link.call(Subscriber.objects.get().pk)
    (message,) = mail.outbox
    (link,) = set(re.findall(rf"{SITE}(/newsletter/[^\s\"]+/)", str(message.body)))
    return str(link)


def press(link: str, step: str) -> int:
    return Client().post(link, {"step": step}).status_code


def standing() -> Standing:
    return Subscriber.objects.get().standing


# --- asking -----------------------------------------------------------------------------------------------------
def test_asking_keeps_the_subjects_and_the_version_agreed_to(consent: ConsentText) -> None:
    area = make_focus_area("leadership")
    response = ask(focus_areas=[area.pk])
    assert response.status_code == 302
    assert response["Location"] == "/newsletter/?asked"
    subscriber = Subscriber.objects.get()
    assert subscriber.email == EMAIL
    assert subscriber.consent == consent
    assert list(subscriber.focus_areas.all()) == [area]
    assert standing() is Standing.ASKED


def test_the_answer_is_the_same_whether_the_address_is_known_or_not(consent: ConsentText) -> None:
    answers = []
    for _ in range(2):
        response = ask()
        answers.append((response.status_code, response["Location"], response.content))
    press(send(), "confirm")
    response = ask()
    answers.append((response.status_code, response["Location"], response.content))
    assert len(set(answers)) == 1
    assert Subscriber.objects.count() == 1


def test_letter_case_makes_no_second_subscriber(consent: ConsentText) -> None:
    ask("Reader@District.example")
    ask("reader@district.example")
    assert Subscriber.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "nobody"},
        {"email": ""},
        {"agreed": ""},
        {"consent_version": 2},
        {"consent_version": "x"},
        {"focus_areas": [999]},
    ],
)
def test_a_form_with_something_wrong_comes_back_with_what_was_typed(
    consent: ConsentText, fields: dict[str, object]
) -> None:
    response = Client().post(ADDRESS, {"email": EMAIL, "agreed": "on", "consent_version": 3, **fields})
    assert response.status_code == 200
    assert 'class="error"' in response.content.decode()
    assert not Subscriber.objects.exists()
    if "email" not in fields:
        assert f'value="{EMAIL}"' in response.content.decode()


def test_without_words_to_agree_to_there_is_no_newsletter() -> None:
    assert Client().get(ADDRESS).status_code == 404


# --- the link ---------------------------------------------------------------------------------------------------
def test_opening_the_link_changes_nothing_and_the_button_confirms(consent: ConsentText) -> None:
    ask()
    link = send()
    for method in (Client().get, Client().head):
        assert method(link).status_code == 200
    assert standing() is Standing.ASKED
    assert press(link, "confirm") == 302
    assert standing() is Standing.SUBSCRIBED
    assert "You get the newsletter" in Client().get(link).content.decode()


def test_the_same_link_leads_out_again(consent: ConsentText) -> None:
    ask()
    link = send()
    press(link, "confirm")
    press(link, "leave")
    assert standing() is Standing.LEFT
    assert "You left the newsletter" in Client().get(link).content.decode()


def test_who_left_and_asks_again_has_to_press_the_button_again(consent: ConsentText) -> None:
    ask()
    link = send()
    press(link, "confirm")
    press(link, "leave")
    ask()
    assert standing() is Standing.ASKED
    press(send(), "confirm")
    assert standing() is Standing.SUBSCRIBED


def test_somebody_else_cannot_change_what_a_subscriber_gets(consent: ConsentText) -> None:
    area = make_focus_area("leadership")
    ask(focus_areas=[area.pk])
    press(send(), "confirm")
    ConsentText.objects.create(version=4, text="Other words.")
    ask(consent_version=4, focus_areas=[])
    subscriber = Subscriber.objects.get()
    assert list(subscriber.focus_areas.all()) == [area]
    assert subscriber.consent == consent
    send()
    assert mail.outbox[0].subject == "You get our newsletter already"


def test_a_link_confirms_for_seven_days_and_leads_out_for_ever(consent: ConsentText) -> None:
    now = timezone.now()
    ask()
    link = send()
    subscriber = Subscriber.objects.get()
    with pytest.raises(newsletter.LinkTooOld):
        newsletter.confirm(subscriber=subscriber, by=None, now=subscriber.asked_at + timedelta(days=7, seconds=1))
    newsletter.confirm(subscriber=subscriber, by=None, now=subscriber.asked_at + timedelta(days=7))
    with time_machine.travel(now + timedelta(days=1000), tick=False):
        press(link, "leave")
    assert standing() is Standing.LEFT


def test_a_link_that_is_too_old_says_so(consent: ConsentText) -> None:
    ask()
    link = send()
    Subscriber.objects.update(asked_at=timezone.now() - timedelta(days=8))
    response = Client().post(link, {"step": "confirm"})
    assert response.status_code == 410
    assert "more than seven days old" in response.content.decode()
    assert standing() is Standing.ASKED


def test_a_newer_mail_takes_the_place_of_the_one_before(consent: ConsentText) -> None:
    ask()
    first, second = send(), send()
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200


def test_the_secret_stands_nowhere_but_in_the_mail(consent: ConsentText) -> None:
    ask()
    secret = send().split("/")[2]
    assert len(secret) * 6 >= 128
    assert Subscriber.objects.get().token_hash == hash_of(secret) != secret
    for task in DBTaskResult.objects.all():
        assert secret not in str(task.args_kwargs)


def test_a_link_of_nobody_is_not_found() -> None:
    assert Client().get("/newsletter/guessed/").status_code == 404
    assert Client().post("/newsletter/guessed/", {"step": "leave"}).status_code == 404


# --- limits -----------------------------------------------------------------------------------------------------
def test_an_address_is_not_flooded_and_the_answer_does_not_tell(consent: ConsentText) -> None:
    answers = {ask().status_code for _ in range(MAILS_AN_ADDRESS + 3)}
    assert answers == {302}
    assert DBTaskResult.objects.filter(task_path=send_newsletter_link.module_path).count() == MAILS_AN_ADDRESS


def test_a_network_that_tries_too_often_is_told_to_wait(consent: ConsentText) -> None:
    for number in range(TRIES_A_NETWORK):
        assert ask(f"reader{number}@district.example").status_code == 302
    response = ask("one-more@district.example")
    assert response.status_code == 429
    assert "Try again in an hour" in response.content.decode()
    assert ask("elsewhere@district.example", Client(REMOTE_ADDR="192.0.2.7")).status_code == 302


def test_the_limit_ends_when_its_hour_is_over(consent: ConsentText) -> None:
    for _ in range(TRIES_A_NETWORK + 1):
        ask()
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert ask().status_code == 302
