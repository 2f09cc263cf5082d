"""The code of a ticket as a drawing that a door's camera reads."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import segno
from django.conf import settings
from django.urls import reverse

from forums.models import Registration

QUIET = 4  # modules of white around the code, as ISO 18004 has it: in the dark scheme nothing else is white
WORDS_OF = 4  # characters in a group of a code, for whoever reads it out


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code as the path of an SVG on a square of so many units."""

    size: int
    path: str


@lru_cache(maxsize=512)
def qr_code(text: str) -> Code:
    """The text as a QR code that is still read with an eighth of it hidden."""
    code = segno.make(text, error="m", micro=False)
    runs = []
    for row, line in enumerate(code.matrix):
        column = 0
        for is_dark, modules in groupby(line):
            length = len(list(modules))
            if is_dark:
                runs.append(f"M{column + QUIET} {row + QUIET}h{length}v1h-{length}z")
            column += length
    return Code(size=len(code.matrix) + 2 * QUIET, path="".join(runs))


def address_of_ticket(registration: Registration) -> str:
    """What the code holds: an address that means something to staff at a door, and to nobody else."""
    return f"{settings.SITE_URL}{reverse('forums:ticket', args=[registration.ticket])}"


def in_groups(code: str) -> str:
    """KJ3P-7QXW-MM2D: as one reads it out, of a ticket and of a certificate's number."""
    return "-".join(code[start : start + WORDS_OF] for start in range(0, len(code), WORDS_OF))
