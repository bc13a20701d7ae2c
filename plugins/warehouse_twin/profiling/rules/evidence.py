"""What rules are mined from: a sample of rows to look for them, all rows to be sure, and whether chance would do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.evaluating import Columns, nulls_of, scalar, violations
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import has_marks, is_number, part_names
from warehouse_twin.randomness import permutation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SAMPLE = 20_000
SURPRISE = 20
"""Rows, counted as if each were an entity of its own, that would break a rule if its columns had nothing to do with each other."""
MINED_KINDS = ("numeric", "datetime", "categorical")


@dataclass(frozen=True)
class Evidence:
    """The training rows of a table with its context. `profiles` in order; `fixed` are drawn or given before all others.

    `read` gives all rows of some columns, `entities` one id a row of them. `pairs` is how much two columns say of each other.
    """

    profiles: Mapping[str, ColumnProfile]
    read: Callable[[Sequence[str]], Columns]
    entities: Ints
    k: int
    fixed: Collection[str] = ()
    pairs: Mapping[tuple[str, str], float] = field(default_factory=dict)
    _dealt: dict[str, pa.ChunkedArray] = field(default_factory=dict, repr=False)

    @property
    def rows(self) -> int:
        return len(self.entities)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Columns that rules are looked for in: those that are modelled, have at least two values, and no NaN or infinity to keep."""
        return tuple(
            name
            for name, profile in self.profiles.items()
            if profile.kind in MINED_KINDS and profile.distinct > 1 and not any(has_marks(part) for part in profile.parts)
        )

    @cached_property
    def chosen(self) -> Ints:
        """The rows of the sample, ascending."""
        if self.rows <= SAMPLE:
            return np.arange(self.rows, dtype=np.int64)
        return np.sort(permutation(self.rows, seed=0, stream="rules")[:SAMPLE])

    @cached_property
    def sample(self) -> Columns:
        names = [name for name, profile in self.profiles.items() if profile.kind in MINED_KINDS]
        if self.rows <= SAMPLE:
            return dict(self.read(names))
        index = pa.array(self.chosen)
        return {name: self.read([name])[name].take(index) for name in names}

    @cached_property
    def scalars(self) -> Mapping[str, Floats]:
        """Numbers and times of the sample."""
        return {name: scalar(self.sample[name]) for name in self.names if part_names(self.sample[name].type) in _SCALAR}

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        return tuple(name for name in self.scalars if is_number(self.sample[name].type) and self.profiles[name].kind == "numeric")

    @cached_property
    def times(self) -> tuple[str, ...]:
        """Dates and timestamps."""
        return tuple(name for name in self.scalars if name not in self.numbers and self.profiles[name].kind == "datetime")

    @cached_property
    def crowding(self) -> float:
        """Entities a row: what a row counts as when rows of one entity are alike."""
        return len(np.unique(self.entities)) / max(self.rows, 1)

    def free(self, *names: str) -> bool:
        """Whether at least one of these columns is still to be drawn when the fixed ones are known."""
        return any(name not in self.fixed for name in names)

    def holds(self, rule: Rule) -> bool:
        """No row breaks the rule, first of the sample, then of all; and enough rows and entities have values for it."""
        if violations(rule, self.sample).any():
            return False
        whole = self.read(list(rule.columns))
        if self.rows > SAMPLE and violations(rule, whole).any():
            return False
        if rule.kind in ("null_equal", "null_implied"):
            return True
        present = np.logical_and.reduce([whole[name].is_valid().to_numpy() for name in rule.columns])
        return self.supported(present)

    def total(self, rule: Rule) -> bool:
        """Whether the target is null exactly where a source is, so that it need not be drawn at all."""
        whole = self.read(list(rule.columns))
        missing = np.logical_or.reduce([nulls_of(whole[name]) for name in rule.sources])
        known = self.profiles[rule.target].nullable or not missing.any()
        return known and bool(np.array_equal(nulls_of(whole[rule.target]), missing))

    def supported(self, rows: Bools) -> bool:
        """At least 100 rows, ten times k, of at least k entities."""
        return int(rows.sum()) >= max(100, 10 * self.k) and len(np.unique(self.entities[rows])) >= self.k

    def dealt(self, name: str) -> pa.ChunkedArray:
        """The sample's values of a column in an order that has nothing to do with the others."""
        if name not in self._dealt:
            order = permutation(len(self.chosen), seed=1, stream=f"rules/{name}")
            self._dealt[name] = self.sample[name].take(pa.array(order))
        return self._dealt[name]

    def surprising(self, rule: Rule) -> bool:
        """Whether the rule would be broken if the values of any of its columns were dealt out anew."""
        columns = {name: self.sample[name] for name in rule.columns}
        for name in rule.columns:
            dealt = {**columns, name: self.dealt(name)}
            if violations(rule, dealt).sum() * self.rows / max(len(self.chosen), 1) * self.crowding < SURPRISE:
                return False
        return True


_SCALAR = (("number",), ("day",), ("day", "time"))
