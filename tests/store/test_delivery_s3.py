"""Files on an object store: the gate answers with a presigned address, short-lived, made for this one file.

The store here is moto's server, which looks neither at signatures nor at the clock. So nothing rests on what it would
refuse: what Amazon would accept is worked out by `amazon_accepts`, from the published rules of Signature Version 4.
"""

import hashlib
import hmac
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pytest_django.plugin import DjangoDbBlocker

from tests import people, shelf
from tests.store import house
from tests.store.house import Heard, say

pytestmark = pytest.mark.slow

BUCKET, KEY_ID, SECRET_KEY, REGION = "private-reports", "AKIATESTTESTTESTTEST", "only-for-these-tests", "us-east-1"
GATE = "/store/reports/members/download/"
WHOLE = shelf.bytes_of("members")
LONGEST = 60


@dataclass(frozen=True)
class Site:
    """The site on its own socket, the object store, and who is signed in."""

    address: Path
    endpoint: str
    stored: str
    other: str
    cookies: dict[str, str]

    def ask(self, who: str, **more: object) -> Heard:
        return say(self.address, GATE, cookie=self.cookies[who], **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def site(
    endpoint: str, django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET_KEY
    )
    client.create_bucket(Bucket=BUCKET)
    names = []
    with django_db_blocker.unblock():
        with house.own_database():
            for kind in ("members", "embargoed"):
                edition = shelf.KINDS[kind]().current_edition
                assert edition is not None
                client.put_object(Bucket=BUCKET, Key=edition.file.name, Body=shelf.bytes_of(kind))
                edition.file.storage.delete(str(edition.file.name))  # the object store alone has it
                names.append(str(edition.file.name))
            cookies = {who: house.cookie_of(people.CAST[who]()) for who in ("member", "lapsed", "visitor", "staff")}
            cookies["nobody"] = ""
        with house.gunicorn(
            tmp_path_factory.mktemp("s3"),
            FILES_DELIVERY="presign",
            S3_BUCKET=BUCKET,
            S3_ENDPOINT=endpoint,
            S3_REGION=REGION,
            S3_ACCESS_KEY=KEY_ID,
            S3_SECRET_KEY=SECRET_KEY,
        ) as address:
            yield Site(address, endpoint, names[0], names[1], cookies)
        house.drop_own_database()
    client.close()


def fetch(url: str, **headers: str) -> tuple[int, Message, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def amazon_accepts(url: str, now: datetime) -> bool:
    """What Amazon S3 would say to this presigned GET at this instant, with the secret that these tests know."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    signature = query.pop("X-Amz-Signature", "")
    if query.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" or query.get("X-Amz-SignedHeaders") != "host":
        return False
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if not signed_at <= now < signed_at + timedelta(seconds=int(query["X-Amz-Expires"])):
        return False
    canonical = "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
    request = f"GET\n{parts.path}\n{canonical}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    key_id, scope = query["X-Amz-Credential"].split("/", 1)
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{SECRET_KEY}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{digest}"
    return key_id == KEY_ID and hmac.compare_digest(signature, hmac.new(key, text.encode(), "sha256").hexdigest())


def presigned(site: Site) -> tuple[str, datetime]:
    """A fresh address for the member, and the instant at which it was signed."""
    heard = site.ask("member")
    assert heard.status == 302
    url = heard.headers["Location"]
    query = dict(parse_qsl(urlsplit(url).query))
    return url, datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


# --- the way it is meant ------------------------------------------------------------------------------------------
def test_the_member_gets_the_bytes_through_an_address_of_the_object_store(site: Site) -> None:
    before = house.downloads()
    url, signed_at = presigned(site)
    assert url.startswith(f"{site.endpoint}/{BUCKET}/{site.stored}?")
    status, headers, body = fetch(url)
    assert (status, body) == (200, WHOLE)
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"] == 'attachment; filename="members.pdf"'
    assert {part.strip() for part in headers["Cache-Control"].split(",")} == {"private", "no-store"}
    assert amazon_accepts(url, signed_at)
    assert house.downloads() == before + 1


def test_the_answer_that_carries_the_address_is_kept_by_nobody_and_told_to_nobody(site: Site) -> None:
    heard = site.ask("member")
    assert {part.strip() for part in heard.headers["Cache-Control"].split(",")} == {"private", "no-store"}
    assert heard.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    assert b"X-Amz-Signature" not in heard.body


@pytest.mark.parametrize("ranges", ["bytes=0-99", "bytes=4900-"])
def test_a_piece_is_had_through_the_address_too(site: Site, ranges: str) -> None:
    heard = site.ask("member", headers={"Range": ranges})
    status, _, body = fetch(heard.headers["Location"], Range=ranges)
    assert status == 206
    assert body == (WHOLE[:100] if ranges == "bytes=0-99" else WHOLE[4900:])


def test_a_resumed_download_writes_no_second_row(site: Site) -> None:
    site.ask("member")
    before = house.downloads()
    resumed = site.ask("member", headers={"Range": "bytes=2000-", "If-Range": '"an-etag-of-the-object-store"'})
    assert resumed.status == 302
    assert house.downloads() == before


# --- and the ways it is not ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("who", "status"), [("nobody", 302), ("visitor", 403), ("lapsed", 403)])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_who_may_not_have_the_report_is_given_no_address(site: Site, who: str, status: int, method: str) -> None:
    before = house.downloads()
    heard = site.ask(who, method=method)
    assert heard.status == (403 if method == "POST" else status)  # a POST stops at the CSRF check
    assert site.stored not in str(heard.headers)
    assert "X-Amz" not in str(heard.headers)
    assert b"X-Amz" not in heard.body
    assert house.downloads() == before
    assert fetch(presigned(site)[0])[2] == WHOLE


def test_a_head_gives_the_member_no_address_that_a_get_would_open_without_a_row(site: Site) -> None:
    before = house.downloads()
    heard = site.ask("member", method="HEAD")
    assert heard.status == 200
    assert "Location" not in heard.headers
    assert "X-Amz" not in str(heard.headers)
    assert heard.headers["Content-Length"] == str(len(WHOLE))
    assert house.downloads() == before


def test_an_address_opens_for_at_most_sixty_seconds(site: Site) -> None:
    url, signed_at = presigned(site)
    assert 0 < int(dict(parse_qsl(urlsplit(url).query))["X-Amz-Expires"]) <= LONGEST
    assert abs(datetime.now(UTC) - signed_at) < timedelta(minutes=5)
    assert amazon_accepts(url, signed_at + timedelta(seconds=1))
    assert not amazon_accepts(url, signed_at + timedelta(seconds=LONGEST))
    assert not amazon_accepts(url, signed_at + timedelta(days=1))
    assert not amazon_accepts(url, signed_at - timedelta(seconds=1))


def test_an_address_for_one_file_opens_no_other(site: Site) -> None:
    url, signed_at = presigned(site)
    other = url.replace(site.stored, site.other)
    assert other != url
    assert amazon_accepts(url, signed_at)
    assert not amazon_accepts(other, signed_at)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("X-Amz-Expires", "604800"),
        ("X-Amz-Date", "29990101T000000Z"),
        ("response-content-disposition", "inline"),
        ("response-content-type", "text/html"),
        ("response-cache-control", "public, max-age=31536000"),
        ("X-Amz-Credential", "AKIASOMEBODYELSE/29990101/us-east-1/s3/aws4_request"),
    ],
)
def test_what_the_address_says_is_signed_with_it(site: Site, parameter: str, value: str) -> None:
    url, signed_at = presigned(site)
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    assert parameter in query
    changed = "&".join(f"{n}={quote(value if n == parameter else v, safe='')}" for n, v in query.items())
    assert amazon_accepts(url, signed_at)
    assert not amazon_accepts(urlunsplit(parts._replace(query=changed)), signed_at)


def test_the_object_has_no_public_address(site: Site) -> None:
    url, _ = presigned(site)
    assert fetch(url)[2] == WHOLE
    bare = f"{site.endpoint}/{BUCKET}/{site.stored}"
    status, _, body = fetch(bare)
    assert status == 403
    assert WHOLE[:60] not in body
    assert not amazon_accepts(bare, datetime.now(UTC))


def test_every_request_is_signed_anew_so_no_one_shares_an_address_by_a_cache(site: Site) -> None:
    for _ in range(3):
        before = datetime.now(UTC).replace(microsecond=0)
        assert presigned(site)[1] >= before


def test_staff_get_an_unpublished_file_through_the_gate_and_the_member_gets_no_address_for_it(site: Site) -> None:
    gate = "/store/reports/embargoed/download/"
    staff = say(site.address, gate, cookie=site.cookies["staff"])
    assert fetch(staff.headers["Location"])[2] == shelf.bytes_of("embargoed")
    member = say(site.address, gate, cookie=site.cookies["member"])
    assert (member.status, member.headers.get("Location")) == (403, None)
