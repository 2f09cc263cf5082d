"""The admin pages of merging: choose the other one, see side by side what each has, confirm with a reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from cosn_site.model_admin import LedgerAdmin
from cosn_site.templatetags.site import day
from cosn_site.verbs import StepRefused
from members import merging
from members.models import Merge, Organization, User
from members.references import references_to

PERMISSION = "members.add_merge"
MOST_CHOICES = 20
_PLAIN = {"person", "organization", "user", "membership"}


@dataclass(frozen=True, slots=True)
class Mergeable:
    """What the pages need to know of a kind of row that can be merged."""

    model: type[User] | type[Organization]
    asked: str  # the label of the box in which the other one is looked for
    merge: Callable[..., Merge]
    foresee: Callable[..., list[str]]
    search: Callable[[str], Q]
    facts: Callable[[Any], list[tuple[str, str]]]


def _facts_of_person(person: User) -> list[tuple[str, str]]:
    addresses = [
        f"{address.email}{'' if address.verified else ' (not verified)'}"
        for address in person.emailaddress_set.order_by("-primary", "email")  # type: ignore[attr-defined]
    ]
    return [
        ("Name", person.name),
        ("Job title", person.title),
        ("Addresses", ", ".join(addresses) or person.email),
        ("Joined", day(person.date_joined)),
        ("Last sign-in", day(person.last_login) if person.last_login else "Never"),
        ("Works for the association", "Yes" if person.is_staff else "No"),
    ]


def _facts_of_organization(organization: Organization) -> list[tuple[str, str]]:
    def number(value: int | None) -> str:
        return "" if value is None else f"{value:,}"

    return [
        ("Name", organization.name),
        ("Kind", organization.get_kind_display()),
        ("State", organization.state),
        ("NCES district ID", organization.nces_id),
        ("Enrollment", number(organization.enrollment)),
        ("Staff", number(organization.staff_count)),
        ("Belongs to", str(organization.parent or "")),
    ]


PEOPLE = Mergeable(
    model=User,
    asked="Address or name of the other account",
    merge=merging.merge_people,
    foresee=merging.foresee_people,
    search=lambda text: Q(email__icontains=text) | Q(name__icontains=text) | Q(emailaddress__email__icontains=text),
    facts=_facts_of_person,
)
ORGANIZATIONS = Mergeable(
    model=Organization,
    asked="Name, short name or NCES ID of the other one",
    merge=merging.merge_organizations,
    foresee=merging.foresee_organizations,
    search=lambda text: Q(name__icontains=text) | Q(slug__icontains=text) | Q(nces_id=text),
    facts=_facts_of_organization,
)


class ReasonForm(forms.Form):
    """Why the two are one."""

    reason = forms.CharField(
        label="How you know that they are one",
        max_length=200,
        widget=forms.TextInput(attrs={"size": 80}),
        help_text="It stays in the record, with your name.",
    )


class MergedFilter(admin.SimpleListFilter):
    """Leaves out what was merged into another row, unless asked for."""

    title = "merged"
    parameter_name = "merged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Merged into another one"), ("all", "Both")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for number, choice in enumerate(super().choices(changelist)):
            yield {**choice, "display": "Not merged"} if not number else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(merged_into__isnull=self.value() != "yes")


class MergePages(admin.ModelAdmin):
    """The part of an admin that merges: its page, its filter, and what was merged left out of pickers."""

    mergeable: Mergeable

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.merge_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_merge"
        return [path("<path:object_id>/merge/", view, name=name), *super().get_urls()]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [MergedFilter, *super().get_list_filter(request)]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        found, doubles = super().get_search_results(request, queryset, search_term)
        match = request.resolver_match
        if match is not None and match.url_name == "autocomplete":
            found = found.filter(merged_into=None)
        return found, doubles

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was merged is only looked at."""
        was_merged = obj is not None and obj.merged_into_id is not None
        return not was_merged and super().has_change_permission(request, obj)

    # --- the page -------------------------------------------------------------------------------------------------
    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Choose, look, confirm. GET changes nothing."""
        kept = self.get_object(request, unquote(object_id))
        if kept is None:
            raise Http404
        if not (request.user.has_perm(PERMISSION) and self.has_change_permission(request, kept)):
            raise PermissionDenied
        other = self._chosen(request, kept)
        if other is None:
            return self._page(request, kept, self._search(request, kept))
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                self.mergeable.merge(
                    kept=kept,
                    merged=other,
                    reason=form.cleaned_data["reason"],
                    by=request.user,
                    now=timezone.now(),
                )
            except StepRefused as refused:
                form.add_error(None, refused.sentence)
            else:
                self.log_change(request, kept, f"Merged {other} into it.")
                messages.success(request, f"{other} was merged into {kept}.")
                return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", kept.pk)
        return self._page(request, kept, self._side_by_side(request, kept, other, form), 422 if form.errors else 200)

    def _chosen(self, request: HttpRequest, kept: Any) -> Any:
        key = request.POST.get("other") or request.GET.get("with") or ""
        if not key.isdecimal() or len(key) > 18:
            return None
        return self.mergeable.model.objects.filter(pk=int(key), merged_into=None).exclude(pk=kept.pk).first()

    def _search(self, request: HttpRequest, kept: Any) -> dict[str, Any]:
        text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
        rows = self.mergeable.model.objects.none()
        if text:
            rows = self.mergeable.model.objects.filter(self.mergeable.search(text), merged_into=None)
            rows = rows.exclude(pk=kept.pk).distinct()
        found = [(row, _in_brief(row)) for row in rows[:MOST_CHOICES]]
        return {"asked": self.mergeable.asked, "text": text, "found": found, "is_cut": len(found) == MOST_CHOICES}

    def _side_by_side(self, request: HttpRequest, kept: Any, other: Any, form: forms.Form) -> dict[str, Any]:
        sentences, problem = [], ""
        try:
            sentences = self.mergeable.foresee(kept, other, by=request.user, now=timezone.now())
        except StepRefused as refused:
            problem = refused.sentence
        one, two = self.mergeable.facts(kept), self.mergeable.facts(other)
        facts = [(label, value, theirs) for (label, value), (_, theirs) in zip(one, two, strict=True)]
        counts = []
        for reference in references_to(self.mergeable.model):
            pair = reference.rows(kept).count(), reference.rows(other).count()
            if any(pair):
                counts.append((_label(reference), *pair))
        return {
            "other": other,
            "form": form,
            "facts": facts,
            "counts": sorted(counts),
            "sentences": sentences,
            "problem": problem,
        }

    def _page(self, request: HttpRequest, kept: Any, context: dict[str, Any], status: int = 200) -> TemplateResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        shared = {
            **self.admin_site.each_context(request),
            "title": "Merge with another one",
            "subtitle": str(kept),
            "opts": self.opts,
            "original": kept,
            "change_name": f"{name}_change",
            "merge_name": f"{name}_merge",
        }
        return TemplateResponse(request, "admin/members/merge_page.html", {**shared, **context}, status=status)


def _in_brief(row: User | Organization) -> str:
    if isinstance(row, User):
        return row.email
    return ", ".join(part for part in (row.get_kind_display(), row.state, row.nces_id) if part)


def _label(reference: Any) -> str:
    name = str(reference.model._meta.verbose_name_plural)
    field = str(reference.field.verbose_name)
    label = name if field in _PLAIN else f"{name}, {field}"
    return label[:1].upper() + label[1:]


@admin.register(Merge)
class MergeAdmin(LedgerAdmin):
    """The record of merges."""

    list_display = ("__str__", "reason", "by", "at")
    list_select_related = ("kept_person", "merged_person", "kept_organization", "merged_organization", "by")
    search_fields = ("kept_person__email", "kept_person__name", "kept_organization__name", "reason")
    fields = ("kept", "merged", "reason", "by", "at", "rows_moved")
    readonly_fields = fields

    @admin.display(description="kept")
    def kept(self, merge: Merge) -> str:
        return str(merge.kept_person or merge.kept_organization)

    @admin.display(description="merged into it")
    def merged(self, merge: Merge) -> str:
        return str(merge.merged_person or merge.merged_organization)

    @admin.display(description="rows that moved")
    def rows_moved(self, merge: Merge) -> str:
        return ", ".join(f"{name}: {len(keys):,}" for name, keys in sorted(merge.moved.items()))

    def status_of(self, obj: Merge, now: datetime) -> str:
        return ""
