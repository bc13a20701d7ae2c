"""Rows given any of their columns: filter-style draws, what-if cohorts, more of a group that is rare.

A model draws its columns in order. Evidence on the first of them is simply conditioned on. Evidence on a later one is likelier
under some values of those before it than under others: whole candidates are drawn with the evidence put in its place, and each
is accepted with the probability that the model's trees give the evidence after it, over the most they ever give. What is accepted
is an exact draw given the evidence (rejection sampling; von Neumann, "Various techniques used in connection with random digits",
1951). A row none of whose `CANDIDATES` is accepted gets one of them by weight (sampling importance resampling; Rubin, "Using the
SIR algorithm to simulate posterior distributions", 1988), by the largest of Gumbel-perturbed log weights.

Candidates are numbered by the row's counter, so that a row is the same however the work is split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.names import listed
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.randomness import uniforms
from warehouse_twin.synthesizers.coding import Codec, codec_of
from warehouse_twin.synthesizers.columns import from_values, to_values
from warehouse_twin.synthesizers.drawing import Drawing
from warehouse_twin.synthesizers.trees import Tree

if TYPE_CHECKING:
    from warehouse_twin.synthesizers.sequential import SequentialModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Values = tuple[Floats, ...]
CANDIDATES, PATIENCE = 256, 4_096
"""Candidates a row, at the most; and while the evidence is impossible after each of them."""
BATCH = 100_000
"""Candidates drawn at a time."""


def conditioned(model: SequentialModel, context: pa.Table) -> tuple[dict[int, Values], tuple[int, ...]]:
    """The values of the context's columns by their place in the model's order, and the places that candidates are weighted by.

    Raises ConfigurationError for values that the model can never draw, but in columns that lead: those come from other tables.
    """
    known: dict[int, Values] = {}
    for place, column in enumerate(model.columns):
        if column.name in context.column_names:
            array = context.column(column.name).cast(model.types.field(column.name).type, safe=False)
            known[place] = to_values(array, column)
            if place >= model.given + model.leading:
                _check_known(column, array, known[place])
    first = next((place for place in range(model.given, len(model.columns)) if place not in known), len(model.columns))
    return known, tuple(place for place in known if place > first)


def _check_known(column: ColumnProfile, array: pa.ChunkedArray, values: Values) -> None:
    """The message holds what the profile holds: no value that fewer than k entities share."""
    filled, part = array.is_valid().to_numpy(), column.parts[0]
    strange, wanted = np.zeros(len(filled), dtype=bool), ""
    if column.kind == "categorical":
        strange, wanted = filled & np.isnan(values[0]), f"one of {listed(part.values)}"
    elif part.kind not in ("presence", "category"):  # what a code begins with is no more than evidence
        low, high = (part.cells[0][0], part.cells[-1][1]) if part.cells else (np.inf, -np.inf)
        strange = (values[0] < np.floor(low)) | (values[0] > np.ceil(high))
        wanted = f"{_shown(low, part.kind)} to {_shown(high, part.kind)}" if part.cells else "null, as no value was learned"
    if strange.any():
        raise ConfigurationError(
            f"column {column.name}: {int(strange.sum())} rows of the context have a value that the model does not know; wanted {wanted}"
        )
    if not filled.all() and not column.nullable:
        raise ConfigurationError(f"column {column.name}: rows of the context have no value, and the column is never null; give it one")


def _shown(value: float, kind: str) -> str:
    return str(np.datetime64(int(value), "D")) if kind == "day" else f"{value:g}"


def accepted(model: SequentialModel, known: Mapping[int, Values], evidence: Sequence[int], counters: Ints, *, seed: int) -> Ints:
    """For each row the counter of the candidate that is drawn, shape `(rows,)`.

    `known` has the values of all conditioned columns by their place in the order, shape `(rows,)` each; `evidence` are the places
    that candidates are weighted by, those after a column that is not known.
    """
    bound = np.sum([_most(model, place, known[place]) for place in evidence], axis=0)
    if not np.isfinite(bound).all():
        raise _impossible(model, evidence, int((~np.isfinite(bound)).sum()))
    found, best = np.full(len(counters), -1, dtype=np.int64), np.full(len(counters), -np.inf)
    likeliest = np.full(len(counters), -1, dtype=np.int64)
    begin = 0
    while begin < PATIENCE:
        active = np.flatnonzero(found < 0 if begin < CANDIDATES else (found < 0) & (likeliest < 0))
        if not len(active):
            break
        end = min(begin + max(1, BATCH // len(active)), CANDIDATES if begin < CANDIDATES else PATIENCE)
        numbers = counters[active, None] * PATIENCE + np.arange(begin, end)
        rows = np.repeat(active, end - begin)
        values = {place: tuple(part[rows] for part in parts) for place, parts in known.items()}
        weights = _weights(model, values, evidence, numbers, seed=seed)
        hit, number = _first(np.log1p(-_chances(numbers, seed=seed, stream="/accept")) < weights - bound[active, None], numbers)
        found[active[hit]] = number[hit]
        shaken = weights - np.log(-np.log(np.maximum(_chances(numbers, seed=seed, stream="/likeliest"), 2.0**-54)))
        top, number = shaken.max(axis=1), numbers[np.arange(len(active)), shaken.argmax(axis=1)]
        better = top > best[active]
        best[active[better]], likeliest[active[better]] = top[better], number[better]
        begin = end
    drawn: Ints = np.where(found < 0, likeliest, found)
    if (drawn < 0).any():
        raise _impossible(model, evidence, int((drawn < 0).sum()))
    return drawn


def _chances(numbers: Ints, *, seed: int, stream: str) -> Floats:
    return uniforms(numbers.ravel(), seed=seed, stream=stream).reshape(numbers.shape)


def _first(taken: NDArray[np.bool_], numbers: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Whether a row has a candidate that is taken, and the number of the first."""
    rows, place = np.arange(len(taken)), taken.argmax(axis=1)
    return taken[rows, place], numbers[rows, place]


