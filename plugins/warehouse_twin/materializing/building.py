"""Run dbt once over a generated project: parse, build, document, all in this process and all inside the project's folder."""

from __future__ import annotations

import logging
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_twin.errors import TerminalError, TransientError, of_a_disk
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.invoking import KEPT, first_lines, invoke, isolated, masked
from warehouse_twin.materializing.naming import model_names
from warehouse_twin.workspace import read_json

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Built:
    """What one invocation did: dbt's id of it, models built, and tests by their status."""

    invocation: str
    models: int
    tests: Mapping[str, int]


def build(project: Path, *, resolved: ResolvedTwin, release: int) -> Built:
    """Build and test the candidate, then write its documentation to `target/` (`index.html` needs no server).

    Raises TerminalError naming each model and test that failed (no row's values), TransientError when the disk did.
    The candidate's file is closed on return.
    """
    what = f"materialize {resolved.twin}@{release}"
    with isolated(project):
        from dbt.cli.main import dbtRunner

        manifest = _run(dbtRunner(), ["parse"], project, what)
        runner = dbtRunner(manifest=manifest)  # parsed once, used by both commands
        results = _run(runner, ["build"], project, what, accept_failures=True)
        _raise_failures(results.results, resolved, what)
        _run(runner, ["docs", "generate", "--static", "--no-compile"], project, what)
    target = project / "target"
    os.replace(target / "static_index.html", target / "index.html")  # the other one needs a web server
    _keep_only(target, ("manifest.json", "run_results.json", "catalog.json", "index.html"))
    tests = Counter(str(result.status) for result in results.results if result.node.resource_type == "test")
    models = sum(result.node.resource_type == "model" for result in results.results)
    logger.info("%s: dbt built %d models, %d tests passed", what, models, tests["pass"])
    invocation = read_json(target / "run_results.json")["metadata"]["invocation_id"]
    return Built(invocation=invocation, models=models, tests=dict(tests))


def _keep_only(target: Path, names: Sequence[str]) -> None:
    """Pickles and caches go; so do the compiled files, whose SQL is in the manifest too."""
    for path in target.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in names:
            path.unlink()


def _run(runner: Any, command: list[str], project: Path, what: str, *, accept_failures: bool = False) -> Any:
    outcome = invoke(runner, command, project=project, folder=project)
    if outcome.exception is not None or (not outcome.success and not accept_failures):
        reason = str(outcome.exception or "no reason given")
        if full := of_a_disk(reason):
            raise TransientError(f"{what}: dbt {' '.join(command[:2])}: {full}; next: make room, then try again")
        shown = first_lines(reason) if command == ["parse"] else masked(reason, frozenset())  # parsing sees no row
        raise TerminalError(
            f"{what}: dbt {' '.join(command[:2])} could not run: {shown}; "
            "wanted the generated project to be valid; next: look at dbt_project/macros, the only part of it that is not generated"
        )
    return outcome.result


def _raise_failures(results: Any, resolved: ResolvedTwin, what: str) -> None:
    failed = [result for result in results if str(result.status) not in KEPT]
    if not failed:
        return
    tables = {model: table for table, model in model_names(resolved).items()}
    names = frozenset(name for item in resolved.tables for name in (item.name, *item.table.column_names))
    lines = [_failure(result, tables, names) for result in failed]
    skipped = sum(str(result.status) == "skipped" for result in results)
    if full := of_a_disk("\n".join(str(result.message) for result in failed)):
        raise TransientError(f"{what}: dbt build: {full}; next: make room, then try again")
    raise TerminalError(
        f"{what}: {len(failed)} of {len(results)} dbt nodes failed, {skipped} were skipped for it:\n"
        + "\n".join(f"  {line}" for line in lines)
        + f"\nwanted every row to keep the source's types, keys and NOT NULLs; next: correct the keys in the manifest or the "
        f"synthesizer that drew these rows, then: twin run {resolved.twin}"
    )


def _failure(result: Any, tables: Mapping[str, str], names: frozenset[str]) -> str:
    """One failed model or test, in words without a value of any row."""
    node = result.node
    if node.resource_type == "model":
        return f"model {node.name} of table {tables[node.name]!r}: {masked(str(result.message), names)}"
    model = node.attached_node.rpartition(".")[2]
    column = f", column {node.column_name}" if node.column_name else ""
    arguments = {name: value for name, value in node.test_metadata.kwargs.items() if name in ("columns", "to_columns")}
    columns = "".join(f", {name} {', '.join(value)}" for name, value in arguments.items())
    test = f"test {node.test_metadata.name} of table {tables[model]!r} (model {model}{column}{columns})"
    if str(result.status) == "fail":
        return f"{test}: got {result.failures} failing rows or keys, wanted none"
    return f"{test}: {masked(str(result.message), names)}"
