"""Codes that contain the key of a row above: found where every one does, unique and true in the twin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import Learned, Tables, broken_promises, learn, link, resolved, twin_of
from warehouse_twin.profiling.rules.embedded import containing, unlike
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.ruling import broken_rows

INVOICES = resolved("invoices", "id BIGINT", "batch VARCHAR!", "net BIGINT", key=("id",))
TO_INVOICE = link("invoice", "invoices")
LINES = resolved("lines", "code VARCHAR", "invoice BIGINT!", "label VARCHAR", "price BIGINT", key=("code",), foreign=(TO_INVOICE,))
SCANS = resolved("scans", "line VARCHAR!", "mark VARCHAR!", foreign=(link("line", "lines", "code"),))
TWIN = twin_of(INVOICES, LINES, SCANS, entity="invoices", k=5)
ROWS = 400


def books(*, wrong: int = 0) -> Tables:
    """Lines are named after their invoice, `INV-000123-2`, and have a label with its plain number; a scan's mark begins with the line."""
    draw = np.random.default_rng(2)
    counts = draw.integers(1, 6, ROWS)
    owner = np.repeat(np.arange(ROWS), counts)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    code = [f"INV-{invoice + 1:06}-{place + 1}" for invoice, place in zip(owner, number, strict=True)]
    label = [f"box{draw.integers(10, 99)}/{invoice + 1 + (row < wrong)}" for row, invoice in enumerate(owner)]
    return {
        "invoices": pa.table({"id": np.arange(ROWS) + 1, "batch": draw.choice(["a", "b"], ROWS), "net": draw.integers(0, 99, ROWS)}),
        "lines": pa.table({"code": code, "invoice": owner + 1, "label": label, "price": draw.integers(1, 500, len(owner))}),
        "scans": pa.table({"line": code, "mark": [f"{one}:{draw.integers(100, 999)}" for one in code]}),
    }


def found(learned: Learned) -> set[str]:
    return {rule.text for profile in learned.profiles.values() for rule in profile.rules if rule.kind == "code"}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return learn(TWIN, books(), tmp_path_factory.mktemp("books"))


def test_codes_with_a_key_in_them_are_found(learned: Learned) -> None:
    assert found(learned) == {"code contains invoice", "label contains invoice", "mark contains line"}


def test_they_are_true_in_the_twin_and_keys_stay_unique(learned: Learned) -> None:
    twin = learned.draw(seed=4)
    assert broken_promises(TWIN, twin, books()) == []
    for name, rules in (("lines", 2), ("scans", 1)):
        counts = broken_rows(learned.profiles[name], key_plans(TWIN)[name], twin)
        assert [count for text, count in counts.items() if "contains" in text] == [0] * rules
    moved = {**twin, "lines": twin["lines"].set_column(1, "invoice", pa.array(np.roll(twin["lines"].column("invoice").to_numpy(), 50)))}
    assert broken_rows(learned.profiles["lines"], key_plans(TWIN)["lines"], moved)["code contains invoice"] > 1_000 - 200


def test_one_label_that_differs_is_enough(tmp_path: Path) -> None:
    assert found(learn(TWIN, books(wrong=9), tmp_path)) == {"code contains invoice", "mark contains line"}


def texts(*values: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=pa.string())])


def test_a_code_by_hand() -> None:
    rule = Rule("code", "code", ("invoice",), {"run": 1, "width": 3})
    codes, keys = texts("A1-007-2", "A1-7-2", "A-2", None, "x"), pa.chunked_array([pa.array([7, 7, 7, 7, None])])
    assert unlike(rule, codes, keys).tolist() == [False, True, True, False, False]
    assert containing(rule, codes, keys).to_pylist() == ["A1-007-2", "A1-007-2", "A-2-007", None, "x"]
    assert containing(rule, texts("none"), pa.chunked_array([pa.array([7])])).to_pylist() == ["none-0-007"]
    begins = Rule("code", "mark", ("line",), {"begins": 2})
    assert containing(begins, texts("zz:1", "ab:1"), texts("ab", "ab")).to_pylist() == ["ab:1", "ab:1"]
