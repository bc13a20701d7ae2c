"""The schemas that engines are compared on: what is generated, and the part that HMA is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from benchmarks import company, hma, queries, relational, schemas
from benchmarks.linked import Linked, Schema


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return company.company(seed=1)


def test_the_company_keeps_its_keys_and_has_what_is_hard_about_them(tables: dict[str, pa.Table]) -> None:
    side = Linked(company.SCHEMA, tables)
    assert set(relational.orphans(side).values()) == {0}
    assert set(relational.repeated_keys(side).values()) == {0}
    assert 400 < tables["employees"].column("office_id").null_count < 800
    assert tables["employees"].column("manager_id").null_count == company.GRADES
    managers = side.links[company.SCHEMA.keys[1]]
    assert (managers < np.arange(company.EMPLOYEES)).all()
    assert tables["assignments"].num_rows > 10_000


def test_the_part_of_the_company_has_no_child_of_a_child(tables: dict[str, pa.Table]) -> None:
    _, part = schemas.made(Path())
    assert not hma.accepted(company.SCHEMA)
    assert hma.accepted(part.schema)
    assert part.tables["employees"].column_names == ["employee_id", "grade", "salary", "hired", "remote"]
    assert part.tables["projects"].column_names == ["project_id", "field", "budget"]
    assert part.tables["assignments"].num_rows == tables["assignments"].num_rows


def test_hma_takes_no_schema_of_composite_keys_and_no_more_than_five_tables() -> None:
    assert not hma.accepted(queries.SCHEMA)
    assert not hma.accepted(Schema(queries.SCHEMA.tables[:5]))
    assert hma.accepted(Schema((queries.SCHEMA["part"],)))


def test_a_manifest_says_keys_and_what_is_kept_and_leaves_the_rest_to_defaults() -> None:
    case = schemas.Case("tpch", queries.SCHEMA, {}, "customer")
    written = schemas.manifest(case)
    assert written["entity"] == "customer"
    assert written["tables"]["region"] == {"primary_key": ["r_regionkey"], "keep": "real"}
    assert written["tables"]["orders"]["foreign_keys"] == [
        {"columns": ["o_custkey"], "references": "customer", "references_columns": ["c_custkey"]}
    ]


def test_a_study_shows_engine_floor_and_ceiling_of_the_same_measures(tables: dict[str, pa.Table], capsys) -> None:
    case = schemas.Case("company", company.SCHEMA, tables, "employees")
    lines = list(schemas.study(case, {"again": (company.company(seed=2), 1.0)}))
    assert [line["engine"] for line in lines] == ["again", "independent", "half"]
    again, floor, ceiling = lines
    assert again["counts_min"] > 0.9 > floor["counts_min"]
    assert again["pairs_1"] > floor["pairs_1"] + 0.05
    assert again["depth"] > 0.95
    assert ceiling["c2st_parents"] == pytest.approx(0.5, abs=0.05)
    schemas.show(lines)
    assert "company: employees.manager_id>employees again" in capsys.readouterr().out
