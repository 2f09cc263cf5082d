"""What must hold before a figure means anything: the answers are right, counted, and decided anew each time."""

import hashlib
import http.client
import io
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import connection
from django.utils import timezone

from bench.measure import Comparison
from bench.rows import MEASURED, Member, file_content
from bench.wrk import CONNECTIONS, Target, command
from cosn_site.clock import association_day
from members.models import Term
from store.models import Download

# How long a request that was decided before the membership ended may take to come to its row in the ledger.
UNDER_WAY = timedelta(seconds=0.5)


class Wrong(Exception):
    """An answer is not what it must be; its text says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(target: Target, path: str) -> Answer:
    """One GET, as wrk asks it."""
    place = urlsplit(target.origin)
    web = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    try:
        web.request("GET", path, headers={"Cookie": target.cookie, "X-Forwarded-Proto": "https"})
        response = web.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    finally:
        web.close()


def check(holds: bool, otherwise: str) -> None:
    """Raises Wrong unless it holds."""
    if not holds:
        raise Wrong(otherwise)


def check_files(target: Target, *, ledger: bool) -> None:
    """Ten copies of each measured file, two at a time: all are the right bytes, and the ledger grew by as many rows."""
    before = Download.objects.count()
    wanted = [hashlib.sha256(file_content(number)).digest() for number in range(MEASURED)]
    numbers = list(range(MEASURED)) * 10

    def fault(number: int) -> str:
        answer = ask(target, target.paths[number])
        if answer.status != 200:
            return f"status {answer.status}"
        return "" if hashlib.sha256(answer.body).digest() == wanted[number] else f"{len(answer.body)} other bytes"

    with ThreadPoolExecutor(2) as pool:
        faults = [found for found in pool.map(fault, numbers) if found]
    check(not faults, f"{target.name}: {len(faults)} of {len(numbers)} answers were not the file: {faults[:1]}")
    grown = Download.objects.count() - before
    expected = len(numbers) if ledger else 0
    check(grown == expected, f"{target.name}: the ledger grew by {grown} rows, not by {expected}")


def check_catalog(target: Target, reports: int) -> Answer:
    """The catalog shows twenty reports, the facets, and how many there are."""
    answer = ask(target, target.paths[0])
    text = answer.body.decode()
    shown = set(re.findall(r'href="/knowledge-center/(report-\d+)/"', text))
    check(answer.status == 200, f"the catalog answered {answer.status}")
    check(len(shown) == 20, f"the catalog shows {len(shown)} reports, not 20")
    check(f"{reports:,}" in text or str(reports) in text, f"the catalog does not say that there are {reports} reports")
    check("Focus area" in text and "Series" in text, "the catalog shows no facets")
    return answer


def check_page(target: Target) -> Answer:
    """Each measured report has its page, and offers this member the file."""
    for path in target.paths:
        answer = ask(target, path)
        text = answer.body.decode()
        check(answer.status == 200, f"{path} answered {answer.status}")
        check("/download/" in text, f"{path} does not offer the file to a member")
    return answer


def check_forum(target: Target) -> Answer:
    """The forum's page shows this member their seat, and the agenda."""
    answer = ask(target, target.paths[0])
    text = answer.body.decode()
    check(answer.status == 200, f"the forum's page answered {answer.status}")
    check("Seat 1 is yours" in text, "the forum's page does not show the seat")
    check("Table discussion 6" in text, "the forum's page does not show the agenda")
    return answer


def check_plain(target: Target) -> Answer:
    """The limit's page is there."""
    answer = ask(target, target.paths[0])
    check(answer.status == 200 and b"Bench School District" in answer.body, f"{target.name} answered {answer.status}")
    return answer


@dataclass(frozen=True, slots=True)
class Ending:
    """What happened when a membership was ended under load."""

    before: int
    after: int
    again: int
    under_way: int
    later: int
    refused: int


