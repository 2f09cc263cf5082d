"""Background work of the knowledge center."""

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from cosn_site.jobs import GiveUp, every, job
from cosn_site.mail import send_templated
from reports.indexing import PdfUnreadable, page_texts
from reports.models import Edition, EditionPage, Subscriber
from reports.models.newsletter import Standing
from reports.newsletter_links import renew_secret
from reports.telling import tell_attendees


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


@job(queue="mail")
def send_newsletter_link(subscriber_id: int) -> None:
    """Send a subscriber the link with the button to confirm; one who gets the newsletter already is told so instead.

    Running it twice sends two mails, of which the second has the link that works.
    """
    subscriber = Subscriber.objects.get(pk=subscriber_id)
    subscribed = subscriber.standing is Standing.SUBSCRIBED
    address = reverse("reports:newsletter_link", args=[renew_secret(subscriber=subscriber)])
    template = "newsletter_already" if subscribed else "newsletter_confirm"
    send_templated(subscriber.email, template, {"link": f"{settings.SITE_URL}{address}"})


@every(minutes=1)
@job()
def tell_attendees_of_reports() -> str:
    """Tell those who were at a forum that its report is out, once it is. Safe to run twice."""
    count = tell_attendees(timezone.now())
    return f"{count} attendee{'' if count == 1 else 's'} told."
