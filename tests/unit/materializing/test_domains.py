from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTwin, Table
from warehouse_twin.materializing.domains import public_domains


def test_only_small_real_parents_of_one_column_give_domains(
    make_twin: Callable[..., ResolvedTwin], write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    x, y = Column("x", "INTEGER", nullable=False), Column("y", "INTEGER", nullable=True)
    parents = [Table(name, (x,), ("x",)) for name in ("small", "large", "protected")]
    wide = Table("wide", (x, y), ("x", "y"))
    names = "abcde"
    keys = tuple(ForeignKey((name,), parent.name, ("x",)) for name, parent in zip(names, parents, strict=False))
    child = Table(
        "child", tuple(Column(name, "INTEGER", nullable=True) for name in names), (), (*keys, ForeignKey(("d", "e"), "wide", ("x", "y")))
    )
    twin = make_twin(*parents, wide, child, real=("small", "large", "wide"))
    rows = {
        "small": "VALUES (10), (9)",
        "large": "SELECT * FROM range(51)",
        "protected": "VALUES (1)",
        "wide": "VALUES (1, 2)",
        "child": "VALUES (9, 1, 1, 1, 2)",
    }
    assert public_domains(twin, write_rows(tmp_path, twin, rows)) == {"child": {"a": ["10", "9"]}}
    orphaned = replace(child, foreign_keys=(replace(keys[0], keeps_orphans=True), *keys[1:]))
    twin = make_twin(*parents, wide, orphaned, real=("small", "large", "wide"))
    assert public_domains(twin, write_rows(tmp_path, twin, rows)) == {}
