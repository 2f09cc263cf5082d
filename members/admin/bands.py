"""The scale of a price list as staff type it: a band to a line, its size and its dues in dollars."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

Bands = list[tuple[int | None, int]]

LARGEST = 2_147_483_647  # what an integer column holds
_BAND = re.compile(r"(?:up to (?P<size>[\d,]+)|any size)\s*:\s*\$?(?P<dues>[\d,]+(?:\.\d{1,2})?)", re.I)
_ONE_PRICE = re.compile(r"\$?(?P<dues>[\d,]+(?:\.\d{1,2})?)")


def written(bands: Iterable[tuple[int | None, int]]) -> str:
    """As they would be typed; a single price for any size is the price alone."""
    bands = list(bands)
    if [up_to for up_to, _ in bands] == [None]:
        return _dollars(bands[0][1])
    return "\n".join(
        f"{'any size' if up_to is None else f'up to {up_to:,}'}: {_dollars(cents)}" for up_to, cents in bands
    )


def read(text: str) -> Bands:
    """Pairs of an upper size (None: any) and cents. Raises ValidationError, with a sentence for each wrong line."""
    bands: Bands = []
    wrong: list[str] = []
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        try:
            bands.append(_read_line(line, is_only=len(lines) == 1))
        except ValueError as problem:
            wrong.append(f"Line {number}, “{line[:60]}”: {problem}")
    wrong += _out_of_order(bands)
    if wrong:
        raise ValidationError(wrong)
    return bands


def _read_line(line: str, *, is_only: bool) -> tuple[int | None, int]:
    found = (_ONE_PRICE.fullmatch(line) if is_only else None) or _BAND.fullmatch(line)
    if found is None:
        raise ValueError("write it like “up to 5,000: 950.00”, and the last one like “any size: 4,200.00”.")
    size = found.groupdict().get("size")
    up_to = int(size.replace(",", "")) if size else None
    cents = int(Decimal(found["dues"].replace(",", "")) * 100)
    if cents > LARGEST or (up_to or 0) > LARGEST:
        raise ValueError("this number is too large.")
    return up_to, cents


def _out_of_order(bands: Bands) -> list[str]:
    sizes = [up_to for up_to, _ in bands]
    if len(set(sizes)) != len(sizes):
        return ["Two lines end at the same size. Leave one of them out."]
    rising = sorted(bands, key=lambda band: (band[0] is None, band[0] or 0))
    return [] if rising == bands else ["List the smallest size first, and “any size” last."]


def _dollars(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02}"


class BandsField(forms.CharField):
    """A box of lines; what was typed stays when a line is wrong."""

    widget = forms.Textarea(attrs={"rows": 7, "cols": 40})

    def clean(self, value: Any) -> Any:
        return read(super().clean(value))


class DollarsField(forms.DecimalField):
    """An amount in dollars, in the form’s data whole cents."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_value", Decimal(LARGEST) / 100)
        super().__init__(max_digits=10, decimal_places=2, **kwargs)

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        return None if found is None else int(found * 100)

    def prepare_value(self, value: Any) -> Any:
        """An initial value is in cents; what was typed is shown as it was typed."""
        return f"{value / 100:.2f}" if isinstance(value, int) else value
