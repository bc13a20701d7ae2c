"""The workload as a part of `gate`: which queries are asked, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse_twin.digests import digest_file, keyed
from warehouse_twin.errors import ConfigurationError, ManifestError
from warehouse_twin.manifest.loading import LoadedManifest
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.manifest.workload import Workload
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import derive_seed
from warehouse_twin.stages.context import StageContext

if TYPE_CHECKING:
    from warehouse_twin.workload.planning import Query


def parameters(context: StageContext) -> Mapping[str, Any]:
    """What goes into the gate's key: nothing where the manifest names no queries."""
    asked = context.manifest.workload
    if asked is None:
        return {}
    from warehouse_twin.workload.statements import files_of

    secret = context.workspace.secret()  # a query may hold values, and its digest would answer guesses
    files = {str(path): keyed(digest_file(path), secret=secret) for path in files_of(asked, project=context.settings.project)}
    return {"workload": asked.model_dump(mode="json") | {"files": files}}


def queries_of(asked: Workload | None, resolved: ResolvedTwin, project: Path) -> tuple[Query, ...]:
    """The queries, each held against the twin's tables. Raises ConfigurationError or ManifestError, with file and line."""
    if asked is None:
        return ()
    from warehouse_twin.workload.planning import plan_queries
    from warehouse_twin.workload.statements import read_statements

    return plan_queries(read_statements(asked, project=project, dialect=asked.dialect or resolved.source_dialect), resolved)


def check(loaded: LoadedManifest, resolved: ResolvedTwin) -> None:
    """Raises ManifestError for queries that cannot be asked: here, and not after hours of work."""
    try:
        queries_of(loaded.manifest.workload, resolved, loaded.file.resolve().parent.parent)
    except ManifestError as error:
        place = loaded.positions.fault(("workload",), f"{len(error.faults)} queries cannot be asked, see there", at_key=True)
        raise ManifestError([place, *error.faults]) from None
    except ConfigurationError as error:
        raise ManifestError([loaded.positions.fault(("workload",), str(error), at_key=True)]) from None


def with_queries(resolved: ResolvedTwin, queries: tuple[Query, ...]) -> ResolvedTwin:
    """The twin with what will be asked of it, so that an answer that is missing is missed."""
    return replace(resolved, queries=tuple(query.asked for query in queries))


def scores(context: StageContext, queries: tuple[Query, ...]) -> list[Score]:
    asked = context.manifest.workload
    if asked is None:
        return []
    from warehouse_twin.workload.scoring import Sides, workload_scores

    resolved, built = context.resolved, context.folder("materialize") / "tables"
    names = [table.name for table in resolved.tables]
    source = {name: context.snapshot / f"{name}.parquet" for name in names}
    context.workspace.open_secure_zone()
    context.workspace.scratch.mkdir(parents=True, exist_ok=True)
    return workload_scores(
        queries,
        Sides(resolved, source, {name: built / f"{name}.parquet" for name in names}),
        seconds=asked.seconds,
        seed=derive_seed(context.manifest.seed, "release", context.release, "workload"),
        scratch=context.workspace.scratch,
    )
