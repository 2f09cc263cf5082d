"""Ways round the gate, tried on real servers byte for byte. None gives one line of the file; each has a twin that does.

The twin asks the legitimate address as the member, with the same method's GET and the same odd headers: so that no try
fails only because something else was broken.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import default_storage, storages
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from tests import people, shelf
from tests.store import house
from tests.store.asking import ask
from tests.store.house import Heard, say

GATE = "/store/reports/members/download/"
SECRET = b"the secret content of members"  # a line of the file, and of no page
WHOLE = shelf.bytes_of("members")
EVERYBODY = ("nobody", "visitor", "lapsed", "member", "staff")
REFUSED = ("nobody", "visitor", "lapsed")


@dataclass(frozen=True)
class Try:
    """A request by each of `who`; {file} is the stored name of the file, {id} that of its folder, {hex} its own."""

    name: str
    target: str | bytes
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    who: tuple[str, ...] = EVERYBODY
    host: str = house.HOST
    body: bytes = b""
    statuses: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def closed(name: str, target: str | bytes, **more: object) -> Try:
    """An address that nobody has any business with, the member and staff included."""
    return Try(name, target, **more)  # type: ignore[arg-type]


def refused(name: str, target: str | bytes = GATE, **more: object) -> Try:
    """A trick at the gate itself by those who may not have the report."""
    return Try(name, target, who=REFUSED, **more)  # type: ignore[arg-type]


GUESSED = [
    closed("the stored name", "/{file}"),
    closed("under media", "/media/{file}"),
    closed("under files", "/files/{file}"),
    closed("under var files", "/var/files/{file}"),
    closed("under static", "/static/{file}"),
    closed("under static files", "/static/files/{file}"),
    closed("under the place that nginx reads", "/private-files/{file}", statuses=(404,)),
    closed("under that place in other letters", "/Private-Files/{file}", statuses=(404,)),
    closed("under that place with two slashes", "//private-files/{file}", statuses=(404,)),
    closed("under that place with a dot", "/./private-files/{file}", statuses=(404,)),
    closed("under that place encoded", "/%70rivate-files/{file}", statuses=(404,)),
    closed("under that place through static", "/static/../private-files/{file}", statuses=(404,)),
    closed("the folder of that place", "/private-files/", statuses=(404,)),
    closed("the whole path on the disk", "{root}/{file}"),
    closed("the whole path after a slash", "/{root}/{file}"),
    closed("as a file address", "file://{root}/{file}"),
]
CLIMBING = [
    closed("up from static", "/static/../files/{file}"),
    closed("up from static encoded", "/static/%2e%2e/files/{file}"),
    closed("up from static with an encoded slash", "/static/..%2ffiles/{file}"),
    closed("up from static encoded twice", "/static/%252e%252e%252ffiles/{file}"),
    closed("up from static with backslashes", "/static/..\\files\\{file}"),
    closed("up from static with encoded backslashes", "/static/..%5cfiles%5c{file}"),
    closed("up from static with four dots", "/static/....//files/{file}"),
    closed("up from static beside its slash", "/static../files/{file}"),
    closed("up from static with a parameter", "/static/..;/files/{file}"),
    closed("up from static by overlong utf-8", "/static/%c0%ae%c0%ae/files/{file}"),
    closed("up from static after a null byte", "/static/css/site.css%00/../../../files/{file}"),
    closed("down to the root through static", "/static//{root}/{file}"),
    closed("up from the gate", GATE + "../../../../files/{file}"),
    closed("up from the gate encoded", GATE + "%2e%2e/%2e%2e/%2e%2e/%2e%2e/files/{file}"),
    closed("a path as the slug", "/store/reports/..%2f..%2ffiles%2f{file}/download/"),
    closed("a path as the slug encoded twice", "/store/reports/%252e%252e%252f{hex}/download/"),
    closed("the stored name as the slug", "/store/reports/{hex}/download/"),
    closed("the edition as the slug", "/store/reports/{id}/download/"),
]
DECEIVING = [  # a cache that goes by the suffix keeps what the member got for whoever asks next
    closed("a style sheet below the gate", GATE + "style.css"),
    closed("a suffix at the gate", GATE + ".css"),
    closed("a suffix in the place of the slash", GATE[:-1] + ".css"),
    closed("a suffix after a semicolon", GATE + ";.css"),
    closed("a suffix after an encoded semicolon", GATE + "%3b.css"),
    closed("a suffix after a line break", GATE + "%0a.css"),
    closed("a suffix after a carriage return", GATE + "%0d%0a.css"),
    closed("a suffix after a null byte", GATE + "%00.css"),
    closed("a suffix after an encoded question mark", GATE + "%3f.css"),
    closed("a suffix after an encoded hash", GATE + "%23.css"),
    closed("the gate below static", "/static/..%2fstore%2freports%2fmembers%2fdownload%2f"),
]
SPELLING = [
    refused("in capitals", "/STORE/REPORTS/MEMBERS/DOWNLOAD/"),
    refused("the slug in capitals", "/store/reports/MEMBERS/download/"),
    refused("no slash at the end", GATE[:-1]),
    refused("two slashes at the end", GATE + "/"),
    refused("two slashes at the start", "/" + GATE),
    refused("two slashes inside", "/store//reports/members/download/"),
    refused("a dot inside", "/store/./reports/members/download/"),
    refused("a way round", "/store/reports/public/../members/download/"),
    refused("an encoded letter", "/store/reports/m%65mbers/download/"),
    refused("an encoded slash", "/store/reports%2fmembers/download/"),
    refused("another report's slug in front", "/store/reports/public%2f..%2fmembers/download/"),
    refused("a wide letter", "/store/reports/%EF%BD%8Dembers/download/"),
    refused("a letter with an accent", "/store/reports/me%CC%81mbers/download/"),
    refused("a letter that is not seen", "/store/reports/members%E2%80%8B/download/"),
    refused("a null byte", "/store/reports/members%00/download/"),
    refused("raw bytes that are no letters", b"/store/reports/members\xff\xfe/download/"),
    refused("a line break", "/store/reports/members%0a/download/"),
    refused("a query for another report", GATE + "?slug=public&access=public&next=/"),
    refused("the whole address", "http://localhost" + GATE),
    refused("the whole address of another host", "http://evil.example" + GATE),
]
TRICKS = [
    refused("only the head", method="HEAD"),
    refused("a post", method="POST", body=b"x=1"),
    refused("a post that says it is a get", method="POST", headers={"X-HTTP-Method-Override": "GET"}),
    refused("a get that says it is a post", headers={"X-HTTP-Method-Override": "POST"}),
    refused("a form that says it is a get", method="POST", body=b"_method=GET"),
    refused("a method in small letters", method="get"),
    refused("a method nobody knows", method="FETCH"),
    refused("trace", method="TRACE"),
    refused("connect", method="CONNECT"),
    refused("the first byte", headers={"Range": "bytes=0-0"}),
    refused("the last bytes", headers={"Range": "bytes=-100"}),
    refused("many ranges", headers={"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(200))}),
    refused("only if it changed", headers={"If-None-Match": '"{sha256}"'}),
    refused("only if it is the same", headers={"If-Match": '"{sha256}"', "If-Range": '"{sha256}"'}),
    refused("nginx's own header", headers={"X-Accel-Redirect": "/private-files/{file}"}),
    refused("nginx's own header to a page", "/store/", headers={"X-Accel-Redirect": "/private-files/{file}"}),
    refused("other servers' headers", headers={"X-Sendfile": "{root}/{file}", "X-LIGHTTPD-send-file": "{file}"}),
    refused("an original address", "/store/", headers={"X-Original-URL": GATE}),
    refused("a rewritten address", "/store/", headers={"X-Rewrite-URL": "/private-files/{file}"}),
    refused("an original address of a free report", headers={"X-Original-URL": "/store/reports/public/download/"}),
    refused("a path of the server", "/store/", headers={"Script-Name": "/store", "Path-Info": GATE}),
    refused("from the machine itself", headers={"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}),
    refused("as a person of another server", headers={"Remote-User": "staff@example.org", "X-User": "1"}),
    refused("with a password in the head", headers={"Authorization": "Basic c3RhZmZAZXhhbXBsZS5vcmc6eA=="}),
    refused("as another host", host="evil.example"),
    refused("as another host by a header", headers={"X-Forwarded-Host": "evil.example"}),
    refused("as a fragment of a page", headers={"HX-Request": "true", "X-Requested-With": "XMLHttpRequest"}),
    refused("as a prefetch", headers={"Purpose": "prefetch", "Sec-Purpose": "prefetch"}),
    refused("as a search engine", headers={"User-Agent": "Googlebot/2.1", "Accept": "application/pdf"}),
    refused("with a cookie that is no session", headers={"Cookie": "sessionid=0123456789abcdef0123456789abcdef"}),
    refused("with a cookie of null bytes", headers={"Cookie": 'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000"'}),
    refused("with a cookie out of SQL", headers={"Cookie": "sessionid=' OR '1'='1' --"}),
    refused("with a cookie that says who", headers={"Cookie": "user=staff; is_staff=1; member=true"}),
]
TRIES = [*GUESSED, *CLIMBING, *DECEIVING, *SPELLING, *TRICKS]


@dataclass(frozen=True)
class House:
    """A server that can be spoken to, and what a burglar may be supposed to know."""

    address: Path
    cookies: dict[str, str]
    known: dict[str, str]

    def fill(self, text: str) -> str:
        for name, value in self.known.items():
            text = text.replace("{" + name + "}", value)
        return text


@pytest.fixture(scope="module")
def known(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, dict[str, str]]]:
    """The rows that the servers serve, with a copy of the database that is dropped afterwards."""
    house.collect_static()
    with django_db_blocker.unblock():
        with house.own_database():
            report = shelf.KINDS["members"]()
            shelf.KINDS["public"]()
            edition = report.current_edition
            assert edition is not None
            facts = {
                "file": str(edition.file.name),
                "id": str(edition.pk),
                "hex": Path(str(edition.file.name)).stem,
                "root": str(settings.FILES_ROOT),
                "sha256": edition.sha256,
            }
            makers = {**people.CAST, "nobody": people.signed_out}
            cookies = {who: house.cookie_of(makers[who]()) for who in EVERYBODY}
        yield {"known": facts, "cookies": cookies}
        house.drop_own_database()


@pytest.fixture(scope="module", params=["gunicorn", "nginx"])
def servers(
    request: pytest.FixtureRequest, known: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The site on its own, and the site behind deploy/nginx.conf, which hands the files out."""
    folder = tmp_path_factory.mktemp("house")
    if request.param == "gunicorn":
        with house.gunicorn(folder, FILES_DELIVERY="stream") as address:
            yield House(address, **known)
    elif house.find_nginx() is None:
        pytest.skip("nginx is not installed, so the way by X-Accel-Redirect is not tried")
    else:
        with house.gunicorn(folder, FILES_DELIVERY="accel") as web, house.nginx(folder, web) as address:
            yield House(address, **known)