def end_membership_under_load(target: Target, member: Member) -> Ending:
    """While wrk takes files as fast as it can, end the membership: the very next request is refused, and so are all
    that follow; only requests that were already being answered may still be written down. Then renew it again."""
    load = subprocess.Popen(command(target, 4), stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        before = ask(target, target.paths[0]).status
        term = Term.objects.get(pk=member.term_id)
        last_day, grace = term.ends_on, term.grace_days
        day = association_day(timezone.now()) - timedelta(days=1)
        Term.objects.filter(pk=term.pk).update(ends_on=day, grace_days=0)
        ended = timezone.now()
        after = ask(target, target.paths[0]).status
        time.sleep(1)
        under_way = Download.objects.filter(at__gt=ended, at__lte=ended + UNDER_WAY).count()
        later = Download.objects.filter(at__gt=ended + UNDER_WAY).count()
        refused = sum(ask(target, path).status == 403 for path in target.paths)
        Term.objects.filter(pk=term.pk).update(ends_on=last_day, grace_days=grace)
        again = ask(target, target.paths[0]).status
    finally:
        load.wait()
    check(before == 200, f"a member was answered {before}")
    check(after == 403, f"the first request after the end of the membership was answered {after}")
    check(refused == len(target.paths), f"{len(target.paths) - refused} later requests were not refused")
    check(later == 0, f"{later} downloads were allowed long after the end of the membership")
    check(under_way <= CONNECTIONS, f"{under_way} downloads were under way when the membership ended")
    check(again == 200, f"the first request after the renewal was answered {again}")
    return Ending(before, after, again, under_way, later, refused)


def check_ledger(files: int, grown: int, *, runs: int) -> None:
    """As many rows as files; those that a run of wrk left unread when its time was over may be there as well."""
    check(
        files <= grown <= files + runs * CONNECTIONS, f"{files} files left under load, the ledger grew by {grown} rows"
    )


def check_sizes(comparison: Comparison, targets: Mapping[str, Target]) -> None:
    """Under load the answers were as long as one by one: no redirect or excuse passed for an answer."""
    for name, shots in ((comparison.subject, comparison.subject_shots), (comparison.limit, comparison.limit_shots)):
        target = targets[name]
        alone = [len(ask(target, path).body) for path in target.paths]
        least = 0.95 * sum(alone) / len(alone)
        for shot in shots:
            check(shot.requests > 0, f"{name}: no answer under load")
            check(shot.bytes / shot.requests >= least, f"{name}: shorter answers under load")


# --- statements -------------------------------------------------------------------------------------------------
@contextmanager
def counted_statements() -> Any:
    """Count all that this process sends to PostgreSQL, below Django: health checks and preparations too."""
    from psycopg2.extensions import cursor as plain_cursor

    sent: list[str] = []

    class Counting(plain_cursor):
        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's own name
            sent.append(str(query))
            super().execute(query, vars)

    connection.ensure_connection()
    connection.connection.cursor_factory = Counting
    try:
        yield sent
    finally:
        if connection.connection is not None:
            connection.connection.cursor_factory = None


def statements(application: Callable[..., Any], target: Target) -> list[str]:
    """What one warm request sends to the database, the whole way from the web server's call to the closed answer."""
    for path in target.paths[:2]:
        call(application, path, target.cookie)
    with counted_statements() as sent:
        status = call(application, target.paths[2 % len(target.paths)], target.cookie)
    check(status == "200", f"{target.name} answered {status} where statements are counted")
    return list(sent)


def call(application: Callable[..., Any], path: str, cookie: str, *, body: str = "") -> str:
    """Call it as the web server does, a form if there is a body; answers with the status."""
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST" if body else "GET",
        "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "HTTP_ORIGIN": "https://127.0.0.1",
        "PATH_INFO": path.partition("?")[0],
        "QUERY_STRING": path.partition("?")[2],
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "443",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_COOKIE": cookie,
        "HTTP_X_FORWARDED_PROTO": "https",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(body.encode()),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }

    def start(status: str, headers: Sequence[tuple[str, str]], error: Any = None) -> None:
        statuses.append(status[:3])

    answer = application(environ, start)
    try:
        for _ in answer:
            pass
    finally:
        answer.close()
    return statuses[-1]
