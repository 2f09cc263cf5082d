"""Cover art drawn from a report's year and slug, so that every report has a cover and it never changes.

A cover is an SVG of 340 by 440 units (the shape of a Letter page): type above, and below it, full bleed, 5 by 4 cells
of art. The year picks one of nine palettes, the stored motif one of nine drawings, and the digest of the slug turns and
places things in it. Every cover has exactly one yellow form: *your seat*. There are attributes only and no `style`, so
a strict content security policy lets it pass inline.
"""

import hashlib
import textwrap
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from math import cos, pi, sin
from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe


class Palette(NamedTuple):
    """The three colours of a year; `type` is the second form's colour and sets the words."""

    ground: str
    form: str
    type: str


YELLOW = "#F6B81A"
FIRST_YEAR = 2008
PALETTES = (
    Palette("#1E3D59", "#8DB9D0", "#F3F1E8"),
    Palette("#D6E3DA", "#2F6F5E", "#16302B"),
    Palette("#84303A", "#EFAF9B", "#FCF0E8"),
    Palette("#E4DFF0", "#6656A0", "#2A2350"),
    Palette("#0F5759", "#7FC8BC", "#EBF6F2"),
    Palette("#F3DACF", "#BC4E32", "#4A1D1A"),
    Palette("#23325A", "#8EA8E0", "#EFF2FB"),
    Palette("#D9E7F1", "#2C6E9B", "#12324A"),
    Palette("#173F31", "#7FBF97", "#EFF7EE"),
)
WIDTH, HEIGHT = 340, 440
CELL, COLUMNS, ROWS = 68, 5, 4
ART_HEIGHT = ROWS * CELL
ART_TOP = HEIGHT - ART_HEIGHT

Digest = bytes
Motif = Callable[[Digest, Palette], str]


def palette_number(year: int) -> int:
    """0 to 8: which palette a year has. Two reports of one year are siblings."""
    return (year - FIRST_YEAR) % len(PALETTES)


def _digest(slug: str) -> Digest:
    return hashlib.sha256(slug.encode()).digest()


def _n(value: float) -> str:
    return f"{round(value, 1):g}"


def _cells() -> Iterator[tuple[int, int, int, int, int]]:
    """Index, column, row, x and y of the 20 cells, row by row."""
    for index in range(COLUMNS * ROWS):
        row, column = divmod(index, COLUMNS)
        yield index, column, row, column * CELL, row * CELL


def _disc(x: float, y: float, radius: float, fill: str) -> str:
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}"/>'


def _bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<path d="M{_n(x)} {_n(y)}h{_n(width)}v{_n(height)}h-{_n(width)}z" fill="{fill}"/>'


def _quarter(x: int, y: int, corner: int, fill: str) -> str:
    """A quarter disc that fills the cell from a corner: 0 top left, then clockwise. The stroke closes hairlines."""
    start_x, start_y = x + CELL * (corner in (1, 2)), y + CELL * (corner in (2, 3))
    across = CELL if corner in (0, 3) else -CELL
    down = CELL if corner in (0, 1) else -CELL
    sweep = 1 if corner in (0, 2) else 0
    d = f"M{start_x} {start_y}h{across}a{CELL} {CELL} 0 0 {sweep} {-across} {down}z"
    return f'<path d="{d}" fill="{fill}" stroke="{fill}" stroke-width="0.6"/>'


def _half(x: int, y: int, facing: int, fill: str) -> str:
    """A half disc, a seat seen from above, facing 0 right, 1 down, 2 left or 3 up."""
    r = CELL // 2
    start, step = {
        0: (f"{x + r // 2} {y}", f"0 {CELL}"),
        1: (f"{x + CELL} {y + r // 2}", f"-{CELL} 0"),
        2: (f"{x + CELL - r // 2} {y + CELL}", f"0 -{CELL}"),
        3: (f"{x} {y + CELL - r // 2}", f"{CELL} 0"),
    }[facing]
    return f'<path d="M{start}a{r} {r} 0 0 1 {step}z" fill="{fill}"/>'


def _rows(h: Digest, colours: Palette) -> str:
    """Everyone faces one way; one seat faces the other."""
    yours, face = h[1] % 20, h[2] % 2 * 2
    return "".join(
        _half(
            x,
            y,
            (face + 2) % 4 if index == yours else face,
            YELLOW if index == yours else colours[1 + (row + h[3]) % 2],
        )
        for index, _, row, x, y in _cells()
    )


def _table(h: Digest, colours: Palette) -> str:
    """Seats around a table."""
    seats, x, y = 9 + h[1] % 4, 102 + CELL * (h[2] % 3), ART_HEIGHT // 2
    turn, yours = h[3] / 255 * 2 * pi, h[4] % seats
    angles = [turn + 2 * pi * seat / seats for seat in range(seats)]
    around = "".join(
        _disc(x + 112 * cos(angle), y + 112 * sin(angle), 21, YELLOW if seat == yours else colours.type)
        for seat, angle in enumerate(angles)
    )
    return _disc(x, y, 80, colours.form) + _disc(x, y, 34, colours.ground) + around


