"""The demo's people have a password that everybody knows; it opens nothing where it matters."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from members.models import User
from tests import people

pytestmark = pytest.mark.django_db
SIGN_IN = {"login": "member@example.org", "password": people.PASSWORD}


@pytest.mark.parametrize(("in_a_demo", "leads_to"), [(True, "/account/"), (False, "/accounts/login/")])
def test_demo_people_sign_in_in_a_demo_only(in_a_demo: bool, leads_to: str) -> None:
    people.member()
    browser = Client()
    with override_settings(DEBUG=False, TESTING=in_a_demo):
        assert browser.post("/accounts/login/", SIGN_IN).headers["Location"] == leads_to
        assert (browser.get("/account/").status_code == 200) is in_a_demo


def test_a_session_of_the_demo_ends_where_the_demo_does() -> None:
    browser = people.browser(people.member())
    assert browser.get("/account/").status_code == 200
    with override_settings(DEBUG=False, TESTING=False):
        assert browser.get("/account/").status_code == 302


def test_the_demo_is_not_loaded_among_people_of_a_real_association() -> None:
    User.objects.create_user("somebody@district.example")
    with pytest.raises(CommandError, match="people of its own"):
        call_command("load_demo")
    assert User.objects.count() == 1
