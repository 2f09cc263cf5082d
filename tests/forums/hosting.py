"""What the tests of the forums' admin share: who runs forums, and how they press the buttons."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.models import Forum, Registration
from forums.roles import HOSTS
from members.models import User
from tests import people
from tests.factories import make_open_forum, make_registration


def a_full_forum() -> Forum:
    """Two seats, both held; two wait."""
    starts_at = (timezone.now() + timedelta(days=60)).replace(second=0, microsecond=0)
    names = {"title": "Who decides?", "venue": "Room 1"}
    made = make_open_forum(now=timezone.now(), capacity=2, starts_at=starts_at, **names)
    for name in ("one", "two", "three", "four"):
        make_registration(made, people.person(name), now=timezone.now())
    return made


def row_of(forum: Forum, name: str) -> Registration:
    return Registration.objects.get(forum=forum, person__email=f"{name}@example.org")


def host() -> User:
    """Staff in the group Forum hosts."""
    found = people.person("host", is_staff=True)
    found.groups.add(Group.objects.get(name=HOSTS))
    return found


def plain(*codenames: str) -> User:
    """Staff who may look at forums and registrations, and these besides."""
    found = people.person("plain", is_staff=True)
    wanted = ("view_forum", "view_registration", *codenames)
    found.user_permissions.set(Permission.objects.filter(content_type__app_label="forums", codename__in=wanted))
    return found


def where(obj: Any, page: str = "change", *more: object) -> str:
    return reverse(f"admin:forums_{obj._meta.model_name}_{page}", args=[obj.pk, *more])


def look(browser: Client, obj: Any, page: str = "change") -> str:
    response = browser.get(where(obj, page))
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def press(browser: Client, obj: Any, verb: str, **typed: Any) -> Any:
    """Press a verb's button, and again where it first shows what would follow."""
    data = {f"{verb}-{name}": value for name, value in typed.items()}
    response = browser.post(where(obj, "do", verb), data)
    if response.status_code == 200 and response.context["facts"]:
        response = browser.post(where(obj, "do", verb), {**data, "seen": response.context["seen"]})
    return response
