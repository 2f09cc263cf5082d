"""The store's addresses."""

from django.urls import path

from store import views, why_views

app_name = "store"
urlpatterns = [
    path("account/why/", why_views.why, name="why"),
    path("store/", views.storefront, name="storefront"),
    path("store/reports/<slug:slug>/", views.how_to_get, name="how_to_get"),
    path("store/reports/<slug:slug>/download/", views.download, name="download"),
]
