"""The headers that every answer carries, whoever asks and whatever comes of it."""

import re

import pytest
from django.conf import settings
from django.test import Client

from reports.models import ConsentText
from tests import people, shelf
from tests.store.asking import Answer, ask

pytestmark = pytest.mark.django_db

PAGES = [
    "/",
    "/knowledge-center/",
    "/knowledge-center/public/",
    "/store/",
    "/store/reports/members/",
    "/store/reports/members/download/",
    "/cto-forums/",
    "/focus-areas/",
    "/frameworks/",
    "/news/",
    "/newsletter/",
    "/membership/",
    "/privacy/",
    "/account/",
    "/account/details/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/email/",
    "/accounts/sessions/",
    "/admin/",
    "/admin/reports/report/",
    "/admin/reports/report/add/",
    "/admin/members/user/",
    "/nowhere/",
    "/healthz",
]
DIRECTIVES = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


@pytest.fixture(autouse=True)
def rows() -> None:
    shelf.KINDS["public"]()
    shelf.KINDS["members"]()
    ConsentText.objects.create(version=1, text="You agree.")


def policy(answer: Answer) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize("who", ["signed out", "member", "lapsed", "staff"])
@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_policies(who: str, path: str) -> None:
    answer = ask(people.browser(people.CAST[who]()), path)
    assert answer.status in (200, 302, 403, 404)
    found = policy(answer)
    assert {name: found.get(name) for name in DIRECTIVES} == DIRECTIVES
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "*" not in answer.headers["Content-Security-Policy"]
    assert "http" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in answer.headers["Permissions-Policy"]
    assert "Content-Security-Policy-Report-Only" not in answer.headers


@pytest.mark.parametrize("who", ["signed out", "member", "lapsed", "staff"])
@pytest.mark.parametrize("path", [path for path in PAGES if path != "/healthz"])
def test_no_page_holds_anything_that_its_policy_forbids(who: str, path: str) -> None:
    answer = ask(people.browser(people.CAST[who]()), path)
    if answer.status == 302 or answer.headers["Content-Type"] == "application/pdf":
        return
    page = answer.body.decode()
    tags = re.findall(r"<[a-zA-Z][^>]*>", page)
    assert tags
    for tag in tags:
        assert not re.search(r"\sstyle\s*=", tag), tag
        assert not re.search(r"\son[a-z]+\s*=", tag), tag
        assert "javascript:" not in tag, tag
        assert not re.match(r"<style\b", tag), tag
        if re.match(r"<script\b", tag) and "json" not in tag:
            assert re.search(r'\ssrc="/(static|admin/jsi18n)/', tag), tag
        if re.match(r"<(link|img|source|iframe)\b", tag) and 'rel="canonical"' not in tag:
            assert not re.search(r'\s(src|href)="(https?:)?//', tag), tag


@pytest.mark.parametrize(
    "path",
    [
        *("/account/", "/account/details/", "/newsletter/"),
        *("/store/reports/members/", "/store/reports/members/download/"),
    ],
)
@pytest.mark.parametrize("who", ["member", "lapsed"])
def test_what_is_made_for_one_person_is_kept_by_no_cache(path: str, who: str) -> None:
    answer = ask(people.browser(people.CAST[who]()), path)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/knowledge-center/", "/knowledge-center/members/"])
def test_a_page_that_differs_by_person_is_never_kept_for_all(path: str) -> None:
    answer = ask(people.browser(people.member()), path)
    caching = answer.headers.get("Cache-Control", "")
    assert "public" not in caching
    assert "Cookie" in answer.headers.get("Vary", "") or "private" in caching or "no-store" in caching


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites() -> None:
    people.member()
    browser = Client()
    browser.get("/accounts/login/")
    browser.post("/accounts/login/", {"login": "member@example.org", "password": people.PASSWORD})
    session = browser.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert session["path"] == "/"
    assert not session["domain"]


def test_no_page_names_the_software_that_serves_it() -> None:
    answer = ask(Client(), "/")
    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers


def test_an_error_of_ours_shows_a_page_of_ours_and_nothing_of_the_error(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("the inside of the house")

    monkeypatch.setattr("store.views.decide", broken)
    browser = Client(raise_request_exception=False)
    answer = ask(browser, "/store/reports/members/")
    assert answer.status == 500
    assert b"the inside of the house" not in answer.body
    assert b"Traceback" not in answer.body
    assert b"<h1" in answer.body
