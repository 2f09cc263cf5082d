"""Facts in schema.org's words, for search engines."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.safestring import SafeString, mark_safe

_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def script_json(facts: Mapping[str, Any]) -> SafeString:
    """The facts as JSON that may stand in a script element.

    Nothing in it can end the element: the three characters that could are written as JSON escapes.
    """
    return mark_safe(json.dumps(facts, ensure_ascii=False).translate(_ESCAPES))  # noqa: S308
