"""The demo's forums: seats, a line, questions, people; the same after a second load, and few letters."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

import forums.demo
import members.demo
from cosn_site.clock import association_day
from forums.at_a_glance import glance
from forums.models import Forum, Material, Part, Question, Registration, Skip, Team
from members.models import User

pytestmark = pytest.mark.django_db

State = Registration.State


@pytest.fixture
def loaded() -> None:
    now = timezone.now()
    members.demo.load(now)
    forums.demo.load(now)


def counts() -> dict[str, int]:
    ours = [model for model in apps.get_models() if model._meta.app_label == "forums" and model._meta.managed]
    return {model._meta.label: model._base_manager.count() for model in ours}


def of(email: str, slug: str) -> Registration:
    return Registration.objects.get(person__email=f"{email}@example.org", forum__slug=slug)


@pytest.mark.usefixtures("loaded")
def test_a_second_load_adds_nothing_and_moves_forums_with_the_day() -> None:
    before = counts()
    later = timezone.now() + timedelta(days=3)
    starts = {forum.slug: forum.starts_at for forum in Forum.objects.all()}
    forums.demo.load(later)
    assert {name: number for name, number in counts().items() if number != before[name] and "Event" not in name} == {}
    moved = Forum.objects.get(slug="who-decides")
    assert association_day(moved.starts_at) == association_day(starts["who-decides"]) + timedelta(days=3)
    assert Forum.objects.get(slug="2013-march").starts_at == starts["2013-march"]


@pytest.mark.usefixtures("loaded")
def test_one_forum_has_seats_left_and_the_other_one_and_a_team_in_line() -> None:
    now = timezone.now()
    open_one, full_one = (glance(Forum.objects.get(slug=slug), now) for slug in ("who-decides", "after-the-pilot"))
    assert open_one is not None
    assert full_one is not None
    assert open_one.free > 20
    assert (full_one.free, full_one.waiting, full_one.over) == (1, 3, 0)
    assert (open_one.extra, full_one.extra) == (0, 0)
    for email in ("member", "contact"):
        assert of(email, "who-decides").state == State.CONFIRMED
    noseat = of("noseat", "after-the-pilot")
    assert noseat.state == State.WAITING
    assert noseat.team is not None
    assert noseat.team.mode == Team.Mode.TOGETHER
    assert noseat.organization is not None
    assert Skip.objects.filter(registration=noseat).exists(), "somebody passed the team, on record"


@pytest.mark.usefixtures("loaded")
def test_sessions_have_ends_and_people_and_both_forums_ask_in_confidence() -> None:
    for forum in Forum.objects.filter(seating__isnull=False):
        sessions = list(forum.agenda.all())
        assert all(session.ends_at and session.ends_at > session.starts_at for session in sessions)
        assert sessions[-1].ends_at == forum.local_end.time()
        assert {part.role for part in Part.objects.filter(session__forum=forum)} == {"speaker", "moderator"}
        assert forum.questions.filter(is_sensitive=True).count() == 2
        assert forum.questions.filter(stage=Question.Stage.SURVEY).count() == 3
        assert forum.materials.count() == 2
        assert forum.certificate_hours
    assert Material.objects.exclude(file="").count() == 2


@pytest.mark.usefixtures("loaded")
def test_past_forums_are_known_to_the_month_and_have_no_seats() -> None:
    past = Forum.objects.filter(ends_at__lt=timezone.now())
    assert past.count() == 4
    assert not past.filter(seating__isnull=False).exists()
    assert set(past.values_list("precision", flat=True)) == {"month"}
    assert max(forum.starts_at.date() for forum in past) < date(2017, 1, 1)


@pytest.mark.usefixtures("loaded")
def test_only_who_can_sign_in_to_the_demo_is_mailed() -> None:
    tasks: Any = DBTaskResult.objects.filter(task_path="forums.letters.send_letter")
    rows = {task.args_kwargs["args"][0] for task in tasks}
    mailed = User.objects.filter(pk__in=Registration.objects.filter(pk__in=rows).values("person"))
    assert {person.email for person in mailed} == {"member@example.org", "contact@example.org", "noseat@example.org"}
    assert len(tasks) <= 4


@pytest.mark.usefixtures("loaded")
def test_what_somebody_of_the_demo_changed_stays() -> None:
    Registration.objects.filter(person__email="member@example.org").update(state=State.CANCELLED)
    Question.objects.filter(label="Dietary needs").update(label="Lunch")
    forums.demo.load(timezone.now())
    assert of("member", "who-decides").state == State.CANCELLED
    assert Question.objects.filter(label="Lunch").count() == 2
