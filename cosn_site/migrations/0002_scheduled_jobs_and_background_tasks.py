from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cosn_site", "0001_cache_table"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScheduledJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=200, unique=True)),
                ("rhythm", models.CharField(max_length=100)),
                ("slot", models.DateTimeField(null=True)),
                ("enqueued_at", models.DateTimeField(null=True)),
                ("task_id", models.UUIDField(null=True)),
            ],
            options={"ordering": ["path"], "default_permissions": ()},
        ),
        migrations.CreateModel(
            name="BackgroundTask",
            fields=[],
            options={
                "verbose_name": "background task",
                "verbose_name_plural": "background work",
                "proxy": True,
                "default_permissions": ("view", "change"),
                "indexes": [],
                "constraints": [],
            },
            bases=("django_tasks_database.dbtaskresult",),
        ),
    ]