def _ask(servers: House, attempt: Try, who: str) -> Heard:
    target = servers.fill(attempt.target) if isinstance(attempt.target, str) else attempt.target
    return say(
        servers.address,
        target,
        method=attempt.method,
        headers={name: servers.fill(value) for name, value in attempt.headers.items()},
        cookie=servers.cookies[who],
        host=attempt.host,
        body=attempt.body,
    )


@pytest.mark.slow
@pytest.mark.parametrize("attempt", TRIES, ids=str)
def test_no_way_round_the_gate_gives_the_file(servers: House, attempt: Try) -> None:
    before = house.downloads()
    for who in attempt.who:
        heard = _ask(servers, attempt, who)
        assert SECRET not in heard.body, f"{who} got the file"
        assert b"%PDF" not in heard.body
        assert heard.headers.get("Content-Type") != "application/pdf"
        assert heard.status != 500, f"{who} made the site stumble"
        assert not attempt.statuses or heard.status in attempt.statuses
        assert "X-Accel-Redirect" not in heard.headers, "nginx passed its own header on"
    assert house.downloads() == before
    _the_twin_gets_the_file(servers, attempt)


def _the_twin_gets_the_file(servers: House, attempt: Try) -> None:
    """The member, by the legitimate address, with the odd headers that do not change what is asked for."""
    asked_for = {"Range", "Cookie", "If-None-Match", "If-Match", "If-Range"}
    odd = {name: servers.fill(value) for name, value in attempt.headers.items() if name not in asked_for}
    before = house.downloads()
    heard = say(servers.address, GATE, headers=odd, cookie=servers.cookies["member"])
    assert (heard.status, heard.body) == (200, WHOLE)
    assert "no-store" in heard.headers["Cache-Control"]
    assert house.downloads() == before + 1


