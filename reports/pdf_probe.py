"""The inside of `reports.intake`: looks at one PDF in a process of its own, and says in JSON what it found.

Run as `python -m reports.pdf_probe FILE MOST_PAGES`, without Django. The answer is `{"pages": 12, "title": "…"}` or
`{"found": "javascript"}`: see FOUND in `reports.intake` for the words. Every object in the file is looked at, whether
or not something leads to it, because what leads to it depends on who reads.
"""

import json
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cosn_site import bounded

MEMORY = 1024 * bounded.MEBIBYTE
CPU_SECONDS = 12
LARGEST_SIDE = 14_400  # points: 200 inches, the most that readers agree on (ISO 32000-1, annex C)
MOST_PAGE_CONTENT = 128 * bounded.MEBIBYTE
DEEPEST_NESTING = 100
PADDING = b"\0\t\n\f\r \x1a"  # what some writers put behind the end mark
MOST_PADDING = 2048

if __name__ == "__main__":  # before the library that the limits are meant for
    bounded.limit_this_process(memory=MEMORY, cpu_seconds=CPU_SECONDS)

import pikepdf  # noqa: E402

ACTIONS = {
    "/JavaScript": "javascript",
    "/RichMediaExecute": "javascript",
    "/Launch": "launch",
    "/ImportData": "other_file",
    "/GoToR": "other_file",
    "/GoToE": "other_file",
    "/SubmitForm": "submit",
}
# Keys whose mere presence says it; the value is not looked at.
KEYS = {"/JS": "javascript", "/XFA": "xfa", "/OnInstantiate": "javascript", "/EF": "embedded"}
KINDS = {"/EmbeddedFile": "embedded", "/FileAttachment": "embedded"}
# One quick look for all of these names in an object's bytes; what follows then looks properly.
SUSPECT = re.compile(
    rb"/(?:JavaScript|RichMediaExecute|Launch|ImportData|GoTo[RE]|SubmitForm|JS|XFA|OnInstantiate|EF|EmbeddedFile"
    rb"|FileAttachment|URI|OpenAction|AA)(?![A-Za-z0-9_])"
)


class Found(Exception):
    """The first thing that speaks against the file."""


def check_frame(path: Path) -> None:
    """That the file begins and ends as a PDF does, so that nothing else can hide before or behind it."""
    with path.open("rb") as file:
        if not file.read(8).startswith(b"%PDF-"):
            raise Found("not_pdf")
        size = file.seek(0, 2)
        file.seek(max(0, size - MOST_PADDING))
        _, mark, behind = file.read().rpartition(b"%%EOF")
        if not mark or behind.strip(PADDING):
            raise Found("cut_off")


def nested(item: pikepdf.Object) -> Iterator[pikepdf.Dictionary]:
    """The dictionaries written inside one object, itself included; not those that it refers to."""
    waiting: list[tuple[Any, int]] = [(item, 0)]
    while waiting:
        here, depth = waiting.pop()
        if depth > DEEPEST_NESTING:
            raise Found("damaged")
        if isinstance(here, pikepdf.Stream):
            here = here.stream_dict
        if isinstance(here, pikepdf.Dictionary):
            yield here
            inside = [here[key] for key in here.keys()]  # noqa: SIM118 - not a mapping
        elif isinstance(here, pikepdf.Array):
            inside = list(here)
        else:
            continue
        containers = (pikepdf.Dictionary, pikepdf.Array)
        waiting += [(one, depth + 1) for one in inside if isinstance(one, containers) and not one.is_indirect]


def check_dictionary(item: pikepdf.Dictionary) -> None:
    """Script, launch and attachment in one dictionary, however it is reached."""
    for key, word in KEYS.items():
        if key in item:
            raise Found(word)
    for key, words in (("/S", ACTIONS), ("/Type", KINDS), ("/Subtype", KINDS)):
        value = item.get(key)
        if isinstance(value, pikepdf.Name) and str(value) in words:
            raise Found(words[str(value)])
    address = item.get("/URI")
    if isinstance(address, pikepdf.String) and str(address).strip().lower().startswith("javascript:"):
        raise Found("javascript")
    check_by_itself(item)


def check_by_itself(item: pikepdf.Dictionary) -> None:
    """That nothing but a jump inside the document happens without the reader's doing."""
    actions = [item.get("/OpenAction")]
    triggers = item.get("/AA")
    if isinstance(triggers, pikepdf.Dictionary):
        actions += [triggers[key] for key in triggers.keys()]  # noqa: SIM118 - not a mapping
    for action in actions:
        if isinstance(action, pikepdf.Dictionary) and action.get("/S") == pikepdf.Name.URI:
            raise Found("by_itself")