def _weights(model: SequentialModel, known: Mapping[int, Values], evidence: Sequence[int], numbers: Ints, *, seed: int) -> Floats:
    """Log probability of the evidence given each candidate's values before it, in the shape of `numbers`.

    There is none where the evidence breaks a rule, as when it is not what a computed column comes to.
    """
    drawing, total = Drawing(model, numbers.ravel(), seed), np.zeros(numbers.size)
    for place, column in enumerate(model.columns[: max(evidence) + 1]):
        if place not in known:
            drawing.take(place, *drawing.draw(place))
            continue
        values, kind = known[place], model.types.field(column.name).type
        array = pa.chunked_array([from_values(values, column, kind, drawing.counters, seed=seed)])
        if place in evidence:
            if column.name in model.constraints.names:
                total = np.where(model.constraints.broken(column.name, array, drawing.ruling), -np.inf, total)
            own: list[NDArray[np.float32]] = []
            for index, (codec, part) in enumerate(zip(model.codecs[place], values, strict=True)):
                if (place, index) in model.trees:
                    total += _log_share(model.trees[place, index], codec, part, [*drawing.features, *own], index)
                own += codec.features(part)
        drawing.take(place, array, values)
    return total.reshape(numbers.shape)


def _log_share(tree: Tree, codec: Codec, values: Floats, features: Sequence[NDArray[np.float32]], index: int) -> Floats:
    with np.errstate(divide="ignore"):
        found: Floats = np.log(tree.shares(features, codec.encode(values)))
    return np.where(np.isnan(values) & (index > 0), 0.0, found)  # a null has no time of day


def _most(model: SequentialModel, place: int, values: Values) -> Floats:
    """The largest log probability that any leaf gives to the column's values."""
    total = np.zeros(len(values[0]))
    for index, part in enumerate(model.columns[place].parts):
        if (place, index) not in model.trees:  # computed: a row has the values, or it has not
            continue
        with np.errstate(divide="ignore"):
            found = np.log(model.trees[place, index].most())[codec_of(part).encode(values[index])]
        total += np.where(np.isnan(values[index]) & (index > 0), 0.0, found)
    return total


def _impossible(model: SequentialModel, evidence: Sequence[int], rows: int) -> ConfigurationError:
    names = listed([model.columns[place].name for place in evidence])
    return ConfigurationError(
        f"{rows} rows of the context are impossible under the model: none of {PATIENCE} draws can have their values of {names}; "
        "wanted values that occur together, next: condition on fewer columns"
    )
