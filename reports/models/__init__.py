"""What there is to read: reports with their editions, what they teach, and the news around them."""

from reports.models.facets import FacetBits
from reports.models.frameworks import Category, Framework, FrameworkEdition, Skill
from reports.models.news import Boilerplate, Coverage, NewsItem, PressContact
from reports.models.newsletter import ConsentText, Subscriber
from reports.models.reports import Edition, EditionPage, FocusArea, Report, Series, Takeaway

__all__ = [
    "Boilerplate",
    "Category",
    "ConsentText",
    "Coverage",
    "Edition",
    "EditionPage",
    "FacetBits",
    "FocusArea",
    "Framework",
    "FrameworkEdition",
    "NewsItem",
    "PressContact",
    "Report",
    "Series",
    "Skill",
    "Subscriber",
    "Takeaway",
]
