"""Whether a promise is kept, as far as attacks can tell: `make bench CASE=audit`.

Two tiny schemas that differ in one entity are measured many times. The attacker knows both, sees every noisy count, and adds up what
those of the entity's cells have above all others' rows, each by how exact it is: for Gaussian noise the best test there is. Their errors
bound how far apart the two are, with 99.9 % confidence (Clopper and Pearson), and that, noise being Gaussian, epsilon from below (Nasr et
al. 2023, arXiv:2302.07956): it may never be above what is promised. The same with noise a quarter as wide as is booked must be caught.
RUNS=1000 of each kind; exit status 1 when a bound is above a promise that is kept, or when the broken one is not caught.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import beta, norm

from warehouse_twin.privacy.accounting import Promise
from warehouse_twin.synthesizers import marginal_domains, marginal_measuring
from warehouse_twin.synthesizers.marginal_measuring import Count, Measured
from warehouse_twin.synthesizers.marginal_schemas import Counted, Measurement, bounded_rows, measure_schema

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DELTA, CONFIDENCE = 1e-5, 0.999
PEOPLE = 80
TARGET = 0
"""The entity that is there or not: the only one of its kind, with as many rows as one may have."""
ORDERS_AT_MOST = 3


def schema(*, there: bool) -> Mapping[str, Counted]:
    """People and their orders; the entity in question is unlike the others."""
    people = np.arange(PEOPLE)
    kind = np.where(people == TARGET, "rare", np.where(people % 3 == 0, "gold", "plain"))
    age = np.where(people == TARGET, 99, 20 + people % 40)
    owner = np.repeat(people, np.where(people == TARGET, ORDERS_AT_MOST, people % 3))
    cost = np.where(owner == TARGET, 900, 10 * (owner % 7))
    kept, kept_orders = (people != TARGET) | there, (owner != TARGET) | there
    places = np.cumsum(kept) - 1
    declared = {"values": ["gold", "plain", "rare"]}
    return {
        "people": Counted(pa.table({"kind": kind[kept], "age": age[kept]}), people[kept], domains={"kind": declared}),
        "orders": Counted(
            pa.table({"cost": cost[kept_orders]}), owner[kept_orders], ORDERS_AT_MOST, ("owner", "people"), places[owner[kept_orders]]
        ),
    }


def evidence(found: Measurement, target: Mapping[str, Counted], others: Mapping[str, Counted]) -> float:
    """How much speaks for the entity's being there: what noisy counts of its cells have above the other entities' rows, over their
    variance, for each of its rows."""
    total, mine, theirs = 0.0, codes_of(found, target), codes_of(found, others)
    for name, (_, measured) in found.tables.items():
        for count in measured.counts:
            cells, known = (_cells(side[name], count, measured) for side in (mine, theirs))
            held = np.bincount(np.ravel_multi_index(known, count.counts.shape), minlength=count.counts.size).reshape(count.counts.shape)
            total += float(((count.counts - held)[cells] / count.deviation**2).sum())
    return total


def codes_of(found: Measurement, tables: Mapping[str, Counted]) -> dict[str, Ints]:
    """The cells of rows by the domains that were found, shape `(columns, rows)` for each table."""
    codes: dict[str, Ints] = {}
    for name, table in tables.items():
        columns = {column: table.rows.column(column) for column in table.rows.column_names}
        link = tables["orders"].link
        if name == "people" and link is not None:
            columns["#orders"] = pa.chunked_array([pa.array(np.bincount(link, minlength=len(table.entities)))])
        own = np.stack([domain.codes(columns[domain.name]) for domain in found.tables[name][0]])
        if table.link is not None and table.drive is not None:
            own = np.concatenate([found.tables[table.drive[1]][1].coarse_codes(codes[table.drive[1]], table.link), own])
        codes[name] = own
    return codes


def _cells(codes: Ints, count: Count, measured: Measured) -> tuple[Ints, ...]:
    cells = [codes[column] for column in count.columns]
    if count.coarse:
        cells = [np.asarray(measured.parts[column])[cell] for column, cell in zip(count.columns, cells, strict=True)]
    return tuple(cells)


def bound(present: Floats, absent: Floats) -> float:
    """The least epsilon that explains how well a threshold, chosen on the first quarter, tells the rest apart."""
    first = len(present) // 4
    tried = np.quantile(np.r_[present[:first], absent[:first]], np.linspace(0.1, 0.9, 33))
    best = max(tried, key=lambda threshold: _separation(present[:first], absent[:first], threshold, confidence=0.5))
    return epsilon_of(_separation(present[first:], absent[first:], best, confidence=CONFIDENCE))


def _separation(present: Floats, absent: Floats, threshold: float, *, confidence: float) -> float:
    """The least distance of two Gaussians, in deviations, at which as few errors of both kinds are made."""
    each = 1 - (1 - confidence) / 2
    missed, alarms = int((present <= threshold).sum()), int((absent > threshold).sum())
    wrong = ((missed, len(present)), (alarms, len(absent)))
    most = [beta.ppf(each, errors + 1, runs - errors) if errors < runs else 1.0 for errors, runs in wrong]
    return max(0.0, float(-norm.ppf(most[0]) - norm.ppf(most[1])))


def epsilon_of(separation: float) -> float:
    """Epsilon at delta of Gaussian noise that this is the separation of (Dong, Roth and Su 2019, arXiv:1905.02383, corollary 2.13)."""
    if separation == 0:
        return 0.0

    def excess(epsilon: float) -> float:
        near, far = -epsilon / separation + separation / 2, -epsilon / separation - separation / 2
        return float(norm.cdf(near) - np.exp(epsilon + norm.logcdf(far)) - DELTA)

    return float(brentq(excess, 0.0, 200.0)) if excess(0.0) > 0 else 0.0


@contextmanager
def narrow(share: float) -> Iterator[None]:
    """Noise that is `share` as wide as what is booked: the fault that an audit is for."""
    right = marginal_measuring.noisy_counts

    def wrong(counts: NDArray[np.int64], *, rho: float, distance: int) -> object:
        noisy, cost = right(counts, rho=rho, distance=distance)
        return np.rint(counts + (noisy - counts) * share).astype(np.int64), cost

    for module in (marginal_measuring, marginal_domains):
        module.noisy_counts = wrong  # type: ignore[assignment]
    try:
        yield
    finally:
        for module in (marginal_measuring, marginal_domains):
            module.noisy_counts = right


def audited(epsilon: float, *, runs: int) -> float:
    """The bound from `runs` measurements with the entity and as many without."""
    whole, others = (bounded_rows(schema(there=there), seed=1) for there in (True, False))
    alone = {
        name: replace(table, rows=table.rows.take(pa.array(np.flatnonzero(table.entities == TARGET))), entities=np.asarray([TARGET]))
        for name, table in whole.items()
    }
    alone["orders"] = replace(alone["orders"], link=np.zeros(ORDERS_AT_MOST, dtype=np.int64))
    promise = Promise(epsilon, DELTA)
    present, absent = (
        np.asarray([evidence(measure_schema(side, promise=promise), alone, others) for _ in range(runs)]) for side in (whole, others)
    )
    return bound(present, absent)


def main() -> int:
    runs, good = int(os.environ.get("RUNS", "1000")), True
    print("promised epsilon | noise | least epsilon that explains what is seen (99.9 %) | runs")
    for epsilon in (2.0, 8.0):
        kept = audited(epsilon, runs=runs)
        with narrow(0.25):
            broken = audited(epsilon, runs=runs)
        good &= kept <= epsilon < broken
        print(f"{epsilon:g} | as booked | {kept:.3f} | 2 x {runs}")
        print(f"{epsilon:g} | a quarter | {broken:.3f}{'' if broken > epsilon else ' NOT CAUGHT'} | 2 x {runs}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
