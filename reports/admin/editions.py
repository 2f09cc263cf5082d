"""The admin pages of editions: add one by upload or by writing, and see it before anything is stored."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString

from cosn_site.model_admin import StoryInline
from cosn_site.uploads import oversized_fields
from reports.admin.forms import WRITE, EditionFields, EditionForm
from reports.intake import PdfRefused
from reports.models import Edition, Report
from reports.publishing import PublishingError, add_edition


class EditionInline(StoryInline):
    """The record of editions. A new one is added on its own page."""

    model = Edition
    verbose_name_plural = "Editions, newest first"
    fields = ("number", "released_on", "pages", "size", "fingerprint", "note", "made", "added_by", "added_at", "read")
    readonly_fields = fields
    show_change_link = False

    @admin.display(description="size")
    def size(self, edition: Edition) -> str:
        return filesizeformat(edition.bytes)

    @admin.display(description="SHA-256")
    def fingerprint(self, edition: Edition) -> str:
        return f"{edition.sha256[:12]}…"

    @admin.display(description="made by")
    def made(self, edition: Edition) -> str:
        return "Writing" if edition.source else "Upload"

    @admin.display(description="read it")
    def read(self, edition: Edition) -> SafeString:
        way = f"{reverse('store:download', args=[edition.report.slug])}?edition={edition.number}"
        return format_html('<a href="{}">Download edition {}</a>', way, edition.number)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("added_by", "report").defer("source")


class EditionPages(admin.ModelAdmin):
    """The part of the report's admin that is about editions."""

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "reports_report"
        return [
            path("preview-pdf/", view(self.preview_new), name=f"{name}_preview_new"),
            path("<path:object_id>/editions/add/", view(self.new_edition), name=f"{name}_new_edition"),
            path("<path:object_id>/editions/preview/", view(self.preview_edition), name=f"{name}_preview_edition"),
            *super().get_urls(),
        ]

    def _report(self, request: HttpRequest, object_id: str) -> Report:
        report = self.get_object(request, unquote(object_id))
        if report is None:
            raise Http404
        if not self.has_change_permission(request, report):
            raise PermissionDenied
        if report.published_at is not None and not request.user.has_perm("reports.publish_report"):
            raise PermissionDenied  # a new edition of what is announced is published by being added
        return report

    def _edition_form(self, request: HttpRequest, report: Report) -> EditionForm:
        if request.method != "POST":
            current = report.current_edition
            source = current.source if current else ""
            return EditionForm(report=report, initial={"source": source, "way": WRITE if source else "upload"})
        form = EditionForm(request.POST, request.FILES, report=report)
        form.oversized = oversized_fields(request)
        return form

    def new_edition(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The page that adds an edition."""
        report = self._report(request, object_id)
        form = self._edition_form(request, report)
        if form.is_valid() and form.content is not None:
            try:
                edition = add_edition(
                    report=report,
                    content=form.content,
                    source=form.markdown,
                    note=form.cleaned_data["note"],
                    released_on=form.cleaned_data["released_on"],
                    by=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except PublishingError as refused:
                form.add_error(None, refused.sentence)
            except PdfRefused as refused:  # at the second look, for which it took too long
                form.add_error(None, refused.message)
            else:
                self.log_change(request, report, f"Added edition {edition.number}.")
                pages = f"{edition.pages} page{'' if edition.pages == 1 else 's'}"
                messages.success(request, f"Edition {edition.number} is now the current one: {pages}.")
                return redirect("admin:reports_report_change", report.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Add an edition",
            "subtitle": str(report),
            "opts": self.opts,
            "original": report,
            "form": form,
            "media": self.media + form.media,
            "preview_url": reverse("admin:reports_report_preview_edition", args=[report.pk]),
        }
        return TemplateResponse(request, "admin/reports/new_edition.html", context, status=422 if form.errors else 200)

    def preview_edition(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The PDF that the text in the form would become. Nothing is stored."""
        report = self._report(request, object_id)
        if request.method != "POST":
            return redirect("admin:reports_report_new_edition", report.pk)
        data = request.POST.copy()
        data["note"] = data.get("note") or "Preview"
        return self._preview(request, EditionForm(data, report=report), report)

    def preview_new(self, request: HttpRequest) -> HttpResponseBase:
        """The same for a report that is not saved yet."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return redirect("admin:reports_report_add")
        form: Any = self.get_form(request)(request.POST)
        return self._preview(request, form, form.instance)

    def _preview(self, request: HttpRequest, form: EditionFields, report: Report) -> HttpResponseBase:
        if form.data.get(form.add_prefix("way")) == WRITE and form.is_valid() and form.content is not None:
            return _shown(form.content, f"{report.slug}-preview.pdf")
        context = {
            **self.admin_site.each_context(request),
            "title": "No preview yet",
            "opts": self.opts,
            "form": form,
            "is_written": form.data.get(form.add_prefix("way")) == WRITE,
        }
        return TemplateResponse(request, "admin/reports/no_preview.html", context, status=422)


def _shown(content: bytes, filename: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=False, filename=filename) or ""
    response.headers["Cache-Control"] = "private, no-store"
    return response
