"""Foreign-key order: every parent before its children, ties in the order given; cycles cut, or the one that makes it impossible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def ordered(parents: Mapping[str, Collection[str]]) -> tuple[list[str], list[str]]:
    """Tables with all parents first, and those that stand on a cycle or below one, both in the order of `parents`.

    `parents` maps each table to the tables it refers to; a table's reference to itself orders nothing.
    """
    placed: list[str] = []
    waiting = list(parents)
    while ready := _first_ready(waiting, parents):
        placed.append(ready)
        waiting.remove(ready)
    return placed, waiting


def _first_ready(waiting: list[str], parents: Mapping[str, Collection[str]]) -> str | None:
    return next((name for name in waiting if not (set(parents[name]) - {name}).intersection(waiting)), None)


def cut(parents: Mapping[str, Collection[str]], edges: Mapping[tuple[str, str], int]) -> tuple[dict[str, list[str]], list[tuple[str, ...]]]:
    """The parents without as few of these edges (child, parent) as make an order possible, and the cycles that have none of them.

    Of the edges of a cycle the one with the lowest number is cut.
    """
    left = {child: list(of) for child, of in parents.items()}
    while True:
        found = cycles(left)
        open_edges = [[edge for edge in zip(cycle, (*cycle[1:], cycle[0]), strict=True) if edge in edges] for cycle in found]
        if not any(open_edges):
            return left, found
        for candidates in open_edges:
            if candidates:
                child, parent = min(candidates, key=lambda edge: (edges[edge], edge))
                left[child] = [name for name in left[child] if name != parent]


def cycles(parents: Mapping[str, Collection[str]]) -> list[tuple[str, ...]]:
    """Cycles through distinct tables, one for each knot of tables, each from its first table: `("a", "b")` for a → b → a."""
    _, waiting = ordered(parents)
    found: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for start in waiting:
        cycle = None if start in seen else _back_to(start, parents, waiting)
        if cycle:
            found.append(cycle)
            seen.update(cycle)
    return found


def _back_to(start: str, parents: Mapping[str, Iterable[str]], within: Collection[str]) -> tuple[str, ...] | None:
    """The shortest way from a table over its parents back to itself."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    queue = [start]
    for name in queue:
        for parent in parents[name]:
            if parent == start and name != start:
                return ways[name]
            if parent in within and parent not in ways:
                ways[parent] = (*ways[name], parent)
                queue.append(parent)
    return None
