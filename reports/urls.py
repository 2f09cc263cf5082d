"""The knowledge center's addresses."""

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("knowledge-center/", views.catalog, name="catalog"),
    path("knowledge-center/feed/", views.feed, name="feed"),
    path("knowledge-center/<slug:slug>/", views.report, name="report"),
    path("knowledge-center/<slug:slug>/cite.<slug:style>", views.cite, name="cite"),
    path("focus-areas/", views.focus_areas, name="focus_areas"),
    path("focus-areas/<slug:slug>/", views.focus_area, name="focus_area"),
    path("focus-areas/<slug:slug>/feed/", views.feed, name="focus_area_feed"),
    path("frameworks/", views.frameworks, name="frameworks"),
    path("frameworks/<slug:slug>/", views.framework, name="framework"),
    path("news/", views.news, name="news"),
    path("news/<slug:slug>/", views.news_item, name="news_item"),
    path("newsletter/", views.newsletter, name="newsletter"),
    path("newsletter/<str:token>/", views.newsletter_link, name="newsletter_link"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("robots.txt", views.robots, name="robots"),
]
