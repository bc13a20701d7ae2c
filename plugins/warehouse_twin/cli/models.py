"""`twin models`: the synthesizers of a twin over its releases, and which of them are worth having."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from warehouse_twin.cli.output import Ended, answer
from warehouse_twin.manifest.loading import find_manifest, load
from warehouse_twin.settings import Settings

HEAD = ("release", "table", "synthesizer", "fidelity", "privacy", "seconds", "front", "role")


def add_models(words: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    word = words.add_parser("models", parents=[common], help="the synthesizers of a twin over its releases: fidelity, privacy, cost")
    word.add_argument("twin")
    word.add_argument("--table", help="this table only")
    word.set_defaults(call=models)


def models(options: argparse.Namespace, settings: Settings) -> Ended:
    from warehouse_twin.lineage.model_history import model_history

    twin = load(find_manifest(options.twin, settings.twins)).manifest.twin
    found = [record for record in model_history(settings, twin) if options.table in (None, record.table)]
    rows = [
        (
            f"{twin}@{record.release}",
            record.table,
            record.synthesizer,
            _figure(record.fidelity, 3),
            _figure(record.privacy, 3),
            _figure(record.seconds, 1),
            "yes" if record.front else "no",
            record.role if record.verdict != "fail" else f"{record.role}, rejected",
        )
        for record in found
    ]
    lines = _aligned([HEAD, *rows]) if rows else [f"{twin} has no models; next: twin run {twin}"]
    answer(options, {"models": [record.to_dict() for record in found]}, lines)
    return "done"


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width, figures to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    figures = range(HEAD.index("fidelity"), HEAD.index("front"))
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=True)
        lines.append("  ".join(cell.rjust(width) if place in figures else cell.ljust(width) for place, (cell, width) in enumerate(cells)))
    return [line.rstrip() for line in lines]
