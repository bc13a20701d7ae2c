"""`gate`: measure the candidate, let Great Expectations hold it against the policy, and give the verdict.

A failed verdict is a value: everything is written, the facts say so, and nothing is raised.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.gates.expecting import Rows, evaluate
from warehouse_twin.gates.inputs import Inputs, Part
from warehouse_twin.gates.judging import judge, requirements
from warehouse_twin.gates.policy import load_policy
from warehouse_twin.gates.scoring import Scored, score_twin
from warehouse_twin.gates.verdict import Verdict, decide
from warehouse_twin.gates.versions import stamped
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.score import Score
from warehouse_twin.profiling.snapshot_parts import ENTITY
from warehouse_twin.profiling.spelled_numbers import with_numbers
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.ruling import broken_rows, near
from warehouse_twin.stages import across, canaries, drift, parity, workload
from warehouse_twin.stages.context import Stage, StageContext
from warehouse_twin.stages.measuring import claim_of
from warehouse_twin.stages.snapshots import read_snapshot
from warehouse_twin.warehouses.duckdb_loading import read_file
from warehouse_twin.workspace import read_json, write_json, write_text

HEAD_ROWS = 100
"""Rows of each table that the schema expectations look at."""


def parameters(context: StageContext) -> Mapping[str, Any]:
    """The policy, what the manifest changes of it, and the seed of samples."""
    manifest = context.manifest
    changed = {name: spec.gates.model_dump() for name, spec in manifest.tables.items()}
    return {
        "policy": load_policy(context.settings.expectations).digest,
        "gates": {"": manifest.gates.model_dump(), **changed},
        "targets": {name: spec.targets for name, spec in manifest.tables.items()},
        "seed": _seed(context),
        **drift.parameters(context),
        **across.parameters(context),
        **parity.parameters(context),
        **workload.parameters(context),
    }


def work(context: StageContext, folder: Path) -> Mapping[str, Any]:
    """Leaves scores.json, verdict.json, report.json, report.html and data_docs/. The facts are the verdict in short.

    Where the manifest names a dbt project, parity.json says what it found.
    """
    from warehouse_twin.gates.report import document_of, write_report

    queries = workload.queries_of(context.manifest.workload, context.resolved, context.settings.project)
    kept = across.Kept.of(context)
    resolved = kept.marked(drift.with_before(workload.with_queries(context.decided, queries), context))
    asked = requirements(load_policy(context.settings.expectations), resolved, context.manifest)
    inputs = _inputs(context, kept)
    scored = score_twin(resolved, inputs, seed=_seed(context))
    scored.scores.extend(stamped([*workload.scores(context, queries), *_beside(context, resolved, inputs)]))
    judged, problems = judge(asked, scored.scores)
    told = _parity(context, folder, problems)
    blocking = [item for item in asked if item.blocks]
    evaluation = evaluate(blocking, judged, scored.scores, _heads(context), docs=folder / "data_docs", scratch=context.workspace.scratch)
    verdict = decide(
        twin=context.twin,
        release=context.release,
        judged=judged,
        problems=problems,
        evaluation=evaluation,
        attempt=_attempts(context) + 1,
    )
    scores = _scores(scored)
    write_json(folder / "scores.json", scores)
    write_json(folder / "verdict.json", verdict.to_dict())
    facts = {**context.receipt("profile").facts, **context.receipt("resolve").facts, "privacy": claim_of(resolved)}
    shown = document_of(verdict.to_dict(), scores, resolved.to_dict(), facts, pairs=scored.pairs, pictures=scored.pictures)
    write_json(folder / "report.json", shown)
    write_report(folder / "report.html", shown)
    _remember(context, verdict)
    return {
        "verdict": verdict.status,
        "passed": verdict.passed,
        "expected": verdict.expected,
        "evaluated": verdict.evaluated,
        "together": verdict.together,
        "failed": verdict.failed,
        **told,
        **_fairness(scored),
        **({"drift": drifted} if (drifted := drift.lines(context, scored.scores)) else {}),
    }


def _beside(context: StageContext, resolved: ResolvedTwin, inputs: Inputs) -> list[Score]:
    """Scores of what is not of this release alone."""
    return [*drift.scores(context, resolved, inputs.twin), *canaries.scores(context, resolved)]


def _fairness(scored: Scored) -> dict[str, list[str]]:
    """Parity of source and twin side by side, where a manifest names protected columns."""
    found = [score for score in scored.scores if score.measure in ("parity", "opportunity") and score.n and score.ceiling is not None]
    lines = [
        f"{score.table}: {score.measure} differs by {score.ceiling:.3f} between groups of {score.columns[0]} in the source, "
        f"by {score.value:.3f} in the twin"
        for score in found
    ]
    return {"fairness": lines} if lines else {}


def _parity(context: StageContext, folder: Path, problems: list[str]) -> dict[str, list[str]]:
    """What a user's dbt project says, if the manifest names one: what differs is a problem of the verdict."""
    if context.manifest.dbt_parity is None:
        return {}
    found = parity.candidate_parity(context, context.manifest.dbt_parity)
    write_json(folder / "parity.json", found.to_dict())
    problems += [f"dbt_parity: {problem}" for problem in found.problems]
    return {"parity": found.short()}


