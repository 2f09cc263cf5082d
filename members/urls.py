"""Addresses about the person and membership."""

from django.urls import path

from members import views

app_name = "members"
urlpatterns = [
    path("membership/", views.plans, name="plans"),
    path("account/", views.account, name="account"),
    path("account/details/", views.profile, name="profile"),
]
