"""Background work of the knowledge center."""

from django.db import transaction

from cosn_site.jobs import GiveUp, job
from reports.indexing import PdfUnreadable, page_texts
from reports.models import Edition, EditionPage


@job(queue="files")
def index_edition(edition_id: int) -> str:
    """Read the text of an edition's pages for the search. Safe to run twice; answers what it found, for staff."""
    edition = Edition.objects.select_related("report").get(pk=edition_id)
    try:
        with edition.file.open("rb") as file:
            texts = page_texts(file)
    except PdfUnreadable as error:
        raise GiveUp(f"The pages of “{edition}” could not be read, so the search does not know them.") from error
    rows = [EditionPage(edition=edition, number=number, text=text) for number, text in enumerate(texts, 1) if text]
    with transaction.atomic():
        Edition.objects.select_for_update().get(pk=edition_id)
        edition.page_rows.all().delete()
        EditionPage.objects.bulk_create(rows)
    return f"Read {len(rows)} of {edition.pages} pages of “{edition}”."