def test_there_are_more_than_twenty_tries_and_no_two_by_one_name() -> None:
    names = [attempt.name for attempt in TRIES]
    assert len(set(names)) == len(names) > 20


@pytest.mark.slow
def test_the_file_leaves_both_ways_with_the_same_private_headers(servers: House) -> None:
    heard = say(servers.address, GATE, cookie=servers.cookies["member"])
    assert heard.body == WHOLE
    assert heard.headers["Content-Type"] == "application/pdf"
    assert heard.headers["Content-Length"] == str(len(WHOLE))
    assert {part.strip() for part in heard.headers["Cache-Control"].split(",")} == {"private", "no-store"}
    assert heard.headers["Content-Disposition"] == 'attachment; filename="members.pdf"'
    assert heard.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert heard.headers["Content-Security-Policy"]


@pytest.mark.slow
def test_pieces_leave_both_ways_and_write_one_row(servers: House) -> None:
    cookie = servers.cookies["member"]
    before = house.downloads()
    first = say(servers.address, GATE, cookie=cookie)
    resumed = say(
        servers.address,
        GATE,
        cookie=cookie,
        headers={"Range": "bytes=2000-2999", "If-Range": first.headers["ETag"]},
    )
    assert (resumed.status, resumed.body) == (206, WHOLE[2000:3000])
    assert resumed.headers["Content-Range"] == f"bytes 2000-2999/{len(WHOLE)}"
    assert "no-store" in resumed.headers["Cache-Control"]
    assert house.downloads() == before + 1


