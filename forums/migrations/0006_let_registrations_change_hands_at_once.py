from django.db import migrations, models


class Migration(migrations.Migration):
    """Two accounts that are one person may have to swap their registrations, which one statement must be able to do."""

    dependencies = [("forums", "0005_drop_the_capacity_of_forums")]

    operations = [
        migrations.RemoveConstraint(model_name="registration", name="one_registration_per_person"),
        migrations.AddConstraint(
            model_name="registration",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable.IMMEDIATE,
                fields=("forum", "person"),
                name="one_registration_per_person",
            ),
        ),
    ]
