"""The report's section of each table, arranged from its scores and what the resolved manifest says. No markup here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse_twin.gates.report_charts import HeatMap, bar, domain_of, heat_map
from warehouse_twin.gates.report_contest import Contest, contest_of
from warehouse_twin.gates.report_grids import Joint, joints
from warehouse_twin.gates.report_plots import Curve, Plot, distributions, families, membership, seasons, unseen
from warehouse_twin.gates.report_readings import Reading, items, mapping, name_of, number, tally, whole
from warehouse_twin.gates.report_views import Row, rows_of
from warehouse_twin.gates.report_words import OF_KEYS


@dataclass(frozen=True, slots=True)
class KeyView:
    """A foreign key: what it joins, and its scores."""

    columns: str
    references: str
    counts: Row | None
    orphans: Reading | None
    repaired: str
    kept: str


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column: its type, the kind of personal data it is made up as, and one row (or None) per measure."""

    name: str
    sql_type: str
    personal: str
    rows: tuple[Row | None, ...]


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """A column whose values are made by kind; `lost` where little or nothing of the source's values is left."""

    name: str
    sql_type: str
    words: str
    lost: bool


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that is known of one table."""

    name: str
    anchor: str
    declared: Mapping[str, Any] | None
    facts: Mapping[str, Any]
    pairs: object
    pictures: Mapping[str, Any]
    challengers: Mapping[str, Any]
    readings: tuple[Reading, ...]

    @property
    def item(self) -> Mapping[str, Any]:
        return self.declared or {}

    @property
    def table(self) -> Mapping[str, Any]:
        return mapping(self.item.get("table"))

    @property
    def keep_real(self) -> bool:
        return bool(self.item.get("keep_real"))

    @property
    def synthesizer(self) -> str:
        return "" if self.keep_real else str(self.item.get("synthesizer") or "")

    @property
    def anchors(self) -> Mapping[str, str]:
        return {self.name: self.anchor}

    def fact(self, name: str) -> object:
        return mapping(self.facts.get(name)).get(self.name)


@dataclass(frozen=True, slots=True)
class TableView:
    """One table's section."""

    name: str
    anchor: str
    known: bool
    keep_real: bool
    comment: str
    facts: tuple[tuple[str, str], ...]
    rows: str
    synthesizer: str
    counts: Mapping[str, int]
    means: Mapping[str, Reading]
    fidelity: tuple[Row, ...]
    privacy: tuple[Row, ...]
    exact: tuple[Reading, ...]
    shown: tuple[tuple[str, tuple[Row, ...]], ...]
    """what is not judged, by what it waits for"""
    groups: tuple[Row, ...]
    keys: tuple[KeyView, ...]
    measures: tuple[str, ...]
    columns: tuple[ColumnView, ...]
    unmodelled: tuple[Unmodelled, ...]
    heat: HeatMap | None
    joints: tuple[Joint, ...]
    distributions: tuple[Plot, ...]
    unseen: tuple[str, ...]
    seasons: tuple[Plot, ...]
    families: tuple[Plot, ...]
    curve: Curve | None
    contest: Contest | None


def table_views(document: Mapping[str, Any], readings: Sequence[Reading]) -> tuple[TableView, ...]:
    """A view per table of the resolved twin, in its order, then of any other table that has a score."""
    parts = ("resolved", "facts", "pairs", "pictures", "challengers")
    resolved, facts, pairs, pictures, challengers = (mapping(document.get(part)) for part in parts)
    declared = {str(mapping(item.get("table")).get("name", "")): item for item in items(resolved.get("tables"))}
    names = list(dict.fromkeys([*declared, *(reading.table for reading in readings)]))
    sources = [
        Source(
            name=name,
            anchor=f"table-{place}",  # a table's own name may not do as an identifier
            declared=declared.get(name),
            facts=facts,
            pairs=pairs.get(name),
            pictures=mapping(pictures.get(name)),
            challengers=mapping(challengers.get(name)),
            readings=tuple(reading for reading in readings if reading.table == name),
        )
        for place, name in enumerate(names, start=1)
    ]
    return tuple(_view(source) for source in sources)


def _view(source: Source) -> TableView:
    shown = [reading for reading in source.readings if reading.until]
    waited = dict.fromkeys(reading.until for reading in shown)
    rest = [reading for reading in source.readings if not reading.until and reading.measure not in OF_KEYS]
    whole_table = [reading for reading in rest if reading.of_table]
    weighed = [reading for reading in whole_table if not reading.exact]
    parts = [reading for reading in rest if not reading.of_table]
    single = [reading for reading in parts if len(reading.columns) == 1]
    measures = tuple(dict.fromkeys(reading.measure for reading in single))
    foreign = items(source.table.get("foreign_keys"))
    return TableView(
        name=source.name,
        anchor=source.anchor,
        known=source.declared is not None,
        keep_real=source.keep_real,
        comment=str(source.table.get("comment") or ""),
        facts=_facts(source),
        rows=whole(source.fact("rows")),
        synthesizer=source.synthesizer,
        counts=tally(source.readings),
        means={reading.measure: reading for reading in whole_table},
        fidelity=rows_of([reading for reading in weighed if not reading.is_private], source.anchors),
        privacy=rows_of([reading for reading in weighed if reading.is_private], source.anchors),
        exact=tuple(reading for reading in whole_table if reading.exact),
        shown=tuple((until, rows_of([one for one in shown if one.until == until], source.anchors)) for until in waited),
        groups=rows_of([reading for reading in parts if len(reading.columns) > 1], source.anchors),
        keys=_keys(source),
        measures=tuple(name_of(measure) for measure in measures),
        columns=_columns(source, measures, single),
        unmodelled=_unmodelled(source),
        heat=heat_map(source.pairs),
        joints=joints(source.pictures),
        distributions=distributions(source.pictures, _types(source)),
        unseen=unseen(source.pictures),
        seasons=seasons(source.pictures),
        families=families(source.pictures, {_names(key.get("columns")): str(key.get("references", "")) for key in foreign}),
        curve=membership(source.pictures),
        contest=contest_of(source.challengers, whole_table, synthesizer=source.synthesizer),
    )


