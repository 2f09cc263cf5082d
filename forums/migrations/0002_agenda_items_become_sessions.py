from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("forums", "0001_initial")]
    operations = [migrations.RenameModel("AgendaItem", "Session")]
