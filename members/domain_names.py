"""Which names may be an organization's own e-mail domain: pure, but for two lists that come with us.

Refused are the domains of public mail providers, where anybody can have an address, and public suffixes, which nobody
owns (com, k12.mn.us).
"""

from functools import cache
from pathlib import Path

import idna
from publicsuffixlist import PublicSuffixList

from cosn_site.verbs import StepRefused

LONGEST = 253
_PROVIDERS = Path(__file__).parent / "data/public_mail_providers.txt"


class NotADomain(StepRefused):
    sentence = "Give what stands after the @ in your addresses, such as maplevalley.example."


class PublicProvider(StepRefused):
    """Anybody can have an address there."""


class PublicSuffix(StepRefused):
    """Many organizations have their domains below it."""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def public_providers() -> frozenset[str]:
    """The domains of public mail providers."""
    lines = _PROVIDERS.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def clean_domain(text: str) -> str:
    """The domain that somebody typed, in lower case and as the DNS has it: `Bücher.Example` is xn--bcher-kva.example.

    An address or a leading @ is taken for what stands after the @. Raises `NotADomain`, `PublicProvider`,
    `PublicSuffix`.
    """
    typed = text.strip().rpartition("@")[2].strip().rstrip(".")
    try:
        name = idna.encode(typed, uts46=True).decode().lower() if typed else ""
    except (idna.IDNAError, UnicodeError) as error:
        raise NotADomain from error
    labels = name.split(".")
    if len(labels) < 2 or len(name) > LONGEST or labels[-1].isdigit():
        raise NotADomain
    parents = [".".join(labels[start:]) for start in range(len(labels))]
    if public_providers().intersection(parents):
        raise PublicProvider(f"Anybody can have an address at {name}, so it cannot stand for an organization.")
    if _suffixes().privatesuffix(name) is None:
        raise PublicSuffix(f"Many organizations have their own domains below {name}. Give yours in full.")
    return name
