"""Staff give somebody another address."""

import pytest
from django.test import Client
from django.utils import timezone

from members.addresses import change_address
from members.models import User
from tests import people

pytestmark = pytest.mark.django_db


def test_browsers_signed_in_with_the_old_address_are_signed_out() -> None:
    person, browser = people.member(), Client()
    browser.post("/accounts/login/", {"login": person.email, "password": people.PASSWORD})
    assert browser.get("/account/").status_code == 200
    change_address(person=person, email="moved@example.org", by=people.staff(), now=timezone.now())
    assert browser.get("/account/").status_code == 302


def test_the_change_is_in_the_audit_trail_with_its_actor_and_without_a_password() -> None:
    person, staff = people.member(), people.staff()
    change_address(person=person, email="moved@example.org", by=staff, now=timezone.now())
    last = User.objects.get(pk=person.pk).events.order_by("pgh_id").last()  # type: ignore[attr-defined]
    assert last.email == "moved@example.org"
    assert last.pgh_context.metadata["user"] == staff.pk
    assert not hasattr(last, "password")