@pytest.mark.slow
def test_a_head_by_the_member_gives_no_bytes_and_writes_no_row_both_ways(servers: House) -> None:
    before = house.downloads()
    heard = say(servers.address, GATE, method="HEAD", cookie=servers.cookies["member"])
    assert (heard.status, heard.body) == (200, b"")
    assert house.downloads() == before


@pytest.mark.slow
def test_a_second_request_smuggled_behind_a_refused_one_gets_no_file(servers: House) -> None:
    inner = f"GET {GATE} HTTP/1.1\r\nHost: {house.HOST}\r\n\r\n".encode()
    for head in (
        f"Content-Length: {len(inner)}\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
    ):
        request = f"POST {GATE} HTTP/1.1\r\nHost: {house.HOST}\r\nConnection: close\r\n{head}\r\n".encode()
        heard = house.send(servers.address, request + b"0\r\n\r\n" + inner, "POST")
        assert SECRET not in heard.body
        assert heard.status not in (200, 500)
    assert say(servers.address, GATE, cookie=servers.cookies["member"]).body == WHOLE


# --- the same house from the inside -----------------------------------------------------------------------------
def test_private_files_lie_where_no_static_address_leads() -> None:
    files = Path(settings.FILES_ROOT).resolve()
    public = [Path(settings.STATIC_ROOT), *(Path(str(folder)) for folder in settings.STATICFILES_DIRS)]
    for folder in public:
        assert not files.is_relative_to(folder.resolve())
        assert not folder.resolve().is_relative_to(files)
    assert not settings.MEDIA_ROOT


@pytest.mark.django_db
def test_no_storage_of_ours_gives_an_edition_an_address_of_its_own() -> None:
    edition = shelf.report().current_edition
    assert edition is not None
    assert finders.find(str(edition.file.name)) is None
    for storage in (edition.file.storage, storages["files"], default_storage):
        with pytest.raises(ValueError):
            storage.url(edition.file.name)


@pytest.mark.django_db
def test_the_name_in_the_storage_cannot_be_guessed_from_the_report() -> None:
    names = set()
    for number in range(5):
        edition = shelf.report(f"guess-{number}").current_edition
        assert edition is not None
        stem = Path(str(edition.file.name)).stem
        assert len(stem) == 32, "122 random bits"
        assert int(stem, 16)
        names.add(stem)
    assert len(names) == 5


@pytest.mark.django_db
def test_stored_files_are_not_for_every_user_of_the_machine() -> None:
    edition = shelf.report().current_edition
    assert edition is not None
    assert not Path(edition.file.path).stat().st_mode & 0o007


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["member", "staff"])
@pytest.mark.parametrize("path", ["/", "/knowledge-center/", "/knowledge-center/members/", "/store/reports/members/"])
def test_no_page_tells_where_a_file_lies(who: str, path: str) -> None:
    report = shelf.KINDS["members"]()
    assert report.current_edition is not None
    stored = str(report.current_edition.file.name)
    answer = ask(people.browser(people.CAST[who]()), path)
    assert answer.status == 200
    assert stored not in answer.body.decode()
    assert Path(stored).stem not in answer.body.decode()


@pytest.mark.django_db
def test_the_session_of_somebody_who_signed_out_opens_nothing() -> None:
    report, browser = shelf.KINDS["members"](), people.browser(people.member())
    kept = Client()
    kept.cookies.load({name: morsel.value for name, morsel in browser.cookies.items()})
    assert ask(kept, report).body == WHOLE
    browser.post("/accounts/logout/")
    assert ask(kept, report).status == 302


@pytest.mark.django_db
def test_a_session_that_expired_opens_nothing() -> None:
    from datetime import timedelta

    from django.contrib.sessions.models import Session
    from django.utils import timezone

    report, browser = shelf.KINDS["members"](), people.browser(people.member())
    assert ask(browser, report).body == WHOLE
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert ask(browser, report).status == 302
