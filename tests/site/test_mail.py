"""Mail: templates in, one message with text and inlined HTML out."""

import re
from pathlib import Path

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMultiAlternatives
from django.template import TemplateDoesNotExist
from pytest_django import Settings

from cosn_site.mail import compose, send_templated

FOLDER = {
    "hello_subject.txt": "A seat\n is free, {{ name }}",
    "hello.txt": '{% extends "emails/base.txt" %}{% block content %}Dear {{ name }}: {{ site_url }}/x{% endblock %}',
    "hello.html": (
        '{% extends "emails/base.html" %}{% block heading %}A seat is free{% endblock %}'
        '{% block content %}<p class="mail-p">Dear {{ name }}</p>{% endblock %}'
        '{% block button %}{% include "emails/button.html" with url=site_url label="Take it" %}{% endblock %}'
    ),
}


@pytest.fixture
def letters(tmp_path: Path, settings: Settings) -> None:
    settings.SITE_URL = "https://www.example.org"
    folder = tmp_path / "emails"
    folder.mkdir()
    for name, text in FOLDER.items():
        (folder / name).write_text(text)
    engine = dict(settings.TEMPLATES[0])
    engine["DIRS"] = [tmp_path, *engine["DIRS"]]
    settings.TEMPLATES = [engine]


def message() -> EmailMultiAlternatives:
    return compose(to=["a@example.org"], template="hello", context={"name": "Kim & Co"})


def html_of(letter: EmailMultiAlternatives) -> str:
    ((html, _),) = letter.alternatives
    return str(html)


@pytest.mark.usefixtures("letters")
class TestComposing:
    def test_the_subject_is_one_line(self) -> None:
        assert message().subject == "A seat is free, Kim & Co"

    def test_the_text_is_not_escaped(self) -> None:
        assert "Dear Kim & Co: https://www.example.org/x" in message().body

    def test_the_html_is_escaped(self) -> None:
        assert "Dear Kim &amp; Co" in html_of(message())

    def test_styles_stand_in_the_elements(self) -> None:
        assert re.search(r'<p class="mail-p" style="[^"]*Arial', html_of(message()))

    def test_dark_and_narrow_screens_keep_their_rules(self) -> None:
        html = html_of(message())
        assert "@media (prefers-color-scheme: dark)" in html
        assert "@media (max-width: 480px)" in html

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        assert not re.search(r"<(link|img|script)\b", html_of(message()))

    def test_sending_puts_one_message_on_its_way(self) -> None:
        send_templated("a@example.org", "hello", {"name": "Kim"}, reply_to=["forums@example.org"])
        (sent,) = outbox.outbox
        assert sent.to == ["a@example.org"]
        assert sent.reply_to == ["forums@example.org"]


def test_a_message_without_its_templates_is_a_mistake_of_ours() -> None:
    with pytest.raises(TemplateDoesNotExist):
        compose(to=["a@example.org"], template="nobody_wrote_this", context={})
