"""The verbs on a person's e-mail address, and on what hangs on it."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Lower

from cosn_site.verbs import audited
from members.models import User


def change_address(*, person: User, email: str, by: User | None, now: datetime) -> None:
    """Staff give a person another address: the new one is to be verified, and the old one opens nothing any more.

    Browsers that are signed in are signed out: they may be in the hands of whoever had the old address.
    """
    with transaction.atomic(), audited("change_address", by=by):
        row = User.objects.select_for_update().get(pk=person.pk)
        row.email = User.objects.normalize_email(email)
        row.save(update_fields=["email"])
        EmailAddress.objects.filter(user=row).delete()
        EmailAddress.objects.create(user=row, email=row.email, primary=True, verified=False)
        for session in UserSession.objects.filter(user=row):
            session.end()
    person.refresh_from_db(fields=["email"])


def forget_unproven_password(*, person: User, by: User | None) -> None:
    """The password was set before anybody had shown that the address is theirs, so it may be a stranger's.

    Somebody may sign up with an address of somebody else and wait for its owner to be invited. `person` itself is
    changed, because the session that begins now hangs on its password.
    """
    with audited("forget_unproven_password", by=by):
        person.set_unusable_password()
        person.save(update_fields=["password"])


def person_at(*, email: str, name: str, by: User | None) -> User:
    """Whose address this is; somebody new gets an account that can do nothing until its owner proves the address.

    An address that somebody has verified beside their own is theirs.
    """
    lower = Lower(Value(email.strip()))
    named = User.objects.alias(lower=Lower("email")).filter(lower=lower)
    verified = EmailAddress.objects.alias(lower=Lower("email")).filter(lower=lower, verified=True)
    known = named.first() or User.objects.filter(pk__in=verified.values("user")).first()
    if known is not None:
        return known
    email = User.objects.normalize_email(email.strip())
    try:
        with transaction.atomic(), audited("person_at", by=by):
            person = User.objects.create_user(email, name=" ".join(name.split()))
            EmailAddress.objects.create(user=person, email=email, verified=False, primary=True)
    except IntegrityError:  # somebody else named or signed up this address at the same moment
        return named.get()
    return person