def _facts(source: Source) -> tuple[tuple[str, str], ...]:
    parameters = ", ".join(f"{key} = {value}" for key, value in sorted(mapping(source.item.get("parameters")).items()))
    columns = items(source.table.get("columns"))
    synthesizer = f"{source.synthesizer} ({parameters})" if parameters else source.synthesizer
    synthesizer += ", which did best in a trial on the training part" if source.item.get("choose") else ""
    found = [
        ("Rows", whole(source.fact("rows"))),
        ("Columns", whole(len(columns)) if columns else ""),
        ("Primary key", ", ".join(str(column) for column in source.table.get("primary_key") or ())),
        ("Synthesizer", synthesizer if source.synthesizer else ""),
        ("Made by generators, not scored", ", ".join(_generated(source))),
        ("Held-out rows", "" if source.keep_real else whole(source.fact("holdout"))),
    ]
    return tuple((term, text) for term, text in found if text not in ("", "–"))


def _generated(source: Source) -> list[str]:
    """The columns that the manifest has a rule for, each with it."""
    found = {str(name): mapping(said) for name, said in mapping(source.item.get("generators")).items()}
    return [f"{name} ({_rule(said)})" for name, said in found.items()]


def _rule(said: Mapping[str, Any]) -> str:
    detail = mapping(said.get("detail"))
    if said.get("kind") == "faker":
        return f"faker {detail.get('provider', '')}"
    return "learned range" if detail.get("distribution") == "learned" else str(said.get("kind", ""))


def _keys(source: Source) -> tuple[KeyView, ...]:
    """The declared foreign keys, then any other that has a score."""
    found: dict[tuple[str, ...], str] = {}
    for key in items(source.table.get("foreign_keys")):
        to = ", ".join(str(column) for column in key.get("references_columns") or ())
        found[_names(key.get("columns"))] = f"{key.get('references', '')} ({to})"
    for reading in source.readings:
        if reading.measure in OF_KEYS:
            found.setdefault(reading.columns, "")
    repairs, kept = mapping(source.facts.get("repairs")), mapping(source.facts.get("orphans"))
    views = []
    for columns, references in found.items():
        scored = {reading.measure: reading for reading in source.readings if reading.measure in OF_KEYS and reading.columns == columns}
        counts = scored.get("child_counts")
        repaired = number(repairs.get(f"{source.name}.{'+'.join(columns)}"))
        views.append(
            KeyView(
                columns=", ".join(columns),
                references=references,
                counts=rows_of([counts], source.anchors)[0] if counts else None,
                orphans=scored.get("orphans") or scored.get("orphan_rate"),
                repaired=whole(repaired) if repaired else "",
                kept=whole(kept[name]) if (name := f"{source.name}.{'+'.join(columns)}") in kept else "",
            )
        )
    return tuple(views)


def _names(value: object) -> tuple[str, ...]:
    return tuple(str(name) for name in value) if isinstance(value, list | tuple) else ()


def _columns(source: Source, measures: Sequence[str], readings: Sequence[Reading]) -> tuple[ColumnView, ...]:
    """The columns that have a score, in declared order; all bars of one measure share a scale, to be compared."""
    scales = {measure: domain_of([reading for reading in readings if reading.measure == measure]) for measure in measures}
    scored = {(reading.columns[0], reading.measure): reading for reading in readings}
    types = _types(source)
    with_score = dict.fromkeys(name for name, _ in scored)
    names = [*(name for name in types if name in with_score), *(name for name in with_score if name not in types)]

    def row(name: str, measure: str) -> Row | None:
        reading = scored.get((name, measure))
        return None if reading is None else Row(reading, bar(reading, scales[measure]), source.anchor)

    pii = {str(name): _names(kind)[:1] for name, kind in mapping(source.item.get("pii")).items()}
    return tuple(
        ColumnView(name, types.get(name, ""), "".join(pii.get(name, ())), tuple(row(name, measure) for measure in measures))
        for name in names
    )


def _types(source: Source) -> dict[str, str]:
    """Column → its type in its warehouse's own words, in declared order."""
    columns = items(source.table.get("columns"))
    return {str(column.get("name", "")): str(column.get("native_type") or column.get("sql_type") or "") for column in columns}


def _unmodelled(source: Source) -> tuple[Unmodelled, ...]:
    """Columns of which little is left first, then those that are made up by kind; each in declared order."""
    types, found = _types(source), []
    for fact in ("lost", "made_up"):
        told = mapping(source.fact(fact))
        found += [Unmodelled(name, kind, str(told[name]), fact == "lost") for name, kind in types.items() if name in told]
    return tuple(found)
