"""Data that was there before a migration is there after it, and what migrations did can be undone."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import own_copy

CASTS = re.compile(r"::(text|character varying)(\[\])?|[()]")
FLOORS = ("store", "reports", "forums", "members", "cosn_site")  # each stands on those after it


def migrate(*targets: tuple[str, str | None]) -> None:
    """Take the database to these migrations."""
    MigrationExecutor(connection).migrate(list(targets))


def models_at(floor: str, migration: str) -> Any:
    """Take the database to this migration; the models as they were there."""
    migrate((floor, migration))
    return MigrationExecutor(connection).loader.project_state([(floor, migration)]).apps


@pytest.fixture
def empty_database(django_db_setup: object, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), own_copy("empty", "template0"):
        yield


@pytest.fixture
def before_price_lists(empty_database: None) -> Any:
    """By way of the later migrations, which are undone."""
    migrate(("members", "0006_note_who_confirms_an_import"))
    return models_at("members", "0002_keep_the_history_of_people")


def test_prices_of_plans_become_price_lists_and_roles_become_flags(before_price_lists: Any) -> None:
    old = before_price_lists
    model = {name: old.get_model("members", name) for name in ("Plan", "Organization", "Membership", "Term", "Contact")}
    plan = model["Plan"].objects.create(
        name="District", slug="d", holder="organization", dues_cents=125_000, seats=10, grace_days=20
    )
    district = model["Organization"].objects.create(name="D", slug="d", kind="district")
    membership = model["Membership"].objects.create(organization=district, plan=plan)
    model["Term"].objects.create(
        membership=membership, starts_on=date(2026, 7, 1), ends_on=date(2027, 6, 30), seats=12, dues_cents=99_900
    )
    user = old.get_model("members", "User")
    for role in ("primary", "billing", "member"):
        person = user.objects.create(email=f"{role}@example.org")
        model["Contact"].objects.create(organization=district, person=person, role=role)

    now = models_at("members", "0005_drop_prices_of_plans_and_roles_of_contacts")

    prices = now.get_model("members", "PriceList").objects.get()
    assert (prices.plan_id, prices.seats, prices.grace_days, prices.provisional_days) == (plan.pk, 10, 20, 40)
    assert [(band.up_to, band.dues_cents) for band in prices.bands.all()] == [(None, 125_000)]
    term = now.get_model("members", "Term").objects.get()
    assert (term.price_list_id, term.seats, term.dues_cents) == (prices.pk, 12, 99_900), "it keeps its figures"
    contacts = now.get_model("members", "Contact").objects.select_related("person")
    assert {contact.person.email[:7]: (contact.is_primary, contact.is_billing) for contact in contacts} == {
        "primary": (True, False),
        "billing": (False, True),
        "member@": (False, False),
    }


@pytest.fixture
def migrated_database(django_db_setup: object, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), own_copy("undone"):
        yield


def shape() -> set[tuple[str, ...]]:
    """Every column, constraint, index, trigger and function that the database has."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull::text
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
            UNION ALL SELECT conrelid::regclass::text, 'constraint', conname, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT tablename, 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT tgrelid::regclass::text, 'trigger', tgname, pg_get_triggerdef(oid)
            FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT proname, 'function', pg_get_function_arguments(oid), prosrc
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        """)
        # A dump that was read in again says the same conditions with other casts.
        return {tuple(CASTS.sub("", word) for word in row) for row in cursor.fetchall()}


def test_what_migrations_did_can_be_undone_and_done_again(migrated_database: None) -> None:
    whole = shape()
    for floor in FLOORS:
        before = shape()
        migrate((floor, None))
        assert shape() != before, floor
    migrate(*MigrationExecutor(connection).loader.graph.leaf_nodes())
    assert shape() == whole


def test_no_migration_of_ours_is_one_that_cannot_be_undone(migrated_database: None) -> None:
    ours = {key: one for key, one in MigrationExecutor(connection).loader.disk_migrations.items() if key[0] in FLOORS}
    assert len(ours) > 20
    assert [key for key, one in ours.items() if not all(operation.reversible for operation in one.operations)] == []
