"""The press: what it prints, what it will not open, and that nothing a document does outlasts the document."""

import base64
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from cosn_site import bounded, pdf
from cosn_site.pdf import PdfFailed, write_pdf
from tests.pdf_checks import instructions, outline, structure, ua_problems, words

DOCUMENT = """<!doctype html><html lang="en"><head><title>A receipt</title>
<link rel="stylesheet" href="attached:heads.css"></head><body><h1>Receipt</h1>
<p>See <a href="#total">the total</a> and <a href="/store/">the store</a>.</p>
<h2 id="total">What it <b>came</b> to</h2><p>Nothing.</p>
<table><tr><th>Line</th><th>Cost</th></tr><tr><td>Wires</td><td>10</td></tr></table></body></html>"""
HEADS = b'@page { size: Letter; @top-left { content: "Running head" } @bottom-right { content: counter(page) } }'
PAGE = '<html lang="en"><title>T</title><body><p>Words</p>{}</body></html>'
PLAIN = PAGE.format("")


@pytest.fixture(scope="module", autouse=True)
def _press_stops_afterwards() -> Iterator[None]:
    yield
    pdf._PRESS.stop()


def _printed() -> bytes:
    return write_pdf(DOCUMENT, base_url="https://example.org/", attached={"heads.css": HEADS})


def _png(width: int, height: int) -> bytes:
    out = BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()


def _pictures(content: bytes) -> int:
    with pikepdf.open(BytesIO(content)) as made:
        return sum(
            isinstance(item, pikepdf.Stream) and item.get("/Subtype") == pikepdf.Name.Image for item in made.objects
        )


def test_a_document_becomes_a_pdf_that_a_screen_reader_can_read() -> None:
    content = _printed()
    assert ua_problems(content) == []
    assert {"H1", "H2", "P", "Link", "Table", "TH", "TD"} <= set(structure(content))
    assert outline(content) == [(0, "Receipt", 1), (1, "What it came to", 1)]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda made: made.Root.__delitem__("/MarkInfo"), "not marked as tagged"),
        (lambda made: made.Root.__delitem__("/Lang"), "no language"),
        (lambda made: made.Root.__delitem__("/ViewerPreferences"), "the title bar shows the file's name"),
        (lambda made: made.pages[0].Annots[0].__delitem__("/Contents"), "a link without words"),
        (lambda made: made.pages[0].contents_add(b"0 0 9 9 re f"), "neither tagged nor an artifact"),
        (lambda made: made.pages[0].contents_add(b"/P <</MCID 0>> BDC EMC"), ""),
        (lambda made: made.Root.StructTreeRoot.K[0].K.__delitem__(0), "content that no element owns"),
    ],
)
def test_the_check_of_the_tests_sees_what_is_missing(spoil: object, problem: str) -> None:
    assert callable(spoil)
    spoiled = BytesIO()
    with pikepdf.open(BytesIO(_printed())) as made:
        spoil(made)
        made.save(spoiled)
    problems = ua_problems(spoiled.getvalue())
    assert any(problem in found for found in problems) if problem else problems == []


def test_running_heads_are_printed_but_not_read_out() -> None:
    content = _printed()
    assert "Running head" in words(content)[0]
    with pikepdf.open(BytesIO(content)) as made:
        marks = [(str(ops[0]), ops[1]) for ops, name in instructions(made.pages[0]) if name == "BDC"]
    assert [kind for kind, detail in marks if "/Type" in detail] == ["/Artifact", "/Artifact"]


def test_a_link_says_where_it_leads_and_a_relative_one_becomes_absolute() -> None:
    with pikepdf.open(BytesIO(_printed())) as made:
        inside, outside = made.pages[0].Annots
        assert str(inside.Contents) == "Go to: What it came to"
        assert str(outside.A.URI) == "https://example.org/store/"


def test_the_same_document_gives_the_same_bytes_whenever_it_is_printed() -> None:
    first = _printed()
    pdf._PRESS.stop()
    assert _printed() == first


class _Listener(BaseHTTPRequestHandler):
    def __init__(self, asked: list[str], *args: object) -> None:
        self.asked = asked
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine, and the list of what it has been asked for."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Listener, asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


LOADERS = [
    '<img src="{}" alt="x">',
    '<link rel="stylesheet" href="{}">',
    '<link rel="attachment" href="{}">',
    '<a rel="attachment" href="{}">x</a>',
    '<object data="{}"></object>',
    '<embed src="{}">',
    '<style>@import url("{}");</style>',
    '<style>@font-face {{ font-family: x; src: url("{}") }} p {{ font-family: x }}</style>',
    '<style>p {{ background: url("{}"); list-style: url("{}") }}</style>',
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="{}" width="9" height="9"/><use href="{}#x"/></svg>',
]


@pytest.mark.parametrize("loader", LOADERS)
def test_nothing_in_a_document_is_fetched_from_the_network(loader: str, listener: tuple[str, list[str]]) -> None:
    address, asked = listener
    content = write_pdf(PAGE.format(loader.replace("{}", f"{address}/x.png").replace("{{", "{").replace("}}", "}")))
    assert "Words" in words(content)[0]
    assert asked == []


