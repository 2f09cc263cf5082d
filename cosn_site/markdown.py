"""Markdown in, HTML out that may stand in a page under a strict content security policy.

CommonMark with tables and strikethrough; straight quotes, double hyphens and three dots become typographic ones. HTML
in the text is shown as text, and what the renderer makes passes an allow-list once more. No style attribute ever comes
out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.replacements import replace_rare
from markdown_it.token import Token

DEEPEST = 6
TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "a", "ul", "ol", "li"),
    *("h1", "h2", "h3", "h4", "h5", "h6"),
    *("div", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "div": {"aria-label", "tabindex"},
    **{f"h{level}": {"id"} for level in range(1, DEEPEST + 1)},
}
ATTRIBUTE_VALUES = {
    "a": {"rel": {"noopener"}},
    "div": {"role": {"region"}},
    "th": {"scope": {"col"}},
}
CLASSES = {"div": {"table-scroll"}, "th": {"align-right", "align-center"}, "td": {"align-right", "align-center"}}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading as it stands in the rendered HTML: its level, its words and the `id` that leads to it."""

    level: int
    text: str
    anchor: str


def _typography(state: StateCore) -> None:
    """Dashes and ellipses, but not (c) and (r): in a report "(c)" is the third of three things."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            replace_rare(token.children)


def _image_as_its_words(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """There are no images in texts: their addresses would not pass the policy, nor be readable in the PDF."""
    return escape(renderer.renderInlineAsText(tokens[index].children, options, env))


def _table_open(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """A wide table scrolls by itself, so it has to be a place that a keyboard can reach and a reader can name."""
    label = escape(tokens[index].meta["label"])
    return f'<div class="table-scroll" role="region" tabindex="0" aria-label="{label}"><table>\n'


def _table_close(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "</table></div>\n"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": True})
    parser.enable(["table", "strikethrough", "smartquotes"])
    parser.core.ruler.before("smartquotes", "typography", _typography)
    parser.add_render_rule("image", _image_as_its_words)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


_PARSER = _parser()


def _plain(inline: Token) -> str:
    words = []
    for child in inline.children or []:
        if child.type in ("text", "code_inline"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif child.type == "image":
            words.append(_plain(child))
    return "".join(words).strip()


def _is_external(href: str) -> bool:
    return href.startswith(("http:", "https:", "//"))


def _prepare_headings(tokens: Sequence[Token], heading_level: int) -> list[Heading]:
    """Give headings their level and id. The shallowest in the text becomes `heading_level`; none skips a level."""
    opens = [(index, token) for index, token in enumerate(tokens) if token.type == "heading_open"]
    shallowest = min((int(token.tag[1]) for _, token in opens), default=1)
    found: list[Heading] = []
    taken: set[str] = set()
    previous = heading_level - 1
    for index, token in opens:
        wanted = heading_level + int(token.tag[1]) - shallowest
        previous = level = min(wanted, previous + 1, DEEPEST)
        text = _plain(tokens[index + 1])
        stem = f"s-{slugify(text)[:60].strip('-') or 'section'}"
        anchor, number = stem, 1
        while anchor in taken:
            number += 1
            anchor = f"{stem}-{number}"
        taken.add(anchor)
        token.tag = tokens[index + 2].tag = f"h{level}"
        token.attrSet("id", anchor)
        found.append(Heading(level, text, anchor))
    return found


def _prepare_tables(tokens: Sequence[Token]) -> None:
    """Name tables by their column heads, and turn the alignment that the parser writes as a style into a class."""
    count = 0
    table: Token | None = None
    for index, token in enumerate(tokens):
        if token.type == "table_open":
            count += 1
            table = token
            token.meta["label"] = f"Table {count}"
        elif token.type in ("th_open", "td_open"):
            alignment = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            if alignment in ("right", "center"):
                token.attrSet("class", f"align-{alignment}")
            if token.type == "th_open":
                token.attrSet("scope", "col")
                head = _plain(tokens[index + 1])
                if table is not None and head:
                    joint = ", " if ":" in table.meta["label"] else ": "
                    table.meta["label"] += f"{joint}{head}"


def _prepare_links(tokens: Iterable[Token]) -> None:
    for token in tokens:
        for child in token.children or []:
            if child.type == "link_open" and _is_external(str(child.attrs.get("href", ""))):
                child.attrSet("rel", "noopener")


def _parse(text: str, heading_level: int) -> tuple[list[Token], list[Heading]]:
    tokens = _PARSER.parse(text)
    found = _prepare_headings(tokens, heading_level)
    _prepare_tables(tokens)
    _prepare_links(tokens)
    return tokens, found


@lru_cache(maxsize=512)
def render(text: str, heading_level: int = 2) -> SafeString:
    """The text as HTML, safe to put in a page.

    The shallowest heading of the text comes out as `heading_level` (1 to 6) and the others follow without a gap, so
    that a text fits under the heading of its page however its author counted. Each heading has an `id` (see
    `headings`). Links go to http, https and mailto addresses and within the site; those that leave it carry
    `rel="noopener"`. A table is wrapped in a labelled, focusable `div.table-scroll`. Of an image only its description
    is kept.
    """
    tokens, _ = _parse(text, heading_level)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        tag_attribute_values=ATTRIBUTE_VALUES,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return mark_safe(clean)  # noqa: S308 - clean is what nh3 let through


def headings(text: str, heading_level: int = 2) -> list[Heading]:
    """The headings that `render` makes of the same text and level, in their order: for a table of contents."""
    return _parse(text, heading_level)[1]
