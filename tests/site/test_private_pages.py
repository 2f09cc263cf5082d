"""What was made for one person stays with them: in caches, in logs, in addresses."""

import logging

import pytest
from django.test import Client

from cosn_site.logs import WithoutSecrets
from tests import people, shelf


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/knowledge-center/", "/knowledge-center/a-report/", "/membership/"])
def test_pages_of_somebody_signed_in_are_kept_by_no_cache(path: str) -> None:
    shelf.report()
    assert people.browser(people.member()).get(path).headers["Cache-Control"] == "private, no-cache"
    assert "private" not in Client().get(path).headers.get("Cache-Control", "")


@pytest.mark.django_db
def test_a_view_that_says_more_of_caches_is_left_alone() -> None:
    assert "no-store" in people.browser(people.member()).get("/account/").headers["Cache-Control"]


@pytest.mark.parametrize(
    "prefix",
    [
        *("/newsletter/", "/press/copies/"),
        *("/cto-forums/r/", "/cto-forums/take/", "/cto-forums/t/"),
        *("/membership/renew/", "/membership/invitations/", "/membership/domains/"),
    ],
)
def test_the_secret_of_a_link_is_left_out_of_the_log(prefix: str) -> None:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Gone: %s", (f"{prefix}s3cret-Token/",), None)
    assert WithoutSecrets().filter(record)
    assert record.getMessage() == f"Gone: {prefix}…/"


def test_other_addresses_stand_in_the_log_as_they_are() -> None:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Not Found: %s", ("/nowhere/at-all/",), None)
    assert WithoutSecrets().filter(record)
    assert record.getMessage() == "Not Found: /nowhere/at-all/"
