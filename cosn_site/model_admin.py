"""What the pages of our admin share: history that nobody deletes, verbs as buttons, times in the association's zone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from cosn_site.admin_fields import AssociationDateTimeField, DayInput
from cosn_site.admin_history import audit_rows
from cosn_site.forms import NothingAsked
from cosn_site.verbs import StepRefused


class ObjectForm(forms.Form):
    """The form of a verb that asks according to the object: `self.obj`."""

    def __init__(self, *args: Any, obj: Any, **kwargs: Any) -> None:
        self.obj = obj
        super().__init__(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Verb:
    """A step on one object, offered as a button on its page and taken by POST at `<object>/do/<name>/`.

    `run` is given the object, the cleaned data, the actor and the instant. Every step has a page of its own; one
    without a `caution`, a `preview` and a form about the object can be taken from the object's page directly.

    `preview` says in pairs of words what would be recorded. It is shown first, and recorded by the next press of the
    button, provided that it still says the same then.
    """

    name: str
    label: str
    run: Callable[[Any, Mapping[str, Any], Any, datetime], object]
    done: str
    permission: str
    offered: Callable[[Any, datetime], bool] = lambda _object, _now: True
    form: type[forms.Form] = NothingAsked
    caution: str = ""
    preview: Callable[[Any, Mapping[str, Any], datetime], Iterable[tuple[str, str]]] | None = None
    preview_label: str = "Show the price"
    is_next: bool = False
    is_grave: bool = False

    @property
    def has_own_page(self) -> bool:
        """Whether it is not to be taken from the object's page."""
        return bool(self.caution) or self.preview is not None or issubclass(self.form, ObjectForm)

    def form_about(self, obj: Any, data: Any = None) -> forms.Form:
        """Its form, empty or with what was typed."""
        if issubclass(self.form, ObjectForm):
            return self.form(data, prefix=self.name, obj=obj)
        return self.form(data, prefix=self.name)


Facts = tuple[tuple[str, str], ...]  # pairs of words, as `Verb.preview` says them


