"""What is decided under the lock is decided on what is so then, and not on what was so when the lock was asked for."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from forums.announcing import cancel_forum
from forums.models import Registration
from forums.registrations import ForumCancelled
from tests import people
from tests.factories import make_open_forum, make_registration

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_the_lock_while_the_forum_is_cancelled_is_refused() -> None:
    forum, person, came_to = make_open_forum(now=NOW), people.visitor(), []

    def registers() -> None:
        try:
            make_registration(forum, person, now=NOW)
        except ForumCancelled as refused:
            came_to.append(refused)
        finally:
            connection.close()

    thread = threading.Thread(target=registers)
    with transaction.atomic():
        cancel_forum(forum=type(forum).objects.get(pk=forum.pk), by=None, now=NOW)
        thread.start()
        thread.join(timeout=1.0)
        assert thread.is_alive()  # it waits for the lock
    thread.join(timeout=30)
    assert came_to
    assert not Registration.objects.exists()
