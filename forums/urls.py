"""The forums' addresses."""

from django.urls import path

from forums import my_registration_views, views

app_name = "forums"
urlpatterns = [
    path("cto-forums/", views.index, name="index"),
    path("cto-forums/calendar.ics", views.calendar, name="calendar"),
    path("cto-forums/r/<str:token>/", my_registration_views.registration, name="registration"),
    path("cto-forums/<slug:slug>/", views.detail, name="detail"),
    path("cto-forums/<slug:slug>/calendar.ics", views.forum_calendar, name="forum_calendar"),
]
