"""Each plan's prices become its first price list, and each contact's role a flag."""

from datetime import date
from typing import Any

from django.db import migrations

LONG_AGO = date(2000, 1, 1)  # terms that were sold before had these prices too, as far as we know


def fill(apps: Any, schema_editor: Any) -> None:
    model = {name: apps.get_model("members", name) for name in ("Plan", "PriceList", "DuesBand", "Term", "Contact")}
    for plan in model["Plan"].objects.all():
        prices = model["PriceList"].objects.create(
            plan=plan,
            number=1,
            valid_from=LONG_AGO,
            seats=plan.seats,
            grace_days=plan.grace_days,
            provisional_days=plan.provisional_days,
        )
        model["DuesBand"].objects.create(price_list=prices, dues_cents=plan.dues_cents)
        model["Term"].objects.filter(membership__plan=plan).update(price_list=prices)
    model["Contact"].objects.filter(role="primary").update(is_primary=True)
    model["Contact"].objects.filter(role="billing").update(is_billing=True)


class Migration(migrations.Migration):
    dependencies = [("members", "0003_add_price_lists_seats_domains_renewals_imports")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
