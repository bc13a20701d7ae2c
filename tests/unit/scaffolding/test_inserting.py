"""One more table in a text: behind the last one, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse_twin.scaffolding.table_adding import inserted

NEW = ["  # why", "  new:"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tables:\n  a:\n", "tables:\n  a:\n  # why\n  new:\n"),
        ("tables:\n  a:", "tables:\n  a:\n  # why\n  new:\n"),
        ("tables:\n  a: {x: 1} # said\nseed: 1\n", "tables:\n  a: {x: 1} # said\n  # why\n  new:\nseed: 1\n"),
        ("tables:\n  a:\n    # of a\n  # end\n\n# seed\nseed: 1", "tables:\n  a:\n    # of a\n  # end\n  # why\n  new:\n\n# seed\nseed: 1"),
        ("tables:\n  a:\n\n  b: |\n    text\n\nseed: 1\n", "tables:\n  a:\n\n  b: |\n    text\n\n  # why\n  new:\n\nseed: 1\n"),
        ("tables:\r\n  a:\r\nseed: 1\r\n", "tables:\r\n  a:\r\n  # why\r\n  new:\r\nseed: 1\r\n"),
        ("\ufefftables:\n  a:\n    x: [1,\n  2]\nseed: 1\n", "\ufefftables:\n  a:\n    x: [1,\n  2]\n  # why\n  new:\nseed: 1\n"),
        ("tables:\n  ä: 'ö\n\n    ü'\n", "tables:\n  ä: 'ö\n\n    ü'\n  # why\n  new:\n"),
    ],
)
def test_the_lines_stand_behind_the_last_table(before: str, after: str) -> None:
    assert inserted(before, NEW, Path("x.yml")) == after