@pytest.mark.parametrize("loader", LOADERS)
def test_no_file_of_this_machine_gets_into_a_document(loader: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="20">TOPSECRET</text></svg>')
    link = loader.replace("{}", secret.as_uri()).replace("{{", "{").replace("}}", "}")
    content = write_pdf(PAGE.format(link), base_url=tmp_path.as_uri() + "/")
    assert "TOPSECRET" not in " ".join(words(content))
    with pikepdf.open(BytesIO(content)) as made:
        assert not list(made.attachments)


@pytest.mark.parametrize(
    "address",
    [
        "static/fonts/../../manage.py",
        "static/fonts/%2e%2e/%2e%2e/manage.py",
        "static/fonts/besley-LICENSE.txt",
        "static/img/favicon.svg",
    ],
)
def test_our_own_folders_open_only_fonts_and_style_sheets(address: str) -> None:
    html = '<link rel="attachment" href="{}">'
    content = write_pdf(PAGE.format(html.format(f"{bounded.ROOT.as_uri()}/{address}")))
    with pikepdf.open(BytesIO(content)) as made:
        assert not list(made.attachments)
    allowed = f"{bounded.ROOT.as_uri()}/static/pdf/type.css"
    with pikepdf.open(BytesIO(write_pdf(PAGE.format(html.format(allowed))))) as made:
        assert len(made.attachments) == 1


def test_what_comes_with_the_document_and_data_addresses_are_shown() -> None:
    picture = _png(8, 8)
    inline = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    assert _pictures(write_pdf(PAGE.format(f'<img src="{inline}" alt="x">'))) == 1
    named = PAGE.format('<img src="attached:seat.png" alt="x">')
    assert _pictures(write_pdf(named, attached={"seat.png": picture})) == 1
    assert _pictures(write_pdf(named)) == 0  # and nothing is left over from the document before


def test_a_style_sheet_is_a_name_and_not_a_path() -> None:
    for name in ("../fonts/x.css", "/etc/x.css", "type.css/..", "Type.css"):
        with pytest.raises(PdfFailed) as failed:
            write_pdf(PLAIN, stylesheets=(name,))
        assert failed.value.reason == "document"


def test_a_document_that_takes_too_long_is_stopped_and_the_next_one_is_printed() -> None:
    write_pdf(PLAIN)
    slow = PAGE.format("<table><tr><td>" * 40 + "x" + "<p>word " * 20_000)
    with pytest.raises(PdfFailed) as failed:
        write_pdf(slow, seconds=0.5)
    assert failed.value.reason == "time"
    assert words(write_pdf(PLAIN)) == ["Words"]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS keeps no limit on address space")
def test_a_document_that_wants_all_memory_is_refused_and_the_next_one_is_printed() -> None:
    greedy = """<style>@counter-style many { system: symbolic; symbols: "mmmmmmmm"; range: infinite infinite }
        p::before { counter-reset: n %s; content: counter(n, many) }</style>"""
    assert words(write_pdf(PAGE.format(greedy % 2))) == ["mmmmmmmmmmmmmmmmWords"]
    with pytest.raises(PdfFailed) as failed:
        write_pdf(PAGE.format(greedy % 2_000_000_000))
    assert failed.value.reason == "memory"
    assert words(write_pdf(PLAIN)) == ["Words"]


def test_a_document_of_more_than_eight_megabytes_is_refused_unread() -> None:
    with pytest.raises(PdfFailed) as failed:
        write_pdf(" " * (pdf.MOST_HTML + 1))
    assert failed.value.reason == "size"


def test_a_press_that_died_is_replaced() -> None:
    write_pdf(PLAIN)
    assert pdf._PRESS._child
    os.kill(pdf._PRESS._child.pid, signal.SIGTERM)
    pdf._PRESS._child.wait()
    assert words(write_pdf(PLAIN)) == ["Words"]


SCRIPT = textwrap.dedent(
    """
    import os, sys
    from cosn_site import pdf
    page = "<html lang=en><title>T</title><p>Words"
    pdf.write_pdf(page)
    mine = pdf._PRESS._child.pid
    print(mine, pdf._PRESS._scratch, flush=True)
    """
)


def _run(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT + textwrap.dedent(script)],
        cwd=bounded.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _goes_away(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("end", ["sys.stdin.read()", "sys.stdin.read(); os.kill(os.getpid(), 9)"])
def test_no_press_is_left_when_its_parent_ends_or_is_killed(end: str) -> None:
    with _run(end) as parent:
        assert parent.stdin
        assert parent.stdout
        press, scratch = parent.stdout.readline().split()
        assert list(Path(scratch).iterdir())
        parent.stdin.close()
        parent.wait(60)
    assert _goes_away(int(press))
    assert not Path(scratch).exists()


@pytest.mark.slow
def test_a_forked_process_has_a_press_of_its_own() -> None:
    script = """
    child = os.fork()
    made = pdf.write_pdf(page)
    print(len(made), pdf._PRESS._child.pid, flush=True)
    if child:
        os.waitpid(child, 0)
    else:
        pdf._PRESS.stop()
        os._exit(0)
    """
    with _run(script) as parent:
        out, _ = parent.communicate(timeout=90)
    first, *rest = out.split("\n")[:3]
    first = first.split()[0]
    sizes, presses = zip(*(line.split() for line in rest), strict=True)
    assert len(set(sizes)) == 1
    assert first in presses
    assert len(set(presses)) == 2
