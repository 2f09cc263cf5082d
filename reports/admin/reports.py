"""What an editor does all day: reports, their editions, and when they come out."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cosn_site.clock import association_day
from cosn_site.model_admin import RoomAdmin, RowsInline, Verb, step
from cosn_site.uploads import oversized_fields
from reports import publishing
from reports.admin.editions import EditionInline, EditionPages
from reports.admin.forms import AtForm, ReasonForm, ReportAddForm, ReportForm, UntilForm
from reports.admin.states import StateFilter, state_in_brief, what_the_public_sees
from reports.models import Edition, Report, Takeaway
from reports.models.reports import State
from reports.takeaways import has_notes, take_over_notes

PUBLISH = "reports.publish_report"


def _offered(*states: State, wants_edition: bool = False) -> Any:
    def offered(report: Report, now: datetime) -> bool:
        return report.state(now) in states and (report.current_edition_id is not None or not wants_edition)

    return offered


_NOT_ANNOUNCED = _offered(State.DRAFT, State.SCHEDULED, wants_edition=True)
VERBS = (
    Verb(
        name="publish",
        label="Publish now",
        run=step(publishing.publish, report="object"),
        done="“{object}” is out.",
        permission=PUBLISH,
        offered=_NOT_ANNOUNCED,
        is_next=True,
    ),
    Verb(
        name="schedule",
        label="Publish at this time",
        run=step(publishing.schedule, report="object", at="at"),
        done="“{object}” comes out at the time you chose.",
        permission=PUBLISH,
        offered=_NOT_ANNOUNCED,
        form=AtForm,
    ),
    Verb(
        name="embargo",
        label="Announce under embargo",
        run=step(publishing.embargo, report="object", until="until"),
        done="“{object}” is announced. Nobody but staff can read it before the time you chose.",
        permission=PUBLISH,
        offered=_offered(State.DRAFT, State.SCHEDULED, State.EMBARGOED, wants_edition=True),
        form=UntilForm,
    ),
    Verb(
        name="lift-embargo",
        label="Lift the embargo now",
        run=step(publishing.lift_embargo, report="object"),
        done="“{object}” is out.",
        permission=PUBLISH,
        offered=_offered(State.EMBARGOED),
        is_next=True,
    ),
    Verb(
        name="unschedule",
        label="Make it a draft again",
        run=step(publishing.unschedule, report="object"),
        done="“{object}” is a draft again.",
        permission=PUBLISH,
        offered=_offered(State.SCHEDULED),
    ),
    Verb(
        name="withdraw",
        label="Withdraw",
        run=step(publishing.withdraw, report="object", reason="reason"),
        done="“{object}” is withdrawn. Its page gives the reason.",
        permission=PUBLISH,
        offered=_offered(State.OUT, State.EMBARGOED),
        form=ReasonForm,
        caution=(
            "Nobody but staff can download it from then on. Its page stays and shows the reason that you give here, "
            "and copies already downloaded stay with their readers. You can reinstate it."
        ),
        is_grave=True,
    ),
    Verb(
        name="reinstate",
        label="Reinstate",
        run=step(publishing.reinstate, report="object"),
        done="“{object}” is back.",
        permission=PUBLISH,
        offered=_offered(State.WITHDRAWN),
        is_next=True,
    ),
    Verb(
        name="take-over-notes",
        label="Take over the notes of its forum",
        run=lambda report, _cleaned, by, _now: take_over_notes(report=report, by=by),
        done="What the tables wrote down is among the takeaways below.",
        permission="reports.change_report",
        offered=lambda report, _now: has_notes(report),
    ),
)


class TakeawayInline(RowsInline):
    model = Takeaway
    extra = 1
    fields = ("kind", "text", "skill", "position")


FIELDSETS = [
    ("What it is", {"fields": ["title", "alternate_title", "slug", "series", "year", "authors", "forum"]}),
    ("Its page", {"fields": ["summary", "audience", "body"]}),
    ("Who may download it", {"fields": ["access"]}),
    ("Where it is found", {"fields": ["focus_areas", "categories"]}),
]
FIRST_EDITION = ("Its first edition", {"fields": ["way", "file", "source"], "classes": ["edition-fields"]})


@admin.register(Report)
class ReportAdmin(EditionPages, RoomAdmin):
    verbs = VERBS
    verbs_title = "Publishing"
    view_on_site = False  # the template links to the page, in words that say who else can see it
    change_form_template = "admin/reports/report_change_form.html"
    list_display = ("title", "state_now", "series", "year", "access", "edition_now")
    list_filter = (StateFilter, "series", "access", "focus_areas", "year")
    list_select_related = ("series", "current_edition")
    search_fields = ("title", "alternate_title", "slug", "summary")
    prepopulated_fields = {"slug": ("title",)}
    inlines = (TakeawayInline, EditionInline)

    class Media:
        js = ("js/admin/edition.js",)

    @admin.display(description="state now", ordering="published_at")
    def state_now(self, report: Report) -> str:
        return state_in_brief(report, timezone.now())

    @admin.display(description="current edition")
    def edition_now(self, report: Report) -> str:
        edition = report.current_edition
        if edition is None:
            return "None yet"
        return f"Edition {edition.number}, {edition.pages} page{'' if edition.pages == 1 else 's'}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return super().get_queryset(request).defer("search", "body", "current_edition__source")

    def status_of(self, obj: Report, now: datetime) -> str:
        return what_the_public_sees(obj, now)

    def may_be_deleted(self, obj: Report) -> bool:
        """A draft that never had an edition; anything later is history."""
        return obj.published_at is None and not Edition.objects.filter(report=obj).exists()

    def get_fieldsets(self, request: HttpRequest, obj: Report | None = None) -> Any:
        dates = ("Dates and cover", {"fields": ["released_on", "motif"] if obj else ["released_on"]})
        return [*FIELDSETS, dates] if obj else [*FIELDSETS, dates, FIRST_EDITION]

    def get_form(self, request: HttpRequest, obj: Report | None = None, change: bool = False, **kwargs: Any) -> Any:
        if not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **kwargs)
        kwargs["form"] = ReportForm if obj else ReportAddForm
        form: Any = super().get_form(request, obj, change, **kwargs)
        if obj is None and request.POST:
            form.oversized = oversized_fields(request)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Report | None = None) -> list[str]:
        """The address never changes once it was public."""
        return ["slug"] if obj and obj.state(timezone.now()) not in (State.DRAFT, State.SCHEDULED) else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Report | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("title",)}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"year": association_day(timezone.now()).year, **super().get_changeform_initial_data(request)}

    def get_inlines(self, request: HttpRequest, obj: Report | None) -> Any:
        return self.inlines if obj else (TakeawayInline,)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with publishing.files_follow_the_transaction():
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Report, form: Any, change: bool) -> None:
        if not change:
            obj.motif = publishing.choose_motif(obj.slug)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change and form.content is not None:
            publishing.add_edition(
                report=form.instance,
                content=form.content,
                source=form.markdown,
                by=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
