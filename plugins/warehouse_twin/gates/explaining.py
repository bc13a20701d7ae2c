"""Why a verdict did not pass: which columns a score lost most by, and what to try next. Names of columns, never values.

Pure, over the documents that the gate leaves: verdict.json, scores.json and the pairs of report.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Item = Mapping[str, Any]
MOST = 3
"""Columns, or pairs of them, that are named."""

_MORE = "more rows of its source, or a larger `holdout`, to decide it; or `gates: undecided:` with a reason"
_ENGINE = "a smaller `leaf_rows` or more `trees` (parameters of `tree`), or a challenger with `choose: pareto`"
_LINKED = "name the foreign key in `foreign_keys` if one is missing there, so that rows are drawn given their parent's"
_TIMES = "`order_by` for rows of one parent that follow each other, `validity` for windows of time"
_PRIVATE = "a larger `leaf_rows`, or `kind: code` or `pii` for columns that name somebody; a loosened goal needs a reason auditors accept"
_WORDS = "`kind: text` or `pii` for the columns, or a `generator`; a loosened goal needs a reason auditors accept"
NEXT: Mapping[str, str] = {
    "column_shape": f"check `kind` of these columns; else {_ENGINE}",
    "null_share_worst": f"{_ENGINE}; `nulls` of a generator, where one makes the column",
    "pair_trend": _ENGINE,
    "pair_trend_way": _ENGINE,
    "pair_trend_min": f"check `kind` of both columns; else {_ENGINE}",
    "child_counts": f"{_LINKED}; `entity`, where the wrong parent decides how many rows there are",
    "orphans": "twin doctor, and an issue: keys of the twin are made so that none leads nowhere",
    "orphan_rate": "`orphans: clean` for the key, or more rows of the parent",
    "key_unique": "check `primary_key`; it may not be a key of the source either",
    "broken_rules": "`rules: ignore:` if the rule holds by chance only; else leave its columns to `tree`, without `generator` or `kind`",
    "row_count": "check `rows` and `factor` of the root tables, and which parent drives the table",
    "same_rows": "twin run again: the table was changed between snapshot and gate",
    "detection": f"the pairs above first; then {_ENGINE}",
    "detection_with_children": f"{_LINKED}; {_TIMES}; `rules` of counts and sums are kept where they hold in every row",
    "missing_patterns": _ENGINE,
    "time_order": f"{_TIMES}; {_ENGINE}",
    "time_order_parent": f"{_LINKED}; {_TIMES}",
    "seasonality": f"check `kind` of the column; else {_ENGINE}",
    "event_gaps": _TIMES,
    "hop_trend_1": _LINKED,
    "hop_trend_2": f"{_LINKED}, on every table of the way",
    "hop_trend_3": f"{_LINKED}, on every table of the way",
    "coverage": "`kind: categorical` for codes that queries name; a smaller `k` keeps rarer values, and protects less",
    "repeated_rows": f"`synthesizer: tree`, if another one draws the table; else {_ENGINE}",
    "near_duplicates": f"`synthesizer: tree`, if another one draws the table; else {_ENGINE}",
    "triple_trend": _ENGINE,
    "tails": "a smaller `k` keeps rarer values, and protects less",
    "mode_coverage": f"the pairs that `pair_trend` names first; then {_ENGINE}",
    "horizon": f"check `kind` of the column; else {_ENGINE}",
    "autocorrelation": _TIMES,
    "step_trend": _TIMES,
    "unique_key": "`generator: {pattern: …, unique: true}` for the column, or name it `primary_key`",
    "utility": _ENGINE,
    "utility_worst": _ENGINE,
    "exact_copies": _PRIVATE,
    "near_copies": _PRIVATE,
    "dcr_excess": _PRIVATE,
    "singling_out": _PRIVATE,
    "linkability": _PRIVATE,
    "attribute_inference": _PRIVATE,
    "rare_combinations": "a larger `k`, or `generator` for columns whose values are rare; a loosened goal needs a reason auditors accept",
    "rare_words": _WORDS,
    "membership": _PRIVATE,
    "membership_exposed": _PRIVATE,
    "membership_found": _PRIVATE,
    "membership_children": _PRIVATE,
    "membership_children_found": _PRIVATE,
    "canaries": _PRIVATE,
    "membership_releases": _PRIVATE,
    "membership_added": _PRIVATE,
    "rare_words_releases": _WORDS,
}
_LOOSEN = "where the use allows it, `gates: goals:` with a reason"
_OF_PAIRS = ("pair_trend", "pair_trend_way", "triple_trend", "detection")
_OF_KEYS_AND_RULES = ("orphans", "orphan_rate", "key_unique", "broken_rules", "same_rows")


def explained(verdict: Mapping[str, Any], scores: Sequence[Mapping[str, Any]], pairs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Lines on everything that did not pass: problems, then scores, then those that are not judged and would not have passed."""
    judged = [item for item in verdict["judged"] if item["status"] not in ("pass", "shown")]
    shown = [item for item in verdict["judged"] if item.get("would", "pass") != "pass"]
    lines = [f"problem: {problem}" for problem in verdict.get("problems", [])]
    if not judged:
        lines.append("every score that is judged passed")
    for item in [*judged, *shown]:
        lines += _about(item, scores, pairs)
    return lines


