"""A user's dbt project on source, twin and floor, by dbt: whatever her project does, it is told, and nothing of it leaks or stays."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest

from tiny_projects import CLINIC, SECRET_NAME, as_files, clinic, write_project
from warehouse_twin.materializing.user_projects import read_project
from warehouse_twin.parity.comparing import Sides, compare
from warehouse_twin.parity.judging import Parity
from warehouse_twin.parity.sides import write_floor

MODELS = {
    "stg_visits": "select id as visit, patient, came, kind, cost from {{ source('clinic', 'visits') }}",
    "visits_of_towns": "{{ config(materialized='table') }} select city, kind, count(*) as visits, sum(cost) as cost "
    "from {{ ref('stg_visits') }} join {{ source('clinic', 'patients') }} as patients on patients.id = patient group by 1, 2",
    "fct_visits": "{{ config(materialized='incremental') }} select visit, patient, came, kind, cost, cost > 500 as dear "
    "from {{ ref('stg_visits') }}",
    "nobody": "{{ config(materialized='table', schema='empty') }} select * from {{ ref('stg_visits') }} where cost < 0",
    "exported": "{{ config(materialized='external', location='exported.parquet') }} select kind, cost from {{ ref('stg_visits') }}",
    "broken": "select * from nowhere.at_all",
    "behind_broken": "select * from {{ ref('broken') }}",
    "only_here": "select cast(case when count(*) > 1000000 then '1' else min(patients.name) end as varchar) as name, "
    "case when count(*) > {{ var('most') }} then cast(min(patients.name) as integer) end as number "
    "from {{ source('clinic', 'patients') }} as patients",
    "weather": "select * from {{ source('weather', 'days') }}",
    "wet_visits": "select * from {{ ref('weather') }} join {{ ref('stg_visits') }} on came = day",
    "loud": "{% if execute %}{{ print(run_query('select min(name) as it from ' ~ source('clinic', 'patients')).columns[0][0]) }}"
    "{{ log(run_query('select max(name) as it from ' ~ source('clinic', 'patients'))[0][0], info=True) }}{% endif %} select 1 as one",
}
SCHEMA = """\
  - name: stg_visits
    columns:
      - {name: visit, data_tests: [unique, not_null]}
      - name: patient
        data_tests:
          - not_null
          - relationships: {arguments: {to: "source('clinic', 'patients')", field: id}}
      - name: kind
        data_tests:
          - accepted_values: {arguments: {values: [check, surgery]}}
  - name: fct_visits
    data_tests:
      - no_such_column: {name: wrong_by_itself}
  - name: weather
    columns: [{name: day, data_tests: [not_null]}]
"""
MORE = {
    "macros/no_such_column.sql": "{% test no_such_column(model) %} select nothing_of_the_kind from {{ model }} {% endtest %}",
    "models/weather.yml": "version: 2\nsources: [{name: weather, schema: outside, tables: [{name: days}]}]\n",
    "seeds/towns.csv": "city,state\nUlm,BW\nBonn,NW\n",
    "snapshots/patients.sql": "{% snapshot seen %}{{ config(unique_key='id', strategy='check', check_cols=['city']) }} "
    "select * from {{ source('clinic', 'patients') }}{% endsnapshot %}",
    "tests/dear_is_surgery.sql": "select * from {{ ref('fct_visits') }} where dear and kind <> 'surgery'",
}


@dataclass
class Run:
    parity: Parity
    scratch: Path
    project: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    folder = tmp_path_factory.mktemp("parity")
    project = write_project(folder / "hers", MODELS, schema=SCHEMA, more=MORE)
    before = sorted(path.relative_to(project) for path in project.rglob("*"))
    parsed = read_project(project, resolved=CLINIC, variables={"most": 1499}, scratch=folder / "parsed")
    scratch = folder / "scratch"
    scratch.mkdir()

    def compared(source: dict[str, pa.Table], twin: dict[str, pa.Table] | None) -> Run:
        files = as_files(folder / "source", source)
        theirs = as_files(folder / "twin", twin) if twin is not None else write_floor(folder / "x", resolved=CLINIC, source=files, seed=99)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            found = compare(parsed, Sides(CLINIC, files, theirs), release="clinic@1", seed=5, scratch=scratch, accepted={})
        assert printed.getvalue() == "", "a model of hers says a name aloud"
        assert sorted(path.relative_to(project) for path in project.rglob("*")) == before, "the project is hers"
        return Run(found, scratch, project)

    return compared


def soiled(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """One visit of nobody: a test that does not pass on the source."""
    visits = tables["visits"].slice(0, 1).set_column(1, "patient", pa.array([999_999])).set_column(0, "id", pa.array([77_777]))
    return tables | {"visits": pa.concat_tables([tables["visits"], visits])}


@pytest.fixture(scope="module")
def redrawn(run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A twin that is another draw of reality, with one patient fewer than a model of hers can take."""
    return run(soiled(clinic(1)), clinic(2))


