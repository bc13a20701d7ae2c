"""What `marginal` knows of a schema, all of it measured with noise, and rows drawn from it: whatever is done here costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
from numpy.typing import NDArray

from warehouse_twin.privacy.accounting import Account, Cost, Promise
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.randomness import derive_seed, permutation, uniforms
from warehouse_twin.synthesizers.generators import generate
from warehouse_twin.synthesizers.marginal_domains import Domain
from warehouse_twin.synthesizers.marginal_fitting import Fitted
from warehouse_twin.synthesizers.marginal_rows import drawn_column
from warehouse_twin.synthesizers.personal import with_personal
from warehouse_twin.synthesizers.protocol import WholeSchema
from warehouse_twin.workspace import read_json, write_json

Ints = NDArray[np.int64]
Drawn = dict[str, tuple[pa.Table, dict[str, Ints]]]
"""table → its rows, and for each key the parent's row of each row, -1 for none"""


@dataclass(frozen=True)
class TableModel:
    """Of one table: the domains of its columns (numbers of children last), what they are measured as, types of those that are drawn.

    `made` are columns of which nothing is learned but how many values are missing.
    """

    domains: tuple[Domain, ...]
    fitted: Fitted
    types: pa.Schema
    children: tuple[str, ...]
    """tables whose rows follow from the last domains' numbers"""
    drive: tuple[str, str] | None
    """the driving key and its table"""
    others: tuple[tuple[str, str], ...]
    """keys that lead anywhere, and their tables"""
    made: tuple[ColumnProfile, ...] = ()

    def given_codes(self, codes: Ints, link: Ints) -> Ints:
        """What children are drawn given: the coarse parts of the table's own columns, shape `(columns, rows)`."""
        return self.fitted.measured.coarse_codes(codes, link)

    def children_of(self, child: str, codes: Ints, *, seed: int) -> Ints:
        """How many rows of a table follow from each row, shape `(rows,)`."""
        place = len(self.domains) - len(self.children) + self.children.index(child)
        counters = np.arange(codes.shape[1], dtype=np.int64)
        own = codes[self.fitted.measured.given + place]
        found: Ints = drawn_column(self.domains[place], own, pa.int64(), counters, seed=seed).to_numpy()
        return found

    def values(self, codes: Ints, counters: Ints, *, seed: int) -> pa.Table:
        """The columns of rows, without the numbers of children."""
        made = {profile.name: profile for profile in self.made}
        start, columns = self.fitted.measured.given, {}
        for place, domain in enumerate(self.domains[: len(self.domains) - len(self.children)]):
            own, kind = codes[start + place], self.types.field(domain.name).type
            if domain.name in made:
                present = own < len(domain.cells)
                columns[domain.name] = pa.chunked_array([generate(made[domain.name], kind, present, counters, seed=seed)])
            else:
                columns[domain.name] = drawn_column(domain, own, kind, counters, seed=seed)
        return with_personal(pa.table(columns), self.made, counters, seed=seed)

    def to_dict(self) -> dict[str, Any]:
        """All but the types, which Arrow keeps."""
        made = TableProfile("", 0, 0, 0, 0, 0, self.made).to_dict()["columns"]
        parts = {"children": self.children, "drive": self.drive, "others": self.others, "made": made}
        return {"domains": [asdict(domain) for domain in self.domains], "fitted": self.fitted.to_dict(), **parts}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], types: pa.Schema) -> TableModel:
        return cls(
            tuple(Domain.from_dict(domain) for domain in value["domains"]),
            Fitted.from_dict(value["fitted"]),
            types,
            tuple(value["children"]),
            (value["drive"][0], value["drive"][1]) if value["drive"] else None,
            tuple((key, parent) for key, parent in value["others"]),
            tuple(ColumnProfile.from_dict(column) for column in value["made"]),
        )


@dataclass(frozen=True)
class MarginalModel(WholeSchema):
    """Models of all tables, parents first, and what they cost. In the tables it is not kept with, it knows nothing."""

    engine: ClassVar[str] = "marginal"
    tables: Mapping[str, TableModel]
    held_out: float
    """the share of the source's entities that were not counted"""
    promise: Promise
    account: Account

    def sample_schema(self, sizes: Mapping[str, tuple[int | None, float]], *, seed: int) -> Drawn:
        """All tables. Roots have as many rows as were counted, or as `sizes` wants: rows, or else a factor."""
        drawn: Drawn = {}
        codes: dict[str, Ints] = {}
        for name, table in self.tables.items():
            own = derive_seed(seed, name)
            given, links = self.given(table, name, codes, sizes.get(name, (None, 1.0)), seed=own)
            counters = np.arange(given.shape[1], dtype=np.int64)
            codes[name] = table.fitted.draw(given, counters, seed=own)
            for key, parent in table.others:
                links[key] = _anywhere(key, len(counters), None if parent == name else codes[parent].shape[1], seed=own)
            drawn[name] = table.values(codes[name], counters, seed=own), links
        return drawn

    def given(
        self, table: TableModel, name: str, codes: Mapping[str, Ints], size: tuple[int | None, float], *, seed: int
    ) -> tuple[Ints, dict[str, Ints]]:
        """What is known of a table's rows from their parents, shape `(columns, rows)`, and the rows of their parents."""
        if table.drive is None:
            rows = round(table.fitted.measured.rows.value / (1 - self.held_out) * size[1]) if size[0] is None else size[0]
            return np.zeros((0, rows), dtype=np.int64), {}
        key, parent = table.drive
        above = self.tables[parent]
        link = np.repeat(np.arange(codes[parent].shape[1]), above.children_of(name, codes[parent], seed=seed))
        return above.given_codes(codes[parent], link), {key: link}

    def save(self, folder: Path) -> None:
        stored = [[name, table.to_dict()] for name, table in self.tables.items()]  # in an order that counts
        whole = {"tables": stored, "held_out": self.held_out, "promise": asdict(self.promise), "account": self.account.to_dict()}
        write_json(folder / "marginal.json", whole)
        for place, table in enumerate(self.tables.values()):
            feather.write_feather(table.types.empty_table(), str(folder / f"types{place}.arrow"), compression="uncompressed")

    @classmethod
    def load(cls, folder: Path) -> MarginalModel:
        stored = read_json(folder / "marginal.json")
        types = [feather.read_table(str(folder / f"types{place}.arrow")).schema for place in range(len(stored["tables"]))]
        tables = {name: TableModel.from_dict(value, kinds) for (name, value), kinds in zip(stored["tables"], types, strict=True)}
        return cls(tables, stored["held_out"], Promise(**stored["promise"]), Account.from_dict(stored["account"]))


NOTHING = MarginalModel({}, 0.0, Promise(1.0, 0.5), Account(Cost()))
"""What is kept with the other tables than the first."""


def _anywhere(key: str, rows: int, parents: int | None, *, seed: int) -> Ints:
    """A parent for each row, all of them used before one is used again; in the table itself (None) some row before it."""
    if parents is None:
        places = np.arange(rows, dtype=np.int64)
        found: Ints = np.floor(uniforms(places, seed=seed, stream=key) * places).astype(np.int64)
        return np.where(places == 0, -1, found)
    return permutation(max(rows, 1), seed=seed, stream=key)[:rows] % parents if parents else np.full(rows, -1, dtype=np.int64)
