"""What deploy/ says, run: the real nginx with deploy/nginx.conf, TLS and all, before gunicorn in production."""

import datetime
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.db import connection

from bench.place import free_port, with_database
from bench.servers import Site, Tls, check_conf, gunicorn, main_conf, nginx, nginx_program, site_conf
from members.models import User
from reports.models import Report
from scripts.processes import StartError
from store.models import Download
from tests import people, shelf

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "www.example.org"
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True, slots=True)
class Front:
    """nginx as a browser sees it."""

    port: int
    plain_port: int
    trust: ssl.SSLContext
    conf: Path


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(slots=True)
class Browser:
    """Asks over TLS, keeps cookies, follows nothing."""

    front: Front
    cookies: dict[str, str] = field(default_factory=dict)
    claimed_address: str = ""

    def ask(self, path: str, *, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        """One request. `headers` are given as Python names: `if_range` is If-Range."""
        sent = {"Host": NAME, "Referer": f"https://{NAME}/"}
        sent |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        if self.claimed_address:
            sent["X-Forwarded-For"] = self.claimed_address
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        web = http.client.HTTPSConnection(NAME, timeout=10)
        web.sock = self.front.trust.wrap_socket(
            socket.create_connection(("127.0.0.1", self.front.port), 10), server_hostname=NAME
        )
        try:
            web.request(method, path, body=body, headers=sent)
            response = web.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            web.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer

    def sign_in(self, who: User) -> Answer:
        """By the form, with the password of all our people."""
        # production takes neither the tests' quick hash nor the addresses of the demo
        address, password = f"{who.pk}@people.test", ScryptPasswordHasher().encode(people.PASSWORD, "salt")
        User.objects.filter(pk=who.pk).update(email=address, password=password)
        EmailAddress.objects.filter(user=who).update(email=address)
        page = self.ask("/accounts/login/").body.decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token, page
        form = {"csrfmiddlewaretoken": token[1], "login": address, "password": people.PASSWORD}
        return self.ask("/accounts/login/", method="POST", body=urlencode(form))


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Front]:
    """nginx and gunicorn, as deployed, on the test database and its files."""
    try:
        nginx_program()
    except StartError:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("deploy")
    for path in (folder, *folder.parents):  # PostgreSQL's neighbours may look in: the socket is protected by its group
        if path.name.startswith("pytest-"):
            path.chmod(0o755)
    env = _production(folder)
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0", "-i", "admin", "-i", "css/admin*"]
    subprocess.run(collect, cwd=ROOT, env=env, check=True)
    certificate, key = _certificate(folder)
    tls = Tls(certificate, key, free_port())
    with gunicorn("cosn_site.wsgi", env=env, folder=folder, port=free_port(), ready="/healthz") as web:
        site = Site("cosn", web.socket, Path(settings.FILES_ROOT), folder / "static", free_port())
        conf = main_conf(folder, [site_conf(site, tls)])
        with nginx(conf, port=site.port, folder=folder):
            yield Front(site.port, tls.plain_port, ssl.create_default_context(cafile=str(certificate)), conf)


def _production(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": with_database(settings.DATABASE_URL, str(connection.settings_dict["NAME"])),
        "SECRET_KEY": "only-for-the-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": NAME,
        "SITE_URL": f"https://{NAME}",
        "PRODUCTION": "1",
        "VAR_DIR": str(folder),
        "FILES_ROOT": str(settings.FILES_ROOT),
        "FILES_DELIVERY": "accel",
        "WEB_CONCURRENCY": "1",
    }


