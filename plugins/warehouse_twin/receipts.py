"""Receipts: what a stage read, what it left behind, and the key under which the same work is not done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from warehouse_twin import __version__
from warehouse_twin.digests import digest_of
from warehouse_twin.workspace import read_json, write_json

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """One stage's receipt: digests and counts, no data.

    `key` is the digest of inputs, parameters, package version and seed; `output` is relative to the workspace;
    `digests` are of the files left behind (`source/…`: of tables, keyed);
    `facts` are small k-safe values a reader may want (row counts, a verdict).
    """

    stage: str
    key: str
    output: str
    inputs: Mapping[str, str]
    digests: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    version: str = __version__

    def __post_init__(self) -> None:
        if self.schema_version != SCHEMA_VERSION:
            raise ValueError(f"receipt of {self.stage}: schema version {self.schema_version}, wanted {SCHEMA_VERSION}")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Receipt:
        return cls(**value)

    def write(self, path: Path) -> None:
        write_json(path, self.to_dict())

    @classmethod
    def read(cls, path: Path) -> Receipt:
        return cls.from_dict(read_json(path))


def stage_key(stage: str, *, inputs: Mapping[str, str], parameters: Mapping[str, Any]) -> str:
    """The key of a stage's work."""
    return digest_of({"stage": stage, "inputs": inputs, "parameters": parameters, "version": __version__})
