"""Codes of a table that contain the key of a row above: found in the source, and put in where the twin's codes are made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.rules.embedded import candidates, containing, unlike
from warehouse_twin.profiling.rules.evidence import SURPRISE
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import permutation
from warehouse_twin.relations.contexts import Read
from warehouse_twin.relations.key_plans import KeyPlan


def code_rules(table: ResolvedTable, plan: KeyPlan, profile: TableProfile, rows: Read) -> Iterator[Rule]:
    """Codes that contain, in every row of the training part, the key of the row that a link leads to; one rule a code at the most."""
    keys = [key.columns[0] for key in plan.links if len(key.columns) == 1]
    own = [name for name in table.table.column_names if name == plan.new_key or (name in plan.modelled and name not in plan.leading)]
    codes = [name for name in own if name not in keys and name not in table.generators and profile.column(name).kind == "code"]
    for target in codes if keys else ():
        read = rows(table.name, [target, *keys])
        found = (rule for source in keys for rule in candidates(target, source, read.column(target), read.column(source)))
        rule = next((rule for rule in found if _holds(rule, read)), None)
        if rule is not None:
            yield rule


def _holds(rule: Rule, rows: pa.Table) -> bool:
    """Whether no row breaks the rule, and many would if keys were dealt anew."""
    codes, keys = rows.column(rule.target), rows.column(rule.sources[0])
    if not (pt.is_string(codes.type) or pt.is_large_string(codes.type)) or unlike(rule, codes, keys).any():
        return False
    again = keys.take(pa.array(permutation(rows.num_rows, seed=1, stream="codes")))
    return bool(unlike(rule, codes, again).sum() >= SURPRISE)


def with_keys(columns: Mapping[str, pa.ChunkedArray], rules: Sequence[Rule], names: Collection[str]) -> dict[str, pa.ChunkedArray]:
    """The columns, those of `names` that are codes with the key of their row in them."""
    found = dict(columns)
    for rule in rules:
        if rule.kind == "code" and not rule.ignored and rule.target in names and rule.sources[0] in found:
            found[rule.target] = containing(rule, found[rule.target], found[rule.sources[0]])
    return found


def with_key(rules: Sequence[Rule], name: str, texts: np.ndarray, rows: np.ndarray, columns: Mapping[str, pa.ChunkedArray]) -> np.ndarray:
    """Some rows' new codes with their keys in them."""
    part = {other: column.take(pa.array(rows)) for other, column in columns.items()}
    made = pa.chunked_array([pa.array(texts.tolist(), type=pa.string())])
    return np.asarray(with_keys({**part, name: made}, rules, [name])[name].to_pylist(), dtype=object)
