"""JSON, lists, structs, maps and blobs: the shape of the source with values of our own."""

import json
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.synthesizers.columns import from_values, to_values

ROWS = 400
COUNTERS = np.arange(ROWS)


def profile(values: list, kind: pa.DataType, sql_type: str = "VARCHAR", *, k: int = 10) -> ColumnProfile:
    column = pa.chunked_array([pa.array(values, type=kind)])
    found = profile_column(ColumnTask("c", sql_type), column, np.arange(len(values)), k=k)
    return ColumnProfile.from_dict(json.loads(json.dumps(asdict(found))))  # as models keep it


def drawn(found: ColumnProfile, kind: pa.DataType, counters: np.ndarray = COUNTERS) -> list:
    made = from_values((np.zeros(len(counters)),), found, kind, counters, seed=5)
    assert made.type == kind
    made.validate(full=True)
    return made.to_pylist()


def orders(rows: int = ROWS) -> list[dict]:
    return [
        {
            "id": row,
            "state": "paid" if row % 4 else "open",
            "tags": ["a", "b", "c"][: row % 3],
            "buyer": {"first_name": f"Name{row}", "email": f"u{row}@corp.example", "vip": bool(row % 2)},
            **({"gift": None} if row % 2 else {}),
            **({"secret": "hush"} if row == 7 else {}),
        }
        for row in range(rows)
    ]


@pytest.mark.parametrize("sql_type", ["VARCHAR", "JSON"])
def test_json_is_json_of_the_same_shape(sql_type: str) -> None:
    found = profile([json.dumps(value) for value in orders()], pa.string(), sql_type)
    assert found.kind == "nested"
    assert not any(word in str(found) for word in ("hush", "secret", "corp", "Name7"))
    values = [json.loads(text) for text in drawn(found, pa.string())]
    assert {tuple(value) for value in values} <= {("id", "state", "tags", "buyer", "gift"), ("id", "state", "tags", "buyer")}
    assert {type(value["id"]) for value in values} == {int}
    assert 0.65 < np.mean([value["state"] == "paid" for value in values]) < 0.85
    assert {len(value["tags"]) for value in values} == {0, 1, 2}
    assert {tag for value in values for tag in value["tags"]} == {"a", "b"}
    assert {value["buyer"]["vip"] for value in values} == {True, False}
    assert all("@example." in value["buyer"]["email"] for value in values)


def test_personal_data_in_one_object_is_one_persons() -> None:
    firsts = enumerate(["Ada", "Bo"] * 50)
    people = [json.dumps({"first_name": first, "last_name": f"L{row}x", "email": f"{row}@corp.example"}) for row, first in firsts]
    values = [json.loads(text) for text in drawn(profile(people, pa.string()), pa.string())]
    assert {value["first_name"] for value in values} == {"Ada", "Bo"}
    assert all(value["email"].startswith(value["first_name"][0].lower()) for value in values)


def test_json_is_written_as_in_the_source() -> None:
    tight = [json.dumps({"a": row, "b": None}, separators=(",", ":")) for row in range(ROWS)]
    assert all(text.startswith('{"a":') and text.endswith(',"b":null}') for text in drawn(profile(tight, pa.string()), pa.string()))
    left_out = [json.dumps({"a": row, **({"b": 1} if row % 2 else {})}) for row in range(ROWS)]
    values = [json.loads(text) for text in drawn(profile(left_out, pa.string()), pa.string())]
    assert 0.4 < np.mean(["b" in value for value in values]) < 0.6


