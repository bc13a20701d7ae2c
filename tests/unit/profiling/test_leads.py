"""Leads of codes: kept where k entities share them and where they are not as random as the rest."""

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.leads import lead_part, leads_of
from warehouse_twin.profiling.table_profile import Part, TableProfile
from warehouse_twin.synthesizers.columns import to_values
from warehouse_twin.synthesizers.sequential import TREE


def part_of(values: list[str], *, k: int = 5) -> Part | None:
    return lead_part(pa.chunked_array([pa.array(values, type=pa.string())]), np.arange(len(values)), k=k)


def phones(countries: list[int], rows: int) -> list[str]:
    return [f"{countries[row % len(countries)]}-{row * 7919 % 1000:03}-{row * 104729 % 10_000:04}" for row in range(rows)]


def test_the_longest_lead_that_says_something_is_kept() -> None:
    part = part_of(phones([10, 11, 34], 90))
    assert part == Part("category", values=("10-", "11-", "34-"), rows=(30, 30, 30))


def test_leads_that_fewer_than_k_entities_share_are_not_kept() -> None:
    part = part_of([*phones([10, 11], 96), "99-secret", "98-secret", "97-secret"])
    assert part is not None
    assert (part.values, part.protected) == (("10-", "11-"), 3)
    assert part_of([*phones([10, 11], 20), *(f"{number}-1" for number in range(20, 100, 8))]) is None


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["same-1"] * 50,
        [f"{row * 7919 % 100:02}{row:05}" for row in range(1000)],
        [f"{row * 7919 % 4096:03x}{row:05}" for row in range(9000)],
    ],
    ids=["none", "constant", "random digits", "random hex"],
)
def test_leads_that_say_nothing_are_no_part(values: list[str]) -> None:
    assert part_of(values) is None


def test_a_lead_is_drawn_given_the_other_columns() -> None:
    rows = 900
    nations = [str(row % 3) for row in range(rows)]
    codes = [None if row % 10 == 0 else phones([10, 11, 12], rows)[row] for row in range(rows)]
    table = pa.table({"nation": nations, "line": codes})
    columns = tuple(
        profile_column(ColumnTask(name, "VARCHAR"), table.column(name), np.arange(rows), k=10) for name in table.column_names
    )
    assert columns[1].kind == "code"
    profile = TableProfile("t", 10, rows, 0, rows, 0, columns, pairs=(("nation", "line", 0.9),))
    drawn = TREE.fit(table, profile, given=(), parameters={}, seed=1).sample(500, seed=1)
    filled = [(nation, code) for nation, code in zip(*drawn.to_pydict().values(), strict=True) if code is not None]
    assert 420 < len(filled) < 480
    assert all(code.startswith(f"1{nation}-") and len(code) == 11 for nation, code in filled)


def test_a_lead_that_was_not_kept_is_no_value_to_learn() -> None:
    column = pa.chunked_array([pa.array([*phones([10, 11], 96), "99-000-0000", None])])
    profile = profile_column(ColumnTask("line", "VARCHAR"), column, np.arange(98), k=10)
    assert leads_of(column, profile.parts[0]).to_pylist()[:2] == ["10-", "11-"]
    (values,) = to_values(column, profile)
    assert np.isnan(values).tolist() == [False] * 96 + [True, True]