def _leap(h: Digest, colours: Palette) -> str:
    """Columns that climb."""
    heights = [1, 1 + h[1] % 2, 2, 3, 4] if h[2] % 2 else [1, 2, 2 + h[1] % 2, 4, 3]
    falling, yours = h[3] % 2, h[4] % 5
    drawn = []
    for column, height in enumerate(reversed(heights) if falling else heights):
        fill = YELLOW if column == yours else colours[1 + column % 2]
        x, y = column * CELL, (ROWS - height) * CELL
        shoulder = (
            f"V{y}a{CELL} {CELL} 0 0 1 {CELL} {CELL}" if falling else f"V{y + CELL}a{CELL} {CELL} 0 0 1 {CELL} -{CELL}"
        )
        d = f"M{x} {ART_HEIGHT}{shoulder}V{ART_HEIGHT}z"
        drawn.append(f'<path d="{d}" fill="{fill}" stroke="{fill}" stroke-width="0.6"/>')
    return "".join(drawn)


def _signal(h: Digest, colours: Palette) -> str:
    """Arcs that spread from a corner."""
    x, y, yours = (0, WIDTH)[h[1] % 2], ART_HEIGHT, h[3] % 4
    fills = [colours.type, colours.form] * 2
    fills[yours] = YELLOW
    arcs = [_disc(x, y, CELL * ring + 34, fills[ring]) + _disc(x, y, CELL * ring, colours.ground) for ring in (3, 2, 1)]
    return "".join(arcs) + _disc(x, y, 34, fills[0])


def _facing(h: Digest, colours: Palette) -> str:
    """Two halves of a talk, never quite aligned."""
    yours, r = h[1] % 10, CELL // 2
    drawn = []
    for pair in range(10):
        row, column = divmod(pair, COLUMNS)
        x, y = column * CELL + r, row * 2 * CELL + (CELL if (column + h[2]) % 2 else 0)
        near = YELLOW if pair == yours else colours.form
        drawn.append(f'<path d="M{x} {y}a{r} {r} 0 0 0 0 {CELL}z" fill="{near}"/>')
        drawn.append(f'<path d="M{x} {y + r // 2}a{r} {r} 0 0 1 0 {CELL}z" fill="{colours.type}"/>')
    return "".join(drawn)


def _weave(h: Digest, colours: Palette) -> str:
    """Lines over and under: a network."""
    row_of_yours, column_shift = h[1] % ROWS, h[2] % COLUMNS
    fills = [YELLOW if row == row_of_yours else colours.form for row in range(ROWS)]
    across = [_bar(0, row * CELL + 17, WIDTH, 34, fills[row]) for row in range(ROWS)]
    down = [_bar(column * CELL + 17, 0, 34, ART_HEIGHT, colours.type) for column in range(COLUMNS)]
    over = [
        _bar(x + 11, y + 17, 46, 34, fills[row])
        for _, column, row, x, y in _cells()
        if (column + row + column_shift) % 2
    ]
    return "".join(across + down + over)


