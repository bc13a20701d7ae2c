"""When there is parity, and what is said when there is none."""

from __future__ import annotations

import pytest

from warehouse_twin.materializing.user_projects import Outcome
from warehouse_twin.parity.judging import Built, MartParity, Parity

GOOD = {"model.p.orders": Outcome("orders", "success")}
PASSING = {"test.p.unique": Outcome("unique", "pass"), "test.p.order": Outcome("order", "pass")}


def mart(twin: float, floor: float, *chance: float) -> MartParity:
    """A mart of two columns that are equally far off."""
    return MartParity("sales", *({"a": off, "b": off} for off in (twin, floor)), tuple({"a": off, "b": off} for off in chance))


def parity(*marts: MartParity, source: dict[str, Outcome] = PASSING, twin: dict[str, Outcome] = PASSING, **more: object) -> Parity:
    return Parity("shop@1", "reports", Built((GOOD, GOOD), (source, twin)), marts, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (mart(0.09, 0.4), "within a quarter of the floor's"),
        (mart(0.02, 0.0), "within the tolerance"),
        (mart(0.07, 0.1, 0.03, 0.04), "within chance"),
    ],
)
def test_what_passes(found: MartParity, reason: str) -> None:
    assert (found.passed, found.reason) == (True, reason)
    assert parity(found).passed


def test_what_is_further_off_than_a_quarter_of_the_floors_and_chance_fails() -> None:
    found = mart(0.11, 0.4, 0.03, 0.04)
    assert (found.passed, found.limit) == (False, 0.1)
    assert parity(found).problems == [
        "sales: 0.110 off, limit 0.100 (further off than a quarter of the floor's and chance): a 0.110, b 0.110"
    ]


def test_one_lost_column_is_not_hidden_by_many_good_ones() -> None:
    columns = {str(number): 0.0 for number in range(30)}
    found = MartParity("sales", columns | {"lost": 1.0}, columns | {"lost": 0.4})
    assert found.distance < 0.05
    assert found.worse == ("lost",)
    assert not found.passed
    assert MartParity("sales", columns | {"lost": 1.0}, columns | {"lost": 0.4}, (columns | {"lost": 0.5},)).worse == ()


@pytest.mark.parametrize(("floor", "chance", "telling"), [(0.4, 0.05, True), (0.4, 0.3, False), (0.01, 0.0, False)])
def test_a_floor_within_chance_tells_nothing_and_that_is_said(floor: float, chance: float, telling: bool) -> None:
    found = mart(0.0, floor, chance)
    assert found.telling is telling
    assert ("independent columns would do as well" in "\n".join(parity(found).lines())) is not telling


def test_a_test_that_passes_on_the_source_must_pass_on_the_twin() -> None:
    twin = {"test.p.unique": Outcome("unique", "fail", "rows fail it")}
    assert parity(mart(0, 1), twin=twin).failures == {
        "unique": "passes on the source, not on the twin: rows fail it",
        "order": "passes on the source, not on the twin: missing",
    }


@pytest.mark.parametrize("status", ["fail", "error", "warn", "skipped"])
def test_a_test_that_does_not_pass_on_the_source_need_not_pass_on_the_twin(status: str) -> None:
    source = PASSING | {"test.p.order": Outcome("order", status)}
    assert parity(mart(0, 1), source=source, twin=source).passed
    assert parity(mart(0, 1), source=source).better == ["order"]


def test_where_nothing_could_be_compared_there_is_no_parity() -> None:
    assert list(parity(source={}, twin={}).failures) == ["project"]
    assert parity(mart(0, 1), source={}, twin={}).passed, "marts alone say something"
    assert parity().passed, "and so do tests alone"


def test_a_mart_without_columns_off_says_so() -> None:
    assert parity(mart(0, 0)).to_dict()["marts"][0] == {
        "name": "sales",
        "passed": True,
        "reason": "within a quarter of the floor's",
        "distance": 0.0,
        "floor": 0.0,
        "chance": None,
        "limit": 0.02,
        "telling": False,
        "differing": [],
        "columns": {name: {"distance": 0, "floor": 0} for name in "ab"},
    }
