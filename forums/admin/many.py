"""Steps for the registrations that are ticked, or for all that the filters leave: export them, write to them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from cosn_site.model_admin import fingerprint
from cosn_site.verbs import StepRefused
from forums.admin import exports
from forums.admin.pages import ExportForm
from forums.announcing import mail_registrants
from forums.models import Forum, Registration
from forums.paragraphs import PLACEHOLDERS, check_paragraph
from forums.roles import SEES_SENSITIVE_ANSWERS

GO = "go"


class MailForm(forms.Form):
    """What staff write to those who are registered."""

    subject = forms.CharField(max_length=150, widget=forms.TextInput(attrs={"size": 70}))
    text = forms.CharField(
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 10, "cols": 80}),
        help_text="Plain text. " + "; ".join(f"{{{name}}}: {what}" for name, what in PLACEHOLDERS.items()) + ".",
    )

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).strip()
        check_paragraph(text)
        return text


class ChosenExportForm(ExportForm):
    """The same export, of those who were chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["what"]


class ManyAtOnce(admin.ModelAdmin):
    """The actions of the list of registrations."""

    actions = ("export", "write")

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("forums.change_registration")

    @admin.action(description="Export the selected registrations", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Registration]) -> HttpResponseBase:
        sees: bool = request.user.has_perm(SEES_SENSITIVE_ANSWERS)
        form = ChosenExportForm(request.POST if GO in request.POST else None, sees_sensitive=sees)
        if form.is_valid():
            kind, with_sensitive = form.cleaned_data["kind"], form.cleaned_data.get("with_sensitive", False)
            sheet = exports.registrants(queryset, with_sensitive=with_sensitive)
            for forum in Forum.objects.filter(pk__in=queryset.order_by().values("forum")):
                self.log_change(request, forum, exports.note(sheet, kind, with_sensitive))
            return exports.as_file(sheet, kind, timezone.now())
        return self._page(request, queryset, form, "export", "Export the selected registrations", "Export")

    @admin.action(description="Write to the selected people", permissions=["write"])
    def write(self, request: HttpRequest, queryset: QuerySet[Registration]) -> HttpResponseBase | None:
        forums = list(Forum.objects.filter(pk__in=queryset.order_by().values("forum"))[:2])
        if len(forums) != 1:
            self.message_user(request, "Choose people of one forum: filter by it first.", messages.ERROR)
            return None
        form = MailForm(request.POST if GO in request.POST else None)
        facts: tuple[tuple[str, str], ...] = ()
        if form.is_valid():
            facts = _foretell(queryset, form)
            if request.POST.get("seen") == fingerprint(facts):
                return self._send(request, queryset, forums[0], form)
        button = "Send it" if facts else "Show what is sent"
        return self._page(request, queryset, form, "write", "Write to the selected people", button, facts)

    def _send(
        self, request: HttpRequest, queryset: QuerySet[Registration], forum: Forum, form: MailForm
    ) -> HttpResponseBase | None:
        by: Any = request.user
        try:
            mailing = mail_registrants(
                forum=forum, registrations=queryset, **form.cleaned_data, by=by, now=timezone.now()
            )
        except (StepRefused, ValidationError) as refused:
            form.add_error(None, getattr(refused, "sentence", "") or "This text cannot be sent.")
            return self._page(request, queryset, form, "write", "Write to the selected people", "Show what is sent")
        self.log_change(request, forum, f"Wrote to {mailing.recipients:,}: {mailing.subject}")
        count = f"{mailing.recipients:,} {'person' if mailing.recipients == 1 else 'people'}"
        self.message_user(request, f"The letter to {count} is on its way.", messages.SUCCESS)
        return None

    def _page(
        self,
        request: HttpRequest,
        queryset: QuerySet[Registration],
        form: forms.Form,
        action: str,
        title: str,
        button: str,
        facts: tuple[tuple[str, str], ...] = (),
    ) -> TemplateResponse:
        across = request.POST.get("select_across") == "1"
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "form": form,
            "action": action,
            "go": GO,
            "across": across,
            # all that the filters leave are found again by the filters in the address
            "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME)[: 1 if across else None],
            "count": queryset.count(),
            "button": button,
            "facts": facts,
            "seen": fingerprint(facts) if facts else "",
            "media": self.media,
        }
        return TemplateResponse(request, "admin/forums/many.html", context, status=422 if form.errors else 200)


def _foretell(queryset: QuerySet[Registration], form: MailForm) -> tuple[tuple[str, str], ...]:
    people = queryset.filter(person__is_active=True).count()
    return (
        ("To", f"{people:,} {'person' if people == 1 else 'people'}, each by a mail of their own"),
        ("Subject", form.cleaned_data["subject"]),
        ("Text", form.cleaned_data["text"]),
    )
