"""`materialize`: build the candidate schema with dbt where no reader can see it, and export it as it would be published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse_twin.materializing.building import build
from warehouse_twin.materializing.checking import check_synthesized
from warehouse_twin.materializing.domains import public_domains
from warehouse_twin.materializing.exporting import export
from warehouse_twin.materializing.generating import CANDIDATE, generate, shared_digests
from warehouse_twin.materializing.naming import release_schema
from warehouse_twin.stages.context import Stage, StageContext


def parameters(context: StageContext) -> Mapping[str, Any]:
    """The release's schema carries its number and declares the keys it is asked to; the macros are the user's to change."""
    return {
        "schema": release_schema(context.resolved, context.release),
        "keys": context.manifest.target.keys,
        "dbt_project": shared_digests(context.settings.dbt_project),
    }


def work(context: StageContext, folder: Path) -> Mapping[str, Any]:
    """Fills `folder` with candidate.duckdb, dbt/ (project and documentation), schema.json and tables/<table>.parquet."""
    resolved, release = context.resolved, context.release
    synthesized = context.folder("synthesize") / "twin"
    rows = check_synthesized(resolved, release=release, synthesized=synthesized)
    project = generate(
        resolved,
        release=release,
        synthesized=synthesized,
        project=context.settings.dbt_project,
        folder=folder,
        domains=public_domains(resolved, synthesized),
    )
    built = build(project, resolved=resolved, release=release)
    exported = export(folder / CANDIDATE, resolved=resolved, release=release, folder=folder, rows=rows)
    return {
        "schema": release_schema(resolved, release),
        "rows": dict(exported.rows),
        "tests": dict(built.tests),
        "dbt_invocation": built.invocation,
        "data_digest": exported.data_digest,
        "table_digests": dict(exported.digests),
        "left_out": [f"{table}: {definition}" for table, definition in exported.left_out],
    }


STAGE = Stage(name="materialize", needs=("resolve", "synthesize"), zone="secure", parameters=parameters, work=work)
