"""The interface's small words: icons, the seating plan, dates, titles, the mark of where you are.

A builtin of every template, so nothing here may be costly to import or to call.
"""

from contextlib import suppress
from datetime import date, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from cosn_site.audience import Audience
from cosn_site.clock import ASSOCIATION_ZONE

register = template.Library()

NBSP = "\u00a0"

# Line drawings on a grid of 20; the names say what they show, or what they stand for.
ICON_PATHS = {
    "arrow": "M3 10h13M11.5 5.5L16 10l-4.5 4.5",
    "calendar": "M3.5 5h13v12h-13zM3.5 8.5h13M7 3v3M13 3v3",
    "check": "M3.5 10.5l4 4 9-9",
    "clock": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4.5l3 1.5",
    "cross": "M5 5l10 10M15 5L5 15",
    "download": "M10 3v10M5.5 9l4.5 4.5L14.5 9M4 17h12",
    "info": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9v5M10 6.2v.1",
    "key": "M12.5 3.5a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM9.7 10.3L3.5 16.5M5.5 14.5l2 2",
    "lock": "M5 9h10v8H5zM7 9V6a3 3 0 0 1 6 0v3",
    "mail": "M3 5h14v10H3zM3 5.5l7 5.5 7-5.5",
    "open": "M5 9h10v8H5zM7 9V6a3 3 0 0 1 5.8-1",
    "person": "M10 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM4 17c0-3.5 2.5-5 6-5s6 1.5 6 5",
    "press": "M4 4h9v12H4zM13 8h3v8h-3M6.5 7.5h4M6.5 10.5h4",
    "search": "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
    "seat": "M4 16V10a6 6 0 0 1 12 0v6z",
    "tag": "M3 3h7l7 7-7 7-7-7zM6.5 6.5h.1",
    "warning": "M10 3l7.5 14h-15zM10 8v4M10 14.5v.1",
}


def _icon_markup(path: str, extra: str = "") -> SafeString:
    return mark_safe(  # noqa: S308 - constants, and a class name that the caller escaped
        f'<svg class="icon{extra}" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d="{path}"/></svg>'
    )


_ICONS = {name: _icon_markup(path) for name, path in ICON_PATHS.items()}


@register.simple_tag
def icon(name: str, extra_class: str = "") -> SafeString:
    """An inline drawing, hidden from screen readers: a word always stands beside it. KeyError for an unknown name."""
    if not extra_class:
        return _ICONS[name]
    return _icon_markup(ICON_PATHS[name], f" {conditional_escape(extra_class)}")


# --- seats ------------------------------------------------------------------------------------------------------
SEATS_DRAWN = 120  # beyond this a seat is too small to see, and a bar says it better


