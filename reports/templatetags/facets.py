"""The catalog's filters as markup."""

from collections.abc import Iterable
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from reports.catalog import Group, Option

register = template.Library()


@register.simple_tag
def facet_groups(groups: Iterable[Group]) -> SafeString:
    """A fieldset of boxes for each group. As templates, fifty options take as long as the database needs to count
    them."""
    return mark_safe("".join(map(_group, groups)))  # noqa: S308 - every word is escaped below


def _group(group: Group) -> str:
    options = "".join(_option(group.name, option) for option in group.options)
    if group.name == "year":
        options = f'<div class="years">{options}</div>'
    return f"<fieldset><legend>{escape(group.label)}</legend>{options}</fieldset>"


def _option(name: str, option: Option) -> str:
    checked = " checked" if option.checked else ""
    return (
        f'<label class="facet"><input type="checkbox" name="{name}" value="{escape(option.value)}"{checked}>'
        f'<span>{escape(option.label)}</span><span class="n">{option.count}'
        f'<span class="visually-hidden"> results</span></span></label>'
    )
