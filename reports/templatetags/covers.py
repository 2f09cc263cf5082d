"""A report's cover, inline."""

from django import template
from django.utils.safestring import SafeString

from reports.covers import cover_svg
from reports.models import Report

register = template.Library()


@register.simple_tag
def cover(report: Report, label: str = "") -> SafeString:
    """The thumbnail; with a label (the kind of publication) the large cover, with the title in type."""
    title = report.title if label else None
    return cover_svg(report.year, report.slug, title=title, label=label, motif=report.motif)
