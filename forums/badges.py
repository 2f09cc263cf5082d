"""Badges for a forum: a sheet of Letter pages, six to a page, four inches by three, as the holders in the shops are."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.template.loader import render_to_string

from cosn_site import pdf
from forums.models import Forum, Registration
from forums.tickets import address_of_ticket, qr_code

A_PAGE = 6
LONG, LONGER, LONGEST = 18, 34, 56  # letters of a name in each size but the smallest


class Order(StrEnum):
    """How the badges lie on the table."""

    NAME = "name"
    SEAT = "seat"


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge shows."""

    name: str
    district: str
    state: str
    seat: int
    ticket: str = ""
    address: str = ""

    @property
    def size(self) -> str:
        """The class that keeps a long name on its badge."""
        letters = len(self.name)
        if letters > LONGEST:
            return "longest"
        if letters > LONGER or max((len(word) for word in self.name.split()), default=0) > LONG:
            return "longer"
        return "long" if letters > LONG else ""


def badges_of(forum: Forum, order: Order) -> list[Badge]:
    """One for each who has a seat: by last name, or by the number of the seat."""
    rows = Registration.objects.filter(forum=forum).confirmed().select_related("person", "organization")
    badges = [
        Badge(
            name=row.person.name or "Guest",
            district=row.district,
            state=row.us_state,
            seat=row.seat_number or 0,
            ticket=row.ticket,
            address=address_of_ticket(row),
        )
        for row in rows
    ]
    if order is Order.SEAT:
        return sorted(badges, key=lambda badge: badge.seat)
    return sorted(badges, key=lambda badge: (*_last_name_first(badge.name), badge.seat))


def _last_name_first(name: str) -> tuple[str, str]:
    first, _, last = name.casefold().rpartition(" ")
    return last, first


def typeset(forum: Forum, badges: Sequence[Badge], *, with_code: bool = False) -> bytes:
    """The sheet as a tagged PDF; `with_code` puts the ticket's QR code on each. Raises `cosn_site.pdf.PdfFailed`."""
    codes = {f"{badge.ticket}.svg": _code(badge.address) for badge in badges} if with_code else {}
    pages = [badges[start : start + A_PAGE] for start in range(0, len(badges), A_PAGE)]
    html = render_to_string("forums/badges_sheet.html", {"forum": forum, "pages": pages, "with_code": with_code})
    return pdf.write_pdf(
        html, base_url=settings.SITE_URL, stylesheets=("type.css", "badges.css"), attached=codes, seconds=60
    )


def _code(address: str) -> bytes:
    code = qr_code(address)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {code.size} {code.size}"><path d="{code.path}"/></svg>'
    ).encode()
