"""Columns of a parent that are those of its last or its first child: a state, a balance, an address.

Which child is the last is said by a number or a time of the children; of those that share the greatest, it is the one with the
greatest value, so that the answer does not hang on the order in which rows are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.evaluating import as_text, scalar
from warehouse_twin.profiling.rules.evidence import SURPRISE
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.values import part_names
from warehouse_twin.randomness import permutation
from warehouse_twin.relations.children import Family

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ENDS = ("last", "first")


def latest_rules(few: Family, targets: Mapping[str, pa.ChunkedArray], columns: Sequence[str], by: Sequence[str]) -> Iterator[Rule]:
    """For each target the rules that hold in all these parents: of columns in which a parent's first and last child differ."""
    for when in by:
        for name in columns:
            if name == when:
                continue
            ends = {function: _taken(few, name, when, function) for function in ENDS}
            if different(ends["last"], ends["first"]).sum() < SURPRISE:
                continue
            for function, made in ends.items():
                for target, values in targets.items():
                    if values.type == made.type and agrees(made, values, dealt=True):
                        yield _rule(target, few, function, name, when)


def _rule(target: str, family: Family, function: str, name: str, when: str) -> Rule:
    detail = {
        "function": function,
        "table": family.name,
        "column": f"{name} by {when}",
        "of": [name],
        "by": when,
        "columns": list(family.key.columns),
        "references": list(family.key.references_columns),
        "step": 0.0,
    }
    return Rule("aggregate", target, (), detail)


def latest(family: Family, rule: Rule) -> pa.ChunkedArray:
    """The value of the last or first child of every parent, null where there is none."""
    return _taken(family, rule.detail["of"][0], rule.detail["by"], rule.detail["function"])


def _taken(family: Family, name: str, when: str, function: str) -> pa.ChunkedArray:
    values, moments = family.read(name), scalar(family.read(when))
    here = np.flatnonzero(~np.isnan(moments))
    order = np.lexsort((_ranks(values)[here], moments[here] if function == "last" else -moments[here], family.links[here]))
    found = np.full(family.parents, -1, dtype=np.int64)
    found[family.links[here[order]]] = here[order]  # written last wins
    return values.take(pa.array(np.maximum(found, 0), mask=found < 0))


def _ranks(values: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers in the order of the values, null first."""
    if part_names(values.type):
        return np.nan_to_num(scalar(values), nan=-np.inf)
    encoded = as_text(values).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    places = np.argsort(pc.sort_indices(encoded.dictionary).to_numpy(zero_copy_only=False), kind="stable")
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return np.where(codes < 0, -1.0, np.append(places, 0)[codes]).astype(np.float64)


def different(one: pa.ChunkedArray, other: pa.ChunkedArray) -> Bools:
    """Where both are there and are not the same."""
    found: Bools = pc.fill_null(pc.not_equal(one, other.cast(one.type)), False).to_numpy().astype(bool)
    return found


def agrees(made: pa.ChunkedArray, values: pa.ChunkedArray, *, dealt: bool = False) -> bool:
    """Whether they are the same wherever both are there, often; `dealt`: and would not be if the values were dealt anew."""
    both = np.flatnonzero(made.is_valid().to_numpy() & values.is_valid().to_numpy())
    if len(both) < SURPRISE or different(made, values).any():
        return False
    again = both[permutation(len(both), seed=1, stream="latest")]
    return not dealt or bool(different(made.take(pa.array(both)), values.take(pa.array(again))).sum() >= SURPRISE)
