"""The forums' addresses."""

from django.urls import path

from forums import (
    badge_views,
    calendar_views,
    certificate_views,
    door_views,
    hand_on_views,
    my_registration_views,
    my_steps_views,
    note_views,
    register_views,
    survey_views,
    team_views,
    views,
)

app_name = "forums"
urlpatterns = [
    path("cto-forums/", views.index, name="index"),
    path("cto-forums/calendar.ics", calendar_views.calendar, name="calendar"),
    path("cto-forums/r/<str:token>/", my_registration_views.registration, name="registration"),
    path("cto-forums/r/<str:token>/accept/", my_steps_views.accept, name="accept"),
    path("cto-forums/r/<str:token>/answers/", my_steps_views.answers, name="answers"),
    path(
        "cto-forums/r/<str:token>/team/<int:pk>/as-many-as-fit/", my_steps_views.as_many_as_fit, name="as_many_as_fit"
    ),
    path("cto-forums/r/<str:token>/cancel/", my_steps_views.cancel, name="cancel"),
    path("cto-forums/r/<str:token>/hand-on/", hand_on_views.hand_on, name="hand_on"),
    path("cto-forums/r/<str:token>/hand-on/take-back/", hand_on_views.take_back, name="take_back"),
    path("cto-forums/r/<str:token>/materials/<int:pk>/", my_registration_views.my_material, name="my_material"),
    path("cto-forums/take/<str:secret>/", hand_on_views.take, name="take"),
    path("cto-forums/r/<str:token>/calendar.ics", calendar_views.of_registration, name="registration_calendar"),
    path("cto-forums/r/<str:token>/certificate.pdf", certificate_views.my_certificate, name="my_certificate"),
    path("cto-forums/r/<str:token>/survey/", survey_views.survey, name="survey"),
    path("cto-forums/certificates/", certificate_views.look_up, name="certificates"),
    path("cto-forums/certificates/<str:number>/", certificate_views.certificate, name="certificate"),
    path("cto-forums/t/<str:ticket>/", door_views.ticket, name="ticket"),
    path("cto-forums/<slug:slug>/", views.detail, name="detail"),
    path("cto-forums/<slug:slug>/materials/<int:pk>/", my_registration_views.material, name="material"),
    path("cto-forums/<slug:slug>/register/", register_views.register, name="register"),
    path("cto-forums/<slug:slug>/register/code/", register_views.register_code, name="register_code"),
    path("cto-forums/<slug:slug>/register/team/", team_views.register_team, name="register_team"),
    path("cto-forums/<slug:slug>/calendar.ics", calendar_views.forum_calendar, name="forum_calendar"),
    path("cto-forums/<slug:slug>/door/", door_views.door, name="door"),
    path("cto-forums/<slug:slug>/door/device.json", door_views.device, name="door_device"),
    path("cto-forums/<slug:slug>/door/worker.js", door_views.worker, name="door_worker"),
    path("cto-forums/<slug:slug>/door/walk-in/", door_views.walk_in_page, name="door_walk_in"),
    path("cto-forums/<slug:slug>/badges.pdf", badge_views.badges, name="badges"),
    path("cto-forums/<slug:slug>/notes/", note_views.notes, name="notes"),
    path("cto-forums/<slug:slug>/survey/", survey_views.results, name="survey_results"),
]