def fingerprint(facts: Iterable[tuple[str, str]]) -> str:
    """Tells whether somebody has seen these very facts."""
    return sha256(repr(tuple(facts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Offer:
    """A verb as the object's page shows it."""

    verb: Verb
    url: str
    form: forms.Form | None


@contextmanager
def _one_at_a_time(obj: models.Model) -> Iterator[None]:
    """The object's row is locked, so that of two presses of a button the second sees what the first recorded.

    Not its key: whoever adds a row that points to it, under other locks, need not wait, and cannot wait in a circle.
    """
    with transaction.atomic():
        rows = type(obj)._base_manager.select_for_update(of=("self",), no_key=True)  # noqa: SLF001 - no row may hide
        rows.get(pk=obj.pk)
        yield


class QuietFields(admin.options.BaseModelAdmin):
    """Native boxes for days and times, and no pencils, crosses and eyes beside every list of choices."""

    formfield_overrides = {
        models.DateTimeField: {"form_class": AssociationDateTimeField},
        models.DateField: {"widget": DayInput},
    }
    may_add_related: tuple[str, ...] = ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        if isinstance(widget, RelatedFieldWidgetWrapper):
            widget.can_change_related = widget.can_delete_related = widget.can_view_related = False
            widget.can_add_related = widget.can_add_related and db_field.name in self.may_add_related
        return field


class RoomAdmin(QuietFields, admin.ModelAdmin):
    """Our ModelAdmin: verbs as buttons, an audit trail on the history page, and nothing deleted unless allowed.

    A subclass that lets something be deleted says so with `may_be_deleted`.
    """

    verbs: tuple[Verb, ...] = ()
    verbs_title = "Now"
    change_form_template = "admin/room_change_form.html"
    object_history_template = "admin/room_history.html"
    list_per_page = 50
    show_full_result_count = False

    def may_be_deleted(self, obj: Any) -> bool:
        """Whether this object is not yet part of any history."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and not self.may_be_deleted(obj):
            return False
        if type(self).may_be_deleted is RoomAdmin.may_be_deleted:
            return False
        return super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        view = self.admin_site.admin_view(self.verb_view)
        return [path("<path:object_id>/do/<slug:verb_name>/", view, name=name), *super().get_urls()]

    def status_of(self, obj: Any, now: datetime) -> str:
        """What stands above the buttons, in a sentence or two."""
        return ""

    def warning_of(self, obj: Any, now: datetime) -> str:
        """What is amiss with the object and what to do about it, in a sentence or two; nothing where all is well."""
        return ""

    def offers(self, request: HttpRequest, obj: Any, now: datetime) -> list[Offer]:
        """The verbs that make sense for this object now, for somebody with these permissions."""
        user: Any = request.user
        return [
            Offer(verb, self._verb_url(obj, verb), None if verb.has_own_page else verb.form_about(obj))
            for verb in self.verbs
            if user.has_perm(verb.permission) and verb.offered(obj, now)
        ]

    def _verb_url(self, obj: Any, verb: Verb) -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_do"
        return reverse(name, args=[obj.pk, verb.name])

    def _change_url(self, obj: Any) -> str:
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def render_change_form(
        self, request: HttpRequest, context: dict, add: bool = False, change: bool = False, form_url: str = "", obj=None
    ) -> HttpResponse:
        now = timezone.now()
        if obj is not None and not context.get("is_popup"):
            context["verbs_title"] = self.verbs_title
            context["status"] = self.status_of(obj, now)
            context["warning"] = self.warning_of(obj, now)
            context["offers"] = self.offers(request, obj, now)
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """As Django's; but a verb that says no while saving (somebody was quicker) is told, and nothing is saved."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except StepRefused as refused:
            messages.error(request, f"Nothing was saved. {refused.sentence}")
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A change writes what the form asks and no more: a verb may have written the rest since the form was read."""
        if change:
            asked = set(form.cleaned_data) - {obj._meta.pk.name}
            obj.save(update_fields=[field.name for field in obj._meta.concrete_fields if field.name in asked])
        else:
            super().save_model(request, obj, form, change)

    def verb_view(self, request: HttpRequest, object_id: str, verb_name: str) -> HttpResponseBase:
        """The page of a verb: GET asks, POST takes the step."""
        verb = next((verb for verb in self.verbs if verb.name == verb_name), None)
        obj = self.get_object(request, unquote(object_id))
        if verb is None or obj is None:
            raise Http404
        user: Any = request.user
        if not (user.has_perm(verb.permission) and self.has_view_permission(request, obj)):
            raise PermissionDenied
        form = verb.form_about(obj, request.POST if request.method == "POST" else None)
        unseen: Facts = ()
        if form.is_valid():
            try:
                unseen = self._take(request, verb, obj, form.cleaned_data)
            except StepRefused as refused:
                form.add_error(None, refused.sentence)
            else:
                if not unseen:
                    messages.success(request, verb.done.format(object=obj))
                    return redirect(self._change_url(obj))
        return self._verb_page(request, verb, obj, form, unseen)

    def _take(self, request: HttpRequest, verb: Verb, obj: Any, cleaned: Mapping[str, Any]) -> Facts:
        """Take the step; or, where it previews facts that nobody has seen yet, answer with those and take none."""
        now = timezone.now()
        with _one_at_a_time(obj) if verb.preview else nullcontext():
            facts = tuple(verb.preview(obj, cleaned, now)) if verb.preview else ()
            if facts and request.POST.get("seen") != fingerprint(facts):
                return facts
            verb.run(obj, cleaned, request.user, now)
            self.log_change(request, obj, verb.label)
        return ()

    def _verb_page(
        self, request: HttpRequest, verb: Verb, obj: Any, form: forms.Form, facts: Facts
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": verb.label,
            "subtitle": str(obj),
            "opts": self.opts,
            "original": obj,
            "verb": verb,
            "form": form,
            "facts": facts,
            "seen": fingerprint(facts) if facts else "",
            "button": verb.preview_label if verb.preview and not facts else verb.label,
            "media": self.media + form.media,
            "change_url": self._change_url(obj),
            "status": self.status_of(obj, timezone.now()),
        }
        return TemplateResponse(request, "admin/verb.html", context, status=422 if form.errors else 200)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is not None and self.has_view_permission(request, obj):
            extra_context = {**(extra_context or {}), "audit_rows": audit_rows(obj)}
        return super().history_view(request, object_id, extra_context)


class LedgerAdmin(RoomAdmin):
    """Read only: rows come from the site's own verbs."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NamedCells(forms.BaseInlineFormSet):
    """In a table of fields the head of a column is all the label there is; a screen reader is told it in each cell."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        row = "new row" if index is None else f"row {index + 1}"
        for name, field in form.fields.items():
            widget = getattr(field.widget, "widget", field.widget)
            if not widget.is_hidden:
                label = field.label or name.replace("_", " ").capitalize()
                widget.attrs.setdefault("aria-label", f"{label}, {row}")


class RowsInline(QuietFields, admin.TabularInline):
    """Rows that belong to the object and are edited with it."""

    extra = 0
    formset = NamedCells


class StoryInline(admin.TabularInline):
    """Rows that belong to the object and are shown as its history: nothing to type, nothing to delete."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def step(verb: Callable[..., object], **names: str) -> Callable[[Any, Mapping[str, Any], Any, datetime], object]:
    """A verb function as `Verb.run`: `step(publish, report="object")`; other names are taken from the cleaned data.

    `step(schedule, report="object", at="at")` calls `schedule(report=<object>, at=<cleaned at>, by=…, now=…)`.
    """

    def run(obj: Any, cleaned: Mapping[str, Any], by: Any, now: datetime) -> object:
        given = {name: obj if source == "object" else cleaned[source] for name, source in names.items()}
        return verb(**given, by=by, now=now)

    return run
