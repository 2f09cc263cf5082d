"""The forums' addresses."""

from django.urls import path

from forums import views

app_name = "forums"
urlpatterns = [
    path("cto-forums/", views.index, name="index"),
    path("cto-forums/<slug:slug>/", views.detail, name="detail"),
]
