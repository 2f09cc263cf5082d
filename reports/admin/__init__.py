"""The knowledge center's part of the admin."""

from reports.admin.library import CategoryAdmin, FocusAreaAdmin, FrameworkAdmin, SeriesAdmin, SkillAdmin
from reports.admin.news import BoilerplateAdmin, CoverageAdmin, NewsItemAdmin, PressContactAdmin
from reports.admin.newsletter import ConsentTextAdmin, SubscriberAdmin
from reports.admin.reports import ReportAdmin

__all__ = [
    "BoilerplateAdmin",
    "CategoryAdmin",
    "ConsentTextAdmin",
    "CoverageAdmin",
    "FocusAreaAdmin",
    "FrameworkAdmin",
    "NewsItemAdmin",
    "PressContactAdmin",
    "ReportAdmin",
    "SeriesAdmin",
    "SkillAdmin",
    "SubscriberAdmin",
]
