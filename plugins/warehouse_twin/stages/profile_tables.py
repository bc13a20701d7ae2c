"""`profile`: learn types, missingness, marginals, pairs, keys and rules of the training part, with Spark; k-safe on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from warehouse_twin.profiling.computing import profile_twin
from warehouse_twin.profiling.unmodelled import lost, made_up
from warehouse_twin.relations.ruling import mine_twin
from warehouse_twin.spark_session import spark_session
from warehouse_twin.stages.context import Stage, StageContext
from warehouse_twin.workspace import write_json


def parameters(context: StageContext) -> Mapping[str, Any]:
    """Of a generator only what makes a difference here: how it makes values is no matter of what is learned."""
    manifest = context.manifest
    columns = {
        name: spec.model_dump(mode="json", include={"columns": {"__all__": {"pii", "locale", "kind"}}, "rules": True})
        for name, spec in manifest.tables.items()
    }
    generators = {table.name: table.generators for table in context.resolved.protected}
    made = {name: {column: [said.learned, said.keeps_nulls] for column, said in each.items()} for name, each in generators.items()}
    return {"k": manifest.k, "columns": columns, "made": made}


def work(context: StageContext, folder: Path) -> Mapping[str, Any]:
    """Leaves `<table>.json`, a `TableProfile` a protected table."""
    with spark_session(context.settings, name=f"profile {context.twin}") as spark:
        profiles = profile_twin(spark, context.resolved, context.snapshot)
        rules = mine_twin(spark, context.resolved, profiles, context.snapshot)
    profiles = {name: replace(profile, rules=rules[name]) for name, profile in profiles.items()}
    for name, profile in profiles.items():
        write_json(folder / f"{name}.json", profile.to_dict())
    return {
        "rows": {name: profile.rows for name, profile in profiles.items()},
        "entities": {name: profile.entities for name, profile in profiles.items()},
        "rules": {name: len(profile.rules) for name, profile in profiles.items() if profile.rules},
        "duplicates": {name: profile.duplicates for name, profile in profiles.items() if profile.duplicates},
        "made_up": {name: told for name, profile in profiles.items() if (told := made_up(profile.columns))},
        "lost": {name: told for name, profile in profiles.items() if (told := lost(profile.columns))},
    }


STAGE = Stage(name="profile", needs=("resolve",), zone="internal", parameters=parameters, work=work, reads_snapshot=True)
