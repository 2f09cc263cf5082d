"""The forums' addresses."""

from django.urls import path

from forums import calendar_views, door_views, my_registration_views, views

app_name = "forums"
urlpatterns = [
    path("cto-forums/", views.index, name="index"),
    path("cto-forums/calendar.ics", calendar_views.calendar, name="calendar"),
    path("cto-forums/r/<str:token>/", my_registration_views.registration, name="registration"),
    path("cto-forums/r/<str:token>/calendar.ics", calendar_views.of_registration, name="registration_calendar"),
    path("cto-forums/t/<str:ticket>/", door_views.ticket, name="ticket"),
    path("cto-forums/<slug:slug>/", views.detail, name="detail"),
    path("cto-forums/<slug:slug>/calendar.ics", calendar_views.forum_calendar, name="forum_calendar"),
    path("cto-forums/<slug:slug>/door/", door_views.door, name="door"),
    path("cto-forums/<slug:slug>/door/device.json", door_views.device, name="door_device"),
    path("cto-forums/<slug:slug>/door/worker.js", door_views.worker, name="door_worker"),
    path("cto-forums/<slug:slug>/door/walk-in/", door_views.walk_in_page, name="door_walk_in"),
]
