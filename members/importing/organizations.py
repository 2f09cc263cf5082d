"""Organizations from a file. One is known by its NCES ID, else by its short name, else by name and state."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.text import slugify

from members.importing.cells import CellRefused
from members.importing.fields import ORGANIZATIONS
from members.importing.planning import (
    Action,
    Draft,
    LineRefused,
    Organizations,
    Planned,
    Planner,
    about,
    changes,
    check,
    not_merged,
)
from members.models import Organization

_LABELS = {field.name: field.label for field in ORGANIZATIONS.fields}
_PLAIN = ("name", "kind", "state", "nces_id", "enrollment", "staff_count", "shares_benefit")
_WRITTEN = [*_PLAIN, "parent"]


class OrganizationPlanner(Planner):
    """Creates organizations and changes what a line says of those that are there; empty cells change nothing."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._known, self._parents = Organizations(), Organizations()
        self._names: dict[str, tuple[int, bool]] = {}  # new ones of this file: name and state → line, has an NCES ID
        self._agencies: dict[str, int] = {}  # what new ones of this file may be called as a parent → line

    def look_up(self, drafts: Sequence[Draft]) -> None:
        mine = [
            str(draft.values[name]) for draft in drafts for name in ("name", "nces_id", "slug") if name in draft.values
        ]
        self._known.look_up(mine, self.locked(Organization.objects.all()))
        self._parents.look_up(draft.values["parent"] for draft in drafts if "parent" in draft.values)

    def label_of(self, values: dict[str, Any]) -> str:
        return str(values.get("name") or values.get("nces_id") or values.get("slug") or "")

    def plan_line(self, draft: Draft) -> Planned:
        found = self._found(draft.values)
        return self._change(draft, found) if found else self._create(draft)

    def _found(self, values: dict[str, Any]) -> Organization | None:
        nces, short, name = values.get("nces_id", ""), values.get("slug", ""), values.get("name", "")
        by_nces, by_slug = self._known.having("nces", nces), self._known.having("slug", short)
        if by_nces and by_slug and by_nces != by_slug:
            raise LineRefused(_LABELS["slug"], f"This short name is that of {by_slug[0]}, which has another NCES ID.")
        found = by_nces or by_slug
        if not found and name and not short:
            named = self._known.named(name, values.get("state", ""))
            found = [row for row in named if not (nces and row.nces_id)]  # another ID is another district
        if len(found) > 1:
            raise LineRefused(_LABELS["name"], f"We know {len(found)} of this name. Give the NCES ID or the state.")
        if not found:
            return None
        with about(_LABELS["name"]):
            row = not_merged(found[0])
        if nces and row.nces_id and row.nces_id != nces:
            raise LineRefused(_LABELS["nces_id"], f"{row} has the NCES ID {row.nces_id} here.")
        if short and row.slug != short:
            raise LineRefused(_LABELS["slug"], f"{row} has the short name {row.slug} here, which stays.")
        return row

    def _change(self, draft: Draft, row: Organization) -> Planned:
        self.once(f"pk {row.pk}", draft.number)
        parent = self._parent(draft.values, draft.number)
        if isinstance(parent, str) or (parent is not None and parent.pk == row.pk):
            raise LineRefused(
                _LABELS["parent"], "An organization that is there cannot belong to itself or to a new one."
            )
        wanted = [(name, _LABELS[name], draft.values[name]) for name in _PLAIN if name in draft.values]
        if parent is not None:
            wanted.append(("parent", _LABELS["parent"], parent))
        words = changes(row, wanted)
        _check(row)
        return Planned(draft.number, Action.CHANGE if words else Action.SKIP, str(row), words, row if words else None)

    def _create(self, draft: Draft) -> Planned:
        values = draft.values
        for name in ("name", "kind"):
            if name not in values:
                raise LineRefused(_LABELS[name], "It is not here yet, and a new organization needs one.")
        self._once_in_file(draft)
        parent = self._parent(values, draft.number)
        row = Organization(**{name: values[name] for name in _PLAIN if name in values}, slug=values.get("slug", ""))
        if isinstance(parent, Organization):
            row.parent = parent
        _check(row)
        if row.kind == Organization.Kind.AGENCY:
            for key in (row.name, row.nces_id, row.slug):
                if key:
                    self._agencies.setdefault(key.casefold(), draft.number)
        words = [[_LABELS["parent"], f"Belongs to {values['parent']}."]] if parent is not None else []
        return Planned(draft.number, Action.CREATE, row.name, words, (row, parent if isinstance(parent, str) else ""))

    def _once_in_file(self, draft: Draft) -> None:
        values, has_id = draft.values, "nces_id" in draft.values
        for name in ("nces_id", "slug"):
            if name in values:
                self.once(f"{name} {values[name]}", draft.number)
        key = f"{values['name'].casefold()} {values.get('state', '')}"
        line, had_id = self._names.setdefault(key, (draft.number, has_id))
        if line != draft.number and not (has_id and had_id):
            self.once(f"name {key}", line)
            self.once(f"name {key}", draft.number)

    def _parent(self, values: dict[str, Any], number: int) -> Organization | str | None:
        """The parent; as a string when an earlier line of the file makes it."""
        if "parent" not in values:
            return None
        reference = values["parent"]
        try:
            return self._parents.one(reference)
        except CellRefused as refused:
            if self._agencies.get(reference.casefold(), number) < number:
                return str(reference)
            raise LineRefused(_LABELS["parent"], refused.sentence) from refused

    # --- writing --------------------------------------------------------------------------------------------------
    def write(self, planned: Iterable[Planned]) -> None:
        new: list[tuple[Organization, str]] = []
        changed = []
        for line in planned:
            if line.action == Action.CHANGE:
                changed.append(line.row)
            elif line.action == Action.CREATE:
                if line.row[1]:  # its parent is new too, and perhaps still in hand
                    self._insert(new)
                    new = []
                new.append(line.row)
        self._insert(new)
        Organization.objects.bulk_update(changed, _WRITTEN, batch_size=500)

    def _insert(self, new: Sequence[tuple[Organization, str]]) -> None:
        later = [parent for _, parent in new if parent]
        if later:
            self._parents.look_up(later)
        _give_slugs([row for row, _ in new])
        for row, parent in new:
            if parent:
                row.parent = self._parents.one(parent)
        Organization.objects.bulk_create([row for row, _ in new], batch_size=500)


