"""An address that is not there: our page with our headers, with DEBUG off and in a demo, where it is on."""

import pytest
from django.test import Client, override_settings

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("path", ["/nowhere/", "/knowledge-center/no-such-report/", "/news/no-such-item/"])
def test_what_is_not_there_gets_our_page_and_our_policy(debug: bool, path: str) -> None:
    with override_settings(DEBUG=debug):
        answer = Client().get(path)
    assert answer.status_code == 404
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Skip to the page" in answer.content.decode()
    assert "URLconf" not in answer.content.decode()


@pytest.mark.parametrize("debug", [False, True])
def test_a_missing_last_slash_is_still_added(debug: bool) -> None:
    with override_settings(DEBUG=debug):
        assert Client().get("/membership").headers["Location"] == "/membership/"
