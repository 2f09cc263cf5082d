"""Lists as markup, for the pages that are asked for most.

Written here and not in templates: a list of a dozen variables a row takes Django's templates longer than the database
needs to find it (docs/performance.md). Every word is escaped here; what comes in as SafeString is markup already.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.utils.safestring import SafeString, mark_safe


class OnTheShelf(NamedTuple):
    """One cover with its title and a line of short facts."""

    url: str
    title: str
    cover: SafeString
    facts: Sequence[str]


def shelf(items: Iterable[OnTheShelf]) -> SafeString:
    """Covers side by side. The cover is a second, silent way to the page."""
    return mark_safe("".join(map(_on_the_shelf, items)))  # noqa: S308 - escaped below


def _on_the_shelf(item: OnTheShelf) -> str:
    url, facts = escape(item.url), "".join(f"<span>{escape(fact)}</span>" for fact in item.facts)
    return (
        f'<li><a class="cover-frame" href="{url}" tabindex="-1" aria-hidden="true">{item.cover}</a>'
        f'<h3><a href="{url}">{escape(item.title)}</a></h3><p class="meta">{facts}</p></li>'
    )


def takeaways(groups: Iterable[tuple[str, Sequence[Mapping[str, Any]]]], catalog: str) -> SafeString:
    """Takeaways under the words for their kind, numbered, each with the way to the others of its skill."""
    return mark_safe("".join(_kind(words, rows, catalog) for words, rows in groups))  # noqa: S308 - escaped below


def _kind(words: str, rows: Sequence[Mapping[str, Any]], catalog: str) -> str:
    items = "".join(_takeaway(row, catalog) for row in rows)
    return f'<section><h3>{words} <span>{len(rows)}</span></h3><ol role="list">{items}</ol></section>'


def _takeaway(row: Mapping[str, Any], catalog: str) -> str:
    skill = ""
    if row["skill"]:
        skill = f'<a class="skill" href="{catalog}?skill={escape(row["skill_slug"])}">{escape(row["skill"])}</a>'
    return f"<li><span>{escape(row['text'])}</span>{skill}</li>"


def paging(page: Page[Any], address: str) -> SafeString:
    """The way to the other pages, as components/paging.html draws it; nothing for a single page. `address` is that of
    any page, up to its number."""
    if not page.has_other_pages():
        return mark_safe("")
    address, here = escape(address), page.number
    steps = [
        _page(number, here, address) for number in page.paginator.get_elided_page_range(here, on_each_side=2, on_ends=1)
    ]
    if page.has_previous():
        steps.insert(0, f'<a href="{address}{here - 1}" rel="prev">Previous</a>')
    if page.has_next():
        steps.append(f'<a href="{address}{here + 1}" rel="next">Next</a>')
    where = f"{page.start_index()} to {page.end_index()} of {page.paginator.count}"
    listed = "".join(f"<li>{step}</li>" for step in steps)
    return mark_safe(  # noqa: S308 - numbers, and an address that is escaped above
        f'<nav class="paging" aria-label="Result pages"><p>{where}</p><ol role="list">{listed}</ol></nav>'
    )


def _page(number: int | str, here: int, address: str) -> str:
    words = f'<span class="visually-hidden">Page </span>{number}'
    if number == here:
        return f'<span aria-current="page">{words}</span>'
    if number == str(Paginator.ELLIPSIS):
        return f'<span class="gap" aria-hidden="true">{number}</span>'
    return f'<a href="{address}{number}">{words}</a>'


def items(words: Iterable[str]) -> SafeString:
    """List items of plain words."""
    return mark_safe("".join(f"<li>{escape(word)}</li>" for word in words))  # noqa: S308 - escaped