def _seed(context: StageContext) -> int:
    return derive_seed(context.manifest.seed, "release", context.release, "gate")


def _inputs(context: StageContext, kept: across.Kept) -> Inputs:
    synthesized, built = context.folder("synthesize"), context.folder("materialize")

    def real(name: str) -> tuple[Part, Part]:
        parts = read_snapshot(context, name)
        training, holdout = (Part(numbers(name, part.drop_columns([ENTITY])), part.column(ENTITY).to_numpy()) for part in parts)
        return training, holdout

    def numbers(name: str, rows: pa.Table) -> pa.Table:
        return with_numbers(rows, resolved[name].table)

    def floor(name: str) -> pa.Table | None:
        path = synthesized / "floor" / f"{name}.parquet"
        return numbers(name, pq.read_table(path)) if path.exists() else None

    def challengers(name: str) -> Mapping[str, pa.Table]:
        files = sorted((synthesized / "challengers" / name).glob("*.parquet"))
        return {path.stem: numbers(name, pq.read_table(path)) for path in files}

    def twin(name: str) -> pa.Table:  # as the warehouse would give it back: Parquet has no type for some of the source's
        return numbers(name, read_file(built / "tables" / f"{name}.parquet", resolved[name].table))

    def profile(name: str) -> TableProfile:
        return TableProfile.from_dict(read_json(context.folder("profile") / f"{name}.json"))

    def rules(name: str) -> Mapping[str, int]:
        found, tables = profile(name), dict[str, pa.Table]()
        if found.rules:
            tables = {other: twin(other) for other in near(name, plans[name], found)}
        return broken_rows(found, plans[name], tables) if tables else {}

    resolved = context.resolved
    plans = key_plans(resolved)
    return Inputs(
        real, twin, floor, challengers, rules, lambda name: profile(name).made_up,
        lambda name: kept.rows(resolved, name), kept.present,
    )  # fmt: skip


def _heads(context: StageContext) -> list[Rows]:
    """The first rows of each table as it would be released; a table must hold rows where the source does and none were forbidden."""
    counts = context.receipt("resolve").facts["rows"]
    heads = []
    for table in context.resolved.tables:
        file = pq.ParquetFile(context.folder("materialize") / "tables" / f"{table.name}.parquet")
        batch = next(file.iter_batches(batch_size=HEAD_ROWS), None)
        head = file.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
        filled = bool(counts[table.name]) and table.rows != 0
        heads.append(Rows(table.name, table.table.column_names, head, filled))
    return heads


def _scores(scored: Scored) -> dict[str, Any]:
    challengers = {
        table: {name: [score.to_dict() for score in scores] for name, scores in by_name.items()}
        for table, by_name in scored.challengers.items()
    }
    return {"scores": [score.to_dict() for score in scored.scores], "challengers": challengers}


def _attempts(context: StageContext) -> int:
    """How many verdicts this release had before."""
    path = context.run_folder / "attempts.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def _remember(context: StageContext, verdict: Verdict) -> None:
    path = context.run_folder / "attempts.jsonl"
    earlier = path.read_text() if path.exists() else ""
    line = json.dumps({"attempt": verdict.attempt, "status": verdict.status, "failed": verdict.failed}, sort_keys=True)
    write_text(path, f"{earlier}{line}\n")


STAGE = Stage(
    name="gate",
    needs=("resolve", "profile", "synthesize", "materialize"),
    zone="internal",
    parameters=parameters,
    work=work,
    reads_snapshot=True,
)
