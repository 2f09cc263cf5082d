"""The files that the intake has to tell apart: each hostile one beside a twin that differs in that one thing.

A row is a name, the code of the refusal, the hostile file and its twin. In ACTING the two are changes to the same sound
file; in UNSOUND and HEAVY they are functions that make the bytes. What is in HEAVY would hurt a process without limits.
"""

import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from cosn_site.bounded import MEBIBYTE
from tests.reports.pdf_files import (
    CATALOG,
    HOME,
    JAVASCRIPT,
    LAUNCH,
    PAGE,
    PAGES,
    annotate,
    deflated,
    file_inside,
    file_named,
    form,
    jump,
    link,
    one_page,
    outline,
    packed_objects,
    raw,
    sound,
    stream,
)

Change = Callable[[pikepdf.Pdf], Any]
Make = Callable[[], bytes]


def _set(pdf: pikepdf.Pdf, **entries: Any) -> None:
    for key, value in entries.items():
        pdf.Root[f"/{key}"] = value


def _page(pdf: pikepdf.Pdf, **entries: Any) -> None:
    for key, value in entries.items():
        pdf.pages[0].obj[f"/{key}"] = value


def _after_a_jump(pdf: pikepdf.Pdf, action: Dictionary) -> Dictionary:
    first = jump(pdf)
    first.Next = Array([jump(pdf), action])
    return first


