"""Registering as a browser does it: the address, the code from the mail, the form."""

import re
from typing import Any

from django.test import Client

from forums.models import Forum, Registration
from tests.members.post import deliver

ABOUT_ME = {"name": "Ana Ruiz", "title": "CTO", "organization": "Pine Hills Schools", "us_state": "OR"}


def page_of(forum: Forum, part: str = "") -> str:
    """The address of registering, or of a part of it: `code/`, `team/`."""
    return f"/cto-forums/{forum.slug}/register/{part}"


def send_form(browser: Client, forum: Forum, **fields: Any) -> Any:
    """Press the button of the registration form."""
    return browser.post(page_of(forum), {**ABOUT_ME, **fields})


def ask_for_code(browser: Client, forum: Forum, email: str, name: str = "Ana Ruiz", part: str = "") -> Any:
    """Give the address, signed out."""
    return browser.post(page_of(forum, part), {"email": email, "name": name})


def code_mailed_to(email: str) -> str:
    """The code in the one message to this address that waits to be sent."""
    (message,) = [sent for sent in deliver() if sent.to == [email] and sent.subject.startswith("Your code")]
    found = re.search(r"^ {4}(\d{6})$", str(message.body), re.MULTILINE)
    assert found, message.body
    return found[1]


def confirm(browser: Client, forum: Forum, code: str) -> Any:
    """Type the code in."""
    return browser.post(page_of(forum, "code/"), {"code": code})


def signed_in_as(browser: Client) -> str:
    """The address of who is signed in; empty for nobody."""
    user = browser.get("/").wsgi_request.user
    return str(user.email) if user.is_authenticated else ""


def registered(forum: Forum) -> list[tuple[str, str]]:
    """Who is registered, and how, in the order they came."""
    return [(row.person.email, row.state) for row in Registration.objects.filter(forum=forum).order_by("pk")]
