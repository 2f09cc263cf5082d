"""`python -m bench [--quick] [--rounds N] [--seconds S] [--only gate,page]`, with DATABASE_URL naming a server.

Makes a database of its own there and drops it at the end. Writes docs/performance.md unless told --quick or --only.
Ends with 1 when a ratio is below what is wanted, or an answer was wrong.
"""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.place import FOLDER, HOST, drop_database, environment, free_port, fresh_database
from bench.quiet import Patience

if TYPE_CHECKING:
    from bench.importing import Pass
    from bench.paper import Round
    from bench.registering import Place, Race
    from bench.rows import Member
    from bench.wrk import Target

SIZES = (20, 20_000)
WORKERS, THREADS = 2, 4
SUBJECTS = ("gate", "page", "catalog", "stack", "forums", "import")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the gate and the pages beside their limits.")
    parser.add_argument("--rounds", type=int, default=9, help="shots of each subject (9)")
    parser.add_argument("--seconds", type=int, default=2, help="length of a shot in seconds (2)")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of reports")
    parser.add_argument("--only", default="", help=f"some of {','.join(SUBJECTS)}; writes no report")
    parser.add_argument("--patience", type=int, default=300, help="seconds to wait for a quiet machine, in all (300)")
    parser.add_argument("--quick", action="store_true", help="three short rounds; writes no report")
    wish = parser.parse_args(arguments)
    if wish.quick:
        wish.rounds, wish.seconds = 3, 1
    server = os.environ.get("DATABASE_URL")
    if not server:
        parser.error("DATABASE_URL is missing; `make bench` brings a server")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    env = environment(server)
    fresh_database(server)
    os.environ.clear()
    os.environ.update(env, DJANGO_SETTINGS_MODULE="cosn_site.settings")
    import django

    django.setup()
    try:
        return Bench(wish, env).run()
    finally:
        from django.db import connection

        connection.close()
        drop_database(server)


