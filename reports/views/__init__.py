"""The knowledge center's pages."""

from reports.views.catalog import catalog
from reports.views.feeds import feed, robots, sitemap
from reports.views.home import home
from reports.views.news import news, news_item
from reports.views.newsletter import newsletter, newsletter_link
from reports.views.report import cite, report
from reports.views.topics import focus_area, focus_areas, framework, frameworks

__all__ = [
    "catalog",
    "cite",
    "feed",
    "focus_area",
    "focus_areas",
    "framework",
    "frameworks",
    "home",
    "news",
    "news_item",
    "newsletter",
    "newsletter_link",
    "report",
    "robots",
    "sitemap",
]