ALWAYS = {"broken", "behind_broken", "only_here"}


def test_another_draw_of_reality_has_parity_but_for_what_is_broken_at_home(redrawn: Run) -> None:
    assert set(redrawn.parity.failures) == ALWAYS
    assert {mart.name for mart in redrawn.parity.marts} == {"visits_of_towns", "fct_visits", "nobody", "exported"}
    assert all(mart.passed for mart in redrawn.parity.marts)


def test_what_is_broken_at_home_is_named_and_no_value_with_it(redrawn: Run) -> None:
    assert redrawn.parity.failures["broken"].startswith("not built on the source: ")
    assert redrawn.parity.failures["behind_broken"] == "not built on the source: skipped"
    assert "Conversion Error" in redrawn.parity.failures["only_here"]
    assert SECRET_NAME not in json.dumps(redrawn.parity.to_dict()) + "\n".join(redrawn.parity.lines())


def test_a_test_that_does_better_on_the_twin_is_listed(redrawn: Run) -> None:
    assert redrawn.parity.better == ["relationships_stg_visits_patient__id__source_clinic_patients_"]


def test_a_test_that_errors_on_both_sides_stands_in_nobodys_way(redrawn: Run) -> None:
    assert redrawn.parity.to_dict()["tests"]["wrong_by_itself"] == {"source": "error", "twin": "error"}


def test_what_reads_other_sources_is_left_out_and_said_to_be(redrawn: Run) -> None:
    assert redrawn.parity.left_out == {"weather": "weather.days", "wet_visits": "weather.days", "not_null_weather_day": "weather.days"}
    assert redrawn.parity.sources == {"clinic.patients": "patients", "clinic.visits": "visits"}


def test_nothing_of_it_stays(redrawn: Run) -> None:
    assert list(redrawn.scratch.iterdir()) == []
    assert not list(redrawn.project.rglob("*.parquet"))


def test_the_floor_has_none(run: Callable[..., Run]) -> None:
    found = run(clinic(1), None).parity
    assert set(found.failures) - ALWAYS == {"visits_of_towns", "fct_visits", "exported", "dear_is_surgery"}
    assert found.failures["dear_is_surgery"] == "passes on the source, not on the twin: rows fail it"
    facts = next(mart for mart in found.marts if mart.name == "fct_visits")
    assert set(facts.differing) >= {"cost", "kind", "dear"}


def test_what_is_accepted_is_no_problem_and_stands_there_with_its_reason(redrawn: Run) -> None:
    reason = "they are known to be broken"
    found = replace(redrawn.parity, accepted=dict.fromkeys([*ALWAYS, "something_else"], reason))
    assert not redrawn.parity.passed
    assert found.passed
    assert found.to_dict()["accepted"] == dict.fromkeys(ALWAYS, reason)
    assert sum(reason in line for line in found.lines()) == len(ALWAYS)


@pytest.fixture(scope="module")
def other(run: Callable[..., Run]) -> Parity:
    """A twin of more patients than the source has, with a cost that it has none of."""
    twin = clinic(1)
    costs = pa.array([-1.0, *twin["visits"].column("cost").to_pylist()[1:]])
    return run(clinic(1, patients=60), twin | {"visits": twin["visits"].set_column(4, "cost", costs)}).parity


def test_a_model_that_cannot_be_built_on_the_twin_alone_is_named(other: Parity) -> None:
    assert other.failures["only_here"].startswith("built on the source, but not on the twin: ")


def test_a_mart_that_only_one_side_fills_is_as_far_as_can_be(other: Parity) -> None:
    nobody = next(mart for mart in other.marts if mart.name == "nobody")
    assert nobody.distance == 1.0
    assert not nobody.passed
