"""Columns learned one by one: within their shares, in order, and numbers of children at no cost."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.privacy.accounting import Account, Cost
from warehouse_twin.synthesizers.marginal_columns import Column, children_column, learned_columns
from warehouse_twin.synthesizers.marginal_counting import in_process, opened
from warehouse_twin.synthesizers.marginal_domains import Allowance

ROWS = pa.table(
    {
        "kind": ["a", "b"] * 500,
        "mail": [None if number % 4 == 0 else f"x{number}" for number in range(1_000)],
        "open": ["yes", "no"] * 500,
        "size": pa.array(np.arange(1_000) % 50),
    }
)
COLUMNS = [
    Column("kind", ROWS),
    Column("mail", ROWS, nullable=True, made=True),
    Column("open", ROWS, {"values": ["no", "yes"]}),
    Column("size", ROWS, {"from": "0", "to": "49"}),
]


def test_each_is_charged_for_what_it_learned_and_no_more_than_its_share() -> None:
    account = Account(Cost(20.0, 1e-5))
    kind, mail, open_, size = learned_columns(COLUMNS, Allowance(5.0, 1e-6, 1, account), 1_000.0, in_process)
    assert [cell.values[0][0] for cell in kind.domain.cells if cell.values] == ["a", "b"]
    assert opened(kind.codes)[:2].tolist() == [0, 1]
    assert (mail.domain.size, opened(mail.codes)[:5].tolist(), mail.spent) == (2, [1, 0, 0, 0, 1], {})
    assert (opened(open_.codes)[:2].tolist(), open_.spent) == ([1, 0], {})
    assert size.domain.size > 8
    assert account.spent == {**kind.spent, **size.spent}
    assert set(account.spent) == {"kind: values", "size: values", "size: ranges"}
    assert all(sum(cost.rho for cost in column.spent.values()) <= 5.0 * (1 + 1e-9) for column in (kind, size))


def test_an_account_that_does_not_cover_them_refuses() -> None:
    with pytest.raises(ConfigurationError, match="size: values"):
        learned_columns(COLUMNS, Allowance(5.0, 1e-6, 1, Account(Cost(6.0, 1e-5))), 1_000.0, in_process)


def test_numbers_of_children_are_told_apart_up_to_twelve() -> None:
    found = children_column("#orders", np.asarray([0, 3, 12, 13, 24, 25, 40]), 40, None)
    assert opened(found.codes).tolist() == [0, 3, 12, 13, 13, 14, 14]
    assert found.spent == {}
    assert children_column("#none", np.zeros(3, dtype=np.int64), 0, None).domain.size == 1