def _seat_path(index: int, columns: int) -> str:
    left, top = 20 * (index % columns), 20 * (index // columns)
    return f"M{left + 2} {top + 16}V{top + 10}A8 8 0 0 1 {left + 18} {top + 10}V{top + 16}Z"


def _seats_svg(*, taken: int, total: int, yours: int, columns: int) -> str:
    groups: list[tuple[str, range]] = [
        ("you", range(yours)),
        ("taken", range(yours, taken)),
        ("left", range(taken, total)),
    ]
    if total > SEATS_DRAWN:
        unit = 300 / total
        shapes = "".join(
            f'<rect class="{name}" x="{seats.start * unit:.1f}" y="2" width="{len(seats) * unit:.1f}" height="16"/>'
            for name, seats in groups
            if len(seats)
        )
        return f'<svg viewBox="-1 0 302 20" aria-hidden="true" focusable="false">{shapes}</svg>'
    columns = min(columns, total)
    rows = -(-total // columns)
    shapes = "".join(
        f'<path class="{name}" d="{"".join(_seat_path(index, columns) for index in seats)}"/>'
        for name, seats in groups
        if len(seats)
    )
    # A short row keeps the size a seat has in a full one.
    return f'<svg viewBox="0 0 {20 * max(columns, 10)} {20 * rows}" aria-hidden="true" focusable="false">{shapes}</svg>'


_SEAT_KEY = {
    name: f'<li><svg viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path class="{name}" '
    f'd="M2 16V10A8 8 0 0 1 18 10V16Z"/></svg>{word}</li>'
    for name, word in (("taken", "Taken"), ("you", "Yours"), ("left", "Free"))
}


@register.simple_tag
def seats(taken: int, total: int, yours: int = 0, columns: int = 15, key: bool = False) -> SafeString:
    """A seating plan: one shape a seat up to 120 seats, a bar above that. It is decoration; say the figure in words.

    `yours` of the taken seats are yellow. With `key`, a legend of the kinds of seats that are really there follows.
    Place it inside `<div class="seats">`. Draws nothing when there are no seats.
    """
    total = max(total, 0)
    taken = min(max(taken, 0), total)
    yours = min(max(yours, 0), taken)
    if not total:
        return mark_safe("")
    drawing = _seats_svg(taken=taken, total=total, yours=yours, columns=columns)
    if key:
        shown = {"taken": taken > yours, "you": yours > 0, "left": total > taken}
        items = "".join(_SEAT_KEY[name] for name, is_there in shown.items() if is_there)
        drawing += f'<ul class="key push-s" role="list">{items}</ul>'
    return mark_safe(drawing)  # noqa: S308 - made of numbers and constants only


# --- the frame of a page: the same for everyone, so written once a process ---------------------------------------
MAIN_NAV = (
    ("Knowledge center", "reports:catalog"),
    ("CTO Forums", "forums:index"),
    ("Membership", "members:plans"),
    ("News", "reports:news"),
    ("Press", "press:room"),
)
HERE = mark_safe(' aria-current="page"')
BELOW = mark_safe(' aria-current="true"')
ELSEWHERE = mark_safe("")


@cache
def _address(route: str) -> str:
    return reverse(route)


@register.simple_tag
def address(route: str) -> str:
    """The address of a route without arguments, looked up once a process: `url` for the frame of every page."""
    return _address(route)


@cache
def _written_once(template_name: str) -> SafeString:
    return mark_safe(render_to_string(template_name))  # noqa: S308 - a template, escaped as ever


@register.simple_tag
def once(template_name: str) -> SafeString:
    """An include for what is the same on every page for everyone; it sees no context. Written anew while DEBUG."""
    if settings.DEBUG:
        return mark_safe(render_to_string(template_name))  # noqa: S308 - a template, escaped as ever
    return _written_once(template_name)


def _mark(path: str, prefix: str) -> SafeString:
    if path == prefix:
        return HERE
    return BELOW if prefix != "/" and path.startswith(prefix) else ELSEWHERE


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], where: str) -> SafeString:
    """` aria-current="page"` on that very page, ` aria-current="true"` below it, nothing elsewhere.

    `where` is a path, or the name of a route without arguments.
    """
    request = context.get("request")
    if request is None:
        return ELSEWHERE
    return _mark(request.path, where if where.startswith("/") else _address(where))


@cache
def _main_nav_addresses() -> tuple[tuple[str, str], ...]:
    """Rooms that are not built yet have no route, and so no place in the navigation."""
    found = []
    for label, route in MAIN_NAV:
        with suppress(NoReverseMatch):
            found.append((label, reverse(route)))
    return tuple(found)


@cache
def _main_nav(marks: tuple[SafeString, ...]) -> SafeString:
    items = [(label, prefix, mark) for (label, prefix), mark in zip(_main_nav_addresses(), marks, strict=True)]
    return mark_safe(render_to_string("components/mainnav.html", {"items": items}))  # noqa: S308 - a template


