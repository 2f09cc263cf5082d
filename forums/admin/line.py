"""The line of a forum with its history: who waits, who waited, and why somebody was passed over."""

from django.db.models import Case, Prefetch, QuerySet, When

from forums.models import Forum, Registration, Skip

State = Registration.State


def rows_of_the_line(forum: Forum) -> QuerySet[Registration]:
    """Everyone who has, or had, a place in line: who waits first, then who was asked, then the others."""
    order = Case(When(state=State.WAITING, then=0), When(state=State.OFFERED, then=1), default=2)
    skips = Prefetch("skips", Skip.objects.select_related("in_favor_of__person"))
    rows = Registration.objects.filter(forum=forum, place__isnull=False).annotate(order=order)
    rows = rows.select_related("person", "organization", "team__lead").prefetch_related(skips)
    return rows.order_by("order", "place")
