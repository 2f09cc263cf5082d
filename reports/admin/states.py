"""A report's state in words, for staff."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cosn_site.templatetags.site import moment
from reports.models import Report
from reports.models.reports import ReportQuerySet, State

STATE_NAMES = {
    State.DRAFT: "Draft",
    State.SCHEDULED: "Scheduled",
    State.EMBARGOED: "Embargoed",
    State.OUT: "Out",
    State.WITHDRAWN: "Withdrawn",
}
_READERS = {
    Report.Access.PUBLIC: "everyone can download it",
    Report.Access.REGISTERED: "anyone signed in can download it",
    Report.Access.MEMBERS: "members can download it",
}


def state_in_brief(report: Report, now: datetime) -> str:
    """For a list: the state, and the time that ends it."""
    state = report.state(now)
    if state is State.SCHEDULED:
        return f"Scheduled for {moment(report.published_at)}"
    if state is State.EMBARGOED:
        return f"Embargoed until {moment(report.embargo_until)}"
    return STATE_NAMES[state]


def what_the_public_sees(report: Report, now: datetime) -> str:
    """For the report's page: what anyone outside sees of it at this instant."""
    match report.state(now):
        case State.DRAFT:
            seen = "This is a draft. The public sees nothing of it: its address answers as if it did not exist."
            return seen if report.current_edition_id else f"{seen} It has no edition yet; add one to publish it."
        case State.SCHEDULED:
            return f"It comes out by itself on {moment(report.published_at)}. Until then the public sees nothing of it."
        case State.EMBARGOED:
            return (
                f"It is announced. Its page says that it comes out on {moment(report.embargo_until)}; "
                "until then nobody but staff can read it."
            )
        case State.WITHDRAWN:
            return (
                f"It was withdrawn on {moment(report.withdrawn_at)}. Its page says so and gives the reason: "
                f"“{report.withdrawn_reason}”. Nobody but staff can download it."
            )
        case State.OUT:
            out = max(time for time in (report.published_at, report.embargo_until) if time)
            return f"It is out since {moment(out)}. Its page is public, and {_READERS[Report.Access(report.access)]}."


class StateFilter(admin.SimpleListFilter):
    """By the state at the instant of asking, decided by the database."""

    title = "state now"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(state.value, name) for state, name in STATE_NAMES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        state = self.value()
        if state not in set(State) or not isinstance(queryset, ReportQuerySet):
            return queryset
        return queryset.in_state(State(str(state)), timezone.now())
