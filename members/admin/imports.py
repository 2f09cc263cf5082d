"""The admin pages of imports: hand in a file, say which column is what, look at every line, confirm."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from defusedcsv import csv
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from cosn_site.model_admin import RoomAdmin
from cosn_site.uploads import oversized_fields
from cosn_site.verbs import StepRefused
from members.importing import mapping, reading, verbs
from members.importing.fields import KINDS
from members.models import ImportBatch, ImportLine

State = ImportBatch.State
LINES_ON_A_PAGE = 50
# What a person must be allowed to do by hand before they may do it by the thousand.
PERMISSIONS = {
    ImportBatch.Kind.ORGANIZATIONS: ("members.add_organization", "members.change_organization"),
    ImportBatch.Kind.PEOPLE: (
        *("members.add_user", "members.change_user"),
        *("members.add_contact", "members.change_contact"),
    ),
    ImportBatch.Kind.MEMBERSHIPS: ("members.add_membership", "members.add_term"),
}
_ORDER = "Organizations come first, then their people, then memberships: each looks for the ones before it."


def may_import(request: HttpRequest, kind: str) -> bool:
    """Whether this person may add and change by hand what the import would."""
    user: Any = request.user
    return user.has_perm("members.add_importbatch") and user.has_perms(PERMISSIONS[ImportBatch.Kind(kind)])


class UploadForm(forms.Form):
    """What is in the file, and the file."""

    kind = forms.ChoiceField(label="What is in it", widget=forms.RadioSelect, help_text=_ORDER)
    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        help_text=(
            f"CSV or XLSX, up to {reading.MOST_BYTES // reading.MEGABYTE} MB and {reading.MOST_LINES:,} lines; "
            "the first line has the names of the columns. Of a workbook, the first sheet is read."
        ),
    )

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], oversized: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        if oversized:
            self.fields["file"].error_messages["required"] = reading.REFUSALS["too_large"]


class ColumnsForm(forms.Form):
    """For each of our fields the column of the file, and how days are written."""

    def __init__(self, *args: Any, batch: ImportBatch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = [("", "Not in this file"), *enumerate(mapping.column_names(batch.header))]
        self.batch = batch
        for field in KINDS[batch.kind].fields:
            self.fields[field.name] = forms.TypedChoiceField(
                label=field.label,
                choices=columns,
                coerce=int,
                empty_value=None,
                required=False,
                help_text=field.help,
                initial=batch.mapping.get(field.name, ""),
            )
        if any(field.name == "starts_on" for field in KINDS[batch.kind].fields):
            self.fields["dates"] = forms.ChoiceField(
                label="In a day such as 7/1/2026, first comes",
                choices=ImportBatch.Dates.choices,
                required=False,
                initial=batch.dates,
                help_text="Days like 2026-07-01, 1 July 2026 or 25/7/2026 are clear by themselves.",
            )

    def columns(self) -> dict[str, int]:
        """Field → column, once valid."""
        names = {field.name for field in KINDS[self.batch.kind].fields}
        return {name: value for name, value in self.cleaned_data.items() if name in names and value is not None}


@admin.register(ImportBatch)
class ImportAdmin(RoomAdmin):
    list_display = ("filename", "kind", "state", "lines_total", "added_by", "added_at")
    list_filter = ("kind", "state")
    list_select_related = ("added_by",)
    search_fields = ("filename",)

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "members_importbatch"
        return [
            path("<path:object_id>/columns/", view(self.columns), name=f"{name}_columns"),
            path("<path:object_id>/confirm/", view(require_POST(self.confirm)), name=f"{name}_confirm"),
            path("<path:object_id>/discard/", view(require_POST(self.discard)), name=f"{name}_discard"),
            path("<path:object_id>/refused.csv", view(self.refused), name=f"{name}_refused"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is nothing to edit; the steps of an import are those of whoever may make one."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_add_permission(request)

    def _batch(self, request: HttpRequest, object_id: str, *, to_look: bool = False) -> ImportBatch:
        batch = self.get_object(request, unquote(object_id))
        if batch is None:
            raise Http404
        if not (self.has_view_permission(request, batch) if to_look else may_import(request, batch.kind)):
            raise PermissionDenied
        return batch

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"admin/members/import_{name}.html", {**shared, **context}, status=status)

    def _its_page(self, batch: ImportBatch) -> HttpResponse:
        return redirect("admin:members_importbatch_change", batch.pk)

    # --- upload -----------------------------------------------------------------------------------------------
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Hand in a file."""
        kinds = [(kind.value, kind.label) for kind in ImportBatch.Kind if may_import(request, kind)]
        if not kinds:
            raise PermissionDenied
        is_post = request.method == "POST"
        oversized = "file" in oversized_fields(request)
        form = UploadForm(request.POST or None, request.FILES or None, kinds=kinds, oversized=oversized)
        if is_post and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                batch = verbs.receive_file(
                    kind=form.cleaned_data["kind"],
                    file=file,
                    filename=file.name,
                    by=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except reading.FileRefused as refused:
                form.add_error("file", refused.sentence)
            else:
                self.log_addition(request, batch, "Uploaded.")
                return redirect("admin:members_importbatch_columns", batch.pk)
        context = {"title": "Import a file", "form": form}
        return self._page(request, "upload", context, status=422 if is_post else 200)

    # --- columns ----------------------------------------------------------------------------------------------
    def columns(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Say which column is what."""
        batch = self._batch(request, object_id)
        if batch.state not in verbs.OPEN:
            return self._its_page(batch)
        form = ColumnsForm(request.POST if request.method == "POST" else None, batch=batch)
        if form.is_valid():
            try:
                verbs.choose_columns(
                    batch=batch,
                    columns=form.columns(),
                    dates=form.cleaned_data.get("dates", ""),
                    by=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except StepRefused as refused:
                form.add_error(None, refused.sentence)
            else:
                self.log_change(request, batch, "Chose its columns.")
                return self._its_page(batch)
        sample = verbs.sample_of(batch)
        examples = [
            (name, [row[place][:60] if place < len(row) else "" for row in sample.examples])
            for place, name in enumerate(mapping.column_names(batch.header))
        ]
        context = {"title": "Which column is what", "original": batch, "form": form, "examples": examples}
        context |= {"lines": range(1, len(sample.examples) + 1)}
        return self._page(request, "columns", context, status=422 if form.errors else 200)

    # --- what it would do, is doing, has done -----------------------------------------------------------------------
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Where the import is, and every line of it."""
        batch = self._batch(request, object_id, to_look=True)
        may = may_import(request, batch.kind)
        if batch.state == State.UPLOADED and may:
            return redirect("admin:members_importbatch_columns", batch.pk)
        if batch.state in (State.READING, State.WRITING):
            context = {"title": str(batch), "original": batch, "may": may, "is_reading": batch.state == State.READING}
            return self._page(request, "progress", context)
        return self._lines(request, batch, may=may)

    def _lines(self, request: HttpRequest, batch: ImportBatch, *, may: bool) -> HttpResponse:
        counts = verbs.totals(batch)
        action = request.GET.get("action", "")
        chosen = action if action in counts else ""
        lines = batch.lines.filter(action=chosen) if chosen else batch.lines.all()
        page = Paginator(lines.order_by("number"), LINES_ON_A_PAGE).get_page(request.GET.get("page"))
        context = {
            "title": str(batch),
            "original": batch,
            "may": may,
            "may_choose_again": may and batch.state in verbs.OPEN,
            "may_confirm": may
            and batch.state == State.PREVIEWED
            and not counts["refuse"]
            and counts["create"] + counts["change"] > 0,
            "counts": counts,
            "total": sum(counts.values()),
            "chosen": chosen,
            "filters": [(name.value, name.label, counts[name]) for name in ImportLine.Action],
            "page": page,
            "list_url": self._list_url(batch.kind),
        }
        return self._page(request, "lines", context)

    def _list_url(self, kind: str) -> str:
        model = {"organizations": "organization", "people": "user", "memberships": "membership"}[kind]
        return reverse(f"admin:members_{model}_changelist")

    def refused(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The refused lines as CSV, each with why; what a spreadsheet would run is text."""
        batch = self._batch(request, object_id, to_look=True)
        answer = StreamingHttpResponse(_refused_rows(batch), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = f'attachment; filename="refused-lines-{batch.pk}.csv"'
        answer.headers["Cache-Control"] = "private, no-store"
        return answer

    # --- steps ----------------------------------------------------------------------------------------------------
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have it written."""
        return self._step(request, object_id, verbs.confirm, "Confirmed.")

    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do without it."""
        return self._step(request, object_id, verbs.discard, "Discarded.")

    def _step(self, request: HttpRequest, object_id: str, verb: Any, said: str) -> HttpResponse:
        batch = self._batch(request, object_id)
        try:
            verb(batch=batch, by=request.user, now=timezone.now())
        except StepRefused as refused:
            messages.error(request, refused.sentence)
        else:
            self.log_change(request, batch, said)
        return self._its_page(batch)

    def status_of(self, obj: ImportBatch, now: datetime) -> str:
        return obj.problem


class _Echo:
    """What a CSV writer writes to, which gives each row back."""

    def write(self, row: str) -> str:
        return row


def _refused_rows(batch: ImportBatch) -> Iterator[str]:
    rows: Any = csv.writer(_Echo())
    yield "\ufeff"  # so that a spreadsheet takes it for UTF-8
    yield rows.writerow(["Line", "Why it is refused", *map(_inert, batch.header)])
    for line in batch.lines.filter(action=ImportLine.Action.REFUSE).order_by("number").iterator(chunk_size=500):
        why = " ".join(f"{label}: {words}" if label else words for label, words in line.words)
        yield rows.writerow([line.number, why, *map(_inert, line.values.get("cells", []))])


def _inert(cell: str) -> str:
    """Without the tabs and line ends at its beginning, behind which a formula could hide."""
    return cell.lstrip("\t\r\n ")
