"""Background work of the knowledge center."""

from django.db import transaction
from django.tasks import task

from reports.indexing import page_texts
from reports.models import Edition, EditionPage


@task(queue_name="files")
def index_edition(edition_id: int) -> int:
    """Read the text of an edition's pages for the search; answers how many pages have text. Safe to run twice."""
    edition = Edition.objects.get(pk=edition_id)
    with edition.file.open("rb") as file:
        texts = list(page_texts(file))
    rows = [
        EditionPage(edition=edition, number=number, text=text)
        for number, text in enumerate(texts, start=1)
        if text.strip()
    ]
    with transaction.atomic():
        Edition.objects.select_for_update().get(pk=edition_id)
        edition.page_rows.all().delete()
        EditionPage.objects.bulk_create(rows)
    return len(rows)
