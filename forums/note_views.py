"""The page on which staff write down what the tables say, on a phone, as it is said."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cosn_site.audience import staff_only
from cosn_site.verbs import StepRefused
from forums.models import Forum, TableNote
from forums.notes import LONGEST, Words, change_note, delete_note, notes_of, publish_note, withdraw_note, write_note
from members.models import User

WRITES = ("forums.add_tablenote", "forums.change_tablenote")


class NoteForm(forms.Form):
    """One note."""

    kind = forms.ChoiceField(label="What is it?", choices=TableNote.Kind.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label="In their words", max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"})
    )
    table = forms.CharField(label="Table", max_length=40, required=False)

    def words(self) -> Words:
        """What was typed. Of a valid form."""
        typed = self.cleaned_data
        return Words(TableNote.Kind(typed["kind"]), typed["text"], typed["table"])


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def notes(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a note, change one (`?note=`), publish it, take it away; all of them by kind below."""
    by = cast("User", request.user)
    if not by.has_perms(WRITES):
        raise PermissionDenied
    forum = get_object_or_404(Forum.objects.published(), slug=slug)
    open_one = _note(forum, request.GET.get("note", ""))
    if request.method == "POST" and request.POST.get("step") != "save":
        _take_step(request, forum, by)
        return redirect(_page(forum, request.GET.get("table", "")))
    form = _form(request, open_one)
    if request.method == "POST" and form.is_valid():
        try:
            if open_one is None:
                write_note(forum=forum, words=form.words(), by=by, now=timezone.now())
            else:
                change_note(note=open_one, words=form.words(), by=by)
        except StepRefused as refused:
            form.add_error("text", refused.sentence)
        else:
            messages.success(request, "The note is kept.")
            return redirect(_page(forum, form.cleaned_data["table"]))
    context = {
        "forum": forum,
        "form": form,
        "open_one": open_one,
        "by_kind": _by_kind(forum),
        "may_delete": by.has_perm("forums.delete_tablenote"),
    }
    return render(request, "forums/notes.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, note: TableNote | None) -> NoteForm:
    initial: dict[str, Any] = {"kind": TableNote.Kind.CHALLENGE, "table": request.GET.get("table", "")[:40]}
    if note is not None:
        initial = {"kind": note.kind, "text": note.text, "table": note.table}
    return NoteForm(request.POST if request.method == "POST" else None, initial=initial)


def _note(forum: Forum, number: str) -> TableNote | None:
    """The note of this number; None where none is named."""
    if not number:
        return None
    known = number.isascii() and number.isdigit() and len(number) < 19
    return get_object_or_404(TableNote, forum=forum, pk=int(number) if known else 0)


def _take_step(request: HttpRequest, forum: Forum, by: User) -> None:
    note = _note(forum, request.POST.get("note", ""))
    if note is None:
        return
    match request.POST.get("step"):
        case "publish":
            publish_note(note=note, by=by)
        case "withdraw":
            withdraw_note(note=note, by=by)
        case "delete":
            if not by.has_perm("forums.delete_tablenote"):
                raise PermissionDenied
            delete_note(note=note, by=by)
            messages.success(request, "The note is gone.")


def _page(forum: Forum, table: str) -> str:
    """The page again, at the same table: whoever writes for one table writes several notes."""
    return reverse("forums:notes", args=[forum.slug], query={"table": table} if table else None)


def _by_kind(forum: Forum) -> list[tuple[str, list[TableNote]]]:
    rows = list(notes_of(forum))
    return [(kind.label, [row for row in rows if row.kind == kind]) for kind in TableNote.Kind]
