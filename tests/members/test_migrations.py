"""Data that was there before a migration is there after it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(*targets: tuple[str, str]) -> Any:
    """Take the database to these migrations; the models as they were there."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets))
    return MigrationExecutor(connection).loader.project_state(list(targets)).apps


@pytest.fixture
def before_price_lists() -> Iterator[Any]:
    yield migrate(("members", "0002_keep_the_history_of_people"))
    call_command("migrate", verbosity=0)


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

    now = migrate(("members", "0005_drop_prices_of_plans_and_roles_of_contacts"))

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
