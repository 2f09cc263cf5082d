"""What all kinds of import share when they plan lines: the line on its way, the plan, and who an organization is.

A planner sees a whole import in chunks, in the order of the file, twice: for the preview, and again, under lock, just
before each chunk is written. Both must come to the same plan, or nothing is written.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from members.importing.cells import CellRefused, quoted
from members.models import ImportLine, Organization

Action = ImportLine.Action
Words = list[list[str]]
Row = TypeVar("Row", bound=models.Model)


@dataclass(slots=True)
class Draft:
    """A line whose cells were read: values by field, and what was wrong."""

    number: int
    values: dict[str, Any]
    words: Words = field(default_factory=list)


@dataclass(slots=True)
class Planned:
    """What becomes of a line. `row` is for the planner's own `write` and is stored nowhere."""

    number: int
    action: ImportLine.Action
    label: str
    words: Words
    row: Any = None

    def same_as(self, line: ImportLine) -> bool:
        """Whether this is what the preview said."""
        return (self.action, self.words) == (line.action, line.words)


class Planner(ABC):
    """Plans and writes the lines of one kind, chunk by chunk. Remembers what earlier lines of the file said."""

    def __init__(self, *, now: datetime, lock: bool) -> None:
        self.now = now
        self.lock = lock
        self._lines: dict[str, int] = {}
        self._clashes: list[LineRefused] = []

    def plan(self, drafts: Sequence[Draft]) -> list[Planned]:
        """One plan for each line, in the same order."""
        self.look_up([draft for draft in drafts if not draft.words])
        return [self._one(draft) for draft in drafts]

    def _one(self, draft: Draft) -> Planned:
        self._clashes = []
        if not draft.words:
            try:
                planned = self.plan_line(draft)
                if not self._clashes:
                    return planned
                raise self._clashes[0]
            except LineRefused as refused:
                draft.words.append([refused.label, refused.sentence])
        return Planned(draft.number, Action.REFUSE, self.label_of(draft.values), draft.words)

    def once(self, key: str, number: int, label: str = "") -> None:
        """The line is refused when an earlier line of the file has the key, unless there is more to say of it."""
        earlier = self._lines.setdefault(key, number)
        if earlier != number:
            self.clash(label, f"Line {earlier} is about the same one. Keep one of the two.")

    def clash(self, label: str, sentence: str) -> None:
        """The line does not go with an earlier one; said when nothing is wrong with the line itself."""
        self._clashes.append(LineRefused(label, sentence))

    def locked(self, rows: models.QuerySet[Row]) -> models.QuerySet[Row]:
        """The rows, locked when they are about to be written."""
        return rows.select_for_update(of=("self",)).order_by("pk") if self.lock else rows

    @abstractmethod
    def look_up(self, drafts: Sequence[Draft]) -> None:
        """Read what is there already for these lines, in a few statements."""

    @abstractmethod
    def label_of(self, values: dict[str, Any]) -> str:
        """What the line calls the row that it is about."""

    @abstractmethod
    def plan_line(self, draft: Draft) -> Planned:
        """The plan for one line. Raises LineRefused."""

    @abstractmethod
    def write(self, planned: Iterable[Planned]) -> None:
        """Write what was planned as created or changed."""


class LineRefused(Exception):
    """Why a line cannot be, in a sentence, and the label of the field that it is about (or none)."""

    def __init__(self, label: str, sentence: str) -> None:
        super().__init__(sentence)
        self.label = label
        self.sentence = sentence


@contextmanager
def about(label: str) -> Iterator[None]:
    """What a cell is refused for inside, the line is refused for, at the field of this label."""
    try:
        yield
    except CellRefused as refused:
        raise LineRefused(label, refused.sentence) from refused


def check(row: models.Model, labels: Mapping[str, str], *, unread: Sequence[str]) -> None:
    """Have the model's own validators look at all fields but those that no line can fill. Raises LineRefused."""
    try:
        row.clean_fields(exclude=unread)
    except ValidationError as error:
        name, sentences = next(iter(error.message_dict.items()))
        raise LineRefused(labels.get(name, ""), sentences[0]) from error


def shown(value: Any) -> str:
    """A value as the preview writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return quoted(str(value)) if value not in (None, "") else "nothing"


def changes(row: models.Model, wanted: Sequence[tuple[str, str, Any]]) -> Words:
    """Set fields of a row, given as (field, label, value); answers with what becomes what."""
    words = []
    for name, label, value in wanted:
        held = getattr(row, name)
        if held != value:
            words.append([label, f"{shown(held)} becomes {shown(value)}"])
            setattr(row, name, value)
    return words


class Organizations:
    """Who is meant by an NCES ID, a short name, or a name: looked up for many lines at once."""

    def __init__(self) -> None:
        self._by: dict[tuple[str, str], list[Organization]] = {}

    def look_up(self, references: Iterable[str], rows: models.QuerySet[Organization] | None = None) -> None:
        """Read the organizations that these could mean; what was read before is forgotten."""
        wanted = {reference.casefold() for reference in references}
        found: dict[tuple[str, str], list[Organization]] = defaultdict(list)
        if wanted:
            rows = Organization.objects.all() if rows is None else rows
            named = rows.annotate(lower_name=Lower("name")).select_related("merged_into")
            for row in named.filter(Q(nces_id__in=wanted) | Q(slug__in=wanted) | Q(lower_name__in=wanted)):
                found["nces", row.nces_id].append(row)
                found["slug", row.slug].append(row)
                found["name", row.name.casefold()].append(row)
        self._by = dict(found)

    def rows(self) -> Iterable[list[Organization]]:
        """All that were read, in groups."""
        return self._by.values()

    def having(self, what: str, value: str) -> list[Organization]:
        """Those of the ones looked up whose `nces`, `slug` or `name` this is."""
        return self._by.get((what, value.casefold()), []) if value else []

    def named(self, name: str, state: str = "") -> list[Organization]:
        """Those with this name that nobody was merged from; with a state, those in it or in none."""
        there = [row for row in self.having("name", name) if row.merged_into_id is None]
        exact = [row for row in there if row.state == state]
        return exact or [row for row in there if not state or not row.state]

    def one(self, reference: str, state: str = "") -> Organization:
        """The one that is meant. Raises CellRefused: none, several, or one that was merged."""
        found = self.having("nces", reference) or self.having("slug", reference) or self.named(reference, state)
        if not found:
            where = f" in {state}" if state else ""
            raise CellRefused(f"We know no organization {quoted(reference)}{where}.")
        if len(found) > 1:
            raise CellRefused(f"We know {len(found)} organizations {quoted(reference)}. Give the NCES ID or the state.")
        return not_merged(found[0])


def not_merged(row: Organization) -> Organization:
    """The row. Raises CellRefused when it was merged into another one."""
    if row.merged_into_id is not None:
        raise CellRefused(f"{row} was merged into {row.merged_into}. Name that one instead.")
    return row
