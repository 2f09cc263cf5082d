"""What staff add to a message: named values and nothing else."""

import re

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from forums.models import LetterKind, Paragraph
from forums.paragraphs import PLACEHOLDERS, check_paragraph, fill, fill_html
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.forums.post_office import deliver, html_of
from tests.forums.test_letters import NOW

VALUES = {name: f"<{name}>" for name in PLACEHOLDERS} | {"link": "https://example.org/r/1:x/"}


# --- refused ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        *("{person}", "{name.password}", "{name!r}", "{name:>9}", "{forum[0]}", "{0}", "{}", "{ name }", "{NAME}"),
        *("{row.person.email}", "{{name}}", "{name", "name}", "a { b", "{{ name }}", "{%load x%}", "{link}{"),
    ],
)
def test_what_is_no_placeholder_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_paragraph(f"Dear all, {text}")
    (sentence,) = refused.value.messages
    assert sentence.endswith(".")


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_each_placeholder_may_stand_in_a_paragraph(name: str) -> None:
    check_paragraph(f"See {{{name}}}.")
    Paragraph(kind=LetterKind.REGISTERED, text=f"See {{{name}}}.").clean_fields(exclude=["forum"])


def test_a_paragraph_of_the_model_is_checked_too() -> None:
    with pytest.raises(ValidationError, match="no placeholder"):
        Paragraph(kind=LetterKind.REGISTERED, text="{name.email}").clean_fields(exclude=["forum"])


# --- filled -------------------------------------------------------------------------------------------------------
def test_placeholders_are_filled_in_and_everything_is_escaped_in_html() -> None:
    text = "Dear {name},\nbring <b>lunch</b> to {place}: {link}"
    assert fill(text, VALUES) == "Dear <name>,\nbring <b>lunch</b> to <place>: https://example.org/r/1:x/"
    assert fill_html(text, VALUES) == (
        "Dear &lt;name&gt;,<br>bring &lt;b&gt;lunch&lt;/b&gt; to &lt;place&gt;: "
        '<a class="mail-link" href="https://example.org/r/1:x/">your registration</a>'
    )


def test_a_value_that_looks_like_a_placeholder_is_not_filled_in_again() -> None:
    assert fill("{name}", {**VALUES, "name": "{link}"}) == "{link}"
    assert "href" not in fill_html("{name}", {**VALUES, "name": "{link}"})


def test_what_came_past_the_check_stays_as_it_stands() -> None:
    assert fill("{name.password} {0} {", VALUES) == "{name.password} {0} {"


@given(st.text(alphabet="{}nameforum.[]!:0 \n<&%", max_size=60))
def test_of_any_text_only_the_placeholders_are_filled_in(text: str) -> None:
    values = dict.fromkeys(PLACEHOLDERS, "·")
    assert fill(text, values) == re.sub(r"\{(name|forum|day|hours|place|seat|link)\}", "·", text)
    assert "<" not in re.sub(r"<br>|<a class=\"mail-link\" href=\"·\">|</a>", "", fill_html(text, values))


# --- in a letter --------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_paragraph_stands_in_letters_of_its_kind_and_in_no_others() -> None:
    forum = make_open_forum(now=NOW, capacity=1, title="Tea & talk")
    Paragraph.objects.create(forum=forum, kind=LetterKind.REGISTERED, text="Dear {name}, seat {seat} of {forum}.")
    make_registration(forum, people.person("first", name="Kim <3"), now=NOW)
    make_registration(forum, people.person("second", name="Lee"), now=NOW)
    first, second = deliver(NOW)
    assert "Dear Kim <3, seat 1 of Tea & talk." in first.body
    assert "Dear Kim &lt;3, seat 1 of Tea &amp; talk." in html_of(first)
    assert "Dear" not in second.body + html_of(second)
