"""Who is registered for the demo's coming forums: by the verbs, so that seats, line and history are as in life.

One forum has seats left. The other has one, and a team of three that stays together waits for three.
"""

from datetime import datetime, timedelta
from itertools import product

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from forums.letters import send_letter
from forums.models import Forum, Question, Registration, Team
from forums.registrants import details_for
from forums.registrations import Details, cancel, register
from forums.teams import Colleague, register_team
from members.models import User

# All invented. Their addresses lead nowhere, and none of them has a password.
FIRST = ("Amara", "Bram", "Corinne", "Dmitri", "Esme", "Farid", "Greta", "Hollis", "Imani")
LAST = ("Aldermoor", "Bexhill-Stone", "Castlewood", "Dunmarrow", "Elsworthy-Kim", "Fennimore-Diaz", "Grayling-Osei")
PLACES = (
    ("Cedar Bluff Public Schools", "IA"),
    ("Harlow Bay School District", "WA"),
    ("Quartz Mountain Unified Schools", "AZ"),
    ("Lower Pines Central Schools", "NY"),
    ("Redfield Prairie Schools", "NE"),
    ("Saltgrass Independent Schools", "TX"),
    ("Otter Brook School District", "VT"),
)
TITLES = ("Chief technology officer", "Director of technology", "Chief information officer")
HOPES = (
    "A way to say no that does not end the conversation.",
    "How others share the bill with curriculum.",
    "Names of people I can call in October.",
)
NEEDS = ("Vegetarian", "No nuts", "Halal", "Vegan", "No gluten")
TABLES = ("Budget and staffing", "Privacy and security\nNetworks and devices", "Teaching and learning")
SEATS_TAKEN = 31
MAILED = ("member@example.org", "contact@example.org", "noseat@example.org")


def load(now: datetime) -> None:
    """Register them where nobody is registered yet. Only who can sign in to the demo is mailed."""
    open_one = Forum.objects.select_related("seating").get(slug="who-decides")
    full_one = Forum.objects.select_related("seating").get(slug="after-the-pilot")
    if Registration.objects.filter(forum__in=[open_one, full_one]).exists():
        return
    with transaction.atomic():
        people = _people()
        _open_forum(open_one, people[:SEATS_TAKEN], now)
        _full_forum(full_one, people[::-1], now)
        _keep_few_letters()


def _people() -> list[User]:
    names = [f"{first} {last}" for first, last in product(FIRST, LAST)]
    emails = {f"{name.lower().replace(' ', '.')}@districts.example": name for name in names}
    nothing = make_password(None)
    User.objects.bulk_create(
        (
            User(email=email, name=name, title=TITLES[number % len(TITLES)], password=nothing)
            for number, (email, name) in enumerate(emails.items())
        ),
        ignore_conflicts=True,
    )
    by_email = {person.email: person for person in User.objects.filter(email__in=emails)}
    return [by_email[email] for email in emails]


def _open_forum(forum: Forum, people: list[User], now: datetime) -> None:
    for key in ("contact", "member"):
        _register(forum, User.objects.get(email=f"{key}@example.org"), 0, now)
    for number, person in enumerate(people, start=1):
        _register(forum, person, number, now)
    lead = people[-1]
    row = Registration.objects.get(forum=forum, person=people[4])
    cancel(registration=row, reason="A board meeting was moved to that day.", by=row.person, now=now)
    team = [Colleague(f"{name}@districts.example", name.title()) for name in ("noa.winterbourne", "piet.sandoval-reed")]
    details = Details(None, *_of(len(people)))
    cancel(registration=Registration.objects.get(forum=forum, person=lead), reason="", by=lead, now=now)
    register_team(
        forum=forum, lead=lead, colleagues=team, mode=Team.Mode.AS_MANY_AS_FIT, details=details, by=lead, now=now
    )


def _full_forum(forum: Forum, people: list[User], now: datetime) -> None:
    """Seats for all but two; then the team of three waits, and one person passes it."""
    seats = forum.seating.capacity
    for number, person in enumerate(people[: seats - 2]):
        _register(forum, person, number, now)
    lead = User.objects.get(email="noseat@example.org")
    colleagues = [Colleague(f"{key}@maplevalley.example", "") for key in ("priya.raman", "omar.diallo")]
    details = details_for(lead)
    register_team(
        forum=forum, lead=lead, colleagues=colleagues, mode=Team.Mode.TOGETHER, details=details, by=lead, now=now
    )
    _register(forum, people[seats - 2], seats, now)


def _register(forum: Forum, person: User, number: int, now: datetime) -> None:
    """Each an hour after the other since registration opened, as far as that lies behind us."""
    opened = forum.registration_opens_at or now
    details = details_for(person)
    if details.organization is None:
        details = Details(None, *_of(number))
    said = {}
    for question in forum.questions.filter(stage=Question.Stage.REGISTRATION):
        words = NEEDS if question.is_sensitive else TABLES if question.choices else HOPES
        if number % 3 == 0 and (not question.is_sensitive or question.kind == Question.Kind.TEXT):
            said[question] = words[number // 3 % len(words)]
    at = min(opened + timedelta(hours=1 + 5 * number), now)
    register(forum=forum, person=person, details=details, answers=said, by=person, now=at)


def _of(number: int) -> tuple[str, str, str]:
    """District, position and state of the so manieth."""
    place, state = PLACES[number % len(PLACES)]
    return place, TITLES[number % len(TITLES)], state


def _keep_few_letters() -> None:
    """Letters to people who are not there would only fill the folder of mail."""
    mailed = Registration.objects.filter(person__email__in=MAILED).values_list("pk", flat=True)
    waiting = DBTaskResult.objects.filter(task_path=send_letter.module_path, status="READY")
    waiting.exclude(args_kwargs__args__0__in=list(mailed)).delete()
