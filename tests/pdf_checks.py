"""What the tests ask of a PDF that we made: the machine-checkable part of PDF/UA-1 (ISO 14289-1), and its words."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2

PAINTS = {"Tj", "TJ", "'", '"', "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "Do", "INLINE IMAGE"}


def words(content: bytes) -> list[str]:
    """The text of each page on one line."""
    with pypdfium2.PdfDocument(content) as pdf:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in pdf]


def outline(content: bytes) -> list[tuple[int, str, int]]:
    """The bookmarks: level from 0, title, and page from 1."""
    with pypdfium2.PdfDocument(content) as pdf:
        return [(mark.level, mark.get_title(), mark.get_dest().get_index() + 1) for mark in pdf.get_toc()]


def structure(content: bytes) -> list[str]:
    """The standard types of all structure elements, in reading order."""
    with pikepdf.open(BytesIO(content)) as pdf:
        return [str(element.S).removeprefix("/") for element in _elements(pdf.Root.StructTreeRoot)]


def ua_problems(content: bytes) -> list[str]:
    """Where the file falls short of PDF/UA-1, as far as a program can tell; empty when nowhere."""
    with pikepdf.open(BytesIO(content)) as pdf:
        if "/StructTreeRoot" not in pdf.Root:
            return ["no structure tree"]
        return [*_document(pdf), *_headings(pdf), *_figures(pdf), *_fonts(pdf), *_links(pdf), *_content(pdf)]


def instructions(stream: Any) -> Iterator[tuple[Any, str]]:
    """Operands and operator of each instruction of a page or a form."""
    for instruction in pikepdf.parse_content_stream(stream):
        yield instruction.operands, str(instruction.operator)


def _elements(node: Any) -> Iterator[Any]:
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from _elements(kid)


def _parents(pdf: pikepdf.Pdf) -> dict[int, Any]:
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
    return {int(numbers[index]): numbers[index + 1] for index in range(0, len(numbers), 2)}


def _flag(root: Any, dictionary: str, key: str) -> bool:
    return dictionary in root and bool(root[dictionary].get(key))


def _document(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    if not _flag(root, "/MarkInfo", "/Marked"):
        yield "not marked as tagged"
    if not str(root.get("/Lang", "")):
        yield "no language"
    if not _flag(root, "/ViewerPreferences", "/DisplayDocTitle"):
        yield "the title bar shows the file's name"
    with pdf.open_metadata(update_docinfo=False) as metadata:
        if metadata.get("pdfuaid:part") != "1":
            yield "does not say that it is PDF/UA-1"
        if not metadata.get("dc:title"):
            yield "no title"
    for page in pdf.pages:
        if page.obj.get("/Tabs") != pikepdf.Name.S:
            yield "tab order is not that of the structure"


def _headings(pdf: pikepdf.Pdf) -> Iterator[str]:
    level = 0
    for element in _elements(pdf.Root.StructTreeRoot):
        if match := re.fullmatch(r"/H([1-6])", str(element.S)):
            if int(match[1]) > level + 1:
                yield f"a heading of level {match[1]} follows one of level {level}"
            level = int(match[1])


def _figures(pdf: pikepdf.Pdf) -> Iterator[str]:
    for element in _elements(pdf.Root.StructTreeRoot):
        if pikepdf.Name.Figure == element.S and not str(element.get("/Alt", "")):
            yield "a figure without words"


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == pikepdf.Name.Font:
            if item.Subtype == pikepdf.Name.Type0 and "/ToUnicode" not in item:
                yield f"{item.BaseFont} has glyphs without letters"
            if "/FontDescriptor" in item and not {"/FontFile2", "/FontFile3"} & set(item.FontDescriptor.keys()):
                yield f"{item.BaseFont} is not embedded"


def _links(pdf: pikepdf.Pdf) -> Iterator[str]:
    parents = _parents(pdf)
    for page in pdf.pages:
        for note in page.obj.get("/Annots", []):
            if not str(note.get("/Contents", "")):
                yield "a link without words"
            parent = parents.get(int(note.get("/StructParent", -1)))
            if parent is None or pikepdf.Name.Link != parent.S:
                yield "a link outside the structure"


def _content(pdf: pikepdf.Pdf) -> Iterator[str]:
    """Whatever is painted is an artifact or belongs to an element that can be reached from the root."""
    parents = _parents(pdf)
    reachable = {element.objgen for element in _elements(pdf.Root.StructTreeRoot)}
    for number, page in enumerate(pdf.pages, start=1):
        owners = parents.get(int(page.obj.get("/StructParents", -1)), [])
        depth = 0
        for operands, name in instructions(page):
            if name in ("BDC", "BMC"):
                depth += 1
                marks = operands[1] if name == "BDC" else {}
                if "/MCID" in marks and owners[int(marks["/MCID"])].objgen not in reachable:
                    yield f"page {number} has content that no element owns"
            elif name == "EMC":
                depth -= 1
            elif name in PAINTS and not depth:
                yield f"page {number} has content that is neither tagged nor an artifact"
