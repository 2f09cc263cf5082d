"""The association's admin: Django's own, with our name, and closed to anyone who is not staff."""

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse


class AssociationAdminSite(admin.AdminSite):
    site_header = "Knowledge center: staff"
    site_title = "Knowledge center"
    index_title = "What would you like to do?"
    enable_nav_sidebar = True

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:  # type: ignore[override]
        """One sign-in for everyone: the site's own, with its limits and its second ways in."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
