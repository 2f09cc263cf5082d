"""Registrations a second: a thousand people, each once, for two hundred seats, by sixteen connections.

Beside it in turn the fastest things that could stand in its place: a bare Django view that does one conditional update
and one insert in one transaction, and the same transaction sent by pgbench, without any Django.
"""

import json
import re
import subprocess
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from statistics import median

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from bench.place import FOLDER
from bench.proofs import Wrong, check
from bench.quiet import Patience
from bench.rows import Member, session_of
from bench.wrk import CONNECTIONS
from forums.models import (
    Answer,
    Forum,
    ForumSeries,
    Part,
    Question,
    Registration,
    Seating,
    Session,
    Speaker,
    Sponsor,
)
from forums.registrations import Details, register
from members.models import Contact, Organization, User
from scripts.postgres import BINARIES

PEOPLE, SEATS = 1_000, 200
MOST_ROUNDS = 5  # a sprint takes seconds
WANTED = 0.4  # of the bare view
SCRIPT = Path(__file__).parent / "sprint.lua"
CSRF = "b" * 32
_PGBENCH = """
BEGIN;
UPDATE bench_hot SET held = held + 1 WHERE id = 1 AND held < capacity;
INSERT INTO bench_place (hot_id, person_id, has_seat) VALUES (1, nextval('bench_person'), true);
END;
"""


@dataclass(frozen=True, slots=True)
class Sprint:
    """All of them, once."""

    seconds: float
    errors: int
    cpu_ms: float = 0.0  # of the web server's processes, a request

    @property
    def per_second(self) -> float:
        return PEOPLE / self.seconds


@dataclass(frozen=True, slots=True)
class Race:
    """What was found: sprints of ours, each between two of the bare view, and those of pgbench."""

    ours: Sequence[Sprint]
    bare: Sequence[Sprint]
    pgbench: Sequence[Sprint]
    statements: Sequence[str]

    @property
    def ratios(self) -> list[float]:
        around = zip(self.bare, self.bare[1:], strict=False)
        return [
            one.per_second / ((before.per_second + after.per_second) / 2)
            for one, (before, after) in zip(self.ours, around, strict=True)
        ]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def errors(self) -> int:
        return sum(one.errors for one in (*self.ours, *self.bare, *self.pgbench))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who registers: their rows, and the cookie of each."""

    people: Sequence[User]
    organizations: Sequence[Organization]
    cookies: Sequence[str]

    def requests(self, forum: Forum, *, count: int = PEOPLE) -> list[tuple[str, str, str]]:
        """Path, cookie and body of each, as a browser sends the form."""
        path = f"/cto-forums/{forum.slug}/register/"
        food = Question.objects.get(forum=forum)
        found = []
        for number, (person, cookie) in enumerate(zip(self.people[:count], self.cookies, strict=False)):
            form = {
                "csrfmiddlewaretoken": CSRF,
                "name": person.name,
                "title": person.title,
                "organization": self.organizations[number % len(self.organizations)].name,
                "us_state": "WI",
                f"question_{food.pk}": "No nuts" if number % 10 == 0 else "",
            }
            found.append((path, cookie, urllib.parse.urlencode(form)))
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """A web server that is asked, and who spends the processor there."""

    origin: str
    cpu_seconds: Callable[[], float]


# --- rows -----------------------------------------------------------------------------------------------------------
def make_crowd() -> Crowd:
    """A thousand people who are signed in, of fifty districts."""
    districts = Organization.objects.bulk_create(
        Organization(name=f"District {n}", slug=f"bench-district-{n}", kind="district", state="WI") for n in range(50)
    )
    password = make_password(None)
    people = User.objects.bulk_create(
        User(email=f"cto-{n}@bench.test", name=f"CTO {n}", title="Chief technology officer", password=password)
        for n in range(PEOPLE)
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=person, email=person.email, verified=True, primary=True) for person in people
    )
    Contact.objects.bulk_create(
        Contact(organization=districts[n % len(districts)], person=person) for n, person in enumerate(people)
    )
    backend = settings.AUTHENTICATION_BACKENDS[0]
    cookies = [f"__Host-session={session_of(person, backend)}; __Host-csrf={CSRF}" for person in people]
    return Crowd(people, districts, cookies)


def make_forum(slug: str, *, capacity: int = SEATS) -> Forum:
    """A forum that takes registrations, and asks one question."""
    now = timezone.now()
    series = ForumSeries.objects.get_or_create(slug="cto-leadership-forums", defaults={"name": "CTO Leadership Forums"})
    forum = Forum.objects.create(
        series=series[0],
        title=f"CTO Leadership Forum {slug}",
        slug=slug,
        status=Forum.Status.PUBLISHED,
        summary="A morning of table discussions.",
        venue="Convention Center, Level 3",
        starts_at=now + timedelta(days=60),
        ends_at=now + timedelta(days=60, hours=4),
        registration_opens_at=now - timedelta(days=1),
    )
    Seating.objects.create(forum=forum, capacity=capacity)
    Question.objects.create(forum=forum, label="Dietary needs", is_sensitive=True)
    return forum


def make_page(member: Member) -> Forum:
    """The forum whose page is measured: with an agenda, speakers and a sponsor; the member has a seat."""
    forum = make_forum("bench")
    for number in range(1, 7):
        starts_at = time(8 + number // 2, number % 2 * 30)
        session = Session.objects.create(forum=forum, starts_at=starts_at, title=f"Table discussion {number}")
        speaker = Speaker.objects.create(name=f"Speaker {number}", organization="Bench School District")
        Part.objects.create(session=session, speaker=speaker)
    forum.sponsors.add(Sponsor.objects.create(name="Bench Company"))
    person = User.objects.get(pk=member.person_id)
    register(forum=forum, person=person, details=Details(), by=person, now=timezone.now())
    return forum


def make_bare_tables() -> None:
    """What the limit writes to: a row that everybody wants, and one row for each who came."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_hot (id bigint PRIMARY KEY, capacity integer, held integer)")
        cursor.execute(
            """
            CREATE TABLE bench_place (
                id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
                hot_id bigint NOT NULL REFERENCES bench_hot DEFERRABLE INITIALLY DEFERRED,
                person_id bigint NOT NULL, has_seat boolean NOT NULL, UNIQUE (hot_id, person_id)
            )
            """
        )
        cursor.execute("CREATE SEQUENCE bench_person")