def test_what_is_no_json_of_one_kind_is_none() -> None:
    assert profile([f"{{{row}}}" for row in range(ROWS)], pa.string()).kind == "code"
    assert profile([json.dumps({"a": row if row % 2 else f"{row}"}) for row in range(ROWS)], pa.string()).kind == "text"
    assert profile([json.dumps([row]) if row % 2 else json.dumps({"a": row}) for row in range(ROWS)], pa.string(), "JSON").kind == "opaque"
    assert profile(['{"a": 1}', '{"a": 2}'] * 200, pa.string(), "JSON").kind == "categorical"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.list_(pa.int32()), [[row % 7, row % 5] for row in range(ROWS)]),
        (pa.large_list(pa.string()), [["x", "y", None][: row % 4] for row in range(ROWS)]),
        (pa.list_(pa.list_(pa.decimal128(5, 2))), [[[1], []] for _ in range(ROWS)]),
        (pa.struct([("a", pa.int8()), ("b", pa.date32())]), [{"a": row % 3, "b": 19_000 + row} for row in range(ROWS)]),
        (pa.map_(pa.string(), pa.float64()), [[("x", 1.0), ("y", row / 8)] for row in range(ROWS)]),
        (pa.list_(pa.binary()), [[b"x"] for _ in range(ROWS)]),
    ],
    ids=str,
)
def test_nested_types_keep_type_and_shape(kind: pa.DataType, values: list) -> None:
    found = profile(values, kind, "T")
    assert found.kind == "nested"
    made = drawn(found, kind)
    assert all(value is not None for value in made)
    if not pa.types.is_struct(kind):
        assert {len(value) for value in made} <= {len(value) for value in values} | {1}
    whole = drawn(found, kind, COUNTERS[100:110])
    assert str(made[100:110]) == str(whole)


def test_keys_of_a_map_do_not_repeat() -> None:
    kind = pa.map_(pa.int64(), pa.int64())
    made = drawn(profile([[(key, 1) for key in range(4)] for _ in range(ROWS)], kind, "T"), kind)
    assert all(len({key for key, _ in value}) == len(value) for value in made)


def test_arrays_of_a_fixed_length_have_that_length() -> None:
    kind = pa.list_(pa.float32())
    found = profile([[1.0, 2.0]] * 3, kind, "FLOAT[2]")
    assert {len(value) for value in drawn(found, kind)} == {2}


def test_arrays_inside_of_others_have_their_length_too() -> None:
    kind = pa.list_(pa.struct([pa.field("at", pa.list_(pa.float32()))]))
    found = profile([[{"at": [1.0, 2.0]}]] * 30, kind, 'STRUCT("at" FLOAT[2])[1]')
    few = profile([[{"at": [1.0, 2.0]}]] * 3, kind, 'STRUCT("at" FLOAT[2])[1]')
    for made in (drawn(found, kind), drawn(few, kind)):
        assert {len(value) for value in made} == {1}
        assert {len(item["at"]) for value in made for item in value if item["at"] is not None} <= {2}


def test_nulls_stay_and_a_nested_value_is_only_present_or_not() -> None:
    kind = pa.list_(pa.int8())
    column = pa.chunked_array([pa.array([[1], None] * 50, type=kind)])
    found = profile_column(ColumnTask("c", "T"), column, np.arange(100), k=5)
    assert np.isnan(to_values(column, found)[0]).tolist() == [False, True] * 50
    made = from_values((np.asarray([0.0, np.nan]),), found, kind, np.arange(2), seed=1)
    assert made.to_pylist() == [[1], None]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()], ids=str)
def test_blobs_have_sizes_of_the_source_and_bytes_of_their_own(kind: pa.DataType) -> None:
    source = [b"secret" * (1 + row % 2) for row in range(ROWS)]
    found = profile(source, kind, "BLOB")
    assert found.kind == "opaque"
    made = drawn(found, kind)
    assert {len(value) for value in made} == {6, 12}
    assert len(set(made)) == ROWS
    assert not set(made) & set(source)


def test_nested_values_of_fewer_than_k_entities_leave_nothing() -> None:
    kind = pa.list_(pa.string())
    found = profile([["hush"]] * 3, kind, "T")
    assert "hush" not in str(found)
    assert len(drawn(found, kind)) == ROWS
