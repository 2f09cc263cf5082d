"""Further pages of a forum in the admin: the line, and its exports."""

from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from forums import badge_views, door_views, note_views, survey_views
from forums.admin import exports
from forums.admin.line import rows_of_the_line
from forums.models import Forum, Registration
from forums.roles import SEES_SENSITIVE_ANSWERS

MAY_SEE_PEOPLE = "forums.view_registration"
ROWS_ON_A_PAGE = 200


class Page(NamedTuple):
    """A page outside the admin about a forum that was announced, and what one must be allowed to open it."""

    route: str
    words: str
    permissions: tuple[str, ...]


OF_THE_DAY = (
    Page("forums:door", "Check people in", (door_views.PERMISSION,)),
    Page("forums:badges", "Print badges", (badge_views.PRINTS,)),
    Page("forums:notes", "Table notes", note_views.WRITES),
    Page("forums:survey_results", "Survey", (survey_views.SEES_RESULTS,)),
)


class ExportForm(forms.Form):
    """What to export, as what; with dietary and access needs only for who may see them, and only when asked for."""

    what = forms.ChoiceField(label="What", choices=list(exports.SHEETS.items()), widget=forms.RadioSelect)
    kind = forms.ChoiceField(
        label="As", choices=[("xlsx", "Excel workbook"), ("csv", "CSV")], initial="xlsx", widget=forms.RadioSelect
    )
    with_sensitive = forms.BooleanField(
        label="With dietary and access needs",
        required=False,
        help_text="For whoever orders the lunch. Send it no further, and delete the file afterwards.",
    )

    def __init__(self, *args: Any, sees_sensitive: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sees_sensitive:
            del self.fields["with_sensitive"]


class ForumPages(admin.ModelAdmin):
    """The part of the forums' admin that shows and hands out who comes."""

    def get_urls(self) -> list[URLPattern]:
        line, export = self.admin_site.admin_view(self.line_view), self.admin_site.admin_view(self.export_view)
        return [
            path("<path:object_id>/line/", line, name="forums_forum_line"),
            path("<path:object_id>/export/", export, name="forums_forum_export"),
            *super().get_urls(),
        ]

    def pages_of(self, request: HttpRequest, forum: Forum, now: datetime) -> list[tuple[str, str]]:
        """The pages about this forum that the reader may open: address and words."""
        user: Any = request.user
        if not user.has_perm(MAY_SEE_PEOPLE):
            return []
        found = [
            (f"{reverse('admin:forums_registration_changelist')}?forum={forum.pk}", "Who is registered"),
            (reverse("admin:forums_forum_line", args=[forum.pk]), "The line"),
            (reverse("admin:forums_forum_export", args=[forum.pk]), "Export"),
        ]
        if forum.status != Forum.Status.DRAFT:
            open_to = [page for page in OF_THE_DAY if user.has_perms(page.permissions)]
            found += [(reverse(page.route, args=[forum.slug]), page.words) for page in open_to]
        return found

    def line_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Who waits and who waited, since when, and why anybody was passed over."""
        forum = self._forum(request, object_id)
        page = Paginator(rows_of_the_line(forum), ROWS_ON_A_PAGE).get_page(request.GET.get("page"))
        before = Registration.objects.in_line().filter(forum=forum)
        waiting = {pk: number for number, pk in enumerate(before.values_list("pk", flat=True), start=1)}
        lines = [(waiting.get(row.pk), row) for row in page.object_list]
        context = {**self._context(request, forum, "The line"), "lines": lines, "page": page, "waiting": len(waiting)}
        return TemplateResponse(request, "admin/forums/line.html", context)

    def export_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """GET asks, POST hands the file out and writes down that it did."""
        forum = self._forum(request, object_id)
        sees: bool = request.user.has_perm(SEES_SENSITIVE_ANSWERS)
        posted = request.POST if request.method == "POST" else None
        form = ExportForm(posted, sees_sensitive=sees, initial={"what": "registrants"})
        if form.is_valid():
            with_sensitive = form.cleaned_data.get("with_sensitive", False)
            now = timezone.now()
            sheet = exports.sheet_of(form.cleaned_data["what"], forum, with_sensitive=with_sensitive, now=now)
            self.log_change(request, forum, exports.note(sheet, form.cleaned_data["kind"], with_sensitive))
            return exports.as_file(sheet, form.cleaned_data["kind"], now)
        context = {**self._context(request, forum, "Export"), "form": form, "button": "Export"}
        return TemplateResponse(request, "admin/forums/export.html", context, status=422 if form.errors else 200)

    def _forum(self, request: HttpRequest, object_id: str) -> Forum:
        forum = self.get_object(request, unquote(object_id))
        if forum is None:
            raise Http404
        user: Any = request.user
        if not (user.has_perm(MAY_SEE_PEOPLE) and self.has_view_permission(request, forum)):
            raise PermissionDenied
        return forum

    def _context(self, request: HttpRequest, forum: Forum, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(forum),
            "opts": self.opts,
            "original": forum,
            "change_url": reverse("admin:forums_forum_change", args=[forum.pk]),
            "media": self.media,
        }
