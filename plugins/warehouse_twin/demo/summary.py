"""What a person wants to read when a release is done: per table rows and scores between floor and ceiling, the verdict, where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.stages.runs import runs_of
from warehouse_twin.workspace import read_json

SHOWN = {
    "column_shape": "column shape",
    "pair_trend": "pair trend",
    "child_counts": "child counts",
    "detection": "detection AUC",
    "exact_copies": "exact copies",
    "dcr_excess": "DCR excess",
}
"""Measures of a table that the summary shows, and what it calls them."""


def summary(settings: Settings, twin: str) -> list[str]:
    """Lines on the newest run of a twin that has a verdict. Raises ConfigurationError when there is none."""
    workspace = settings.workspace
    for run in reversed(runs_of(workspace, twin)):
        folder = workspace.run(twin, run.release)
        if (folder / "receipts" / "gate.json").exists():
            break
    else:
        raise ConfigurationError(f"{twin}: no run has a verdict; next: twin run {twin}")
    receipts = {name: Receipt.read(folder / "receipts" / f"{name}.json") for name in ("resolve", "profile", "materialize", "gate")}
    gate = workspace.root / receipts["gate"].output
    resolved, verdict = read_json(folder / "resolved.json"), read_json(gate / "verdict.json")
    lines = [f"{twin}@{run.release}: {_words(verdict)}", ""]
    lines += _tables(resolved, receipts, verdict)
    facts = receipts["resolve"].facts
    lines += ["", *_repairs(facts.get("repairs", {}), facts.get("orphans", {})), *_lost(receipts["profile"].facts.get("lost", {}))]
    published = (folder / "receipts" / "publish.json").exists()
    lines += _where(settings, resolved, twin, run.release, gate, published=published)
    return lines


def _words(verdict: Mapping[str, Any]) -> str:
    counted = f"{verdict['evaluated']} of {verdict['expected']} expectations evaluated"
    failed = [item for item in verdict["judged"] if item["status"] not in ("pass", "shown") and not item.get("accepted")]
    if verdict["passed"]:
        return f"PASSED, {counted}"
    return f"NOT PASSED ({len(failed)} scores), {counted}; nothing was published"


def _tables(resolved: Mapping[str, Any], receipts: Mapping[str, Receipt], verdict: Mapping[str, Any]) -> list[str]:
    source, twin = receipts["resolve"].facts["rows"], receipts["materialize"].facts["rows"]
    width = max(12, *(len(table["table"]["name"]) + 1 for table in resolved["tables"]))
    lines = [f"  {'table':<{width}}{'source rows':>12}{'twin rows':>12}   scores: floor ‥ value ‥ ceiling"]
    for table in resolved["tables"]:
        name = table["table"]["name"]
        head = f"  {name:<{width}}{source[name]:>12,}{twin[name]:>12,}   "
        if table["keep_real"]:
            lines.append(head + "reference table, passed through as it is, not protected")
            continue
        scores = [_score(item) for item in verdict["judged"] if _of_table(item["score"], name)]
        lines.append(head + (scores[0] if scores else "no score"))
        lines += [" " * len(head) + score for score in scores[1:]]
    return lines


def _of_table(score: Mapping[str, Any], table: str) -> bool:
    whole = not score["columns"] or score["measure"] == "child_counts"
    return bool(score["table"] == table and score["measure"] in SHOWN and whole)


def _score(item: Mapping[str, Any]) -> str:
    score = item["score"]
    name = SHOWN[score["measure"]] + (f" ({', '.join(score['columns'])})" if score["columns"] else "")
    floor, ceiling = (("   –" if score[end] is None else f"{score[end]:.3f}") for end in ("floor", "ceiling"))
    return f"{name:<26} {floor} ‥ {score['value']:.3f} ‥ {ceiling}  {item['status']}"


def _repairs(repairs: Mapping[str, int], kept: Mapping[str, int]) -> list[str]:
    what = {"repaired in the twin (keys that do not hold in the source)": repairs, "kept in the twin (orphans, at the source's rate)": kept}
    lines = [f"  {words}: {', '.join(f'{name} {count:,}' for name, count in found.items())}" for words, found in what.items() if found]
    return [*lines, ""] if lines else []


def _lost(told: Mapping[str, Mapping[str, str]]) -> list[str]:
    lines = [f"  not modelled: {table}.{name}: {words}" for table, columns in told.items() for name, words in columns.items()]
    return [*lines, ""] if lines else []


def _where(settings: Settings, resolved: Mapping[str, Any], twin: str, release: int, gate: Path, *, published: bool) -> list[str]:
    """Where things are and how to open them, as commands that can be pasted."""
    workspace = settings.workspace
    root = _short(workspace.root)
    lines = [f"  report     {_short(gate / 'report.html')}", f"  Data Docs  {_short(_data_docs(gate))}"]
    if published:
        schema = resolved["target_schema"]
        lines = [f"  twin       warehouse {resolved['target_warehouse']}, schema {schema} (this release: {schema}__r{release})", *lines]
    python = ".venv/bin/" if Path(".venv/bin/twin").exists() else ""
    return [
        *lines,
        f"  MLflow     {python}mlflow server --backend-store-uri {settings.mlflow_uri.replace(str(Path.cwd()) + '/', '')} --port 5000",
        f"  Airflow    {python}python -m warehouse_twin.operators.embedded --serve",
        f"  releases   {python}twin releases {twin}; {python}twin audit {twin}@published; {root}/registry is a git and DVC repository",
    ]


def _data_docs(gate: Path) -> Path:
    pages: Sequence[Path] = sorted((gate / "data_docs").rglob("index.html"))
    return pages[0] if pages else gate / "data_docs"


def _short(path: Path) -> str:
    """A path as a person would type it from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
