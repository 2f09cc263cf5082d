"""What staff add to a message: plain text in which `{name}` and its like stand for values.

A placeholder is a name from the list below, in braces, and nothing more: no attribute, no index, no format. It is
looked up, never evaluated, and what it stands for is text.
"""

import re
from collections.abc import Iterator, Mapping

from django.core.exceptions import ValidationError
from django.template.defaultfilters import linebreaksbr
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

PLACEHOLDERS = {
    "name": "the person’s name",
    "forum": "the forum’s title",
    "day": "its day",
    "hours": "its hours, in its own zone",
    "place": "the venue",
    "seat": "the number of the seat; empty without one",
    "link": "the link to the registration; in the HTML part it reads “your registration”",
}
LINK_LABEL = "your registration"  # an address in full is wider than a phone
_PART = re.compile(r"\{([^{}]*)\}|([{}])")


def check_paragraph(text: str) -> None:
    """Raises ValidationError, with a sentence for staff, where a brace is not one of the placeholders."""
    for found in _PART.finditer(text):
        name, lone = found.groups()
        if lone:
            raise ValidationError(f"A “{lone}” stands alone. Braces are for placeholders only.", code="lone_brace")
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
            raise ValidationError(f"“{{{name}}}” is no placeholder. There are {known}.", code="unknown_placeholder")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; what is none of them stays as it stands."""
    return "".join(values[part] if is_name else part for part, is_name in _parts(text, values))


def fill_html(text: str, values: Mapping[str, str]) -> SafeString:
    """As `fill`, for an HTML mail: everything escaped, lines kept, and words in place of the address of `{link}`."""
    pieces = []
    for part, is_name in _parts(text, values):
        if is_name and part == "link":
            pieces.append(format_html('<a class="mail-link" href="{}">{}</a>', values[part], LINK_LABEL))
        else:
            pieces.append(linebreaksbr(values[part] if is_name else part))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


def _parts(text: str, values: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """The text in pieces: names of placeholders, and what stands between them."""
    end = 0
    for found in _PART.finditer(text):
        name = found.group(1)
        if name in PLACEHOLDERS and name in values:
            yield text[end : found.start()], False
            yield name, True
            end = found.end()
    yield text[end:], False
