"""A step on a page of its own: GET asks, POST takes it and goes back to where it belongs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from cosn_site.forms import NothingAsked
from cosn_site.verbs import StepRefused
from members.roster.desk import Desk


@dataclass(frozen=True, slots=True)
class StepPage:
    """The words of a step's page. `is_next` makes its button the yellow one: it is what the contact wants to do."""

    title: str
    button: str
    words: tuple[str, ...] = ()
    is_next: bool = False
    is_upload: bool = False


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to; a POST without any field is a POST too."""
    return request.POST if request.method == "POST" else None


def take_step(
    request: HttpRequest,
    desk: Desk,
    page: StepPage,
    *,
    form: forms.Form | None = None,
    run: Callable[[Mapping[str, Any]], Any],
    done: str,
    back_to: str = "",
    leads_to: Callable[[Any], str] | None = None,
    field_of: Mapping[type[StepRefused], str] = MappingProxyType({}),
) -> HttpResponse:
    """Show the page of a step, or take it: `run` is given what the form asked. A refusal comes back with the form.

    A step without a form needs nothing but the press of its button.

    `leads_to` answers with the address to go to, from what `run` made; otherwise it is `back_to`. `field_of` says
    which refusals are about a field, and stand at it.
    """
    form, back_to = form or NothingAsked(posted(request)), back_to or desk.url
    if request.method == "POST" and form.is_valid():
        try:
            made = run(form.cleaned_data)
        except StepRefused as refused:
            form.add_error(field_of.get(type(refused)), refused.sentence)
        else:
            messages.success(request, done)
            return redirect(leads_to(made) if leads_to else back_to)
    context = {"desk": desk, "page": page, "form": form, "back_to": back_to}
    return render(request, "members/organization/step.html", context, status=422 if form.errors else 200)
