"""What stands in MLflow as parameters, metrics and tags, worked out from receipts and scores alone.

Recording writes these values and audit holds what it finds against them: one account of what should be there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from warehouse_twin.digests import digest_of
from warehouse_twin.lineage import naming
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.score import Score
from warehouse_twin.receipts import Receipt

PARAMETERS = ("seed", "k", "entity", "holdout")
"""Parameters of a release's run that the resolved manifest holds under the same name."""


@dataclass(frozen=True, slots=True)
class Values:
    """Of one run: the release's or a table's."""

    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, Any] = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)
    """metrics by epoch"""


ByRun = dict[str | None, Values]
"""Table → its run's values; None for those of the release's own run."""


def resolve_values(resolved: ResolvedTwin, receipt: Receipt) -> ByRun:
    """What is split and how, and the sources' keyed digests."""
    rows, holdout = receipt.facts.get("rows", {}), receipt.facts.get("holdout", {})
    digests = {item.name: receipt.digests.get(f"source/{item.name}") for item in resolved.tables}
    whole = Values(
        params={name: getattr(resolved, name) for name in PARAMETERS}
        | {
            "source": f"{resolved.source_warehouse}/{resolved.source_schema}",
            "target": f"{resolved.target_warehouse}/{resolved.target_schema}",
        }
        | {f"rows.{item.name}": rows.get(item.name) for item in resolved.tables if item.keep_real},
        tags={"twin.version": receipt.version} | {f"{naming.SOURCE_DIGEST}.{name}": digest for name, digest in digests.items()},
    )
    found: ByRun = {None: whole}
    for item in resolved.protected:
        found[item.name] = Values(
            params={"rows": rows.get(item.name), "holdout_rows": holdout.get(item.name)},
            tags={naming.SOURCE_DIGEST: digests[item.name]},
        )
    return found


def train_values(receipt: Receipt) -> Values:
    """One table's models: the published one plainly, the others under `<role>.<synthesizer>.`"""
    found = Values()
    for synthesizer, facts in receipt.facts["models"].items():
        published = facts["role"] == "published"
        prefix = "" if published else f"{facts['role']}.{synthesizer}."
        found.params[f"{prefix}synthesizer"] = synthesizer
        found.params.update({f"{prefix}parameter.{name}": value for name, value in facts.get("parameters", {}).items()})
        found.metrics.update({f"{prefix}train_{name}": facts[name] for name in ("rows", "seconds") if facts.get(name) is not None})
        found.curves.update({f"{prefix}{curve}": values for curve, values in facts.get("losses", {}).items()})
        found.tags[f"{naming.MODEL_DIGEST}.{synthesizer}"] = facts["digest"]
        if published:
            found.tags[naming.MODEL_DIGEST] = facts["digest"]
    choice = receipt.facts.get("choice", {})
    found.tags.update({naming.CHOSEN: choice["chosen"]} if choice else {})
    for synthesizer, figures in choice.get("trial", {}).items():
        known = {name: figures[name] for name in ("fidelity", "privacy", "cost") if figures[name] is not None}
        found.metrics.update({f"trial.{synthesizer}.{name}": value for name, value in known.items() if math.isfinite(value)})
    return found


def plain_values(receipt: Receipt) -> ByRun:
    """`synthesize` and `materialize`: every plain fact as a tag, and the digest of all files."""
    stage = receipt.stage
    plain = {f"twin.{stage}.{name}": value for name, value in receipt.facts.items() if isinstance(value, str | int | float)}
    return {None: Values(tags=plain | {f"twin.{stage}.digest": digest_of(dict(receipt.digests))})}


def gate_values(resolved: ResolvedTwin, scores: Mapping[str, Any], verdict: Mapping[str, Any]) -> ByRun:
    """Scores of whole tables as metrics, and the verdict. A table that has no run of its own speaks in the release's."""
    judged = [(item["score"]["table"], item["status"]) for item in verdict["judged"]]
    statuses = [status for _, status in judged]
    counts = {status: float(statuses.count(status)) for status in ("pass", "fail", "undecided")}
    counts |= {name: float(verdict[name]) for name in ("expected", "evaluated")}
    passed = str(bool(verdict["passed"])).lower()
    tags = {naming.VERDICT: verdict["status"], naming.PASSED: passed, "twin.attempt": verdict.get("attempt", 1)}
    found: ByRun = {None: Values(metrics=counts, tags=tags)}
    for item in resolved.protected:
        own = {status for table, status in judged if table == item.name}
        found[item.name] = Values(tags={naming.VERDICT: "fail" if "fail" in own else "undecided" if "undecided" in own else "pass"})
    for table, values in _metrics_of_all(scores).items():
        if table in found:
            found[table].metrics.update(values)
        else:
            found[None].metrics.update({f"{table}.{name}": value for name, value in values.items()})
    return found


def _metrics_of_all(scores: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Table → metric → value, of a whole scores.json, challengers' under `challenger.<synthesizer>.`"""
    found = _metrics_of(scores.get("scores", ()), prefix="")
    for table, challengers in scores.get("challengers", {}).items():
        for synthesizer, items in challengers.items():
            for values in _metrics_of(items, prefix=f"challenger.{synthesizer}.").values():
                found.setdefault(table, {}).update(values)
    return found


def _metrics_of(scores: Iterable[Mapping[str, Any]], *, prefix: str) -> dict[str, dict[str, float]]:
    """Those of whole tables; those of columns stay in scores.json. `pair_trend` has `.low`, `.high`, `.floor`, `.ceiling` beside it."""
    found: dict[str, dict[str, float]] = {}
    for item in scores:
        score = Score.from_dict(item)
        if score.columns:
            continue
        name = f"{prefix}{score.measure}"
        values = {
            name: score.value,
            f"{name}.low": score.low,
            f"{name}.high": score.high,
            f"{name}.floor": score.floor,
            f"{name}.ceiling": score.ceiling,
        }
        found.setdefault(score.table, {}).update({label: float(value) for label, value in values.items() if value is not None})
    return found
