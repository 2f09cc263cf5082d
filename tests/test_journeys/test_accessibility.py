"""Every page of the demo, to a machine that knows WCAG: nothing found, in light and in dark, signed out and in.

The pages are found by following the site's own links from the home page. `FULL=1` (as in `make evidence`) looks at all
of them; otherwise at the first few of each kind, because twenty reports share one template.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.test_journeys.conftest import Visitor

OF_EACH_KIND = 1_000 if os.environ.get("FULL") else 2
LEFT_OUT = re.compile(
    r"^/(admin|static|accounts/logout)|/download/$|/materials/\d+/$|\.(ics|bib|ris|json|xml|png)$|/feed/$"
)
ALWAYS = (
    "/knowledge-center/?q=broadband",
    "/knowledge-center/?q=nothing-has-these-words",
    "/knowledge-center/?access=public&year=2016",
    "/knowledge-center/who-decides/",
    "/knowledge-center/bring-your-own-device-policy-kit/",
    "/accounts/password/reset/",
    "/accounts/login/code/",
    "/nowhere/",
)
DARK_DIFFERS_IN: dict[str, object] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
AXE = Axe()


def kind_of(path: str) -> str:
    """/knowledge-center/prove-it/ and its like are one kind."""
    parts = path.strip("/").split("/")
    return "/".join(parts[:1] if len(parts) < 2 else [parts[0], "*", *parts[2:]])


def pages_of(visitor: Visitor) -> Iterator[str]:
    """Every page the site links to, breadth first; of each kind no more than wanted. The visitor is on it."""
    queue, of_kind = ["/"], Counter[str]()
    known = set(queue)
    while queue:
        path = queue.pop(0)
        if of_kind[kind_of(path)] >= OF_EACH_KIND:
            continue
        of_kind[kind_of(path)] += 1
        visitor.goes_to(path)
        links = visitor.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        for link in links:
            parts = urlsplit(link)
            if link.startswith(visitor.demo.url + "/") and not parts.query and not LEFT_OUT.search(parts.path):
                queue += [] if parts.path in known else [parts.path]
                known.add(parts.path)
        yield path


def violations(page: Page, options: dict[str, object] | None = None) -> list[str]:
    """What axe finds on this page, in a line each. All that passes it only counts, which takes half the time."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.axe_script)
    found = page.evaluate("axe.run", {"resultTypes": ["violations"]} | (options or {}))["violations"]
    return [f"{item['id']}: {item['nodes'][0]['html'][:150]}" for item in found]


def faults_of(visitor: Visitor, path: str) -> list[str]:
    """What is wrong with the page that the visitor is on, in light and in dark; it is left in light."""
    found = [f"{path} (light) {fault}" for fault in violations(visitor.page)]
    visitor.page.emulate_media(color_scheme="dark")
    found += [f"{path} (dark) {fault}" for fault in violations(visitor.page, DARK_DIFFERS_IN)]
    visitor.page.emulate_media(color_scheme="light")
    return found


@pytest.mark.parametrize("who", ["signed out", "visitor", "member"])
def test_no_page_breaks_a_rule_of_wcag(someone: Callable[..., Visitor], who: str) -> None:
    visitor, faults = someone(color_scheme="light"), []
    if who != "signed out":
        visitor.signs_in(who)
    paths = 0
    for path in pages_of(visitor):
        paths += 1
        faults += faults_of(visitor, path)
    assert paths > 20, "the crawl found hardly a page"
    for path in ALWAYS:
        visitor.goes_to(path)
        faults += faults_of(visitor, path)
    assert not faults, "\n".join(faults)


def test_a_page_with_a_fault_is_found_out(someone: Callable[..., Visitor]) -> None:
    visitor = someone()
    visitor.goes_to("/")
    visitor.page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert any(fault.startswith("image-alt") for fault in violations(visitor.page))


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_page_scrolls_sideways(someone: Callable[..., Visitor], width: int) -> None:
    visitor = someone({"width": width, "height": 800})
    visitor.signs_in("member")
    paths: tuple[str, ...] = (
        "/",
        "/knowledge-center/",
        "/knowledge-center/prove-it/",
        "/cto-forums/",
        "/cto-forums/who-decides/",
    )
    paths = (*paths, "/account/", "/membership/", "/news/", "/frameworks/", "/newsletter/")
    too_wide = []
    for path in paths:
        visitor.goes_to(path)
        if visitor.page.evaluate("document.documentElement.scrollWidth") > width:
            too_wide.append(path)
    assert not too_wide
