"""The inside of `reports.indexing`: reads one PDF in a process of its own, without Django.

`python -m reports.pdf_reader text FILE MOST_PAGES` prints a JSON list with the raw text of each page;
`python -m reports.pdf_reader picture FILE WIDTH` prints the first page as a PNG.
"""

import json
import sys
from pathlib import Path

from cosn_site import bounded

MEMORY = 1024 * bounded.MEBIBYTE
CPU_SECONDS = 60
MOST_LETTERS_A_PAGE = 100_000
MOST_LETTERS = 20_000_000
TALLEST = 4  # times the width: a page that is taller comes out narrower

if __name__ == "__main__":  # before the library that the limits are meant for
    bounded.limit_this_process(memory=MEMORY, cpu_seconds=CPU_SECONDS)

import pypdfium2  # noqa: E402


def texts(path: Path, most_pages: int) -> list[str]:
    """What can be seen of each page's text, line by line; empty for pages beyond the limits."""
    found: list[str] = []
    room = MOST_LETTERS
    with pypdfium2.PdfDocument(path) as pdf:
        for number in range(min(len(pdf), most_pages)):
            text = ""
            if room > 0:
                text = pdf[number].get_textpage().get_text_bounded()[:MOST_LETTERS_A_PAGE]
            found.append(text)
            room -= len(text)
    return found


def picture(path: Path, width: int) -> None:
    """Write the first page to the standard output."""
    with pypdfium2.PdfDocument(path) as pdf:
        page = pdf[0]
        page_width, page_height = page.get_size()
        scale = min(width / page_width, TALLEST * width / page_height)
        image = page.render(scale=scale, may_draw_forms=False, fill_color=(255, 255, 255, 255)).to_pil()
        image.convert("RGB").save(sys.stdout.buffer, "PNG", optimize=True)


def main() -> None:
    """Answer, or leave with OUT_OF_MEMORY when the limit was in the way."""
    what, path, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    try:
        if what == "text":
            sys.stdout.write(json.dumps(texts(path, number)))
        else:
            picture(path, number)
    except MemoryError:
        sys.exit(bounded.OUT_OF_MEMORY)


if __name__ == "__main__":
    main()
