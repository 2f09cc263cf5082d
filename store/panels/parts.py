"""What a panel is made of, and the words that several panels share."""

from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from cosn_site.templatetags.site import NBSP
from members.standing import Holding, Standing, Via
from reports.models import Edition, Report
from store.access import Decision

Why = tuple[tuple[bool, str], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next."""

    label: str
    url: str
    icon: str = "arrow"


@dataclass(frozen=True, slots=True)
class Panel:
    """What components/access_panel.html shows."""

    status: str
    title: str
    sentence: str
    icon: str = ""
    tone: str = ""
    why: Why = ()
    next: Step | None = None
    second: Step | None = None
    fine: str = ""
    waiting: bool = False
    explained: str = ""  # the address of the page that says why, step by step


def download(report: Report) -> Step:
    return Step("Download the PDF", reverse("store:download", args=[report.slug]), "download")


def see_plans() -> Step:
    return Step("see what membership costs", reverse("members:plans"), "arrow")


def renew() -> Step:
    return Step("Renew membership", reverse("members:plans") + "#renew", "arrow")


def about_file(edition: Edition | None) -> str:
    if edition is None:
        return ""
    pages = f"{edition.pages}{NBSP}page{'' if edition.pages == 1 else 's'}"
    return f"PDF, {pages}, {size(edition.bytes)}, edition {edition.number}."


def size(count: int) -> str:
    """1.8 MB: what a reader wants to know before a download. Decimal units."""
    if count < 1_000_000:
        return f"{max(count // 1000, 1)}{NBSP}KB"
    return f"{count / 1_000_000:.1f}{NBSP}MB"


def in_days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def last_day_of(decision: Decision) -> date:
    until = decision.standing.standing.until if decision.standing else None
    assert until is not None, "a standing that gives access has a last day"  # noqa: S101 - says what the rule promises
    return until


def facts_of(decision: Decision) -> tuple[Standing, Holding]:
    found = decision.standing
    assert found is not None, "this reason comes from a standing"  # noqa: S101
    assert found.holding is not None, "this standing comes from a holding"  # noqa: S101
    return found.standing, found.holding


def through(holding: Holding) -> str:
    return holding.holder if holding.via is Via.SEAT else "your own membership"


def seat_why(standing: Standing, holding: Holding) -> Why:
    if holding.via is not Via.SEAT or standing.term is None:
        return ((True, "You are an individual member"),)
    return ((True, f"You hold seat {holding.seat_number} of {standing.term.seats}"),)


FOR_MEMBERS = (True, "This report is for members")
