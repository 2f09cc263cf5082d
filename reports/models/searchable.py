"""Text as the search should read it, in the columns and in what is typed.

Where the database's character type is C, which it is on a server of our own, PostgreSQL takes every character beyond
ASCII for a letter: “Undiscussables” with its typographic quotes would be one word, quotes and all, and nobody would
ever find it. So the marks of typography become ASCII before a text is cut into words.
"""

from django.db.models import Func, TextField, Value

_MARKS = {
    **dict.fromkeys("“”„«»\u2039\u203a", '"'),
    **dict.fromkeys("‘’\u201a", "'"),
    **dict.fromkeys("\u2013—―…·•†‡§¶©®™\u00a0\u2009\u200b\u202f", " "),
    **dict.fromkeys("\u2010\u2011", "-"),
}
_FROM, _TO = "".join(_MARKS), "".join(_MARKS.values())
_TABLE = str.maketrans(_MARKS)


def searchable(column: str) -> Func:
    """The column for a search vector."""
    return Func(column, Value(_FROM), Value(_TO), function="translate", output_field=TextField())


def searchable_text(text: str) -> str:
    """The same for words that somebody types."""
    return text.translate(_TABLE)
