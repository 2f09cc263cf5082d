"""Every word that anybody can type is hostile, and every page shows it as a word.

Some lists are written as markup by hand for speed, so nothing is taken for granted: each text column of each of our
models is filled with markup, and all pages are looked at as a browser would.
"""

from datetime import date
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.test import Client
from django.utils import timezone

from cosn_site.audience import Audience
from forums.models import (
    Answer,
    Certificate,
    CheckIn,
    Forum,
    HandOn,
    Material,
    Override,
    Paragraph,
    Part,
    Question,
    Registration,
    Seating,
    Session,
    Speaker,
    Sponsor,
    SurveyAnswer,
    SurveyResponse,
    TableNote,
    Team,
)
from members.models import User
from reports.models import Boilerplate, ConsentText, Coverage, FrameworkEdition, PressContact, Report
from tests import factories, people, shelf
from tests.house_rules import APPS
from tests.store.asking import ask
from tests.test_routes import address, admin_routes, of

pytestmark = pytest.mark.django_db

HOSTILE = "\"'><img src=x onerror=a()></script>"
NOT_FREE = (models.SlugField, models.EmailField, models.URLField, models.FileField)
NOT_FREE_NAMES = {"sha256", "token_hash", "link_hash", "time_zone", "state", "nces_id", "password", "facet", "value"}


class Eye(HTMLParser):
    """What a browser would make of a page: whether anything of HOSTILE became markup."""

    def __init__(self) -> None:
        super().__init__()
        self.caught: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if "onerror" in names or (tag == "img" and names.get("src") == "x"):
            self.caught.append(str(self.get_starttag_text()))


def caught(page: str) -> list[str]:
    eye = Eye()
    eye.feed(page)
    eye.close()
    return eye.caught


def text_fields(model: type[models.Model]) -> dict[str, Any]:
    """The columns of free text, each with something hostile that fits."""
    found: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, ArrayField):
            found[field.name] = [HOSTILE]
        elif (
            isinstance(field, models.CharField | models.TextField)
            and not isinstance(field, NOT_FREE)
            and not field.choices
            and field.name not in NOT_FREE_NAMES
        ):
            found[field.name] = HOSTILE[: field.max_length]
    return found


@pytest.fixture
def slugs() -> dict[str, str]:
    """One row of everything, all its words hostile; answers with the slugs of the pages."""
    people.member(), people.noseat(), people.staff()
    category = factories.make_category()
    report = shelf.KINDS["public"]()
    members_only = shelf.KINDS["members"]()
    area, forum = factories.make_focus_area("an-area"), factories.make_forum("a-forum", precision=Forum.Precision.TIME)
    item, release = factories.make_news(), factories.make_news(kind="press_release")
    item.reports.add(report)
    release.boilerplate = Boilerplate.objects.create(version=1, text="x")
    release.press_contact = PressContact.objects.create(role="x", email="press@example.org")
    release.save()
    coverage = Coverage.objects.create(
        outlet="x",
        headline="x",
        published_on=date(2013, 11, 20),
        url="https://example.org/",
        framework=category.framework,
    )
    coverage.reports.add(report)
    _registered(forum)
    forum.sponsors.add(Sponsor.objects.create(name="x"))
    ConsentText.objects.create(version=1, text="x")
    FrameworkEdition.objects.create(framework=category.framework, label="x", year=2009)
    for one in (report, members_only):
        one.focus_areas.add(area)
        one.categories.add(category)
        factories.make_takeaway(one, skill=factories.make_skill(category=category))
    Report.objects.update(forum=forum)
    _make_hostile()
    return {
        "forums": forum.slug,
        "reports:focus_area": area.slug,
        "reports:focus_area_feed": area.slug,
        "reports:framework": category.framework.slug,
        "reports:news_item": item.slug,
    }


def _registered(forum: Forum) -> None:
    """Somebody with everything that a registration can bring, and all that belongs to a forum."""
    now, who, by = timezone.now(), people.visitor(), people.staff()
    session = Session.objects.create(forum=forum, title="x", starts_at=forum.starts_at)
    Part.objects.create(session=session, speaker=Speaker.objects.create(name="x", organization="x"))
    Seating.objects.create(forum=forum, capacity=5)
    row = Registration.objects.create(
        forum=forum,
        person=who,
        state=Registration.State.CONFIRMED,
        team=Team.objects.create(forum=forum, lead=who, mode=Team.Mode.TOGETHER, created_at=now),
        override=Override.objects.create(forum=forum, person=who, reason="x", by=by, at=now),
        ticket="TICKET",
        registered_at=now,
        settled_at=now,
    )
    question = Question.objects.create(forum=forum, label="x")
    Answer.objects.create(registration=row, question=question, value=HOSTILE)
    HandOn.objects.create(registration=row, email="c@example.org", name="x", made_at=now)
    CheckIn.objects.create(registration=row, entry="a" * 32, at=now, received_at=now, door="x", way="scanned")
    Certificate.objects.create(registration=row, number="x", name="x", hours=1, issued_at=now)
    Material.objects.create(forum=forum, title="x", link="https://example.org/")
    Paragraph.objects.create(forum=forum, kind="registered", text="x")
    for kind in TableNote.Kind:
        TableNote.objects.create(forum=forum, kind=kind, text="x", is_published=True, taken_at=now)
    response = SurveyResponse.objects.create(forum=forum, given_on=now.date())
    SurveyAnswer.objects.create(response=response, question=question, value=HOSTILE)


