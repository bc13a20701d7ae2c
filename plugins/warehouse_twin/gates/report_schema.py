"""The schema as a graph: a box for each table, parents to the left of their children, and a line for each pair of tables with a key.

Layers as in Sugiyama, Tagawa and Toda 1981 (doi:10.1109/TSMC.1981.4308636): a table stands one layer right of its last parent, or,
where it has none, one left of its first child; lines over more than a layer are led through places of their own; the order in a layer
is that of the neighbours' means, swept to and fro. The same schema gives the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from warehouse_twin.gates.report_readings import items, mapping
from warehouse_twin.gates.report_tables import TableView

BOX, LINE, GAP_X, GAP_Y = 164, 44, 48, 14
PASS = 10
"""The height of a place that a line is led through."""
LONGEST_NAME = 16
SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Box:
    """A table at (`x`, `y`) pixels: name shortened, what stands below it, and how its scores came out."""

    x: float
    y: float
    name: str
    full: str
    anchor: str
    detail: str
    tone: str
    kept: bool
    entity: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """Keys from a child to a parent: the line, drawn from the parent, and what it says."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Graph:
    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    box: tuple[int, int] = (BOX, LINE)

    @property
    def description(self) -> str:
        return " ".join(f"{edge.text}." for edge in self.edges) or "No table refers to another."


@dataclass(frozen=True, slots=True)
class _Link:
    """Keys between two tables of which `left` comes before `right`; `child` is the one that refers."""

    left: str
    right: str
    child: str
    text: str


_Place = tuple[str, int]
"""A table and its layer, or a place that lines from that table are led through: a table in a layer that is not its own."""


