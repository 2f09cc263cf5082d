"""A forum's capacity moves to its seating, where the lock for seats is."""

from typing import Any

from django.db import migrations


def fill(apps: Any, schema_editor: Any) -> None:
    forum, seating = apps.get_model("forums", "Forum"), apps.get_model("forums", "Seating")
    for row in forum.objects.exclude(capacity=None):
        seating.objects.create(forum=row, capacity=row.capacity)


class Migration(migrations.Migration):
    dependencies = [("forums", "0003_add_registrations_seats_letters_and_the_day")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