def _make_hostile() -> None:
    filled = 0
    for model in apps.get_models():
        if model._meta.app_label not in APPS or not model._meta.managed or "Event" in model.__name__:
            continue
        fields = text_fields(model)
        unique = {name for name in fields if getattr(model._meta.get_field(name), "unique", False)}
        if fields and model._default_manager.exists():
            several = model._default_manager.count() > 1
            model._default_manager.update(**{n: value for n, value in fields.items() if not several or n not in unique})
            filled += 1
    assert filled > 12
    assert User.objects.filter(name=HOSTILE).exists()


def look(browser: Client, where: str) -> str:
    """The page, if it is one for a browser; nothing hostile in it became markup."""
    response = ask(browser, where)
    page = response.body
    assert response.status < 500, where
    if "html" not in response.headers.get("Content-Type", "") and "xml" not in response.headers.get("Content-Type", ""):
        return ""
    text = page.decode()
    assert caught(text) == [], where
    assert text.lower().count("</script") == text.lower().count("<script"), f"{where} ends a script early"
    return text


@pytest.mark.parametrize("who", ["signed out", "member", "noseat", "staff"])
def test_no_public_page_takes_a_word_for_markup(slugs: dict[str, str], who: str) -> None:
    browser, shown = people.browser(people.CAST[who]()), 0
    for route in (*of(Audience.PUBLIC), *of(Audience.SIGNED_IN)):
        for slug in {slugs.get(route.name) or slugs.get(route.name.partition(":")[0]) or "public", "members"}:
            page = look(browser, address(route, {"slug": slug, "style": "bib"}))
            shown += "onerror" in page
    assert shown > 12, "the hostile words are really shown, as words"


@pytest.mark.parametrize(
    "query",
    ["q={}", "q=public+{}", "focus={}", "year={}", "series={}", "access={}", "skill={}", "sort={}", "page={}", "x={}"],
)
@pytest.mark.parametrize("path", ["/knowledge-center/", "/news/", "/accounts/login/", "/newsletter/"])
def test_no_page_takes_a_query_for_markup(slugs: dict[str, str], path: str, query: str) -> None:
    for value in (HOSTILE, "\x00", "%", "9" * 400, "-1", "\ud83d".encode("utf-16", "surrogatepass").decode("latin-1")):
        look(Client(), f"{path}?{query.format(quote(value))}")
        look(Client(), f"{path}?next={quote(value)}&{query.format(quote(value))}")


def test_no_page_of_the_admin_takes_a_word_for_markup(slugs: dict[str, str]) -> None:
    browser = people.browser(people.staff())
    seen = 0
    for route in admin_routes():
        if route.name.endswith(("_changelist", "_add")) or route.name in {"admin:index", "admin:app_list"}:
            look(browser, address(route, {}))
            seen += 1
    for model in apps.get_models():
        if model._meta.app_label in APPS and "Event" not in model.__name__:
            for row in model._default_manager.all()[:1]:
                for step in ("change", "history", "delete", "line", "export"):
                    look(browser, f"/admin/{model._meta.app_label}/{model._meta.model_name}/{row.pk}/{step}/")
    assert seen > 30


def test_a_refusal_shows_hostile_words_as_words(slugs: dict[str, str]) -> None:
    for who in ("noseat", "lapsed", "visitor"):
        page = look(people.browser(people.CAST[who]()), "/store/reports/members/download/")
        assert "onerror" in page


def test_the_eye_sees_what_it_is_to_see() -> None:
    assert caught(f"<p>{HOSTILE}</p>")
    assert caught(f'<a title="{HOSTILE}">')
    assert caught("<p title='\"' onerror=a()>")
    assert caught("<p>&lt;img src=x onerror=a()&gt;</p>") == []
    assert caught('<p title="&lt;img src=x onerror=a()&gt;">') == []