def _petals(h: Digest, colours: Palette) -> str:
    """Quarter discs that turn cell by cell."""
    yours, shift, folded = h[1] % 20, h[2] % 4, h[3] % 2
    drawn = []
    for index, column, row, x, y in _cells():
        turn = (column % 2 + 2 * (row % 2)) if folded else column + row
        fill = YELLOW if index == yours else colours[1 + (column // 2 + row // 2 + shift) % 2]
        drawn.append(_quarter(x, y, turn % 4 ^ (shift % 2), fill))
    return "".join(drawn)


def _path(h: Digest, colours: Palette) -> str:
    """One line finds its way; the dot is where you are."""
    r, colour = CELL // 2, colours[1 + h[2] % 2]
    lines = []
    for _, column, row, x, y in _cells():
        # mirrored left and right, so that chance looks like a plan
        bends = h[5 + min(column, 4 - column) + 3 * row] % 2 ^ (column > 2)
        top, left = f"M{x + r} {y}", f"M{x} {y + r}"
        if bends:
            lines += [f"{top}a{r} {r} 0 0 1 -{r} {r}", f"M{x + CELL} {y + r}a{r} {r} 0 0 0 -{r} {r}"]
        else:
            lines += [f"{top}a{r} {r} 0 0 0 {r} {r}", f"{left}a{r} {r} 0 0 1 {r} {r}"]
    drawn = f'<path d="{"".join(lines)}" fill="none" stroke="{colour}" stroke-width="22"/>'
    return drawn + _disc((1 + h[3] % 3) * CELL + r, (1 + h[4] % 2) * CELL, 24, YELLOW)


def _scales(h: Digest, colours: Palette) -> str:
    """Row behind row, like an audience."""
    yours, whole, drawn = h[1] % 9, 0, []
    for row in range(5):
        for column in range(-1, 5):
            x, y = (column + 1) * CELL + (34 if row % 2 else 0), row * 58 + 44
            fully_seen = 0 < row < 4 and 34 <= x <= WIDTH - 34
            fill = YELLOW if fully_seen and whole == yours else colours[1 + row % 2]
            whole += fully_seen
            drawn.append(_disc(x, y, 34, fill) + _disc(x, y, 13, colours.ground))
    return "".join(drawn)


MOTIFS: tuple[tuple[str, Motif], ...] = (
    ("Rows", _rows),
    ("Table", _table),
    ("Leap", _leap),
    ("Signal", _signal),
    ("Facing", _facing),
    ("Weave", _weave),
    ("Petals", _petals),
    ("Path", _path),
    ("Scales", _scales),
)
MOTIF_CHOICES = [(number, name) for number, (name, _) in enumerate(MOTIFS)]


def motif_for(slug: str, recent: Collection[int] = ()) -> int:
    """The motif for a new report, 0 to 8: the slug's own, or the next one that none of `recent` has.

    To be chosen once, when the report is first saved, and stored. `recent` are the motifs of the three before it.
    """
    own = _digest(slug)[7] % len(MOTIFS)
    turns = ((own + step) % len(MOTIFS) for step in range(len(MOTIFS)))
    return next((motif for motif in turns if motif not in recent), own)


def _art(year: int, slug: str, motif: int) -> str:
    return MOTIFS[motif % len(MOTIFS)][1](_digest(slug), PALETTES[palette_number(year)])


def art_svg(year: int, slug: str, *, motif: int) -> str:
    """The art alone, 340 by 272 units, as an SVG file: for the PDF, where the type is set in HTML."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {ART_HEIGHT}" '
        f'width="{WIDTH}" height="{ART_HEIGHT}">{_art(year, slug, motif)}</svg>'
    )


def _year_in_full(year: int, colour: str) -> str:
    return (
        f'<text class="cover-year" x="16" y="130" font-size="126" textLength="308" '
        f'lengthAdjust="spacingAndGlyphs" fill="{colour}">{year}</text>'
    )


def _words(year: int, title: str, label: str, colour: str) -> str:
    main, _, subtitle = title.partition(": ")
    size, lines = 26, textwrap.wrap(main, 19)
    if len(lines) > 3:
        size, lines = 20, textwrap.wrap(main, 25)
    y, drawn = 74, []
    for line in lines[:5]:
        drawn.append(
            f'<text class="cover-title" x="20" y="{y}" font-size="{size}" fill="{colour}">{escape(line)}</text>'
        )
        y += round(size * 1.12)
    for line in textwrap.wrap(subtitle, 42)[:3]:
        drawn.append(f'<text class="cover-sub" x="20" y="{y}" font-size="13.5" fill="{colour}">{escape(line)}</text>')
        y += 17
    return (
        f'<text class="cover-label" x="20" y="34" font-size="12" fill="{colour}">{escape(label)}</text>'
        f'<text class="cover-label" x="320" y="34" font-size="12" text-anchor="end" fill="{colour}">{year}</text>'
        f'<path d="M20 43H320" stroke="{colour}" stroke-width="1"/>{"".join(drawn)}'
    )


@lru_cache(maxsize=1024)
def cover_svg(year: int, slug: str, *, title: str | None = None, label: str = "", motif: int) -> SafeString:
    """A cover to put inline in a page, `aria-hidden`: the title is to stand beside it as text.

    Without a title it is a thumbnail, whose head the year fills. With one it is the large cover: `label` and year, a
    rule, the title to its first colon and the subtitle after it. The page's style sheet sets `cover-year`,
    `cover-title`, `cover-sub` and `cover-label` in the site's fonts.
    """
    colours = PALETTES[palette_number(year)]
    words = _words(year, title, label, colours.type) if title else _year_in_full(year, colours.type)
    # escape() has been over every word that came from outside; the rest is numbers and our own colours
    return mark_safe(  # noqa: S308 - see above
        f'<svg class="cover" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" '
        f'focusable="false"><path d="M0 0h{WIDTH}v{HEIGHT}H0z" fill="{colours.ground}"/>'
        f'<svg y="{ART_TOP}" width="{WIDTH}" height="{ART_HEIGHT}" viewBox="0 0 {WIDTH} {ART_HEIGHT}">'
        f"{_art(year, slug, motif)}</svg>{words}</svg>"
    )