def _check(row: Organization) -> None:
    unread = ("parent", "merged_into")
    check(row, _LABELS, unread=unread if row.slug else ("slug", *unread))


def _give_slugs(rows: Sequence[Organization]) -> None:
    """Short names for those that have none: the name, with the state where that is taken, with a number after that."""
    asking = [row for row in rows if not row.slug]
    tries: dict[str, list[Organization]] = defaultdict(list)
    for row in asking:
        tries[(slugify(row.name)[:70].strip("-") or "organization")].append(row)
    own = {row.slug for row in rows if row.slug}
    there = set(Organization.objects.filter(slug__in=tries).values_list("slug", flat=True))
    # most names are one organization's only; what else begins like a name matters for the others
    taken = own | there | _like(base for base, group in tries.items() if len(group) > 1 or base in own | there)
    for base, group in tries.items():
        for row in group:
            row.slug = _free(base, row.state.lower(), taken)
            taken.add(row.slug)


def _like(bases: Iterable[str]) -> set[str]:
    """The short names that are there and begin as these do; a range of the index for each, in one statement."""
    wanted = sorted(bases)
    if not wanted:
        return set()
    rows = Organization.objects.raw(
        "SELECT o.id, o.slug FROM unnest(%s) AS base JOIN members_organization AS o"
        " ON o.slug = base OR (o.slug >= base || '-' AND o.slug < base || '.')",
        [wanted],
    )
    return {row.slug for row in rows}


def _free(base: str, state: str, taken: set[str]) -> str:
    name, count = base, 1
    if name in taken and state:
        name = base = f"{base}-{state}"
    while name in taken:
        count += 1
        name = f"{base}-{count}"
    return name
