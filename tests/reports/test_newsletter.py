"""The newsletter's verbs: ask, confirm, leave."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db import connection, transaction

from reports import newsletter
from reports.models import ConsentText, Subscriber
from reports.models.newsletter import Standing
from tests import people

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
ADDRESS = "reader@example.org"


@pytest.fixture
def consent() -> ConsentText:
    return ConsentText.objects.create(version=1, text="Yes, write to me.")


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_for_one_address_at_once_make_one_subscriber(consent: ConsentText) -> None:
    first_has_written, second_has_begun = threading.Event(), threading.Event()
    answers: list[object] = []

    def first() -> None:
        with transaction.atomic():
            answers.append(ask(ADDRESS))
            first_has_written.set()
            second_has_begun.wait(10)
        connection.close()

    def second() -> None:
        first_has_written.wait(10)
        threading.Timer(0.3, second_has_begun.set).start()  # by then it waits for the first one's row
        try:
            answers.append(ask(ADDRESS.title()))
        except Exception as error:  # noqa: BLE001 - an answer too, for the assertion below
            answers.append(error)
        connection.close()

    def ask(email: str) -> Subscriber:
        return newsletter.ask(email=email, focus_areas=[], consent=consent, by=None, now=NOW)

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [Subscriber.objects.get()] * 2


@pytest.mark.django_db
def test_an_address_that_only_looks_like_another_takes_nobody_s_place(consent: ConsentText) -> None:
    other = newsletter.ask(
        email="\N{LATIN SMALL LETTER LONG S}am@example.org", focus_areas=[], consent=consent, by=None, now=NOW
    )
    sam = newsletter.ask(email="sam@example.org", focus_areas=[], consent=consent, by=None, now=NOW)
    again = newsletter.ask(email="SAM@example.org", focus_areas=[], consent=consent, by=None, now=NOW)
    assert sam.email == "sam@example.org"
    assert sam == again != other


@pytest.mark.django_db
def test_who_left_and_asked_again_counts_as_asked_wherever_it_is_shown(consent: ConsentText) -> None:
    subscriber = newsletter.ask(email=ADDRESS, focus_areas=[], consent=consent, by=None, now=NOW)
    newsletter.confirm(subscriber=subscriber, by=None, now=NOW)
    newsletter.leave(subscriber=subscriber, by=None, now=NOW)
    again = newsletter.ask(email=ADDRESS, focus_areas=[], consent=consent, by=None, now=NOW + timedelta(days=1))
    assert again.standing is Standing.ASKED
    staff = people.browser(people.staff())
    for state, is_listed in (("asked", True), ("left", False)):
        page = staff.get("/admin/reports/subscriber/", {"state": state}).content.decode()
        assert (ADDRESS in page) is is_listed
        assert ('<td class="field-state_now">Asked, not confirmed</td>' in page) is is_listed


@pytest.mark.django_db
def test_the_database_and_the_rule_agree_on_where_a_subscriber_is(consent: ConsentText) -> None:
    times = [NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)]
    for number, (confirmed_at, left_at) in enumerate(product([None, *times], repeat=2)):
        Subscriber.objects.create(
            email=f"{number}@example.org",
            token_hash=str(number),
            consent=consent,
            asked_at=NOW,
            confirmed_at=confirmed_at,
            left_at=left_at,
        )
    for standing in Standing:
        by_rule = {subscriber for subscriber in Subscriber.objects.all() if subscriber.standing is standing}
        assert set(Subscriber.objects.in_standing(standing)) == by_rule
        assert by_rule
