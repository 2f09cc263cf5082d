"""The mails about domains: the link for a postmaster, and the note to our staff when two organizations claim one."""

from django.conf import settings
from django.urls import reverse

from cosn_site.jobs import job
from cosn_site.mail import send_templated
from members.links import hash_of, new_secret
from members.models import Domain
from members.seat_mail import STAFF_ADDRESS


@job(queue="mail")
def send_to_postmaster(domain_id: int) -> None:
    """Send the link with the button. Running it twice sends two mails, of which the second has the link that works."""
    domain = Domain.objects.select_related("organization").filter(pk=domain_id, verified_at=None).first()
    if domain is None:
        return
    secret = new_secret()
    Domain.objects.filter(pk=domain.pk).update(token_hash=hash_of(secret))
    link = f"{settings.SITE_URL}{reverse('members:domain_link', args=[secret])}"
    send_templated(f"postmaster@{domain.name}", "members/domain_postmaster", {"domain": domain, "link": link})


@job(queue="mail")
def tell_staff_of_conflict(domain_id: int, method: str) -> None:
    """Somebody showed that a domain is theirs which is verified for another organization: staff decide."""
    domain = Domain.objects.select_related("organization").filter(pk=domain_id).first()
    if domain is None:
        return
    link = f"{settings.SITE_URL}{reverse('admin:members_domain_change', args=[domain.pk])}"
    context = {"domain": domain, "how": Domain.Method(method).label.lower(), "link": link}
    send_templated(STAFF_ADDRESS, "members/domain_conflict", context)