def _certificate(folder: Path) -> tuple[Path, Path]:
    """For NAME, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture
def report() -> Report:
    return shelf.report("a-report")


@pytest.fixture
def member(front: Front) -> Browser:
    """Signed in as the member, by the form."""
    browser = Browser(front)
    assert browser.sign_in(people.member()).status == 302
    return browser


def gate(report: Report) -> str:
    return f"/store/reports/{report.slug}/download/"


def test_nginx_accepts_the_configuration_without_a_warning(front: Front) -> None:
    found = check_conf(front.conf)
    assert found.returncode == 0, found.stderr
    assert "[warn]" not in found.stderr


def test_a_member_gets_the_file_from_nginx_and_the_ledger_its_row(member: Browser, report: Report) -> None:
    answer = member.ask(gate(report))
    assert (answer.status, answer.body) == (200, shelf.bytes_of("a-report"))
    assert answer.headers["Accept-Ranges"] == "bytes"  # which only nginx offers here: the site sent no bytes
    assert answer.headers["X-Accel-Redirect"] is None
    assert Download.objects.get().edition_id == report.current_edition_id


def test_no_header_that_protects_the_file_is_lost_in_nginx(member: Browser, report: Report) -> None:
    headers = member.ask(gate(report)).headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers.get_all("Cache-Control") == ["private, no-store"]
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers["X-Frame-Options"] == "DENY"
    for name in ("Content-Security-Policy", "Permissions-Policy", "Referrer-Policy", "Strict-Transport-Security"):
        assert len(headers.get_all(name, [])) == 1, name


def test_a_download_that_broke_off_goes_on_where_it_stopped(member: Browser, report: Report) -> None:
    whole = shelf.bytes_of("a-report")
    version = member.ask(gate(report)).headers["ETag"]
    rest = member.ask(gate(report), range="bytes=4000-", if_range=version)
    assert (rest.status, rest.body) == (206, whole[4000:])
    assert rest.headers["Content-Range"] == f"bytes 4000-{len(whole) - 1}/{len(whole)}"
    assert member.ask(gate(report), range=f"bytes={len(whole)}-").status == 416


def test_who_may_not_have_the_file_gets_none_of_its_bytes(front: Front, report: Report) -> None:
    nobody, visitor = Browser(front), Browser(front)
    assert visitor.sign_in(people.visitor()).status == 302
    refused = visitor.ask(gate(report)), visitor.ask(gate(report), range="bytes=0-99"), nobody.ask(gate(report))
    assert [answer.status for answer in refused] == [403, 403, 302]
    assert all(b"secret content" not in answer.body for answer in refused)
    assert not Download.objects.exists()


def test_the_address_of_a_file_answers_404_even_to_a_member(member: Browser, report: Report) -> None:
    assert report.current_edition
    name = report.current_edition.file.name
    paths = [
        f"/private-files/{name}",
        f"//private-files//{name}",
        f"/private%2dfiles/{name}",
        f"/private-files%2f{name}",
        f"/static/../private-files/{name}",
        f"/static/..%2ffiles/{name}",
        f"/static../files/{name}",
        f"/static/%2e%2e/files/{name}",
        f"/private-files/{name}?x=.css",
        "/private-files/",
    ]
    for path in paths:
        for answer in (member.ask(path), member.ask(path, range="bytes=0-9"), member.ask(path, method="HEAD")):
            assert answer.status in {400, 404}, path
            assert b"secret content" not in answer.body, path


def test_nginx_does_not_follow_a_link_out_of_the_files(member: Browser, report: Report, tmp_path: Path) -> None:
    assert report.current_edition
    stored = Path(report.current_edition.file.path)
    outside = tmp_path / "outside.pdf"
    outside.write_bytes(b"of somebody else")
    stored.unlink()
    stored.symlink_to(outside)
    answer = member.ask(gate(report))
    assert answer.status == 403
    assert b"of somebody else" not in answer.body


def test_static_files_come_from_nginx_and_may_be_kept_where_the_name_says_so(front: Front) -> None:
    browser = Browser(front)
    page = browser.ask("/").body.decode()
    hashed = re.search(r'href="(/static/css/site\.[0-9a-f]{12}\.css)"', page)
    assert hashed, page
    answer = browser.ask(hashed[1], accept_encoding="gzip")
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert answer.headers.get_all("Cache-Control") == ["public, max-age=31536000, immutable"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/css"
    assert browser.ask("/static/css/site.css").headers.get_all("Cache-Control") == ["public, max-age=3600"]
    assert browser.ask("/static/css/none.css").status == 404


def test_plain_http_leads_to_https_and_other_names_get_no_answer(front: Front) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", front.plain_port, timeout=10)
    plain.request("GET", "/membership/?a=b", headers={"Host": NAME})
    moved = plain.getresponse()
    assert (moved.status, moved.headers["Location"]) == (308, f"https://{NAME}/membership/?a=b")
    plain.close()
    plain.request("GET", "/", headers={"Host": "other.example.org"})
    with pytest.raises(http.client.RemoteDisconnected):
        plain.getresponse()
    plain.close()
    with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", front.port), 10) as door:
        front.trust.wrap_socket(door, server_hostname="other.example.org")


def test_a_browser_cannot_choose_the_address_that_it_is_known_by(front: Front) -> None:
    browser = Browser(front, claimed_address="203.0.113.7")
    assert browser.sign_in(people.member()).status == 302
    assert UserSession.objects.get().ip == "127.0.0.1"


@pytest.mark.django_db(transaction=False)
def test_the_example_of_the_settings_names_only_variables_that_are_read() -> None:
    known = "".join(
        (ROOT / path).read_text(encoding="utf-8") for path in ("cosn_site/settings.py", "deploy/gunicorn.conf.py")
    )
    example = (ROOT / "deploy/env.example").read_text(encoding="utf-8")
    names = re.findall(r"(?m)^#?([A-Z][A-Z0-9_]+)=", example)
    assert names
    for name in names:
        assert f'"{name.removesuffix("_FILE")}"' in known, name


@pytest.mark.parametrize("unit", sorted((ROOT / "deploy").glob("*.service")), ids=lambda path: path.stem)
def test_a_unit_starts_what_there_is(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    started = re.search(r"(?m)^ExecStart=/srv/cosn/\.venv/bin/python (.+)$", text)
    assert started
    words = started[1].split()
    if words[0] == "manage.py":
        assert (ROOT / f"cosn_site/management/commands/{words[1]}.py").exists()
    else:
        assert words == ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "cosn_site.wsgi"]
