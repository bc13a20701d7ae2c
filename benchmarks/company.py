"""A generated schema of what is hard about keys: a hierarchy in one table, a many-to-many table, keys that may be missing.

Offices have employees, some work for none; employees have a manager, but for the heads of departments; projects have a lead or none; an
assignment is an employee in a project, each pair once. Numbers and categories follow from those of the rows they refer to.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from benchmarks.linked import Schema
from warehouse_twin.warehouses.catalog import ForeignKey, Table

OFFICES, EMPLOYEES, PROJECTS, FAN_OUT = 200, 6_000, 1_500, 8
GRADES, CITIES = 5, np.array(["Berlin", "Lyon", "Osaka", "Recife", "Toronto"])

SCHEMA = Schema(
    (
        Table("offices", (), ("office_id",)),
        Table(
            "employees",
            (),
            ("employee_id",),
            (ForeignKey(("office_id",), "offices", ("office_id",)), ForeignKey(("manager_id",), "employees", ("employee_id",))),
        ),
        Table("projects", (), ("project_id",), (ForeignKey(("lead_id",), "employees", ("employee_id",)),)),
        Table(
            "assignments",
            (),
            ("employee_id", "project_id"),
            (ForeignKey(("employee_id",), "employees", ("employee_id",)), ForeignKey(("project_id",), "projects", ("project_id",))),
        ),
    )
)


def company(*, seed: int) -> dict[str, pa.Table]:
    draw = np.random.default_rng(seed)
    city = draw.choice(len(CITIES), OFFICES, p=[0.4, 0.25, 0.15, 0.1, 0.1])
    offices = {"office_id": np.arange(1, OFFICES + 1), "city": CITIES[city], "floors": 1 + draw.poisson(2 + city)}
    employees = _employees(draw, city)
    projects, weight = _projects(draw, employees)
    return {
        "offices": pa.table(offices),
        "employees": employees,
        "projects": projects,
        "assignments": _assignments(draw, employees, projects, weight),
    }


def _employees(draw: np.random.Generator, city: np.ndarray) -> pa.Table:
    """Managers come before their people; who is managed earns less and is in the manager's office more often than not."""
    rows = np.arange(EMPLOYEES)
    manager = np.where(rows < GRADES, -1, (rows - GRADES) // FAN_OUT + draw.integers(0, 2, EMPLOYEES))
    grade, office = np.zeros(EMPLOYEES, dtype=np.int64), draw.choice(OFFICES, EMPLOYEES, p=draw.dirichlet(np.full(OFFICES, 2.0)))
    stays = draw.random(EMPLOYEES) < 0.4
    for row in rows[GRADES:]:
        grade[row] = min(GRADES, grade[manager[row]] + 1)
        office[row] = office[manager[row]] if stays[row] else office[row]
    salary = np.round(9_000 - 1_300 * grade + 150 * city[office] + draw.gamma(4, 120, EMPLOYEES), 2)
    hired = np.datetime64("2012-01-01") + draw.integers(0, 600, EMPLOYEES) + 500 * grade
    return pa.table(
        {
            "employee_id": rows + 1,
            "office_id": pa.array(office + 1, mask=draw.random(EMPLOYEES) < 0.1),
            "manager_id": pa.array(manager + 1, mask=manager < 0),
            "grade": grade,
            "salary": salary,
            "hired": hired.astype("datetime64[D]"),
            "remote": draw.random(EMPLOYEES) < 0.1 + 0.1 * grade,
        }
    )


def _projects(draw: np.random.Generator, employees: pa.Table) -> tuple[pa.Table, np.ndarray]:
    lead = draw.integers(0, EMPLOYEES // 4, PROJECTS)
    grade = employees.column("grade").to_numpy()[lead]
    field = draw.choice(3, PROJECTS, p=[0.5, 0.3, 0.2])
    budget = np.round(np.exp(11 - 0.4 * grade + 0.5 * field + draw.normal(0, 0.5, PROJECTS)), -2)
    table = {
        "project_id": np.arange(1, PROJECTS + 1) * 10,
        "lead_id": pa.array(lead + 1, mask=draw.random(PROJECTS) < 0.2),
        "field": np.array(["build", "research", "support"])[field],
        "budget": budget,
    }
    return pa.table(table), np.sqrt(budget)


def _assignments(draw: np.random.Generator, employees: pa.Table, projects: pa.Table, weight: np.ndarray) -> pa.Table:
    """Large projects have many people, and senior people few projects; hours fall with grade and differ by field."""
    grade = employees.column("grade").to_numpy()
    people = np.repeat(np.arange(EMPLOYEES), draw.poisson(0.6 * (1 + grade)))
    chosen = draw.choice(PROJECTS, len(people), p=weight / weight.sum())
    people, chosen = np.unique(np.stack([people, chosen]), axis=1)
    field = np.unique(projects.column("field").to_numpy(zero_copy_only=False), return_inverse=True)[1][chosen]
    hours = 1 + draw.poisson(6 + 4 * field + 2 * grade[people])
    return pa.table(
        {
            "employee_id": people + 1,
            "project_id": (chosen + 1) * 10,
            "hours": hours,
            "role": np.where(hours > 20, "owner", np.where(draw.random(len(people)) < 0.3, "reviewer", "member")),
        }
    )