@register.simple_tag(takes_context=True)
def mainnav(context: dict[str, Any]) -> SafeString:
    """The main navigation with the mark of where you are; one text for each place, kept."""
    request = context.get("request")
    path = request.path if request is not None else ""
    return _main_nav(tuple(_mark(path, prefix) for _, prefix in _main_nav_addresses()))


@register.simple_tag(takes_context=True)
def sign_in_url(context: dict[str, Any]) -> str:
    """The sign-in, and from there back to this page; from a page of the sign-in itself, to the account."""
    door = _address("account_login")
    request = context.get("request")
    if request is None or request.method not in {"GET", "HEAD"} or request.path.startswith("/accounts/"):
        return door
    match = request.resolver_match
    if match is not None and getattr(match.func, "audience", None) is Audience.LINK:
        return door  # the address is a secret, and belongs in no other address
    return f"{door}?{urlencode({'next': request.get_full_path()})}"


# --- dates: in full, and never broken across lines ----------------------------------------------------------------
def _association_time(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return value.astimezone(ASSOCIATION_ZONE)
    return value


def _written(value: date | datetime | None, pattern: str) -> str:
    if not value:
        return ""
    return formats.date_format(_association_time(value), pattern).replace(" ", NBSP)


@register.filter
def day(value: date | datetime | None) -> str:
    """14 November 2013. An instant is read in the association's time zone."""
    return _written(value, "j F Y")


@register.filter
def day_short(value: date | datetime | None) -> str:
    """2 Sep 2026, for tables."""
    return _written(value, "j M Y")


@register.filter
def day_month(value: date | datetime | None) -> str:
    """6 April, where the year is plain from the surroundings."""
    return _written(value, "j F")


def _clock_face(value: datetime) -> str:
    pattern = "g" if value.minute == 0 else "g:i"
    return f"{formats.date_format(value, pattern)}{NBSP}{'am' if value.hour < 12 else 'pm'}"


@register.filter
def moment(value: datetime | None) -> str:
    """Friday, 4 December 2026, 9 am Eastern: an instant in the association's time zone, its parts kept whole."""
    if not value:
        return ""
    local = value.astimezone(ASSOCIATION_ZONE)
    weekday = formats.date_format(local, "l")
    return f"{weekday}, {day(local)}, {_clock_face(local)}{NBSP}Eastern"


@register.filter
def whole(value: object) -> str:
    """The same words with their spaces made unbreakable: a figure and its unit, a name."""
    return str(value).replace(" ", NBSP)


# --- titles -----------------------------------------------------------------------------------------------------
@register.filter
def split_title(title: str) -> SafeString:
    """A title for `h1`: what follows the first colon becomes a subtitle; the colon stays for screen readers."""
    main, colon, rest = str(title).partition(":")
    if not colon or not rest.strip():
        return format_html("{}", title)
    return format_html(
        '{}<span class="visually-hidden">: </span><span class="sub">{}</span>', main.strip(), rest.strip()
    )


@register.filter
def short_title(title: str) -> str:
    """The title up to its first colon."""
    return str(title).partition(":")[0].strip()


# --- money ------------------------------------------------------------------------------------------------------
@register.filter
def dollars(cents: int) -> str:
    """$1,250 from 125000 cents; cents are shown only where there are any."""
    whole_dollars, rest = divmod(cents, 100)
    return f"${whole_dollars:,}" if not rest else f"${whole_dollars:,}.{rest:02}"


# --- browsers ---------------------------------------------------------------------------------------------------
# The first that is found counts: Edge also says Chrome, and Chrome also says Safari.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "Chromebook"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


@register.filter
def browser(user_agent: str) -> str:
    """ "Firefox on Windows" from what a browser calls itself; its own words when we know neither part."""
    name = next((word for sign, word in _BROWSERS if sign in user_agent), "")
    system = next((word for sign, word in _SYSTEMS if sign in user_agent), "")
    if not name and not system:
        return user_agent[:80] or "Unknown"
    return f"{name or 'A browser'} on {system or 'an unknown system'}"
