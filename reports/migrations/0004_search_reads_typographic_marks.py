"""Search vectors over text whose typographic marks are ASCII (see reports/models/searchable.py).

A generated column cannot change its expression, so each is dropped, with its index, and made anew.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models

MARKS = "“”„«»‹›‘’‚–—―…·•†‡§¶©®™\u00a0\u2009\u200b\u202f‐\u2011"
ASCII = '"""""""\'\'\'                 --'


def searchable(column: str) -> models.Func:
    return models.Func(
        column,
        models.Value(MARKS),
        models.Value(ASCII),
        function="translate",
        output_field=models.TextField(),
    )


def remade(model: str, index: str, expression: models.Expression) -> list[migrations.operations.base.Operation]:
    field = models.GeneratedField(expression=expression, output_field=SearchVectorField(), db_persist=True)
    return [
        migrations.RemoveIndex(model, index),
        migrations.RemoveField(model, "search"),
        migrations.AddField(model, "search", field),
        migrations.AddIndex(model, GinIndex(fields=["search"], name=index)),
    ]


class Migration(migrations.Migration):
    dependencies = [("reports", "0003_keep_facet_bits")]

    operations = [
        *remade(
            "report",
            "report_search",
            SearchVector(searchable("title"), searchable("alternate_title"), weight="A", config="english")
            + SearchVector(searchable("summary"), weight="B", config="english")
            + SearchVector(searchable("body"), weight="C", config="english"),
        ),
        *remade("editionpage", "edition_page_search", SearchVector(searchable("text"), config="english")),
        *remade("takeaway", "takeaway_search", SearchVector(searchable("text"), config="english")),
    ]
