"""The materials of a forum: for those with a confirmed seat, and nobody else."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.allocation import put
from forums.links import token_of
from forums.models import Forum, Material, Registration
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db

State = Registration.State
BYTES = b"%PDF-1.7 slides"


@pytest.fixture
def forum() -> Forum:
    return make_open_forum(now=timezone.now(), capacity=1)


@pytest.fixture
def slides(forum: Forum) -> Material:
    material = Material(forum=forum, title="Slides")
    material.file.save("slides.pdf", ContentFile(BYTES))
    return material


def registered(forum: Forum, key: str = "visitor") -> Registration:
    return make_registration(forum, people.person(key), now=timezone.now())


def by_link(row: Registration, material: Material) -> str:
    return reverse("forums:my_material", args=[token_of(row), material.pk])


def by_sign_in(material: Material) -> str:
    return reverse("forums:material", args=[material.forum.slug, material.pk])


def test_who_is_registered_gets_the_file_as_an_attachment(forum: Forum, slides: Material) -> None:
    row = registered(forum)
    for answer in (Client().get(by_link(row, slides)), people.browser(row.person).get(by_sign_in(slides))):
        assert answer.status_code == 200
        assert answer.getvalue() == BYTES
        assert answer.headers["Content-Disposition"] == 'attachment; filename="slides.pdf"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]


def test_a_link_among_the_materials_leads_there(forum: Forum) -> None:
    notes = Material.objects.create(forum=forum, title="Notes", link="https://notes.example/page")
    row = registered(forum)
    answer = Client().get(by_link(row, notes))
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://notes.example/page")


@pytest.mark.parametrize("state", [State.OFFERED, State.WAITING, State.CANCELLED, State.LAPSED, State.HANDED_ON])
def test_without_a_confirmed_seat_there_are_no_materials(
    forum: Forum, slides: Material, state: Registration.State
) -> None:
    row = registered(forum)
    until = timezone.now() + timedelta(hours=2) if state == State.OFFERED else None
    if state == State.OFFERED:
        put([row.pk], State.WAITING, timezone.now())
    put([row.pk], state, timezone.now(), until)
    for answer in (Client().get(by_link(row, slides)), people.browser(row.person).get(by_sign_in(slides))):
        assert answer.status_code == 403
        assert "This is for those who are registered" in answer.content.decode()
    assert "Slides" not in Client().get(reverse("forums:registration", args=[token_of(row)])).content.decode()


def test_who_is_not_registered_gets_nothing(slides: Material) -> None:
    assert people.browser(people.person("stranger")).get(by_sign_in(slides)).status_code == 403
    assert Client().get(by_sign_in(slides)).status_code == 302  # to the sign-in


def test_the_number_of_another_forums_material_opens_nothing(forum: Forum, slides: Material) -> None:
    other = make_open_forum("other", now=timezone.now(), capacity=1)
    row = registered(other)
    assert Client().get(by_link(row, slides)).status_code == 404
    guessed = reverse("forums:material", args=[other.slug, slides.pk])
    assert people.browser(row.person).get(guessed).status_code == 404


def test_materials_are_listed_for_those_who_may_have_them(forum: Forum, slides: Material) -> None:
    row = registered(forum)
    page = forum.get_absolute_url()
    assert by_sign_in(slides) in people.browser(row.person).get(page).content.decode()
    assert by_link(row, slides) in Client().get(reverse("forums:registration", args=[token_of(row)])).content.decode()
    for browser in (Client(), people.browser(people.person("stranger"))):
        assert "Slides" not in browser.get(page).content.decode()


def test_materials_stay_after_the_forum(forum: Forum, slides: Material) -> None:
    row = registered(forum)
    then = timezone.now() - timedelta(days=20)
    Forum.objects.filter(pk=forum.pk).update(starts_at=then, ends_at=then + timedelta(hours=4))
    answer = Client().get(by_link(row, slides))
    assert answer.status_code == 200
    answer.close()


def test_a_file_that_is_gone_is_not_found(forum: Forum, slides: Material) -> None:
    row = registered(forum)
    slides.file.storage.delete(str(slides.file.name))
    assert Client().get(by_link(row, slides)).status_code == 404
