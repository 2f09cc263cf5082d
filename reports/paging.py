"""Paging of lists, with the words that components/paging.html wants."""

from collections.abc import Iterator
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


def page_of(rows: QuerySet[Any], number: str | None, *, size: int) -> tuple[Page[Any], Iterator[str | int]]:
    """The page of this number, the first for what is no number, the last for what is beyond it; and its page range."""
    page = Paginator(rows, size).get_page(number)
    return page, page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