def empty_bare_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bench_place, bench_hot")
        cursor.execute("INSERT INTO bench_hot VALUES (1, %s, 0)", [SEATS])


# --- sprints --------------------------------------------------------------------------------------------------------
def sprint(place: Place, requests: Sequence[tuple[str, str, str]], wanted: int) -> Sprint:
    """Send each request once; an answer with another status than the one that is wanted is an error."""
    file = FOLDER / "sprint.requests"
    file.write_text("".join("\t".join(request) + "\n" for request in requests))
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", "300s", "--timeout", "30s"]
    command += [
        "--script",
        str(SCRIPT),
        place.origin,
        "--",
        str(file),
        f"https://{urllib.parse.urlsplit(place.origin).netloc}",
    ]
    before = place.cpu_seconds()
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    spent = place.cpu_seconds() - before
    line = next((line for line in output.splitlines() if line.startswith("RESULT ")), "")
    check(bool(line), f"not all of {len(requests)} requests were answered:\n{output}")
    found = json.loads(line.removeprefix("RESULT "))
    right = found["statuses"].get(str(wanted), 0)
    scale = PEOPLE / len(requests)
    return Sprint(found["seconds"] * scale, len(requests) - right, 1e3 * spent / len(requests))


def sprint_ours(place: Place, crowd: Crowd, slug: str) -> Sprint:
    """Registrations as a browser sends them; afterwards all must be as the law says."""
    forum, letters = make_forum(slug), DBTaskResult.objects.count()
    done = sprint(place, crowd.requests(forum), 302)
    rows = Registration.objects.filter(forum=forum).order_by("pk")  # a number is drawn under the lock
    seated = list(rows.confirmed().values_list("seat_number", flat=True))
    places = list(rows.filter(state="waiting").values_list("place", flat=True))
    check(seated == list(range(1, SEATS + 1)), f"{len(seated)} people have seats")
    check(places == list(range(1, PEOPLE - SEATS + 1)), f"{len(places)} people stand in line, or not in order")
    check(DBTaskResult.objects.count() - letters == PEOPLE, "not everybody has one letter in line")
    check(Answer.objects.filter(registration__forum=forum).count() == PEOPLE / 10, "not every answer was written")
    check(_events(forum) == PEOPLE, "not every registration is in the history")
    return done


def _events(forum: Forum) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM forums_registrationevent WHERE forum_id = %s AND pgh_context_id IS NOT NULL",
            [forum.pk],
        )
        return int(cursor.fetchone()[0])


def sprint_bare(place: Place, crowd: Crowd) -> Sprint:
    empty_bare_tables()
    done = sprint(place, [("/register/1/", "", f"person={person.pk}") for person in crowd.people], 200)
    _check_bare()
    return done


def sprint_pgbench(url: str) -> Sprint:
    """The same transaction, as often, from as many connections."""
    empty_bare_tables()
    script = FOLDER / "registering.sql"
    script.write_text(_PGBENCH)
    each = PEOPLE // CONNECTIONS
    command = [str(BINARIES / "pgbench"), "--no-vacuum", "--protocol", "prepared", "--client", str(CONNECTIONS)]
    command += ["--jobs", "1", "--transactions", str(each), "--file", str(script), url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"tps = ([\d.]+) \(without", output)
    if found is None:
        raise Wrong(f"pgbench said something else:\n{output}")
    return Sprint(PEOPLE / float(found[1]), 0)


def _check_bare() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE has_seat) FROM bench_place")
        found = cursor.fetchone()
    check(found == (PEOPLE, SEATS), f"the limit wrote {found}")


def measure(places: Mapping[str, Place], *, url: str, rounds: int, patience: Patience) -> Race:
    """Sprints in turn: bare, pgbench, ours, bare …; a short one of ours first, which warms up what can be warm."""
    crowd = make_crowd()
    make_bare_tables()
    sprint(places["product"], crowd.requests(make_forum("warm-up"), count=100), 302)
    sprint_bare(places["bare"], crowd)

    def quiet() -> None:
        patience.settle()

    quiet()
    bare, ours, pgbench = [sprint_bare(places["bare"], crowd)], [], []
    for turn in range(rounds):
        quiet()
        ours.append(sprint_ours(places["product"], crowd, f"sprint-{turn}"))
        quiet()
        bare.append(sprint_bare(places["bare"], crowd))
        pgbench.append(sprint_pgbench(url))
    return Race(ours, bare, pgbench, statements_of_one(crowd))


def statements_of_one(crowd: Crowd) -> list[str]:
    """What one registration sends to the database, warm."""
    from django.core.wsgi import get_wsgi_application

    from bench.proofs import call, counted_statements

    application = get_wsgi_application()
    requests = crowd.requests(make_forum("counted"), count=3)
    for path, cookie, body in requests[:2]:
        call(application, path, cookie, body=body)
    with counted_statements() as sent:
        path, cookie, body = requests[2]
        status = call(application, path, cookie, body=body)
    check(status == "302", f"registering answered {status} where statements are counted")
    return list(sent)
