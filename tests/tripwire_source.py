"""A ward: people and their visits, with values planted in every kind of column that may be nowhere but in the source.

One person has a value of their own in every column, and nine that are learned from, one fewer than `k`, share another. Where all
others have one value (no bonus, midnight), the odd one is what a greatest common divisor would be.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from tripwire import Value

K = 10
PEOPLE, VISITS = 500, 1_600
SECRET = "5d" * 32
ODD, FEW = 17, range(100, 116)
"""Who has a value of their own, and those who share one: of these `K` - 1 are learned from, and the others held out by that secret."""
DECLARED = """
CREATE SCHEMA ward;
CREATE TABLE ward.towns (code VARCHAR PRIMARY KEY, name VARCHAR NOT NULL);
CREATE TABLE ward.people (
    id BIGINT PRIMARY KEY, name VARCHAR, email VARCHAR, town VARCHAR REFERENCES ward.towns (code), tier VARCHAR, label VARCHAR,
    insured VARCHAR, uid UUID, note VARCHAR, income DECIMAL(16, 2), bonus BIGINT, score DOUBLE, born DATE, signed TIMESTAMP,
    seen TIMESTAMP WITH TIME ZONE, span INTERVAL, tags VARCHAR[], card STRUCT(kind VARCHAR, number BIGINT), props JSON, photo BLOB
);
CREATE TABLE ward.visits (
    id BIGINT PRIMARY KEY, person BIGINT NOT NULL REFERENCES ward.people (id), came TIMESTAMP NOT NULL, kind VARCHAR NOT NULL,
    cost DOUBLE, paid DOUBLE, remark VARCHAR
);
CREATE SCHEMA odd;
CREATE TABLE odd.kinds (kind VARCHAR PRIMARY KEY);
CREATE TABLE odd.lab (id BIGINT PRIMARY KEY, kind VARCHAR);
"""
PLANTED: dict[str, Value] = {
    "key": 735_194_620_817,
    "pii name": "Zqxa Mirabilis",
    "pii email": "zqxb.mirabilis@example.net",
    "category": "zqxc-unheard-of",
    "shared category": "zqxd-of-nine",
    "code": "ZQXE-90210-77",
    "uuid": "5eed5eed-0f0f-4aaa-8bbb-00c0ffee7351",
    "text": "zqxfandangled",
    "shared word": "zqxgrounded",
    "amount": Decimal("73519462081.37"),
    "shared amount": Decimal("6180339887.49"),
    "divisor": 902_107_735_194,
    "float": 2_718_281_828.4590451,
    "day": dt.date(1903, 7, 19),
    "shared day": dt.date(1911, 3, 17),
    "time of day": dt.datetime(2021, 5, 4, 13, 37, 11, 259_317),
    "moment": dt.datetime(1931, 11, 23, 7, 41, 53, 814_229),
    "list item": "zqxh-listed",
    "struct text": "zqxi-inside",
    "struct number": 514_229_317_811,
    "json key": "zqxj_key",
    "json value": "zqxk-value",
    "json number": 832_040_514_229,
    "blob": "zqxl-pixels",
    "child category": "zqxm-rare-visit",
    "child amount": 3_141_592_653.5897932,
    "child text": "zqxnettled",
    "child moment": dt.datetime(1942, 2, 19, 5, 43, 21, 618_033),
    "orphan": "zqxo-leads-nowhere",
}


def make_source(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(DECLARED)
        database.execute("INSERT INTO ward.towns VALUES ('N', 'North'), ('S', 'South'), ('W', 'West')")
        people = _people()
        ids = [person["id"] for person in people]
        for table, rows in (("people", people), ("visits", _visits(ids))):
            places = ", ".join("?" for _ in rows[0])
            database.executemany(f"INSERT INTO ward.{table} VALUES ({places})", [list(row.values()) for row in rows])
        database.execute("INSERT INTO odd.lab VALUES (1, ?)", [PLANTED["orphan"]])


def _people() -> list[dict[str, Any]]:
    draw = np.random.default_rng(3)
    rows = [_person(number, draw) for number in range(PEOPLE)]
    rows[ODD] |= {
        "id": PLANTED["key"],
        "name": PLANTED["pii name"],
        "email": PLANTED["pii email"],
        "label": PLANTED["category"],
        "insured": PLANTED["code"],
        "uid": PLANTED["uuid"],
        "note": f"came with {PLANTED['text']} in the night",
        "income": PLANTED["amount"],
        "bonus": PLANTED["divisor"],
        "score": PLANTED["float"],
        "born": PLANTED["day"],
        "signed": PLANTED["time of day"],
        "seen": f"{PLANTED['moment']}+00",
        "tags": ["red", PLANTED["list item"]],
        "card": {"kind": PLANTED["struct text"], "number": PLANTED["struct number"]},
        "props": json.dumps({"size": PLANTED["json number"], PLANTED["json key"]: PLANTED["json value"]}),
        "photo": str(PLANTED["blob"]).encode() * 3,
    }
    for number in FEW:
        shared = f"came with {PLANTED['shared word']} in the day"
        rows[number] |= {
            "label": PLANTED["shared category"],
            "income": PLANTED["shared amount"],
            "born": PLANTED["shared day"],
            "note": shared,
        }
    return rows


def _person(number: int, draw: np.random.Generator) -> dict[str, Any]:
    tier = ["plain", "silver", "gold"][int(draw.choice(3, p=[0.6, 0.3, 0.1]))]
    income = round(float(draw.lognormal(10 + (tier == "gold"), 0.4)), 2)
    day = dt.date(1950, 1, 1) + dt.timedelta(int(draw.integers(18_000)))
    return {
        "id": number + 1,
        "name": f"Anna Person{number}",
        "email": f"person{number}@example.com",
        "town": "NSW"[int(draw.integers(3))],
        "tier": tier,
        "label": f"l{int(draw.integers(4))}",
        "insured": f"AB-{int(draw.integers(10_000, 99_999))}-{int(draw.integers(10, 99))}",
        "uid": f"{int(draw.integers(2**32)):08x}-1111-4111-8111-{number:012x}",
        "note": f"came with {['pain', 'cold', 'fever'][int(draw.integers(3))]} in the {['day', 'night'][number % 2]}",
        "income": income,
        "bonus": 0,
        "score": float(draw.normal(50, 9)),
        "born": day,
        "signed": dt.datetime(2020, 1, 1) + dt.timedelta(int(draw.integers(600))),
        "seen": f"{dt.datetime(2022, 1, 1) + dt.timedelta(minutes=int(draw.integers(500_000)))}+00",
        "span": dt.timedelta(days=int(draw.integers(30))),
        "tags": ["red", "blue"][: int(draw.integers(1, 3))],
        "card": {"kind": "visa", "number": int(draw.integers(1_000))},
        "props": json.dumps({"size": int(draw.integers(50))}),
        "photo": bytes(int(draw.integers(3, 9))),
    }


def _visits(ids: list[int]) -> list[dict[str, Any]]:
    draw = np.random.default_rng(4)
    rows = []
    for number in range(VISITS):
        kind = ["check", "surgery"][int(draw.random() < 0.2)]
        cost = float(draw.gamma(2, 200 if kind == "check" else 2_000))
        rows.append(
            {
                "id": number + 1,
                "person": ids[int(draw.integers(PEOPLE))],
                "came": dt.datetime(2023, 1, 1) + dt.timedelta(minutes=int(draw.integers(500_000))),
                "kind": kind,
                "cost": cost,
                "paid": cost if draw.random() < 0.9 else 0.0,
                "remark": "all is well now",
            }
        )
    planted = {
        "person": PLANTED["key"],
        "came": PLANTED["child moment"],
        "kind": PLANTED["child category"],
        "cost": PLANTED["child amount"],
    }
    rows[7] |= planted | {"paid": PLANTED["child amount"], "remark": f"all is {PLANTED['child text']} now"}
    return rows
