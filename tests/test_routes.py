"""Every address says who may use it, and keeps its word: each is really asked for, by everyone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, include, path

from cosn_site.audience import Audience, machine, public, signed_in, staff_only
from forums.models import Forum, Material
from reports.models import ConsentText, FocusArea, Framework, NewsItem
from tests import factories, people, shelf
from tests.store.asking import ask

OURS = ("cosn_site", "members", "forums", "reports", "store")

# The routes of django-allauth: what a signed-out person gets (page, sign-in, or elsewhere in the same dance).
PAGE, SIGN_IN, ELSEWHERE = "page", "sign-in", "elsewhere"
ALLAUTH = {
    "account_login": PAGE,
    "account_logout": ELSEWHERE,
    "account_inactive": PAGE,
    "account_signup": PAGE,
    "account_reauthenticate": SIGN_IN,
    "account_email": SIGN_IN,
    "account_email_verification_sent": ELSEWHERE,
    "account_change_password": SIGN_IN,
    "account_set_password": SIGN_IN,
    "account_reset_password": PAGE,
    "account_confirm_login_code": ELSEWHERE,
    "account_confirm_password_reset_code": ELSEWHERE,
    "account_complete_password_reset": ELSEWHERE,
    "account_password_reset_completed": PAGE,
    "account_request_login_code": PAGE,
    "usersessions_list": SIGN_IN,
}
SIGN_IN_ADDRESS = "/accounts/login/"

# What the editors' group may open in the admin; everything else there is closed to them.
OF_THE_EDITORS = ("reports_", "forums_")
NOT_OF_THE_EDITORS = ("reports_subscriber", "forums_registration")  # addresses of people, and who comes


@dataclass(frozen=True)
class Route:
    """One pattern of the resolver."""

    pattern: str
    name: str
    view: Any

    @property
    def audience(self) -> Audience | None:
        return getattr(self.view, "audience", None)

    @property
    def third_party(self) -> bool:
        return self.name.startswith("admin:") or self.name in ALLAUTH


def routes(patterns: list[Any] | None = None, before: str = "", namespace: str = "") -> Iterator[Route]:
    """Every route of the site, or of these patterns."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        pattern = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            deeper = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from routes(entry.url_patterns, pattern, deeper)
        elif isinstance(entry, URLPattern):
            yield Route(pattern, f"{namespace}{entry.name}", entry.callback)


def undeclared(every: Iterator[Route]) -> list[str]:
    """The routes that do not say who may use them."""
    return [route.pattern for route in every if route.audience is None and not route.third_party]


# --- declared -----------------------------------------------------------------------------------------------------
def test_every_route_of_ours_declares_its_audience() -> None:
    assert undeclared(routes()) == []


def test_every_route_of_others_is_known() -> None:
    assert {route.name for route in routes() if not route.view.__module__.startswith(OURS)} == {
        route.name for route in routes() if route.third_party and not route.view.__module__.startswith(OURS)
    }
    assert {route.name for route in routes() if route.pattern.startswith("accounts/")} == set(ALLAUTH)


