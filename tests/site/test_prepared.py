"""Statements that are planned once a connection: they do what the ORM does."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult, get_date_max

from cosn_site.prepared import PreparedInsert
from forums.models import Registration
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)


def task(**fields: object) -> DBTaskResult:
    made = {"args_kwargs": {"args": ["it's", 1, None], "kwargs": {}}, "task_path": "nowhere", "backend_name": "default"}
    return DBTaskResult(**{**made, "run_after": get_date_max(), **fields})


def test_a_prepared_insert_writes_what_save_writes() -> None:
    prepared, saved = task(), task()
    PreparedInsert("a_task_of_a_test", DBTaskResult)(prepared)
    saved.save()
    rows = list(DBTaskResult.objects.filter(pk__in=[prepared.pk, saved.pk]).values())
    for row in rows:
        del row["id"], row["enqueued_at"]
    assert rows[0] == rows[1]
    assert isinstance(prepared.pk, uuid.UUID)
    prepared.priority = 7
    prepared.save()  # it knows that its row is there
    assert DBTaskResult.objects.get(pk=prepared.pk).priority == 7


def test_it_brings_back_what_the_database_filled_in() -> None:
    row = make_registration(make_open_forum(now=NOW), people.visitor(), now=NOW)
    assert (row.seat_number, row.pk) == Registration.objects.values_list("seat_number", "pk").get()


def test_it_is_one_statement_also_the_second_time_and_breaks_on_what_the_table_forbids() -> None:
    write, first = PreparedInsert("a_task_of_another_test", DBTaskResult), task()
    write(first)
    with CaptureQueriesContext(connection) as said:
        write(task())
    assert len(said) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        write(task(id=first.pk))
