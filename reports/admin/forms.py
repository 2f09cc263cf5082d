"""Forms of the reports' admin: a report, an edition by upload or by writing, and the times of publishing."""

from collections.abc import Iterator
from io import BytesIO
from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from cosn_site.admin_fields import AssociationDateTimeField, DayInput, LinesField
from cosn_site.pdf import PdfFailed
from reports.covers import MOTIF_CHOICES
from reports.intake import PdfRefused, inspect_pdf
from reports.models import Category, Report
from reports.publishing import choose_motif, next_number, release_day, set_as_pdf

MEGABYTE = 1024 * 1024
UPLOAD, WRITE, LATER = "upload", "write", "later"
CHOOSE_AGAIN = "Choose the file again once the rest of the form is right: a browser does not keep it."
NOT_SET = {  # by the reason of `cosn_site.pdf.PdfFailed`
    "document": "This text could not be set as a PDF. Try it without its last table, or upload a PDF instead.",
    "size": "This text makes too large a PDF. Set it in parts, or upload a PDF instead.",
    "time": "This text takes too long to set as a PDF. Make it shorter, or upload a PDF instead.",
    "memory": "This text takes too much memory to set as a PDF. Make it shorter, or upload a PDF instead.",
}
NOT_NOW = "The PDF could not be made just now. What you typed is still here; please try again in a moment."
MANY_ROWS = forms.Textarea(attrs={"rows": 24, "cols": 100, "spellcheck": "true"})


def size_limit_in_words() -> str:
    """The upload limit as staff read it: 50 MB."""
    return f"{settings.REPORT_MAX_BYTES // MEGABYTE} MB"


class ReportForm(forms.ModelForm):
    """A report's own fields. The times of publishing are not among them: the verbs write those."""

    authors = LinesField(required=False, each_at_most=120)
    motif = forms.TypedChoiceField(
        label="Cover pattern",
        choices=MOTIF_CHOICES,
        coerce=int,
        help_text="Chosen for you when the report was made, unlike the three before it. Change it only for a reason.",
    )

    class Meta:
        model = Report
        fields = [
            *("title", "alternate_title", "slug", "series", "year", "authors", "forum"),
            *("summary", "audience", "body", "access", "focus_areas", "categories", "released_on", "motif"),
        ]
        widgets = {
            "title": forms.TextInput(attrs={"size": 90}),
            "alternate_title": forms.TextInput(attrs={"size": 90}),
            "slug": forms.TextInput(attrs={"size": 60}),
            "audience": forms.TextInput(attrs={"size": 60}),
            "summary": forms.Textarea(attrs={"rows": 3, "cols": 100}),
            "body": forms.Textarea(attrs={"rows": 12, "cols": 100}),
            "focus_areas": forms.CheckboxSelectMultiple,
            "categories": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "categories" in self.fields:
            self.fields["categories"].choices = list(_categories_by_framework())  # type: ignore[attr-defined]


def _categories_by_framework() -> Iterator[tuple[str, list[tuple[int, str]]]]:
    categories = Category.objects.select_related("framework").order_by("framework__position", "framework", "position")
    for framework, members in groupby(categories, key=lambda category: category.framework):
        yield framework.name, [(category.pk, category.name) for category in members]


class EditionFields(forms.Form):
    """One edition, by either of two ways. After cleaning, `content` is the PDF and `markdown` what it was set from.

    The subclass sets `report`: which one the Markdown is set for.
    """

    way = forms.ChoiceField(
        label="How",
        choices=[(UPLOAD, "Upload a PDF"), (WRITE, "Write it here in Markdown; we set it as a PDF")],
        widget=forms.RadioSelect,
        initial=UPLOAD,
    )
    file = forms.FileField(
        label="PDF", required=False, widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"})
    )
    source = forms.CharField(
        label="Text",
        required=False,
        widget=MANY_ROWS,
        strip=False,
        help_text="Markdown: # Heading, - list, **bold**, | table |. Headings become the contents.",
    )

    report: Report
    oversized: frozenset[str] = frozenset()  # names of fields whose file was left on the wire: see cosn_site.uploads

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content: bytes | None = None
        self.markdown = ""
        self.fields["file"].help_text = f"Up to {size_limit_in_words()}."

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        data = self.cleaned_data
        way = data.get("way")
        if way == UPLOAD:
            self._check_upload(data.get("file"))
        elif way == WRITE and not (data.get("source") or "").strip():
            self.add_error("source", "Write the text of the edition, or choose to upload a PDF.")
        return cleaned

    def _check_upload(self, file: UploadedFile | None) -> None:
        if "file" in self.errors:
            return
        if self.add_prefix("file") in self.oversized or (file and (file.size or 0) > settings.REPORT_MAX_BYTES):
            self.add_error(
                "file", f"This file is larger than {size_limit_in_words()}. Make it smaller, then choose it."
            )
        elif not file:
            self.add_error("file", "Choose a PDF to upload, or write the text instead.")
        else:
            try:
                inspect_pdf(file)
            except PdfRefused as refused:
                self.add_error("file", refused.message)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        way, file = self.cleaned_data.get("way"), self.cleaned_data.get("file")
        if self.errors:
            if way == UPLOAD and file:
                self.add_error("file", CHOOSE_AGAIN)
            return
        if way == UPLOAD and file:
            file.seek(0)
            self.content = file.read()
        elif way == WRITE:
            self._set(self.cleaned_data["source"])

    def _set(self, source: str) -> None:
        number = next_number(self.report)
        day = self.cleaned_data.get("released_on") or release_day(self.report, number, timezone.now())
        try:
            content = set_as_pdf(report=self.report, source=source, number=number, released_on=day)
            inspect_pdf(BytesIO(content))
        except PdfFailed as failed:
            self.add_error("source", NOT_SET.get(failed.reason, NOT_NOW))
        except PdfRefused as refused:
            self.add_error("source", refused.message)
        else:
            self.content, self.markdown = content, source


class ReportAddForm(EditionFields, ReportForm):
    """A report with its first edition, in one go; or without one, for later."""

    way = forms.ChoiceField(
        label="First edition",
        choices=[*EditionFields.base_fields["way"].choices, (LATER, "Add it later")],  # type: ignore[attr-defined]
        widget=forms.RadioSelect,
        initial=UPLOAD,
    )

    motif = None  # type: ignore[assignment]  # Django's way to leave a field out: it is chosen on saving

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.report = self.instance

    def _set(self, source: str) -> None:
        self.report.motif = choose_motif(self.report.slug)
        super()._set(source)


class EditionForm(EditionFields):
    """The next edition of a report there is."""

    note = forms.CharField(
        label="What changed",
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"size": 90}),
        help_text="Readers see it beside the edition, such as: Corrects the table on page 12.",
    )
    released_on = forms.DateField(
        label="Release date",
        required=False,
        widget=DayInput,
        help_text="Leave it empty for today.",
    )
    field_order = ("way", "file", "source", "note", "released_on")

    def __init__(self, *args: Any, report: Report, **kwargs: Any) -> None:
        self.report = report
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.report.current_edition_id and not (self.cleaned_data.get("note") or "").strip():
            self.add_error("note", "Say what changed since the edition before.")
        return cleaned


class AtForm(forms.Form):
    """When it is to come out."""

    at = AssociationDateTimeField(label="Comes out at")


class UntilForm(forms.Form):
    """When the embargo ends."""

    until = AssociationDateTimeField(label="Not to be read before")


class ReasonForm(forms.Form):
    """Why it is withdrawn."""

    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text="Readers see this on the report's page.",
    )