def test_an_undeclared_view_is_found_however_deep_it_is_planted() -> None:
    def silent(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    deep = ModuleType("deep")
    deep.urlpatterns = [path("silent/", silent, name="silent"), path("open/", public(lambda _: HttpResponse()))]  # type: ignore[attr-defined]
    planted = [
        path("a/", include([path("b/", include(deep))])),
        path("well/", signed_in(lambda _: HttpResponse())),
    ]
    assert undeclared(routes(planted)) == ["a/b/silent/"]


def test_no_view_of_ours_is_exempt_from_the_csrf_check() -> None:
    assert [route.pattern for route in routes() if getattr(route.view, "csrf_exempt", False)] == []


# --- kept ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def rows(db: None) -> dict[str, dict[str, str]]:
    """A row behind every address that wants one, so that 404 is never the reason why something is closed."""
    shelf.KINDS["public"]()
    ConsentText.objects.create(version=1, text="You agree.")
    forum = factories.make_forum("a-forum", precision=Forum.Precision.TIME)
    Material.objects.create(pk=1, forum=forum, title="Slides", link="https://slides.example/")
    certificate = factories.make_certificate(forum)
    area, framework = factories.make_focus_area("an-area"), factories.make_framework("a-framework")
    item = NewsItem.objects.create(
        kind="post", title="A post", slug="a-post", body="x", published_at=factories.LONG_AGO
    )
    assert isinstance(area, FocusArea)
    assert isinstance(framework, Framework)
    slugs = {
        "forums": forum.slug,
        "reports:focus_area": area.slug,
        "reports:focus_area_feed": area.slug,
        "reports:framework": framework.slug,
        "reports:news_item": item.slug,
    }
    return {
        route.name: {
            "slug": slugs.get(route.name) or slugs.get(route.name.partition(":")[0]) or "public",
            "style": "bib",
            "token": "no-such-token",
            "number": certificate.number,
        }
        for route in routes()
    }


_USUALLY = {"content_type_id": "999999"}  # no model at all, where the first one may be without a table


def address(route: Route, values: dict[str, str]) -> str:
    """A real path for a route's pattern."""
    pattern = re.sub(
        r"<(?:\w+:)?(\w+)>", lambda part: values.get(part.group(1)) or _USUALLY.get(part.group(1), "1"), route.pattern
    )
    pattern = pattern.replace("^(?P<app_label>", "(").replace("(?P<url>.*)$", "nothing/")
    return "/" + re.sub(r"\((\w+)\|[^)]*\)/\$", r"\1/", pattern)


def of(audience: Audience) -> list[Route]:
    return [route for route in routes() if route.audience is audience]


def answers(browser: Client, those: list[Route], rows: dict[str, dict[str, str]]) -> dict[str, tuple[int, str]]:
    """(status, where it leads) by address."""
    found = {}
    for route in those:
        where = address(route, rows[route.name])
        answer = ask(browser, where)
        found[where] = (answer.status, answer.headers.get("Location", ""))
    return found


@pytest.mark.parametrize("who", ["signed out", "visitor", "member", "editor", "staff"])
def test_public_routes_answer_everyone_and_never_ask_for_a_sign_in(rows: dict[str, Any], who: str) -> None:
    found = answers(people.browser(people.CAST[who]()), of(Audience.PUBLIC), rows)
    assert len(found) > 20
    assert {where: answer for where, answer in found.items() if answer != (200, "")} == {}


@pytest.mark.parametrize("who", ["signed out", "visitor", "staff"])
def test_probes_answer_everyone(rows: dict[str, Any], who: str) -> None:
    found = answers(people.browser(people.CAST[who]()), of(Audience.MACHINE), rows)
    assert set(found) == {"/healthz", "/readyz"}
    assert set(found.values()) == {(200, "")}


@pytest.mark.parametrize("who", ["signed out", "member", "staff"])
def test_a_secret_link_that_is_none_says_so_to_everyone_and_never_asks_for_a_sign_in(
    rows: dict[str, Any], who: str
) -> None:
    found = answers(people.browser(people.CAST[who]()), of(Audience.LINK), rows)
    assert found
    assert set(found.values()) == {(404, "")}


def test_routes_for_the_signed_in_lead_others_to_the_sign_in_and_back(rows: dict[str, Any]) -> None:
    found = answers(Client(), of(Audience.SIGNED_IN), rows)
    assert found
    assert found == {where: (302, f"{SIGN_IN_ADDRESS}?next={where}") for where in found}


NEEDS_A_SEAT = "forums:material"  # tests/forums/test_materials.py says who gets them


@pytest.mark.parametrize("who", ["visitor", "member", "editor", "staff"])
def test_routes_for_the_signed_in_answer_them(rows: dict[str, Any], who: str) -> None:
    browser, those = people.browser(people.CAST[who]()), of(Audience.SIGNED_IN)
    found = answers(browser, [route for route in those if route.name != NEEDS_A_SEAT], rows)
    assert set(found.values()) == {(200, "")}
    closed = answers(browser, [route for route in those if route.name == NEEDS_A_SEAT], rows)
    assert set(closed.values()) == {(403, "")}


@pytest.mark.parametrize(("who", "status"), [("signed out", 302), ("visitor", 403), ("member", 403), ("staff", 200)])
def test_routes_for_staff_are_closed_to_everyone_else(rows: dict[str, Any], who: str, status: int) -> None:
    found = answers(people.browser(people.CAST[who]()), of(Audience.STAFF), rows)
    assert {where: answer[0] for where, answer in found.items()} == dict.fromkeys(found, status)


@pytest.mark.django_db
def test_the_decorators_keep_their_word_on_views_that_are_planted(settings: Any) -> None:
    """There may be no staff-only route of ours yet; the guard is tried all the same."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("inside")

    planted = ModuleType("planted")
    planted.urlpatterns = [  # type: ignore[attr-defined]
        path("accounts/", include("allauth.urls")),
        path("open/", public(lambda request: view(request))),
        path("in/", signed_in(lambda request: view(request))),
        path("staff/", staff_only(view)),
        path("probe/", machine(lambda request: view(request))),
        path("undeclared/", lambda request: view(request)),
    ]
    expected = {
        "signed out": {"/open/": 200, "/probe/": 200, "/in/": 302, "/staff/": 302, "/undeclared/": 302},
        "visitor": {"/open/": 200, "/probe/": 200, "/in/": 200, "/staff/": 403, "/undeclared/": 200},
        "staff": {"/open/": 200, "/probe/": 200, "/in/": 200, "/staff/": 200, "/undeclared/": 200},
    }
    settings.ROOT_URLCONF = planted
    for who, statuses in expected.items():
        browser = people.browser(people.CAST[who]())
        browser.raise_request_exception = False
        assert {where: _status(browser, where) for where in statuses} == statuses, who


def _status(browser: Client, where: str) -> int:
    """The status; the planted site has no pages around its views, so a 403 page that cannot be drawn counts as 403."""
    from django.core.exceptions import PermissionDenied
    from django.urls import NoReverseMatch

    try:
        browser.raise_request_exception = True
        return int(browser.get(where).status_code)
    except (PermissionDenied, NoReverseMatch):
        return 403


# --- allauth ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(("name", "meant"), ALLAUTH.items(), ids=ALLAUTH)
def test_allauth_gives_the_signed_out_what_the_table_says(name: str, meant: str) -> None:
    (route,) = [route for route in routes() if route.name == name]
    response = Client().get(address(route, {}))
    if meant == PAGE:
        assert response.status_code == 200
        return
    assert response.status_code == 302
    leads_to_sign_in = response.headers["Location"].startswith(f"{SIGN_IN_ADDRESS}?next=")
    assert leads_to_sign_in is (meant == SIGN_IN)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["visitor", "member"])
def test_allauth_never_stumbles_over_the_signed_in(who: str) -> None:
    browser = people.browser(people.CAST[who]())
    for route in [route for route in routes() if route.name in ALLAUTH]:
        assert browser.get(address(route, {})).status_code in (200, 302), route.name


# --- the admin ------------------------------------------------------------------------------------------------------
def admin_routes() -> list[Route]:
    return [route for route in routes() if route.name.startswith("admin:")]


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["signed out", "visitor", "member", "contact"])
def test_the_admin_is_closed_to_everyone_who_is_not_staff(who: str) -> None:
    browser = people.browser(people.CAST[who]())
    those = admin_routes()
    assert len(those) > 100
    opened = {}
    for route in those:
        where = address(route, {})
        response = browser.get(where, follow=True)
        at = response.redirect_chain[-1][0] if response.redirect_chain else where
        if who == "signed out" and at.startswith(SIGN_IN_ADDRESS):
            continue
        if response.status_code != 403 and not (response.status_code == 200 and route.name == "admin:logout"):
            opened[where] = (response.status_code, at)
    # signing out of the admin asks for a POST, which tells nobody anything
    assert {where: answer for where, answer in opened.items() if answer[0] != 405} == {}


@pytest.mark.django_db
def test_the_admin_never_stumbles_over_staff() -> None:
    browser = people.browser(people.staff())
    found = answers(browser, admin_routes(), {route.name: {} for route in routes()})
    assert {where: answer for where, answer in found.items() if answer[0] >= 500} == {}
    lists = {where: answer[0] for where, answer in found.items() if re.fullmatch(r"/admin/\w+/\w+/", where)}
    assert len(lists) > 20
    assert set(lists.values()) == {200}


@pytest.mark.django_db
def test_editors_open_what_they_publish_and_no_money_and_nobodys_data() -> None:
    browser = people.browser(people.editor())
    lists = [route for route in admin_routes() if route.name.endswith("_changelist")]
    assert lists
    for route in lists:
        model = route.name.removeprefix("admin:").removesuffix("_changelist")
        theirs = model.startswith(OF_THE_EDITORS) and not model.startswith(NOT_OF_THE_EDITORS)
        status = browser.get(address(route, {})).status_code
        if theirs:
            assert status in (200, 403), model
        else:
            assert status == 403, f"editors can look into {model}"
    for model in ("report", "newsitem"):
        assert browser.get(f"/admin/reports/{model}/").status_code == 200
        assert browser.get(f"/admin/reports/{model}/add/").status_code == 200
    for where in ("/admin/members/user/1/change/", "/admin/store/grant/add/", "/admin/members/term/add/"):
        assert browser.get(where).status_code == 403
