"""`hma`: SDV's hierarchical model of a whole schema, imported only when a manifest names it.

One model draws all tables and says which row of a child has which parent; keys are ours. It is fitted with the first protected
table and saved there; the other tables' models only say where it is. (Patki, Wedge, Veeramachaneni, "The Synthetic Data Vault",
DSAA 2016, doi:10.1109/DSAA.2016.49.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.traits import Traits
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.synthesizers.protocol import Model, NoTable, WholeSchema, checked
from warehouse_twin.synthesizers.sdv_frames import Coding
from warehouse_twin.synthesizers.sdv_parameters import HMA
from warehouse_twin.synthesizers.sdv_session import load_fitted, save_fitted, sdv_session
from warehouse_twin.workspace import read_json, write_json

Ints = NDArray[np.int64]
_OWN = "own_key"
Links = Mapping[str, Ints]
"""parent's number and the key's → the parent's row of each row, -1 for none"""


@dataclass(frozen=True)
class SchemaRows:
    """Training rows of one table; `links` by name of the key, each to `parents[name]`."""

    rows: pa.Table
    columns: tuple[ColumnProfile, ...]
    links: Links
    parents: Mapping[str, str]


@dataclass(frozen=True)
class HmaModel(WholeSchema):
    """A fitted HMA with the coding of every table; None in the tables that it is not kept with."""

    engine: ClassVar[str] = "hma"
    fitted: Any | None
    codings: Mapping[str, Coding]
    parents: Mapping[str, Mapping[str, str]]

    def sample_schema(self, sizes: Mapping[str, int], *, seed: int) -> dict[str, tuple[pa.Table, dict[str, Ints]]]:
        """Of every table its rows, and for each key the parent's row of each row, -1 for none."""
        assert self.fitted is not None
        with sdv_session(seed=derive_seed(seed, "sample")):
            self.fitted.reset_sampling()
            self.fitted._table_sizes = {_name(place): sizes[name] for place, name in enumerate(self.codings)}
            for place, name in enumerate(self.codings):
                if not self.parents[name]:
                    self.fitted._table_synthesizers[_name(place)]._set_random_state(derive_seed(seed, name) % 2**32)
            frames = self.fitted.sample_scale(scale=1.0)
        numbers = {name: _rows_by_key(frames[_name(place)]) for place, name in enumerate(self.codings)}
        found = {}
        for place, (name, coding) in enumerate(self.codings.items()):
            frame = frames[_name(place)]
            rows = coding.decode(frame, len(frame), seed=derive_seed(seed, name))
            links = {}
            for key, parent in self.parents[name].items():
                links[key] = frame[key].map(numbers[parent]).fillna(-1).to_numpy().astype(np.int64)
            found[name] = rows, links
        return found

    def save(self, folder: Path) -> None:
        if self.fitted is not None:
            save_fitted(self.fitted, folder, {})
        stored = {"tables": list(self.codings), "parents": self.parents, "codings": [coding.to_dict() for coding in self.codings.values()]}
        write_json(folder / "schema.json", stored)
        for place, coding in enumerate(self.codings.values()):
            feather.write_feather(coding.types.empty_table(), str(folder / f"types{place}.arrow"), compression="uncompressed")


@dataclass(frozen=True)
class HmaSynthesizer(NoTable):
    """SDV's HMA. It is fitted on a schema (`fit_schema`) and on nothing else."""

    wanted: ClassVar[str] = "hma draws a whole schema; wanted it as the synthesizer of the twin"
    name: str = "hma"
    conditional: bool = False
    traits: Traits = HMA

    def fit_schema(self, tables: Mapping[str, SchemaRows], *, parameters: Mapping[str, Any], seed: int) -> HmaModel:
        """Learn all tables at once, parents first."""
        checked(self.name, self.traits, parameters)
        for name, part in tables.items():
            if not len(part.rows):
                raise ConfigurationError(f"{name}: it has no rows, and hma needs some in every table; next: another synthesizer")
        codings = {name: Coding.of(part.rows, part.columns) for name, part in tables.items()}
        parents = {name: dict(part.parents) for name, part in tables.items()}
        return HmaModel(self._fitted(tables, codings, seed=seed) if tables else None, codings, parents)

    def _fitted(self, tables: Mapping[str, SchemaRows], codings: Mapping[str, Coding], *, seed: int) -> Any:
        from sdv.metadata import Metadata
        from sdv.multi_table import HMASynthesizer

        names = {name: _name(place) for place, name in enumerate(tables)}
        described, relationships, frames = {}, [], {}
        for name, part in tables.items():
            frame = codings[name].encode(part.rows, seed=derive_seed(seed, name))
            frame[_OWN] = np.arange(len(part.rows))
            columns = codings[name].described() | {_OWN: {"sdtype": "id"}}
            for key, link in part.links.items():
                frame[key] = np.where(link < 0, np.nan, link)
                columns[key] = {"sdtype": "id"}
                parent = {"parent_table_name": names[part.parents[key]], "parent_primary_key": _OWN}
                relationships.append(parent | {"child_table_name": names[name], "child_foreign_key": key})
            described[names[name]], frames[names[name]] = {"columns": columns, "primary_key": _OWN}, frame
        with sdv_session(seed=seed):
            metadata = Metadata.load_from_dict({"tables": described, "relationships": relationships})
            fitted = HMASynthesizer(metadata, verbose=False)
            fitted.fit(frames)
        return fitted

    def load(self, folder: Path) -> Model:
        stored = read_json(folder / "schema.json")
        codings = {}
        for place, (name, coding) in enumerate(zip(stored["tables"], stored["codings"], strict=True)):
            codings[name] = Coding.from_dict(coding, feather.read_table(str(folder / f"types{place}.arrow")).schema)
        return HmaModel(load_fitted(folder), codings, stored["parents"])


def _name(place: int) -> str:
    """A table's name to SDV, which may log it."""
    return f"t{place}"


def _rows_by_key(frame: Any) -> dict[Any, int]:
    return {key: row for row, key in enumerate(frame[_OWN].tolist())}


HMA_SCHEMA = HmaSynthesizer()
