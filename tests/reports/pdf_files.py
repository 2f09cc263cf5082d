"""PDFs for the tests of the intake: a sound one, ways to spoil it, and raw ones that no library would write."""

import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

Change = Callable[[pikepdf.Pdf], object]

LETTER = Array([0, 0, 612, 792])
JAVASCRIPT = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
LAUNCH = Dictionary(S=Name.Launch, F=String("calc.exe"))
HOME = Dictionary(S=Name.URI, URI=String("https://example.org/"))


def jump(pdf: pikepdf.Pdf) -> Dictionary:
    """An action that goes to the second page."""
    return Dictionary(S=Name.GoTo, D=Array([pdf.pages[1].obj, Name.Fit]))


def unchanged(pdf: pikepdf.Pdf) -> None:
    """Nothing."""


def sound(change: Change = unchanged, *, pages: int = 3, **how_to_save: Any) -> bytes:
    """A PDF of three pages with a title, a link and an outline, changed as told."""
    out = BytesIO()
    with pikepdf.new() as pdf:
        for number in range(1, pages + 1):
            page = pdf.add_blank_page()
            page.Contents = pdf.make_stream(f"BT /F1 12 Tf 72 720 Td (Page {number}) Tj ET".encode())
            page.Resources = Dictionary(
                Font=Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
            )
        pdf.docinfo.Title = String("A sound report")
        if pages > 1:
            link(pdf, HOME)
            outline(pdf, jump(pdf))
        change(pdf)
        pdf.save(out, **how_to_save)
    return out.getvalue()


def link(pdf: pikepdf.Pdf, action: Dictionary, **more: Any) -> None:
    """A link on the first page."""
    note = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([72, 700, 144, 720]), A=action, **more)
    annotate(pdf, note)


def annotate(pdf: pikepdf.Pdf, note: Dictionary) -> None:
    """One more annotation on the first page."""
    page = pdf.pages[0].obj
    if "/Annots" not in page:
        page.Annots = Array()
    page.Annots.append(pdf.make_indirect(note))


def outline(pdf: pikepdf.Pdf, action: Dictionary) -> None:
    """An outline of one item."""
    tree = pdf.make_indirect(Dictionary(Type=Name.Outlines, Count=1))
    item = pdf.make_indirect(Dictionary(Title=String("First"), Parent=tree, A=action))
    tree.First = tree.Last = item
    pdf.Root.Outlines = tree


def form(pdf: pikepdf.Pdf, field: dict[str, Any], **more: Any) -> None:
    """A form with one text field."""
    widget = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), Rect=Array([0, 0, 9, 9]))
    for key, value in field.items():
        widget[f"/{key}"] = value
    held = pdf.make_indirect(widget)
    pdf.pages[0].obj.Annots.append(held)
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array([held]), **more))


def file_inside(pdf: pikepdf.Pdf) -> Dictionary:
    """A file specification with the file's bytes."""
    stream = pdf.make_stream(b"MZ", Type=Name.EmbeddedFile)
    return pdf.make_indirect(Dictionary(Type=Name.Filespec, F=String("x.exe"), EF=Dictionary(F=stream)))


def file_named(pdf: pikepdf.Pdf) -> Dictionary:
    """A file specification that only names a file."""
    return pdf.make_indirect(Dictionary(Type=Name.Filespec, F=String("x.exe")))


def raw(objects: Sequence[bytes], *, trailer: bytes = b"", head: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF of objects written as they are, the first of which is the catalog; the table of their places is right."""
    out, places = head, []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n" % count
        + table
        + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (count, trailer, len(out))
    )


def stream(content: bytes, **more: bytes) -> bytes:
    """A stream object, written as it is."""
    entries = b"".join(b"/%s %s " % (key.encode(), value) for key, value in more.items())
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R %s >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] %s >>"


def one_page(*, catalog: bytes = b"", page: bytes = b"", more: Sequence[bytes] = (), **rest: bytes) -> bytes:
    """A raw PDF of one page, with additions to its catalog and its page and further objects from number 4 on."""
    return raw([CATALOG % catalog, PAGES, PAGE % page, *more], **rest)


def deflated(zeros: int, head: bytes = b"") -> bytes:
    """What unpacks to `head` and so many zero bytes (whole megabytes), a thousand times as long as itself."""
    packer = zlib.compressobj(9)
    out = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = zlib.compressobj(9, wbits=-15)
    megabyte = piece.compress(bytes(1024 * 1024)) + piece.flush(zlib.Z_FULL_FLUSH)
    low, high = zlib.adler32(head) & 0xFFFF, zlib.adler32(head) >> 16
    check = ((high + low * zeros) % 65521) << 16 | low
    return out + megabyte * (zeros // (1024 * 1024)) + b"\x03\x00" + check.to_bytes(4, "big")


def packed_objects(zeros: int) -> bytes:
    """A PDF whose page is inside an object stream, with so many zero bytes behind it."""
    content = deflated(zeros, b"3 0 " + PAGE % b"" + b" ")
    out, places = b"%PDF-1.7\n", []
    for number, body in (
        (1, CATALOG % b""),
        (2, PAGES),
        (4, stream(content, Type=b"/ObjStm", N=b"1", First=b"4", Filter=b"/FlateDecode")),
    ):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    rows = [(0, 0, 65535), (1, places[0], 0), (1, places[1], 0), (2, 4, 0), (1, places[2], 0), (1, len(out), 0)]
    table = b"".join(kind.to_bytes(1, "big") + a.to_bytes(4, "big") + b.to_bytes(2, "big") for kind, a, b in rows)
    cross = stream(table, Type=b"/XRef", W=b"[1 4 2]", Size=b"6", Root=b"1 0 R")
    return out + b"5 0 obj\n" + cross + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(out)
