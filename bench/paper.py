"""docs/performance.md: the figures between two marks are written anew by each run, the words around them are ours."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import django
from django.db import connection

from bench.importing import MOST_RATIO, Pass, ratios
from bench.measure import Comparison, middle
from bench.place import ROOT
from bench.proofs import Ending
from bench.registering import PEOPLE, SEATS, Race, Sprint
from bench.registering import WANTED as RACE_WANTED
from bench.servers import nginx_program
from bench.wrk import CONNECTIONS

PAPER = ROOT / "docs/performance.md"
START, STOP = "<!-- figures: written by make bench -->\n", "<!-- end of the figures -->\n"
NAMES = {
    "gate": "Gate, a file of 1 MB",
    "page": "Report page",
    "catalog": "Catalog page, 20 rows",
    "forums": "Forum page, with a seat",
    "stack": "Bare view in the product's middleware",
}
PAIRS = (
    ("gate", "bare file"),
    ("page", "bare page"),
    ("catalog", "bare page"),
    ("forums", "bare page"),
    ("stack", "bare page"),
)
WANTED = {"gate": 0.8, "page": 0.4, "catalog": 0.3, "forums": 0.4}
STATEMENTS_WANTED = {"gate": 6, "catalog": 10}
_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "jit")


@dataclass(frozen=True, slots=True)
class Round:
    """All that was found with so many reports."""

    reports: int
    comparisons: Sequence[Comparison]
    statements: Mapping[str, Sequence[str]]
    ending: Ending
    ledger: tuple[int, int]  # files that left under load, rows that the ledger grew by


def write(
    rounds: Sequence[Round],
    race: Race | None,
    imports: Sequence[Pass],
    *,
    workers: int,
    threads: int,
    seconds: float,
    busy: float,
) -> None:
    """Put the figures of this run between the marks. Raises ValueError when the marks are gone."""
    figures = "\n".join(
        [
            *_machine(workers, threads, seconds, busy, rounds),
            *(_round(one) for one in rounds),
            *([_race(race)] if race else []),
            _imports(imports),
        ]
    )
    text = PAPER.read_text(encoding="utf-8")
    found = re.search(f"{re.escape(START)}.*?{re.escape(STOP)}", text, re.DOTALL)
    if found is None:
        raise ValueError(f"{PAPER.name} has lost the marks between which the figures go.")
    PAPER.write_text(f"{text[: found.start()]}{START}\n{figures}\n{STOP}{text[found.end() :]}", encoding="utf-8")


def _machine(workers: int, threads: int, seconds: float, busy: float, rounds: Sequence[Round]) -> list[str]:
    shots = len(rounds[0].comparisons[0].subject_shots)
    nginx = subprocess.run([nginx_program(), "-v"], capture_output=True, text=True, check=False).stderr
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0]
        durability = {}
        for name in _DURABILITY:
            cursor.execute(f"SHOW {name}")
            durability[name] = cursor.fetchone()[0]
    versions = (
        f"Python {platform.python_version()}, Django {django.get_version()}, gunicorn {version('gunicorn')}, "
        f"psycopg2 {version('psycopg2-binary')}, PostgreSQL {postgres}, "
        f"nginx {nginx.partition('/')[2].strip()}, wrk {wrk.split()[1] if wrk else '?'}"
    )
    return [
        (
            f"Run of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {_processor()}, {os.cpu_count()} cores, "
            f"{_memory()}, {platform.system()} {platform.release().split('-')[0]}; "
            f"{busy:.0%} of the shots began while the machine was busy with something else.\n"
        ),
        f"{versions}.\n",
        (
            f"gunicorn: {workers} processes of {threads} threads for each application. wrk: 1 thread, {CONNECTIONS} "
            f"connections, loopback; {shots} shots of {seconds:g} s of each subject, each between two of its limit.\n"
        ),
        f"PostgreSQL: {', '.join(f'{name} = {value}' for name, value in durability.items())}.\n",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"


def _round(one: Round) -> str:
    lines = [
        f"### {one.reports:,} reports\n",
        (
            "| what | ratio | of the rounds | wanted | requests/s | limit | p50 ms | limit | p99 ms | limit "
            "| CPU ms | limit | errors |"
        ),
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(_line(comparison) for comparison in one.comparisons),
        "",
        "| statements to the database | found | wanted |",
        "|---|--:|--:|",
    ]
    for name, sent in one.statements.items():
        wanted = STATEMENTS_WANTED.get(name)
        lines.append(f"| {NAMES.get(name, name)} | {len(sent)} | {f'at most {wanted}' if wanted else ''} |")
    files, rows = one.ledger
    lines += [
        "",
        (
            f"Checked: 200 files fetched one by one, each with the right bytes and its row in the ledger. "
            f"Under load {files:,} files left and the ledger grew by {rows:,} rows; wrk leaves at most {CONNECTIONS} "
            f"answers unread when its time is over, in each of its runs. "
            f"The membership was ended under load: the request before it got {one.ending.before}, the first after it "
            f"{one.ending.after}, and so did {one.ending.refused} more; {one.ending.under_way} that had been decided "
            f"before were still written down, none later. After the renewal the next request got {one.ending.again}."
        ),
        "",
    ]
    return "\n".join(lines)


def _line(found: Comparison) -> str:
    wanted = WANTED.get(found.subject)
    low, high = min(found.ratios), max(found.ratios)

    def both(what: str, digits: int = 1) -> str:
        pair = (middle(found.subject_shots, what), middle(found.limit_shots, what))
        return " | ".join(f"{value:,.{digits}f}" for value in pair)

    return (
        f"| {NAMES[found.subject]} | **{found.ratio:.2f}** | {low:.2f} to {high:.2f} "
        f"| {wanted if wanted else ''} | {both('per_second', 0)} | {both('p50_ms')} | {both('p99_ms')} "
        f"| {both('cpu_ms', 2)} | {found.errors} |"
    )


def _race(race: Race) -> str:
    low, high = min(race.ratios), max(race.ratios)
    ours, bare, pgbench = (_per_second(sprints) for sprints in (race.ours, race.bare, race.pgbench))
    cpu, cpu_bare = (median(one.cpu_ms for one in sprints) for sprints in (race.ours, race.bare))
    return "\n".join(
        [
            f"### Registering: {PEOPLE:,} people, {SEATS} seats\n",
            "| what | ratio to the bare view | of the rounds | wanted | registrations/s | CPU ms | errors |",
            "|---|--:|--:|--:|--:|--:|--:|",
            (
                f"| Registering at the site | **{race.ratio:.2f}** | {low:.2f} to {high:.2f} | {RACE_WANTED} "
                f"| {ours:,.0f} | {cpu:.2f} | {race.errors} |"
            ),
            f"| Bare view: one conditional update, one insert | 1 | | | {bare:,.0f} | {cpu_bare:.2f} | |",
            f"| The same transaction by pgbench, without Django | {pgbench / bare:.2f} | | | {pgbench:,.0f} | | |",
            "",
            (
                f"One registration sends {len(race.statements)} statements to the database. After each of the "
                f"{len(race.ours)} sprints exactly {SEATS} people had the seats 1 to {SEATS} and {PEOPLE - SEATS} "
                f"stood in line in the order in which they were admitted, each with a letter in line and a row in the "
                "history."
            ),
            "",
        ]
    )


def _per_second(sprints: Sequence[Sprint]) -> float:
    return median(one.per_second for one in sprints)


def show_race(race: Race | None) -> bool:
    """Tell how fast people register; True when that is as wanted."""
    if race is None:
        return True
    ours, bare, pgbench = (_per_second(sprints) for sprints in (race.ours, race.bare, race.pgbench))
    short = race.ratio < RACE_WANTED
    cpu, cpu_bare = (median(one.cpu_ms for one in sprints) for sprints in (race.ours, race.bare))
    say(
        f"Registering: {ours:,.0f}/s, {race.ratio:.2f} of the bare view's {bare:,.0f}/s "
        f"({min(race.ratios):.2f} to {max(race.ratios):.2f}), pgbench {pgbench:,.0f}/s, "
        f"CPU {cpu:.2f} to {cpu_bare:.2f} ms, {len(race.statements)} statements "
        f"(wanted {RACE_WANTED}){' TOO SLOW' if short else ''}" + (f", {race.errors} errors" if race.errors else "")
    )
    return not short and not race.errors


def _imports(passes: Sequence[Pass]) -> str:
    lines = [
        "### Imports\n",
        "| file | lines | pass | seconds | lines/s | peak memory, MB | of the fewest lines | wanted |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    found, fewest = ratios(passes), min(one.lines for one in passes)
    for one in passes:
        ratio = f"**{found[one.form, one.name]:.2f}** | at most {MOST_RATIO}" if one.lines > fewest else " | "
        lines.append(
            f"| {one.form} | {one.lines:,} | {one.name} | {one.seconds:.1f} | {one.lines / one.seconds:,.0f} "
            f"| {one.megabytes:.0f} | {ratio} |"
        )
    return "\n".join([*lines, ""])


def show_imports(passes: Sequence[Pass]) -> bool:
    """Tell how long imports took and what memory; True when memory does not grow with the file."""
    for one in passes:
        say(f"{one.lines:>6,} lines    {one.form} {one.name:35} {one.seconds:.1f} s, {one.megabytes:.0f} MB at most")
    good = True
    for (form, name), ratio in ratios(passes).items():
        short = ratio > MOST_RATIO
        good = good and not short
        say(f"{form} {name}: {ratio:.2f} of the memory for ten times the lines{' TOO MUCH' if short else ''}")
    return good


def say(text: str) -> None:
    """Tell the terminal."""
    print(text, flush=True)


def show(rounds: Sequence[Round]) -> bool:
    """Tell the ratios; True when each is as wanted."""
    good = True
    for one in rounds:
        for found in one.comparisons:
            wanted = WANTED.get(found.subject)
            short = wanted is not None and found.ratio < wanted
            good = good and not short and not found.errors
            say(
                f"{one.reports:>6,} reports  {NAMES[found.subject]:40} {found.ratio:.2f} of its limit, "
                f"{min(found.ratios):.2f} to {max(found.ratios):.2f}, "
                f"CPU {middle(found.subject_shots, 'cpu_ms'):.2f} to {middle(found.limit_shots, 'cpu_ms'):.2f} ms"
                + (f" (wanted {wanted}){' TOO SLOW' if short else ''}" if wanted else "")
                + (f", {found.errors} errors" if found.errors else "")
            )
        for name, sent in one.statements.items():
            limit = STATEMENTS_WANTED.get(name)
            good = good and (limit is None or len(sent) <= limit)
            say(f"{one.reports:>6,} reports  {NAMES.get(name, name):40} {len(sent)} statements")
    if rounds and len({tuple(map(len, one.statements.values())) for one in rounds}) > 1:
        say("The number of statements depends on the number of reports.")
        good = False
    return good
