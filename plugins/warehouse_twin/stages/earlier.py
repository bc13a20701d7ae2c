"""Releases before the one in work, as the registry has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.profiling.spelled_numbers import with_numbers
from warehouse_twin.releases.registry import Registry, registry_of
from warehouse_twin.stages.context import StageContext
from warehouse_twin.warehouses.duckdb_loading import read_file


@dataclass(frozen=True)
class EarlierRelease:
    """One release of the registry; each of its documents is read once, when it is asked for."""

    registry: Registry
    twin: str
    number: int

    @cached_property
    def record(self) -> Mapping[str, Any]:
        return self.registry.read(self.twin, self.number)

    @cached_property
    def resolved(self) -> ResolvedTwin:
        return ResolvedTwin.from_dict(json.loads(self.registry.document(self.twin, self.number, "resolved.json")))

    @cached_property
    def files(self) -> Mapping[str, Path]:
        return self.registry.data_files(self.twin, self.number)

    @property
    def key(self) -> list[Any]:
        """What goes into the key of a stage that reads it."""
        return [self.number, self.record["data_digest"]]

    def rows(self, table: str) -> pa.Table:
        """A table's rows, numbers as numbers."""
        was = self.resolved[table].table
        return with_numbers(read_file(self.files[table], was), was)


def releases_before(context: StageContext, *, most: int) -> list[EarlierRelease]:
    """The newest releases that are older than the context's, the newest first."""
    registry = registry_of(context.settings)
    numbers = [number for number in registry.numbers(context.twin) if number < context.release]
    return [EarlierRelease(registry, context.twin, number) for number in reversed(numbers[-most:])]
