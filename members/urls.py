"""Addresses about the person and membership."""

from django.urls import path

from members import renewal_views, views

app_name = "members"
urlpatterns = [
    path("membership/", views.plans, name="plans"),
    path("membership/renew/<str:token>/", renewal_views.renewal, name="renewal"),
    path("account/", views.account, name="account"),
    path("account/details/", views.profile, name="profile"),
]
