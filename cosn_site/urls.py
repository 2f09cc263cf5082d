"""All addresses. They are fixed: other people's links and bookmarks depend on them."""

from django.contrib import admin
from django.urls import include, path

from cosn_site import health, pages
from reports import views as reports_views

urlpatterns = [
    path("", reports_views.home, name="home"),
    path("", include("members.urls")),
    path("", include("forums.urls")),
    path("", include("reports.urls")),
    path("", include("store.urls")),
    path("privacy/", pages.privacy, name="privacy"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