def graph_of(resolved: Mapping[str, Any], tables: Sequence[TableView]) -> Graph | None:
    """The graph of the declared tables; None without one."""
    shown = {table.name: table for table in tables if table.known}
    if not shown:
        return None
    links, selves = _links(resolved, list(shown))
    layer = _layers(list(shown), links)
    alone = [name for name in shown if not any(name in (link.left, link.right) for link in links)]
    layers = _arranged(links, {name: place for name, place in layer.items() if name not in alone})
    middle = _heights(layers, links, layer)
    at = {name: (layer[name] * (BOX + GAP_X) + 1.0, middle[name, layer[name]] - LINE / 2) for name in shown if name not in alone}
    bottom = max((y + LINE + GAP_Y for _, y in at.values()), default=0.0)
    across = max(len(layers), min(len(alone), 5))
    for place, name in enumerate(alone):
        at[name] = ((place % across) * (BOX + GAP_X) + 1.0, bottom + (place // across) * (LINE + GAP_Y) + GAP_Y)
    entity = str(resolved.get("entity") or "")
    boxes = tuple(_box(shown[name], *at[name], entity=entity) for name in shown)
    edges = [_edge(link, links, layer, middle, at) for link in links] + [_loop(*at[name], text) for name, text in selves]
    width = across * (BOX + GAP_X) - GAP_X + 2
    height = max([y + LINE for _, y in at.values()] + [below + PASS for below in middle.values()]) + 2
    return Graph(round(width), round(height), boxes, tuple(edges))


def _links(resolved: Mapping[str, Any], order: list[str]) -> tuple[list[_Link], list[tuple[str, str]]]:
    """The keys between each two tables, in order; and what is said of those of a table to itself."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in items(resolved.get("tables")):
        table = mapping(item.get("table"))
        for key in items(table.get("foreign_keys")):
            child, parent = str(table.get("name", "")), str(key.get("references", ""))
            if child in order and parent in order:
                columns = ", ".join(str(column) for column in key.get("columns") or ())
                found.setdefault((child, parent), []).append(columns)
    links, selves = [], []
    for (child, parent), keys in found.items():
        text = f"{child} ({'; '.join(keys)}) refers to {parent}"
        if child == parent:
            selves.append((child, text))
        else:
            left, right = sorted((child, parent), key=order.index)
            links.append(_Link(left, right, child, text))
    return links, selves


def _layers(order: Sequence[str], links: Sequence[_Link]) -> dict[str, int]:
    layer = dict.fromkeys(order, 0)
    for name in order:
        for link in links:
            if link.right == name:
                layer[name] = max(layer[name], layer[link.left] + 1)
    for name in reversed(order):
        children = [layer[link.right] for link in links if link.left == name]
        if children and not any(link.right == name for link in links):
            layer[name] = min(children) - 1
    return layer


def _steps(links: Sequence[_Link], layer: Mapping[str, int]) -> list[tuple[_Place, _Place]]:
    """From layer to layer, each step once: lines of one table go together as far as they can."""
    steps: dict[tuple[_Place, _Place], None] = {}
    for link in links:
        way = [(link.left, place) for place in range(layer[link.left], layer[link.right])] + [(link.right, layer[link.right])]
        steps.update(dict.fromkeys(pairwise(way)))
    return list(steps)


def _arranged(links: Sequence[_Link], layer: Mapping[str, int]) -> list[list[_Place]]:
    """The places of every layer, in an order with few crossings."""
    steps = _steps(links, layer)
    places = dict.fromkeys([*layer.items(), *(place for step in steps for place in step)])
    layers = [[place for place in places if place[1] == depth] for depth in range(max(layer.values(), default=-1) + 1)]
    best, fewest = [list(one) for one in layers], _crossings(layers, steps)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for depth in range(1, len(layers)) if forward else range(len(layers) - 2, -1, -1):
            beside = layers[depth - 1] if forward else layers[depth + 1]
            means = {place: _mean(place, steps, beside, index) for index, place in enumerate(layers[depth])}
            layers[depth] = sorted(layers[depth], key=means.__getitem__)
        found = _crossings(layers, steps)
        if found < fewest:
            best, fewest = [list(one) for one in layers], found
    return best


def _mean(place: _Place, steps: Sequence[tuple[_Place, _Place]], beside: list[_Place], own: int) -> float:
    """The mean place of the neighbours in the layer beside; its own without any."""
    near = [beside.index(other) for step in steps if place in step for other in step if other in beside]
    return sum(near) / len(near) if near else float(own)


def _crossings(layers: list[list[_Place]], steps: Sequence[tuple[_Place, _Place]]) -> int:
    rank = {place: index for one in layers for index, place in enumerate(one)}
    return sum(
        (rank[left] - rank[other]) * (rank[right] - rank[another]) < 0
        for index, (left, right) in enumerate(steps)
        for other, another in steps[:index]
        if left[1] == other[1]
    )


def _heights(layers: list[list[_Place]], links: Sequence[_Link], layer: Mapping[str, int]) -> dict[_Place, float]:
    """The middle of every place: near those of its neighbours, in order, and none on another."""
    steps = _steps(links, layer)
    near: dict[_Place, list[_Place]] = {place: [] for one in layers for place in one}
    for left, right in steps:
        near[left].append(right)
        near[right].append(left)
    offsets: dict[_Place, float] = {}
    for one in layers:
        below = 0.0
        for place in one:
            tall = LINE if layer[place[0]] == place[1] else PASS
            offsets[place] = below + tall / 2
            below += tall + GAP_Y
    middle = dict(offsets)
    for _ in range(SWEEPS):
        for one in layers:
            wanted = [sum(middle[other] for other in near[place]) / len(near[place]) - offsets[place] for place in one]
            for place, shift in zip(one, _rising(wanted), strict=True):
                middle[place] = offsets[place] + shift
    highest = min((middle[place] - LINE / 2 for place in middle), default=0.0)
    return {place: found - highest + GAP_Y + 4 for place, found in middle.items()}


def _rising(wanted: Sequence[float]) -> list[float]:
    """The rising figures nearest to these (Ayer and others 1955, doi:10.1214/aoms/1177728423: pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for figure in wanted:
        pools.append((figure, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, size), (other, more) = pools[-2:]
            pools[-2:] = [((one * size + other * more) / (size + more), size + more)]
    return [figure for figure, size in pools for _ in range(size)]


def _edge(
    link: _Link, links: Sequence[_Link], layer: Mapping[str, int], middle: Mapping[_Place, float], at: Mapping[str, tuple[float, float]]
) -> Edge:
    """A line from the right side of one box to the left side of another, with a foot of three toes at the table that refers."""
    incoming = sorted((other for other in links if other.right == link.right), key=lambda other: middle[other.left, layer[other.right] - 1])
    apart = min(10.0, (LINE - 14) / max(len(incoming) - 1, 1))
    port = at[link.right][1] + LINE / 2 + apart * (incoming.index(link) - (len(incoming) - 1) / 2)
    x, y = at[link.left][0] + BOX, at[link.left][1] + LINE / 2
    path = f"M{x:.1f} {y:.1f}"
    if link.child == link.left:
        path = f"M{x:.1f} {y - 4:.1f}L{x + 8:.1f} {y:.1f}L{x:.1f} {y + 4:.1f}" + path
    for depth in range(layer[link.left] + 1, layer[link.right] + 1):
        start = depth * (BOX + GAP_X) + 1.0
        below = port if depth == layer[link.right] else middle[link.left, depth]
        path += f"C{x + GAP_X / 2:.1f} {y:.1f} {start - GAP_X / 2:.1f} {below:.1f} {start:.1f} {below:.1f}"
        x, y = start, below
        if depth < layer[link.right]:
            x += BOX
            path += f"H{x:.1f}"
    if link.child == link.right:
        path += f"M{x:.1f} {y - 4:.1f}L{x - 8:.1f} {y:.1f}L{x:.1f} {y + 4:.1f}"
    return Edge(path, link.text)


def _loop(x: float, y: float, text: str) -> Edge:
    """A key of a table to itself."""
    right = x + BOX
    return Edge(f"M{right - 36:.1f} {y:.1f}C{right - 36:.1f} {y - 15:.1f} {right - 12:.1f} {y - 15:.1f} {right - 12:.1f} {y:.1f}", text)


def _box(table: TableView, x: float, y: float, *, entity: str) -> Box:
    short = table.name if len(table.name) <= LONGEST_NAME else table.name[: LONGEST_NAME - 1] + "…"
    tone = next((status for status in ("fail", "undecided", "pass") if table.counts.get(status)), "none")
    rows = f"{table.rows} rows" if table.rows != "–" else ""
    detail = " · ".join(part for part in (rows, "entity" if table.name == entity else "", "kept real" if table.keep_real else "") if part)
    return Box(x, y, short, table.name, table.anchor, detail, tone, table.keep_real, table.name == entity)