def check_objects(pdf: pikepdf.Pdf) -> None:
    """Every object in the file. Names come out of the library decoded, so that `/J#53` is `/JS`."""
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream):
            written = item.stream_dict.unparse()
        elif isinstance(item, (pikepdf.Dictionary, pikepdf.Array)):
            written = item.unparse(resolved=True)
        else:
            if isinstance(item, pikepdf.Name) and str(item) in ACTIONS:  # the kind of an action, kept apart from it
                raise Found(ACTIONS[str(item)])
            continue
        if SUSPECT.search(written):
            for dictionary in nested(item):
                check_dictionary(dictionary)
    if any("duplicated key" in str(warning) for warning in pdf.get_warnings()):
        raise Found("damaged")  # which of the two counts depends on who reads


def pages(pdf: pikepdf.Pdf, most: int) -> Iterator[tuple[pikepdf.Dictionary, Any]]:
    """The pages and the size that each has or inherits. A tree with a loop, or one node in two places, is damaged."""
    waiting: list[tuple[Any, Any]] = [(pdf.Root.get("/Pages"), None)]
    seen: set[tuple[int, int]] = set()
    count = 0
    while waiting:
        node, size = waiting.pop()
        if not isinstance(node, pikepdf.Dictionary):
            raise Found("damaged")
        if node.is_indirect:
            if node.objgen in seen:
                raise Found("damaged")
            seen.add(node.objgen)
        size = node.get("/MediaBox", size)
        kids = node.get("/Kids")
        if kids is None:
            count += 1
            if count > most:
                raise Found("too_many_pages")
            yield node, size
        elif isinstance(kids, pikepdf.Array):
            waiting += [(kid, size) for kid in reversed(list(kids))]
        else:
            raise Found("damaged")


def check_size(size: Any) -> None:
    """That a page can be shown at all."""
    if size is None:
        return  # readers take Letter
    if not isinstance(size, pikepdf.Array) or len(size) != 4:
        raise Found("page_size")
    left, bottom, right, top = (float(side) for side in size)
    if not all(0 < abs(side) <= LARGEST_SIDE for side in (right - left, top - bottom)):
        raise Found("page_size")


def check_content(page: pikepdf.Dictionary) -> None:
    """That a page's content unpacks, and not to more than a page can need."""
    content = page.get("/Contents")
    streams = list(content) if isinstance(content, pikepdf.Array) else [content]
    room = MOST_PAGE_CONTENT
    for stream in streams:
        if not isinstance(stream, pikepdf.Stream):
            continue
        for size in unpacked(stream, room):
            room -= size
            if room <= 0:
                raise Found("bomb")


def unpacked(stream: pikepdf.Stream, most: int) -> Iterator[int]:
    """Sizes of the pieces that a stream unpacks to, one at a time for the usual filter, so that none is kept."""
    filters = stream.get("/Filter")
    if isinstance(filters, pikepdf.Array) and len(filters) == 1:
        filters = filters[0]
    if filters != pikepdf.Name.FlateDecode or "/DecodeParms" in stream:
        yield len(stream.read_bytes())
        return
    inflate = zlib.decompressobj()
    packed = stream.read_raw_bytes()
    while packed and not inflate.eof:
        yield len(inflate.decompress(packed, bounded.MEBIBYTE))
        packed = inflate.unconsumed_tail


def title(pdf: pikepdf.Pdf) -> str:
    """The title in the document's information, on one line and not too long; empty when there is none to be read."""
    value = pdf.docinfo.get("/Title")
    if not isinstance(value, pikepdf.String):
        return ""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", str(value)).split())[:300]


def probe(path: Path, most_pages: int) -> dict[str, Any]:
    """What the file is, or what speaks against it."""
    try:
        check_frame(path)
        with pikepdf.open(path, attempt_recovery=False, inherit_page_attributes=False, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                return {"found": "encrypted"}
            check_objects(pdf)
            count = 0
            for page, size in pages(pdf, most_pages):
                check_size(size)
                check_content(page)
                count += 1
            return {"pages": count, "title": title(pdf)} if count else {"found": "no_pages"}
    except Found as found:
        return {"found": str(found)}
    except pikepdf.PasswordError:
        return {"found": "encrypted"}
    except (pikepdf.PdfError, pikepdf.DataDecodingError, zlib.error, ValueError, TypeError, KeyError, OverflowError):
        return {"found": "damaged"}


def main() -> None:
    """Print the answer; leave with OUT_OF_MEMORY when the limit was in the way of one."""
    try:
        answer = probe(Path(sys.argv[1]), int(sys.argv[2]))
    except MemoryError:
        sys.exit(bounded.OUT_OF_MEMORY)
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
