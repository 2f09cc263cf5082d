"""Small middleware of our own: the Permissions-Policy header, private pages, and who acts, for the audit trail."""

from collections.abc import Callable

import pghistory
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.defaults import page_not_found

from cosn_site.logs import without_secrets

GetResponse = Callable[[HttpRequest], HttpResponse]
PERMISSIONS_POLICY = "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
NOT_FOUND = 404
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def permissions_policy(get_response: GetResponse) -> GetResponse:
    """Device features are off, but for the camera, which reads tickets at the door."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        return response

    return middleware


def own_not_found(get_response: GetResponse) -> GetResponse:
    """In the demo too an address that is not there gets our page, with our headers, and not Django's list of routes.

    Django's own page for developers is told by its being free of the content security policy; no page of ours is.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if settings.DEBUG and response.status_code == NOT_FOUND and getattr(response, "_csp_config", None) == {}:
            return page_not_found(request, Http404())
        return response

    return middleware


def private_pages(get_response: GetResponse) -> GetResponse:
    """A page made for somebody with a session stays with them, unless its view said otherwise.

    Pages name the reader's organization and seat. No cache may keep them, and going back asks again.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-cache"
        return response

    return middleware


def audit_context(get_response: GetResponse) -> GetResponse:
    """Changes made while answering a writing request are recorded with their actor and address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in READING_METHODS:
            return get_response(request)
        with pghistory.context(user=request.user.pk, url=without_secrets(request.path)):
            return get_response(request)

    return middleware
