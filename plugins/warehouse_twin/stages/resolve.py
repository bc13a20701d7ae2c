"""`resolve`: check the manifest against the source, take one consistent snapshot, fingerprint it, fix the split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse_twin.stages.context import Stage, StageContext
from warehouse_twin.stages.snapshots import take_snapshot


def parameters(context: StageContext) -> Mapping[str, Any]:
    """What decides rows and split; goals and synthesizers do not."""
    manifest = context.manifest
    tables = {name: spec.model_dump(mode="json", include={"primary_key", "foreign_keys", "keep"}) for name, spec in manifest.tables.items()}
    return {
        "source": manifest.source.model_dump(mode="json"),
        "entity": manifest.entity,
        "holdout": manifest.holdout,
        "tables": tables,
    }


def work(context: StageContext, folder: Path) -> Mapping[str, Any]:
    """Fills `context.snapshot` and writes `resolved.json` into the run's folder; `folder` stays empty but for the receipt."""
    return take_snapshot(context).facts()


STAGE = Stage(name="resolve", needs=(), zone="internal", parameters=parameters, work=work, keyed=False)