def _about(item: Item, scores: Sequence[Mapping[str, Any]], pairs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    score, status = item["score"], item["status"]
    inside = f"({', '.join(score['columns'])})" if score["columns"] else ""
    goal = "" if item["goal"] is None else f", goal {item['goal']:.3f}"
    would = {"fail": "fail", "undecided": "be undecided"}
    said = status if "would" not in item else f"not judged, would {would[item['would']]}"
    yield f"{said}: {score['table']}.{score['measure']}{inside} {score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]{goal}"
    if item.get("loosened"):
        yield f"  goal changed by the manifest: {item['loosened']}"
    if item.get("accepted"):
        yield f"  accepted by the manifest: {item['accepted']}"
        return
    if "undecided" in (status, item.get("would")):
        yield f"  try: {_MORE}"
        return
    worst = _worst_columns(score, scores) if score["measure"] == "column_shape" else _worst_pairs(score, pairs)
    if worst:
        yield f"  furthest off: {', '.join(worst)}"
    loosen = "" if score["measure"] in _OF_KEYS_AND_RULES or item.get("suite") == "privacy" else f"; {_LOOSEN}"
    if score["measure"] in NEXT:
        yield f"  try: {NEXT[score['measure']]}{loosen}"


def _worst_columns(score: Mapping[str, Any], scores: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of a table whose shapes are furthest below their ceilings."""
    if score["columns"]:
        return []
    mine = [one for one in scores if (one["table"], one["measure"]) == (score["table"], "column_shape") and one["columns"]]
    found = sorted(mine, key=lambda one: one["value"] - _ceiling(one["ceiling"]))[:MOST]
    return [f"{one['columns'][0]} {one['value']:.3f} (ceiling {_ceiling(one['ceiling']):.3f})" for one in found]


def _worst_pairs(score: Mapping[str, Any], pairs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The pairs of a table's columns that are furthest below their ceilings, of scores that pairs say something of."""
    known = pairs.get(score["table"])
    if score["measure"] not in _OF_PAIRS or known is None:
        return []
    names, value, ceiling = known["columns"], known["value"], known["ceiling"]
    found = [
        (value[row][column] - _ceiling(ceiling[row][column]), row, column)
        for row in range(len(names))
        for column in range(row + 1, len(names))
        if value[row][column] is not None
    ]
    worst = [(names[row], names[column], row, column) for short, row, column in sorted(found)[:MOST] if short < 0]
    said = "{} with {} {:.3f} (ceiling {:.3f})"
    return [said.format(one, other, value[row][column], _ceiling(ceiling[row][column])) for one, other, row, column in worst]


def _ceiling(value: float | None) -> float:
    return 1.0 if value is None else value
