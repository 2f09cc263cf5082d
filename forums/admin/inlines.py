"""What belongs to a forum and is edited on its page: agenda, materials, questions, words in its messages."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from cosn_site.admin_fields import LinesField
from cosn_site.model_admin import RowsInline
from cosn_site.uploads import oversized_fields
from forums.admin.programme import SessionForm
from forums.models import LetterKind, Material, Paragraph, Part, Question, Session
from forums.paragraphs import PLACEHOLDERS, check_paragraph

MEBIBYTE = 1024 * 1024
# What people open on any machine and what runs nothing by itself. No HTML and no SVG, which can carry script.
KINDS_OF_FILES = {
    *("pdf", "docx", "pptx", "xlsx", "odt", "odp", "ods"),
    *("txt", "csv", "ics", "png", "jpg", "jpeg", "mp3", "mp4", "epub", "zip"),
}


class AgendaInline(RowsInline):
    model = Session
    form = SessionForm
    fields = ("starts_at", "ends_at", "title", "who", "detail")
    readonly_fields = ("who",)
    extra = 1
    show_change_link = True
    verbose_name_plural = "Agenda: save it, then “Change” leads to who speaks and who moderates"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        parts = Prefetch("parts", Part.objects.select_related("speaker"))
        return super().get_queryset(request).select_related("forum").prefetch_related(parts)

    @admin.display(description="speakers and moderators")
    def who(self, session: Session) -> str:
        if not session.pk:
            return ""
        return "; ".join(f"{part.speaker.name}, {part.get_role_display().lower()}" for part in session.parts.all())


class SheetsInline(RowsInline):
    """Rows of more fields than a line has room for: each is a small form, so that nothing of it is out of sight."""

    template = "admin/edit_inline/stacked.html"


class MaterialForm(forms.ModelForm):
    """A file or a link. What is too large was left on the wire; what browsers might run is refused."""

    request: HttpRequest | None = None

    class Meta:
        model = Material
        fields = ("title", "file", "link", "position")
        widgets = {
            "file": forms.FileInput,  # without a link to what it is now: private files have no address
            "link": forms.URLInput(attrs={"size": 60}),
        }

    def clean_file(self) -> Any:
        found = self.cleaned_data["file"]
        limit = f"{settings.REPORT_MAX_BYTES // MEBIBYTE} MB"
        if self.request is not None and self.add_prefix("file") in oversized_fields(self.request):
            raise ValidationError(f"This file is larger than {limit}. Put it elsewhere and give the link.")
        if isinstance(found, UploadedFile):
            if (found.size or 0) > settings.REPORT_MAX_BYTES:
                raise ValidationError(f"This file is larger than {limit}. Put it elsewhere and give the link.")
            if PurePath(found.name or "").suffix.lower().lstrip(".") not in KINDS_OF_FILES:
                known = ", ".join(sorted(KINDS_OF_FILES))
                raise ValidationError(f"Files of this kind are not handed out. Give one of: {known}.")
        return found


class MaterialInline(SheetsInline):
    model = Material
    form = MaterialForm
    fields = (("title", "position"), ("kept", "file"), "link")
    readonly_fields = ("kept",)
    verbose_name_plural = "Materials, for those with a seat only"

    @admin.display(description="file now")
    def kept(self, material: Material) -> str:
        return PurePath(str(material.serializable_value("file") or "")).name

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        kwargs["form"] = type("MaterialForm", (MaterialForm,), {"request": request})
        return super().get_formset(request, obj, **kwargs)


class QuestionForm(forms.ModelForm):
    """What is asked. Its kind stays once somebody answered."""

    choices = LinesField(each_at_most=120, required=False)

    class Meta:
        model = Question
        fields = ("stage", "label", "kind", "choices", "help_text", "is_required", "is_sensitive", "position")
        widgets = {"help_text": forms.TextInput(attrs={"size": 30})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["choices"].widget.attrs.update({"rows": 3, "cols": 24})
        self.fields["is_sensitive"].help_text = Question._meta.get_field("is_sensitive").help_text

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        offers = self.cleaned_data.get("kind") in (Question.Kind.ONE, Question.Kind.SEVERAL)
        if offers and len(self.cleaned_data.get("choices") or []) < 2 and "choices" not in self.errors:
            self.add_error("choices", "Give two choices or more.")
        is_laid_open = "is_sensitive" in self.changed_data and self.initial.get("is_sensitive")
        if is_laid_open and (self.instance.answers.exists() or self.instance.survey_answers.exists()):
            self.add_error("is_sensitive", "People answered this in confidence. It stays sensitive.")
        return cleaned


class QuestionInline(SheetsInline):
    model = Question
    form = QuestionForm
    fields = (("label", "help_text"), ("stage", "kind", "position", "choices"), ("is_required", "is_sensitive"))
    verbose_name_plural = (
        "Questions. Sensitive ones (dietary and access needs) are seen by the group Forum hosts only, stand in no "
        "export unless asked for, and are erased 30 days after the forum"
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A question goes while nobody can have answered it; later it stays with its answers."""
        return super().has_delete_permission(request, obj) and (obj is None or not obj.registrations.exists())


class ParagraphForm(forms.ModelForm):
    """A paragraph of staff in one kind of message."""

    class Meta:
        model = Paragraph
        fields = ("kind", "text")
        widgets = {"text": forms.Textarea(attrs={"rows": 4, "cols": 70})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds: Any = self.fields["kind"]
        kinds.choices = [choice for choice in kinds.choices if choice[0] != LetterKind.FROM_STAFF]
        self.fields["text"].help_text = "; ".join(f"{{{name}}}: {what}" for name, what in PLACEHOLDERS.items())

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).strip()
        check_paragraph(text)
        return text


class ParagraphInline(RowsInline):
    model = Paragraph
    form = ParagraphForm
    fields = ("kind", "text")
    verbose_name_plural = "What you add to its messages"
