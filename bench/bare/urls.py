"""Three views: a small page, a file that nginx sends, and a seat that is taken."""

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import path
from django.utils.html import escape

from bench.bare.models import Hot, Place
from members.models import Organization

FILES = "/private-files/"
PAGE = "<!doctype html><html lang=en><title>Bare</title><h1>{organization}</h1><p>{person}</p></html>"


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Session, person, one row, a few words of HTML."""
    if not request.user.is_authenticated:
        return HttpResponseForbidden()
    organization = Organization.objects.get(pk=pk)
    return HttpResponse(PAGE.format(organization=escape(organization.name), person=escape(request.user.name)))


def file(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Session, person, one row, and the word to nginx which file to send."""
    if not request.user.is_authenticated:
        return HttpResponseForbidden()
    Organization.objects.get(pk=pk)
    response = HttpResponse(content_type="application/pdf")
    response.headers["X-Accel-Redirect"] = FILES + name
    return response


def register(request: HttpRequest, pk: int) -> HttpResponse:
    """One conditional update and one insert in one transaction, for whoever the request says it is."""
    with transaction.atomic():
        took = Hot.objects.filter(pk=pk, held__lt=F("capacity")).update(held=F("held") + 1)
        Place.objects.create(hot_id=pk, person_id=int(request.POST["person"]), has_seat=bool(took))
    return HttpResponse("done")


urlpatterns = [
    path("page/<int:pk>/", page),
    path("file/<int:pk>/<path:name>", file),
    path("register/<int:pk>/", register),
]
