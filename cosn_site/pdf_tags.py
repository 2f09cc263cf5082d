"""Two things that PDF/UA-1 asks for and the renderer leaves undone, put right in the PDF before it is written.

Running heads and page numbers repeat on each page, so they must be artifacts (ISO 14289-1, 7.8): the renderer tags them
and then leaves them out of the structure tree. And a link inside the document must describe where it leads (7.18.5):
the renderer gives the name of the anchor, which no reader wants to hear.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import pydyf
from weasyprint import Document

PAGINATION = pydyf.Dictionary({"Type": "/Pagination"})


def finish(source: Element, document: Document, pdf: pydyf.PDF) -> None:
    """The renderer's `finisher`, but for `source`, the parsed HTML: called with all objects made and none written."""
    structure = _object(pdf, pdf.catalog["StructTreeRoot"])
    reachable = set(_reachable(pdf, structure["K"]))
    parents = _object(pdf, structure["ParentTree"])["Nums"]
    for key, entry in zip(parents[::2], parents[1::2], strict=True):
        if isinstance(entry, pydyf.Array) and key < len(document.pages):
            _release(pdf, pdf.page_references[key], entry, reachable)
    _describe_links(source, pdf)


def _object(pdf: pydyf.PDF, reference: bytes) -> Any:
    return pdf.objects[int(reference.split()[0])]


def _reachable(pdf: pydyf.PDF, kids: list[Any]) -> Iterator[bytes]:
    """References of all structure elements that can be reached from the root."""
    waiting = [kid for kid in kids if isinstance(kid, bytes)]
    while waiting:
        reference = waiting.pop()
        yield reference
        waiting += [kid for kid in _object(pdf, reference).get("K", ()) if isinstance(kid, bytes)]


def _release(pdf: pydyf.PDF, page: bytes, parents: pydyf.Array, reachable: set[bytes]) -> None:
    """Turn the marked content of a page whose element hangs nowhere into artifacts."""
    orphans = {mcid for mcid, reference in enumerate(parents) if reference not in reachable}
    for mcid in orphans:
        parents[mcid] = b"null"
    stream = _object(pdf, _object(pdf, page)["Contents"]).stream
    for position, operand in enumerate(stream):
        if isinstance(operand, pydyf.Dictionary) and operand.get("MCID") in orphans:
            stream[position - 1 : position + 1] = ["/Artifact", PAGINATION]


def _describe_links(source: Element, pdf: pydyf.PDF) -> None:
    words = {
        element.get("id"): " ".join("".join(element.itertext()).split())
        for element in source.iter()
        if element.get("id")
    }
    for item in pdf.objects:
        if isinstance(item, pydyf.Dictionary) and item.get("Subtype") == "/Link" and "Dest" in item:
            target = words.get(item["Dest"].string)
            if target:
                item["Contents"] = pydyf.String(f"Go to: {target[:200]}")
