"""Markdown of ours as HTML."""

from django import template
from django.utils.safestring import SafeString

from cosn_site.markdown import render

register = template.Library()


@register.filter
def markdown(text: str, heading_level: int = 2) -> SafeString:
    """The text as HTML from an allow-list; its top headings are of the given level."""
    return render(text, heading_level=heading_level)