SCREEN: dict[str, Any] = {"Type": Name.Annot, "Subtype": Name.Screen, "Rect": Array([0, 0, 9, 9])}
ACTING: list[tuple[str, str, Change, Change]] = [
    (
        "script when the file opens",
        "script",
        lambda pdf: _set(pdf, OpenAction=JAVASCRIPT),
        lambda pdf: _set(pdf, OpenAction=jump(pdf)),
    ),
    (
        "script behind a jump",
        "script",
        lambda pdf: _set(pdf, OpenAction=_after_a_jump(pdf, JAVASCRIPT)),
        lambda pdf: _set(pdf, OpenAction=_after_a_jump(pdf, jump(pdf))),
    ),
    (
        "script in the names of the document",
        "script",
        lambda pdf: _set(pdf, Names=Dictionary(JavaScript=Dictionary(Names=Array([String("a"), JAVASCRIPT])))),
        lambda pdf: _set(pdf, Names=Dictionary(Dests=Dictionary(Names=Array([String("a"), jump(pdf).D])))),
    ),
    (
        "script kept as a stream",
        "script",
        lambda pdf: link(pdf, Dictionary(S=Name.JavaScript, JS=pdf.make_stream(b"app.alert(1)"))),
        lambda pdf: link(pdf, Dictionary(S=Name.GoTo, D=jump(pdf).D, Note=pdf.make_stream(b"app.alert(1)"))),
    ),
    (
        "script when the file closes",
        "script",
        lambda pdf: _set(pdf, AA=Dictionary(WC=JAVASCRIPT)),
        lambda pdf: _set(pdf, AA=Dictionary(WC=jump(pdf))),
    ),
    (
        "script when a page is turned",
        "script",
        lambda pdf: _page(pdf, AA=Dictionary(O=JAVASCRIPT)),
        lambda pdf: _page(pdf, AA=Dictionary(O=jump(pdf))),
    ),
    ("script behind a link", "script", lambda pdf: link(pdf, JAVASCRIPT), lambda pdf: link(pdf, HOME)),
    (
        "script as the address of a link",
        "script",
        lambda pdf: link(pdf, Dictionary(S=Name.URI, URI=String(" JavaScript:alert(1)"))),
        lambda pdf: link(pdf, Dictionary(S=Name.URI, URI=String("https://example.org/?javascript:alert(1)"))),
    ),
    (
        "script when a link is hovered over",
        "script",
        lambda pdf: link(pdf, HOME, AA=Dictionary(E=JAVASCRIPT)),
        lambda pdf: link(pdf, HOME, AA=Dictionary(E=jump(pdf))),
    ),
    ("script in the outline", "script", lambda pdf: outline(pdf, JAVASCRIPT), lambda pdf: outline(pdf, jump(pdf))),
    (
        "script on each key in a field",
        "script",
        lambda pdf: form(pdf, {"AA": Dictionary(K=JAVASCRIPT)}),
        lambda pdf: form(pdf, {"V": String("JavaScript")}),
    ),
    (
        "script that a rendition plays",
        "script",
        lambda pdf: annotate(pdf, Dictionary(**SCREEN, A=Dictionary(S=Name.Rendition, JS=String("x")))),
        lambda pdf: annotate(pdf, Dictionary(**SCREEN, A=Dictionary(S=Name.Rendition, OP=0))),
    ),
    (
        "script in a model to turn around",
        "script",
        lambda pdf: annotate(pdf, Dictionary(**SCREEN, D=pdf.make_stream(b"x", OnInstantiate=pdf.make_stream(b"x")))),
        lambda pdf: annotate(pdf, Dictionary(**SCREEN, D=pdf.make_stream(b"x", Note=pdf.make_stream(b"x")))),
    ),
    (
        "a form that script runs",
        "script",
        lambda pdf: form(pdf, {}, XFA=pdf.make_stream(b"<xdp/>")),
        lambda pdf: form(pdf, {}, DA=String("/Helv 0 Tf")),
    ),
    (
        "a program started when the file opens",
        "launch",
        lambda pdf: _set(pdf, OpenAction=LAUNCH),
        lambda pdf: _set(pdf, OpenAction=Array([pdf.pages[0].obj, Name.Fit])),
    ),
    ("a program behind a link", "launch", lambda pdf: link(pdf, LAUNCH), lambda pdf: link(pdf, HOME)),
    ("a program in the outline", "launch", lambda pdf: outline(pdf, LAUNCH), lambda pdf: outline(pdf, HOME)),
    (
        "a link into a file on the reader's computer",
        "launch",
        lambda pdf: link(pdf, Dictionary(S=Name.GoToR, F=String("//server/x.pdf"), D=Array([0, Name.Fit]))),
        lambda pdf: link(pdf, Dictionary(S=Name.GoTo, F=String("//server/x.pdf"), D=jump(pdf).D)),
    ),
    (
        "a form that sends what is filled in",
        "launch",
        lambda pdf: form(pdf, {"A": Dictionary(S=Name.SubmitForm, F=String("https://example.org/"))}),
        lambda pdf: form(pdf, {"A": Dictionary(S=Name.ResetForm)}),
    ),
    (
        "an address opened by itself",
        "launch",
        lambda pdf: _set(pdf, OpenAction=HOME),
        lambda pdf: link(pdf, HOME),
    ),
    (
        "an address opened when a page is turned",
        "launch",
        lambda pdf: _page(pdf, AA=Dictionary(O=HOME)),
        lambda pdf: _page(pdf, AA=Dictionary(O=Dictionary(S=Name.Named, N=Name.NextPage))),
    ),
    (
        "a file in the names of the document",
        "embedded",
        lambda pdf: _set(pdf, Names=Dictionary(EmbeddedFiles=Dictionary(Names=Array([String("a"), file_inside(pdf)])))),
        lambda pdf: _set(pdf, Names=Dictionary(EmbeddedFiles=Dictionary(Names=Array()))),
    ),
    (
        "a file belonging to a page",
        "embedded",
        lambda pdf: _page(pdf, AF=Array([file_inside(pdf)])),
        lambda pdf: _page(pdf, AF=Array([file_named(pdf)])),
    ),
    (
        "a file pinned to a page",
        "embedded",
        lambda pdf: annotate(pdf, Dictionary(Subtype=Name.FileAttachment, FS=file_named(pdf))),
        lambda pdf: annotate(pdf, Dictionary(Subtype=Name.Text, FS=file_named(pdf))),
    ),
]


