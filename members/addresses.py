"""The verb on a person's e-mail address."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from cosn_site.verbs import audited
from members.models import User


def change_address(*, person: User, email: str, by: User | None, now: datetime) -> None:
    """Staff give a person another address: the old one no longer signs in, and the new one is to be verified."""
    with transaction.atomic(), audited("change_address", by=by):
        row = User.objects.select_for_update().get(pk=person.pk)
        row.email = User.objects.normalize_email(email)
        row.save(update_fields=["email"])
        EmailAddress.objects.filter(user=row).delete()
        EmailAddress.objects.create(user=row, email=row.email, primary=True, verified=False)
    person.refresh_from_db(fields=["email"])
