"""When a report is out and which day it counts as, worked out by the database, so that both can be indexed."""

import zoneinfo

from django.db import migrations, models
from django.db.models.functions import Coalesce, Greatest, TruncDate


def out_at() -> models.Case:
    return models.Case(
        models.When(
            published_at__isnull=False, withdrawn_at__isnull=True, then=Greatest("published_at", "embargo_until")
        ),
        output_field=models.DateTimeField(),
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="report", name="report_newest"),
        migrations.AddField(
            model_name="report",
            name="out_at",
            field=models.GeneratedField(db_persist=True, expression=out_at(), output_field=models.DateTimeField()),
        ),
        migrations.AddField(
            model_name="report",
            name="shelf_day",
            field=models.GeneratedField(
                db_persist=True,
                expression=Coalesce("released_on", TruncDate(out_at(), tzinfo=zoneinfo.ZoneInfo("America/New_York"))),
                help_text="What 'newest' goes by.",
                output_field=models.DateField(),
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(out_at__isnull=False), fields=["-shelf_day", "-id"], name="report_by_day"
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(out_at__isnull=False), fields=["title", "id"], name="report_by_title"
            ),
        ),
        migrations.AddIndex(
            model_name="report", index=models.Index(fields=["out_at"], include=["id"], name="report_by_time_out")
        ),
    ]
