"""What changed between two releases, from their release.json alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SCORES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """Differences of two releases. Pairs are (before, after); a score that one of them lacks is None."""

    before: str
    after: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    rows: Mapping[str, tuple[int, int]]
    data: tuple[str, ...]
    """Tables in both whose rows differ."""
    schema: Mapping[str, tuple[str, ...]]
    """Table → what changed in its columns and keys, in words."""
    scores: Mapping[str, tuple[float | None, float | None]]
    models: tuple[str, ...]
    manifest: bool
    verdict: tuple[str, str]

    @property
    def same(self) -> bool:
        """Whether readers could tell one release from the other."""
        return not (self.added or self.removed or self.rows or self.data or self.schema)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "same": self.same}

    def lines(self) -> tuple[str, ...]:
        """The differences as a person reads them."""
        told = [f"{self.before} → {self.after}: {'the same data' if self.same else 'other data'}, verdict {' → '.join(self.verdict)}"]
        told += [f"+ table {name}" for name in self.added]
        told += [f"- table {name}" for name in self.removed]
        told += [f"  {name}: {line}" for name, changes in sorted(self.schema.items()) for line in changes]
        told += [f"  {name}: {before:,} → {after:,} rows" for name, (before, after) in sorted(self.rows.items())]
        told += [f"  {name}: other rows" for name in self.data if name not in self.rows]
        told += [f"  {name}: another model" for name in self.models]
        told += ["  another manifest"] if self.manifest else []
        ranked = sorted(self.scores.items(), key=lambda item: (-_size(item[1]), item[0]))
        told += [f"  {label}: {_figure(before)} → {_figure(after)}" for label, (before, after) in ranked[:SCORES_SHOWN]]
        told += [f"  (+{len(ranked) - SCORES_SHOWN} more scores)"] if len(ranked) > SCORES_SHOWN else []
        return tuple(told)


def diff(a: Mapping[str, Any], b: Mapping[str, Any]) -> ReleaseDiff:
    """What is different in `b`. Both are release.json."""
    tables, later = a["tables"], b["tables"]
    common = sorted(tables.keys() & later.keys())
    scores, judged = a["scores"], b["scores"]
    changes = {name: _schema_changes(a["schema"][name], b["schema"][name]) for name in common}
    return ReleaseDiff(
        before=f"{a['twin']}@{a['release']}",
        after=f"{b['twin']}@{b['release']}",
        added=tuple(sorted(later.keys() - tables.keys())),
        removed=tuple(sorted(tables.keys() - later.keys())),
        rows={name: (tables[name]["rows"], later[name]["rows"]) for name in common if tables[name]["rows"] != later[name]["rows"]},
        data=tuple(name for name in common if tables[name]["digest"] != later[name]["digest"]),
        schema={name: lines for name, lines in changes.items() if lines},
        scores={
            label: (scores.get(label), judged.get(label))
            for label in sorted(scores.keys() | judged.keys())
            if scores.get(label) != judged.get(label)
        },
        models=tuple(name for name in sorted(a["models"].keys() | b["models"].keys()) if a["models"].get(name) != b["models"].get(name)),
        manifest=a["manifest_digest"] != b["manifest_digest"],
        verdict=(a["verdict"]["status"], b["verdict"]["status"]),
    )


def _schema_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Changes of one table, its columns first, then order and keys."""
    old, new = ({column["name"]: column for column in table["columns"]} for table in (before, after))
    told = [f"+ column {name} {new[name]['sql_type']}" for name in new if name not in old]
    told += [f"- column {name}" for name in old if name not in new]
    kept = [name for name in old if name in new]
    for name in kept:
        if old[name]["sql_type"] != new[name]["sql_type"]:
            told.append(f"column {name}: {old[name]['sql_type']} → {new[name]['sql_type']}")
        if old[name]["nullable"] != new[name]["nullable"]:
            told.append(f"column {name}: {'null allowed' if new[name]['nullable'] else 'not null'} now")
    if kept != [name for name in new if name in old]:
        told.append("columns in another order")
    told += [f"another {key.replace('_', ' ')}" for key in ("primary_key", "foreign_keys") if before[key] != after[key]]
    return tuple(told)


def _size(pair: tuple[float | None, float | None]) -> float:
    before, after = pair
    return float("inf") if before is None or after is None else abs(after - before)


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
