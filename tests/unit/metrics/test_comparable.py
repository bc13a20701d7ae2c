"""Which columns are compared follows from keys and kinds."""

from __future__ import annotations

from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTable, ResolvedTwin, Table
from warehouse_twin.metrics.comparable import key_label, record_columns, shape_columns, without_made_up


def table(name: str, columns: str, *, primary: str = "", keys: tuple[ForeignKey, ...] = (), **more: object) -> ResolvedTable:
    declared = Table(name, tuple(Column(column, "X", True) for column in columns.split()), tuple(primary.split()), keys)
    return ResolvedTable(declared, **{"keep_real": False, **more})


def key(columns: str, parent: str, references: str) -> ForeignKey:
    return ForeignKey(tuple(columns.split()), parent, tuple(references.split()))


AIRPORTS = table("airports", "faa", primary="faa", keep_real=True)
PLANES = table("planes", "tailnum seats owner note", primary="tailnum", pii={"owner": ("name", "en_US")}, kinds={"note": "text"})
WEATHER = table("weather", "origin hour temp", primary="origin hour", keys=(key("origin", "airports", "faa"),))
FLIGHTS = table(
    "flights",
    "tailnum origin hour dest delay",
    keys=(key("tailnum", "planes", "tailnum"), key("origin hour", "weather", "origin hour"), key("dest", "airports", "faa")),
)
PARTS = table("parts", "id within label", primary="id", keys=(key("within", "parts", "id"),))
TWIN = ResolvedTwin("t", "a", "b", "c", "d", 1, None, 10, 0.2, (AIRPORTS, PLANES, WEATHER, FLIGHTS, PARTS))


def test_new_keys_and_generated_values_are_not_compared() -> None:
    assert shape_columns(TWIN, PLANES) == ("seats", "note")
    assert shape_columns(TWIN, PARTS) == ("label",)


def test_keys_with_values_of_the_source_are_compared() -> None:
    assert shape_columns(TWIN, WEATHER) == ("origin", "hour", "temp")
    assert shape_columns(TWIN, FLIGHTS) == ("origin", "hour", "dest", "delay")


def test_a_table_that_is_kept_is_not_scored() -> None:
    assert shape_columns(TWIN, AIRPORTS) == record_columns(TWIN, AIRPORTS) == ()


def test_a_record_has_no_keys_to_protected_tables_and_nothing_made_up() -> None:
    assert record_columns(TWIN, PLANES) == ("seats",)
    assert record_columns(TWIN, WEATHER) == ("temp",)
    assert record_columns(TWIN, FLIGHTS) == ("dest", "delay")


def test_what_is_made_up_says_nothing_of_a_copy_beside_two_columns_that_are_learned() -> None:
    assert without_made_up(("name", "born", "tier"), {"name", "elsewhere"}) == ("born", "tier")
    assert without_made_up(("name", "born"), {"name"}) == ("name", "born")


def test_two_keys_over_the_same_columns_are_told_apart_by_their_parents() -> None:
    double = table("d", "a", keys=(key("a", "planes", "tailnum"), key("a", "airports", "faa")))
    assert [key_label(double, one) for one in double.table.foreign_keys] == [("a", "→ planes"), ("a", "→ airports")]
    assert key_label(FLIGHTS, FLIGHTS.table.foreign_keys[1]) == ("origin", "hour")
