"""For templates of HTML mail: `{% inline_css %}…{% endinline_css %}` writes the styles into the elements.

Mail programs ignore linked sheets, and many ignore a `<style>` element too. What cannot be inlined (narrow screens,
dark ones) stays behind in a `<style>` element for those that read it.
"""

import css_inline
from django import template
from django.template.base import NodeList, Parser, Token
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


class InlineCssNode(template.Node):
    """Holds a whole HTML document with its `<style>`; renders it inlined."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        # Escaped while it was rendered; the inliner only moves declarations.
        return mark_safe(_INLINER.inline(self.nodelist.render(context)))  # noqa: S308


@register.tag
def inline_css(parser: Parser, token: Token) -> InlineCssNode:
    """The block must be a whole document: the inliner completes fragments with html and body of its own."""
    nodelist = parser.parse(("endinline_css",))
    parser.delete_first_token()
    return InlineCssNode(nodelist)
