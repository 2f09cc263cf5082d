"""A code that shows an e-mail address to be somebody's: they are signed in, and who has no account gets one with it.

One way for addresses that are known and those that are not, so nobody learns from it which are. The code is made by
the task that mails it and kept as a hash, for ten minutes, under a number that only the session of who asked holds; a
code from another browser, a guess beyond the fifth, and a second use come to nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare, salted_hmac

from cosn_site.jobs import job
from cosn_site.limits import within_limit
from cosn_site.mail import send_templated
from cosn_site.verbs import StepRefused, audited
from members.addresses import forget_unproven_password, person_at
from members.models import User

MINUTES = 10
LASTS = timedelta(minutes=MINUTES)
DIGITS = 6
TRIES = 5  # at one code
HOUR = 60 * 60
CODES_AN_ADDRESS, CODES_A_NETWORK = 5, 100  # in an hour; a whole conference may sit behind one network address
_KEY = "address_code"


class CodeRefused(StepRefused):
    """A code that shows nothing."""


class TooManyCodes(CodeRefused):
    sentence = "We have sent several codes already. Use the newest, or ask again in an hour."


class WrongCode(CodeRefused):
    sentence = "That is not the code we sent. The newest message holds the one that works."


class CodeTooOld(CodeRefused):
    sentence = f"That code works no longer: it is good for {MINUTES} minutes, and once. Ask for a new one."


class TooManyTries(CodeRefused):
    sentence = "That was the wrong code too often. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the session remembers of who asked for a code."""

    number: str
    email: str
    name: str


def asked_in(session: SessionBase) -> Asked | None:
    """For which address a code was asked in this browser, if for any."""
    kept = session.get(_KEY)
    return Asked(kept["number"], kept["email"], kept["name"]) if isinstance(kept, dict) else None


def ask_for_code(session: SessionBase, *, email: str, name: str, network: str, now: datetime) -> None:
    """Mail a code to this address, whosever it is. One that was asked for before stops working here.

    Raises `TooManyCodes`.
    """
    email = User.objects.normalize_email(email.strip())
    if not within_limit("address-code-network", network, times=CODES_A_NETWORK, seconds=HOUR, now=now):
        raise TooManyCodes
    if not within_limit("address-code", email, times=CODES_AN_ADDRESS, seconds=HOUR, now=now):
        raise TooManyCodes
    forget_code(session)
    number = secrets.token_hex(16)
    with transaction.atomic():
        _keep(number, {"email": email, "hash": "", "ends": (now + LASTS).timestamp()})
        send_code.enqueue(number)
    session[_KEY] = {"number": number, "email": email, "name": " ".join(name.split())}


def forget_code(session: SessionBase) -> None:
    """Whatever was asked for in this browser works no longer."""
    asked = asked_in(session)
    if asked is not None:
        cache.delete(_cache_key(asked.number))
        del session[_KEY]


def owner_by_code(session: SessionBase, *, code: str, now: datetime) -> User:
    """Whose address it is, now that they typed the code in; somebody new gets an account with it.

    Raises `CodeTooOld`, `TooManyTries`, `WrongCode`.
    """
    asked = asked_in(session)
    if asked is None:
        raise CodeTooOld
    # counted where it cannot be undone by sending many tries at the same instant, as a count in the session could
    if not within_limit("address-code-tries", asked.number, times=TRIES, seconds=MINUTES * 60, now=now):
        cache.delete(_cache_key(asked.number))
        raise TooManyTries
    kept = cache.get(_cache_key(asked.number))
    if kept is None or kept["ends"] <= now.timestamp():
        raise CodeTooOld
    typed = "".join(character for character in code if character in "0123456789")
    if not kept["hash"] or not constant_time_compare(kept["hash"], _hash(asked.number, typed)):
        raise WrongCode
    with transaction.atomic():
        if not cache.delete(_cache_key(asked.number)):  # the same code was sent twice at once
            raise CodeTooOld
        owner = prove_address(email=asked.email, name=asked.name)
    del session[_KEY]
    return owner


def prove_address(*, email: str, name: str) -> User:
    """Whoever acts has shown that the address is theirs; the account that has it, or a new one, with it verified.

    A password that was set before is forgotten: it may be a stranger's.
    """
    with transaction.atomic(), audited("prove_address", by=None):
        same = EmailAddress.objects.alias(lower=Lower("email")).filter(lower=Lower(Value(email)))
        proven = same.filter(verified=True).select_related("user").first()
        if proven is not None:
            return _named(proven.user, name)
        person = User.objects.select_for_update().get(pk=person_at(email=email, name=name, by=None).pk)
        if not same.filter(user=person).update(verified=True):
            is_first = not EmailAddress.objects.filter(user=person, primary=True).exists()
            EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=is_first)
        if person.has_usable_password():
            forget_unproven_password(person=person, by=person)
        return _named(person, name)


def _named(person: User, name: str) -> User:
    if name and not person.name:
        person.name = name[:120]
        person.save(update_fields=["name"])
    return person


@job(queue="mail")
def send_code(number: str) -> str:
    """Make the code and mail it. Running it twice sends two, of which the second works."""
    kept = cache.get(_cache_key(number))
    if kept is None:
        return "It is not asked for any more."
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    _keep(number, {**kept, "hash": _hash(number, code)})
    send_templated(kept["email"], "members/address_code", {"code": code, "minutes": MINUTES})
    return "Sent."


def _keep(number: str, what: dict[str, object]) -> None:
    cache.set(_cache_key(number), what, timeout=MINUTES * 60)


def _cache_key(number: str) -> str:
    return f"address-code:{number}"


def _hash(number: str, code: str) -> str:
    """Keyed by our secret: six digits alone would be found by trying them all."""
    return salted_hmac("members.address_codes", f"{number}:{code}", algorithm="sha256").hexdigest()