LOOP = [CATALOG % b"", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"]
NODE = b"<< /Type /Pages /Parent 2 0 R /Kids [%s] /Count 1 >>"
DOUBLING = [NODE % (b"%d 0 R %d 0 R" % (number + 1, number + 1)) for number in range(3, 60)]
CHAIN = [NODE % (b"%d 0 R" % (number + 1)) for number in range(3, 60)]
DEEP = b"/Deep " + b"[" * 90_000 + b"]" * 90_000
FLATE = {"Filter": b"/FlateDecode"}
MEDIA_BOX = b"/MediaBox [0 0 612 792]"
GIGABYTE = 1024 * MEBIBYTE


def _unpacks_to(size: int) -> bytes:
    return one_page(page=b"/Contents 4 0 R", more=[stream(deflated(size), **FLATE)])


def _unpacks_twice_to(size: int) -> bytes:
    twice = stream(zlib.compress(deflated(size)), Filter=b"[/FlateDecode /FlateDecode]")
    return one_page(page=b"/Contents 4 0 R", more=[twice])


def _encrypted(**how: Any) -> bytes:
    return sound(encryption=pikepdf.Encryption(**how))


def _with_page(page: bytes, pages: bytes = b"") -> bytes:
    return raw([CATALOG % b"", PAGES[:-2] + pages + b" >>", page])


SIZED = PAGE % b""
UNSIZED = SIZED.replace(MEDIA_BOX, b"")

UNSOUND: list[tuple[str, str, Make, Make]] = [
    ("nothing at all", "not_pdf", lambda: b"", sound),
    ("a picture", "not_pdf", lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), sound),
    ("another file in front", "not_pdf", lambda: b"GIF89a\n" + sound(), lambda: sound() + b"\n\0\0\n"),
    ("another file behind", "damaged", lambda: sound() + b"PK\x05\x06" + bytes(18), lambda: sound() + bytes(18)),
    ("cut off at the last line", "damaged", lambda: sound()[:-12], sound),
    ("a table that points nowhere", "damaged", lambda: sound().replace(b"startxref\n", b"startxref\n9"), sound),
    ("no catalog", "damaged", lambda: raw([b"<< >>"]), one_page),
    ("no page tree", "damaged", lambda: raw([b"<< /Type /Catalog >>"]), one_page),
    ("no page in the tree", "no_pages", lambda: raw([CATALOG % b"", PAGES.replace(b"3 0 R", b"")]), one_page),
    (
        "a page of a mile",
        "damaged",
        lambda: _with_page(SIZED.replace(b"792", b"4561920")),
        lambda: _with_page(SIZED.replace(b"792", b"14400")),
    ),
    (
        "a page of no height, inherited",
        "damaged",
        lambda: _with_page(UNSIZED, MEDIA_BOX.replace(b"792", b"0")),
        lambda: _with_page(UNSIZED, MEDIA_BOX),
    ),
    (
        "a page whose size is words",
        "damaged",
        lambda: _with_page(SIZED.replace(b"612 792", b"(a) (b)")),
        lambda: _with_page(UNSIZED),
    ),
    (
        "content that does not unpack",
        "damaged",
        lambda: one_page(page=b"/Contents 4 0 R", more=[stream(b"\xff" * 40, **FLATE)]),
        lambda: one_page(page=b"/Contents 4 0 R", more=[stream(zlib.compress(b"q Q"), **FLATE)]),
    ),
    ("a password to open it", "encrypted", lambda: _encrypted(user="secret", owner="secret"), sound),
    ("limits without a password", "encrypted", lambda: _encrypted(user="", owner="secret"), sound),
    (
        "old encryption",
        "encrypted",
        lambda: _encrypted(owner="x", R=3, aes=False, metadata=False),
        lambda: sound(force_version="1.4"),
    ),
]
HEAVY: list[tuple[str, str, Make, Make]] = [
    ("cut off in the middle", "damaged", lambda: sound()[:700], sound),
    ("a page tree that bites its tail", "damaged", lambda: raw([*LOOP, NODE % b"2 0 R"]), one_page),
    ("a page tree that is its own child", "damaged", lambda: raw([*LOOP, NODE % b"3 0 R"]), one_page),
    (
        "a page tree that doubles 57 times",
        "damaged",
        lambda: raw([*LOOP, *DOUBLING, PAGE % b""]),
        lambda: raw([*LOOP, *CHAIN, PAGE % b""]),
    ),
    (
        "nesting ninety thousand deep",
        "damaged",
        lambda: one_page(catalog=DEEP),
        lambda: one_page(catalog=b"/Deep " + b"[" * 90 + b"]" * 90),
    ),
    ("a page too many", "too_many_pages", lambda: sound(pages=2_001), lambda: sound(pages=2_000)),
    (
        "a gigabyte in a megabyte",
        "damaged",
        lambda: _unpacks_to(GIGABYTE),
        lambda: _unpacks_to(16 * MEBIBYTE),
    ),
    (
        "a gigabyte packed twice",
        "damaged",
        lambda: _unpacks_twice_to(GIGABYTE),
        lambda: _unpacks_twice_to(16 * MEBIBYTE),
    ),
    (
        "objects that unpack to a gigabyte",
        "damaged",
        lambda: packed_objects(GIGABYTE),
        lambda: packed_objects(MEBIBYTE),
    ),
]