class Bench:
    """One run."""

    def __init__(self, wish: argparse.Namespace, env: dict[str, str]) -> None:
        self.rounds, self.seconds, self.patience = wish.rounds, wish.seconds, Patience(wish.patience)
        self.quick = wish.quick
        self.only = {name for name in wish.only.split(",") if name}
        self.places: dict[str, Place] = {}
        self.race: Race | None = None
        self.sizes = [int(size) for size in wish.sizes.split(",")]
        self.write = not (self.only or wish.quick) and self.sizes == list(SIZES)
        self.env = env | {"WEB_CONCURRENCY": str(WORKERS), "WEB_THREADS": str(THREADS)}

    def run(self) -> int:
        from bench import paper, registering, rows
        from bench.proofs import Wrong

        paper.say("Making the rows, files and static files")
        rows.migrate()
        prepare_folders()
        member, shelf = rows.make_member(), rows.make_shelf()
        registering.make_page(member)
        found, there = [], 0
        try:
            for size in self.sizes if self.only != {"import"} else []:
                rows.add_reports(shelf, there, size)
                there = size
                found.append(self.measure(member, size))
        except Wrong as wrong:
            paper.say(f"Wrong: {wrong}")
            return 1
        imports = self.measure_imports()
        good = all([paper.show(found), paper.show_race(self.race), paper.show_imports(imports)])
        if self.patience.shots and self.patience.busy:
            paper.say(f"{self.patience.busy} of {self.patience.shots} shots began on a machine that was busy.")
        if self.write:
            paper.write(
                found,
                self.race,
                imports,
                workers=WORKERS,
                threads=THREADS,
                seconds=self.seconds,
                busy=self.patience.busy / self.patience.shots,
            )
            paper.say(f"Written: docs/{paper.PAPER.name}")
        return 0 if good else 1

    def measure_imports(self) -> "Sequence[Pass]":
        """Preview and commit of imports, when they are wanted."""
        from bench import importing, paper

        if self.only and "import" not in self.only:
            return []
        paper.say("Importing many lines")
        return importing.measure(self.env, (1_000, 10_000) if self.quick else importing.SIZES)

    def measure(self, member: "Member", size: int) -> "Round":
        from django.core.wsgi import get_wsgi_application

        from bench import paper, proofs
        from bench.measure import compare
        from store.models import Download

        with ExitStack() as stack:
            targets = self.start(stack, member)
            proofs.check_files(targets["gate"], ledger=True)
            proofs.check_files(targets["bare file"], ledger=False)
            proofs.check_page(targets["page"])
            proofs.check_catalog(targets["catalog"], size)
            proofs.check_forum(targets["forums"])
            for name in ("bare page", "stack"):
                proofs.check_plain(targets[name])
            comparisons, ledger = [], (0, 0)
            for subject, limit in paper.PAIRS:
                if self.only and subject not in self.only:
                    continue
                paper.say(f"Measuring with {size:,} reports: {subject}")
                before = Download.objects.count()
                comparison = compare(
                    targets[subject],
                    targets[limit],
                    rounds=self.rounds,
                    seconds=self.seconds,
                    patience=self.patience,
                )
                if subject == "gate":
                    files = comparison.warm_up.requests + sum(shot.requests for shot in comparison.subject_shots)
                    ledger = files, Download.objects.count() - before
                    proofs.check_ledger(*ledger, runs=len(comparison.subject_shots) + 1)
                proofs.check_sizes(comparison, targets)
                comparisons.append(comparison)
            ending = proofs.end_membership_under_load(targets["gate"], member)
            application = get_wsgi_application()
            counted = {
                name: proofs.statements(application, targets[name]) for name in ("gate", "page", "catalog", "forums")
            }
            if size == self.sizes[-1] and (not self.only or "forums" in self.only):
                self.race = self.measure_race()
            return paper.Round(size, comparisons, counted, ending, ledger)

    def measure_race(self) -> "Race":
        """Registrations a second; the web servers run."""
        from bench import paper, registering

        paper.say("Measuring registrations")
        rounds, url = min(self.rounds, registering.MOST_ROUNDS), self.env["DATABASE_URL"]
        return registering.measure(self.places, url=url, rounds=rounds, patience=self.patience)

    def start(self, stack: ExitStack, member: "Member") -> dict[str, "Target"]:
        """Start three gunicorns and one nginx, and say what is asked of which."""
        from bench import servers
        from bench.registering import Place
        from bench.rows import MEASURED, file_name, slug
        from bench.wrk import Target

        folder = Path(stack.enter_context(TemporaryDirectory(prefix="cosn-bench-")))
        modules = {"product": "cosn_site.settings", "bare": "bench.bare.settings", "stack": "bench.bare.stacked"}
        applications = {"product": "cosn_site.wsgi", "bare": "bench.bare.wsgi", "stack": "bench.bare.stacked_wsgi"}
        webs = {}
        for name, module in modules.items():
            env = self.env | {"DJANGO_SETTINGS_MODULE": module}
            web = servers.gunicorn(applications[name], env=env, folder=folder, port=free_port(), ready="/healthz")
            webs[name] = stack.enter_context(web)
        self.places = {name: Place(f"http://{HOST}:{web.port}", web.cpu_seconds) for name, web in webs.items()}
        fronts = {name: free_port() for name in ("product", "bare")}
        sites = [
            servers.site_conf(servers.Site(name, webs[name].socket, FOLDER / "files", FOLDER / "static", port))
            for name, port in fronts.items()
        ]
        conf = servers.main_conf(folder, sites)
        stack.enter_context(servers.nginx(conf, port=fronts["product"], folder=folder))
        ours, bare = f"__Host-session={member.session}", f"sessionid={member.bare_session}"
        numbers = range(MEASURED)
        page = f"/page/{member.organization_id}/"

        def target(name: str, who: str, paths: list[str], cookie: str, *, behind_nginx: bool = False) -> Target:
            port = fronts[who] if behind_nginx else webs[who].port
            return Target(name, f"http://{HOST}:{port}", paths, cookie, webs[who].cpu_seconds)

        files = [f"/file/{member.organization_id}/{file_name(number)}" for number in numbers]
        gates = [f"/store/reports/{slug(number)}/download/" for number in numbers]
        pages = [f"/knowledge-center/{slug(number)}/" for number in numbers]
        found = [
            target("gate", "product", gates, ours, behind_nginx=True),
            target("bare file", "bare", files, bare, behind_nginx=True),
            target("page", "product", pages, ours),
            target("catalog", "product", ["/knowledge-center/"], ours),
            target("forums", "product", ["/cto-forums/bench/"], ours),
            target("bare page", "bare", [page], bare),
            target("stack", "stack", [page], ours),
        ]
        return {each.name: each for each in found}


def prepare_folders() -> None:
    """Files anew; static files as production has them, but for the admin's, which are not measured and many."""
    from django.core.management import call_command

    shutil.rmtree(FOLDER / "files", ignore_errors=True)
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin", "css/admin*"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
