"""Verbs on news: publish a release or a post, now or at a time, and take it down."""

from datetime import datetime

from django.db import transaction

from cosn_site.verbs import StepRefused, audited
from members.models import User
from reports.models import NewsItem
from reports.publishing import must_be_ahead


class NewsError(StepRefused):
    """A step that makes no sense for this item now."""


class AlreadyOut(NewsError):
    sentence = "This item is out already. Nothing was changed."


class NotPublished(NewsError):
    sentence = "This item is a draft already. Nothing was changed."


def publish_news(*, item: NewsItem, by: User | None, now: datetime) -> None:
    """Out from this instant. Raises `AlreadyOut`."""
    _come_out(item, at=now, verb="publish_news", by=by, now=now)


def schedule_news(*, item: NewsItem, at: datetime, by: User | None, now: datetime) -> None:
    """Out by itself at `at`. Raises `AlreadyOut`, `reports.publishing.TimeHasPassed`."""
    must_be_ahead(at, now)
    _come_out(item, at=at, verb="schedule_news", by=by, now=now)


def take_down_news(*, item: NewsItem, by: User | None, now: datetime) -> None:
    """A draft again: its address answers as if it did not exist. Raises `NotPublished`."""
    with transaction.atomic(), audited("take_down_news", by=by):
        row = NewsItem.objects.select_for_update().get(pk=item.pk)
        if row.published_at is None:
            raise NotPublished
        row.published_at = None
        row.save(update_fields=["published_at"])
    item.refresh_from_db(fields=["published_at"])


def _come_out(item: NewsItem, *, at: datetime, verb: str, by: User | None, now: datetime) -> None:
    with transaction.atomic(), audited(verb, by=by):
        row = NewsItem.objects.select_for_update().get(pk=item.pk)
        if row.published_at is not None and row.published_at <= now:
            raise AlreadyOut
        row.published_at = at
        row.save(update_fields=["published_at"])
    item.refresh_from_db(fields=["published_at"])
