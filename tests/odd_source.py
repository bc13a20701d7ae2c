"""A source that holds as much bad input at once as one DuckDB schema can: odd types, odd names, odd sizes, odd keys.

Every table is a case, or some that cannot disturb each other. Data are made by SQL from row numbers, so each run has the same.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb

from warehouse_twin.warehouses import literal, quoted

SCHEMA = "Sélect; DROP TABLE 'prod' --"
ROWS, CATEGORIES, LONG, WIDTH, WIDE_ROWS = 600, 50_000, 10_000_000, 300, 120
LONG_NAME = "a_name_of_exactly_63_characters_" + "x" * 31
WIDE_NAME = "表" * 63
DROPPING = "Robert'); DROP TABLE students;--"
KINDS = {  # type and value, in which every `i` is a number drawn evenly below ROWS
    "money": ("DECIMAL(38,10)", "CASE WHEN i % 97 = 0 THEN 9999999999999999999999999999.0123456789 ELSE i * 1.0000000001 END"),
    "huge": ("HUGEINT", "i::HUGEINT * 170141183460469231731687303715884"),
    "unsigned_huge": ("UHUGEINT", "i"),
    "unsigned": ("UBIGINT", "18446744073709551615 - i::UBIGINT"),
    "tiny": ("TINYINT", "i % 100 - 50"),
    "zoned": ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ '2024-03-31 00:30:00+01' + i * INTERVAL 17 MINUTE"),
    "nanoseconds": ("TIMESTAMP_NS", "TIMESTAMP '2024-01-01' + i * INTERVAL 1 MINUTE"),
    "seconds": ("TIMESTAMP_S", "TIMESTAMP '2024-01-01' + i * INTERVAL 1 SECOND"),
    "milliseconds": ("TIMESTAMP_MS", "TIMESTAMP '2024-01-01' + i * INTERVAL 1 MINUTE"),
    "endless": (
        "TIMESTAMP",
        "CASE i % 5 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' ELSE TIMESTAMP '2020-01-01' + i * INTERVAL 1 DAY END",
    ),
    "endless_seconds": ("TIMESTAMP_S", "CASE WHEN i % 5 = 0 THEN 'infinity' ELSE TIMESTAMP '2020-01-01' + i * INTERVAL 1 DAY END"),
    "old_days": ("DATE", "CASE WHEN i % 4 = 0 THEN DATE '9999-12-31' ELSE DATE '1583-10-15' + i END"),
    "ancient_days": ("DATE", "CASE i % 9 WHEN 0 THEN '0044-03-15 (BC)' WHEN 1 THEN 'infinity' ELSE DATE '1899-12-31' - i END"),
    "clock": ("TIME", "TIME '00:00:00' + i * INTERVAL 1 MINUTE"),
    "fine_clock": ("TIME_NS", "TIME '00:00:00' + i * INTERVAL 1 MINUTE"),
    "zoned_clock": ("TIME WITH TIME ZONE", "('12:' || lpad((i % 60)::VARCHAR, 2, '0') || ':00+02')"),
    "span": ("INTERVAL", "to_months(i % 14) + to_days(i % 40) + to_seconds(i)"),
    "few_spans": ("INTERVAL", "to_days(i % 3)"),
    "ratio": ("DOUBLE", "CASE i % 8 WHEN 0 THEN 'NaN' WHEN 1 THEN 'inf' WHEN 2 THEN '-inf' WHEN 3 THEN -0.0 ELSE i / 7.0 END"),
    "no_number": ("DOUBLE", "CASE i % 2 WHEN 0 THEN 'NaN'::DOUBLE ELSE 'inf'::DOUBLE END"),
    "zeros": ("DOUBLE", "'-0.0'::DOUBLE"),
    "single": ("FLOAT", "CASE WHEN i % 7 = 0 THEN 'NaN' ELSE i / 3.0 END"),
    "extreme": ("DOUBLE", "CASE WHEN i % 2 = 0 THEN 1e308 ELSE 4.9e-324 END"),
    "flag": ("BOOLEAN", "CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END"),
    "number": ("UUID", "uuid()"),
    "document": ("JSON", "CASE i % 5 WHEN 0 THEN 'null' WHEN 1 THEN '3' WHEN 2 THEN '[1, 2]' ELSE '{\"a\": ' || i || '}' END"),
    "objects": ("JSON", "'{\"size\": ' || (i % 5) || ', \"tags\": [\"t' || (i % 3) || '\"]}'"),
    "words": ("VARCHAR[]", "CASE WHEN i % 6 = 0 THEN [] ELSE ['w' || (i % 4), NULL, 'v'] END"),
    "point": ("INTEGER[3]", "[i % 4, i % 5, i % 6]"),
    "matrix": ("DOUBLE[][]", "[[i / 2.0, 1.5], []]"),
    "bytes": ("BLOB", "CASE WHEN i % 5 = 0 THEN ''::BLOB ELSE encode(repeat('x', i % 20)) END"),
    "bits": ("BIT", "'0101'"),
    "many_bits": ("BIT", "bin(1000 + i)"),
    "mood": ("ENUM('so so', 'it''s \"fine\"', 'großartig')", "['so so', 'it''s \"fine\"', 'großartig'][1 + i % 3]"),
    "place": (
        'STRUCT(street VARCHAR, "zip code" INTEGER, "at" STRUCT(x DOUBLE, y DOUBLE))',
        "{'street': 's' || i % 9, 'zip code': i, 'at': {'x': i, 'y': NULL}}",
    ),
    "sizes": ("MAP(VARCHAR, INTEGER)", "map(['k' || i % 3, 'l'], [i, i % 2])"),
    "either": ("UNION(num INTEGER, str VARCHAR)", "i::INTEGER"),
    "big": ("BIGNUM", "i"),
    "days": ("DATE[]", "[DATE '2020-01-01' + i]"),
    "events": (
        'STRUCT("at" TIMESTAMP WITH TIME ZONE, "by" UUID)[]',
        "[{'at': TIMESTAMPTZ '2020-01-01 00:00:00+00', 'by': uuid()}]",
    ),
    "anything": ("VARIANT", "i"),
    "shape": ("GEOMETRY", "('POINT(' || i || ' 1)')::GEOMETRY"),
    "folded": ("VARCHAR", "'c' || i % 3"),
    "control": ("VARCHAR", "'a' || chr(1) || chr(10) || chr(9) || '\"' || i % 2"),
    "emoji": ("VARCHAR", "['👍🏽', 'é', '', ' '][1 + i % 4]"),
}
NAMES = (
    "select", "Order", "MixedCase", "größe in m²", "sp ace", DROPPING, "{{ ref('x') }}", "a.b", "%s", "rowid", "1", "index", "level_0",
    " ", "<b>bold</b>", "=1+1", "it's", "back\\slash", "count(*)", "$1", "ref('x')", "a/b", LONG_NAME, WIDE_NAME, "*", "null", "true", "?",
    'a"b', '"', '""',
)  # fmt: skip
TABLES = ("Order", "from", DROPPING, LONG_NAME, WIDE_NAME, "{{ this }}", "_hidden", 'say "no"')
"""Names of tables that hold little but their name."""


def make_source(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for statement in statements():
            connection.execute(statement)


def statements() -> list[str]:
    schema = quoted(SCHEMA)
    return [f"CREATE SCHEMA {schema}", f"USE {schema}", *_kinds(), *_names(), *_sizes(), *_keys()]


def _kinds() -> list[str]:
    columns = ", ".join(f"{quoted(name)} {kind}" for name, (kind, _) in KINDS.items())
    values = ", ".join(re.sub(r"\bi\b", f"(hash({place}, n) % {ROWS})::INTEGER", sql) for place, (_, sql) in enumerate(KINDS.values()))
    return [
        f"CREATE TABLE kinds (id BIGINT PRIMARY KEY, {columns})",
        f"INSERT INTO kinds SELECT n, {values} FROM range({ROWS}) rows (n)",
    ]


def _names() -> list[str]:
    columns = ", ".join(f"{quoted(name)} VARCHAR" for name in NAMES)
    values = ", ".join("'v' || i % 5" for _ in NAMES)
    made = [
        f"CREATE TABLE names (id INTEGER PRIMARY KEY, {columns})",
        f"INSERT INTO names SELECT i, {values} FROM range({ROWS}) r(i)",
        f"COMMENT ON TABLE names IS {literal(DROPPING)}",
        f"COMMENT ON COLUMN names.{quoted(WIDE_NAME)} IS {literal('{{ this }} it''s')}",
    ]
    before = "names", "id"
    for name in TABLES:
        key = f"{name} key"[:63]
        made.append(
            f"CREATE TABLE {quoted(name)} ({quoted(key)} INTEGER PRIMARY KEY, {quoted('Group')} VARCHAR, parent INTEGER, "
            f"FOREIGN KEY (parent) REFERENCES {quoted(before[0])} ({quoted(before[1])}))"
        )
        made.append(f"INSERT INTO {quoted(name)} SELECT i, 'g' || i % 4, i FROM range(60) r(i)")
        before = name, key
    return made


def _sizes() -> list[str]:
    wide = ", ".join(f"c{number} {('INTEGER', 'VARCHAR', 'DOUBLE')[number % 3]}" for number in range(WIDTH - 1))
    values = ", ".join(f"hash(i + {ROWS * number}) % {number % 50 + 2}" for number in range(WIDTH - 1))
    return [
        "CREATE TABLE empty (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, made TIMESTAMP)",
        "CREATE TABLE child_of_empty (id INTEGER PRIMARY KEY, empty INTEGER REFERENCES empty (id), n INTEGER)",
        f"INSERT INTO child_of_empty SELECT i, NULL, i % 7 FROM range({ROWS}) r(i)",
        "CREATE TABLE empty_child (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES child_of_empty (id), name VARCHAR)",
        "CREATE TABLE one_row (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, day DATE NOT NULL, amount DOUBLE)",
        "INSERT INTO one_row VALUES (7, 'only one', DATE '2024-02-29', 1.5)",
        "CREATE TABLE one_column (value VARCHAR)",
        f"INSERT INTO one_column SELECT 'v' || i % 3 FROM range({ROWS}) r(i)",
        "CREATE TABLE one_key (id INTEGER PRIMARY KEY)",
        f"INSERT INTO one_key SELECT i FROM range({ROWS}) r(i)",
        "CREATE TABLE nothing (a INTEGER, b VARCHAR, c TIMESTAMP, d BLOB, e JSON, f INTEGER[], g BOOLEAN, h UUID, i INTERVAL)",
        f"INSERT INTO nothing (a) SELECT NULL FROM range({ROWS}) r(i)",
        "CREATE TABLE constant (id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR NOT NULL, c TIMESTAMP NOT NULL, d DECIMAL(38,10), e BOOLEAN)",
        f"INSERT INTO constant SELECT i, 42, 'same', TIMESTAMP '2024-01-01', 0.5, true FROM range({ROWS}) r(i)",
        f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {wide})",
        f"INSERT INTO wide SELECT i, {values} FROM range({WIDE_ROWS}) r(i)",
        "CREATE TABLE categories (id INTEGER PRIMARY KEY, code VARCHAR NOT NULL, kind VARCHAR NOT NULL)",
        f"INSERT INTO categories SELECT i, 'c' || md5('' || i % {CATEGORIES})[:8], 'k' || hash(i) % 3 "
        f"FROM range({CATEGORIES + 5_000}) r(i)",
        "CREATE TABLE long_text (id INTEGER PRIMARY KEY, body VARCHAR, words VARCHAR, bytes BLOB)",
        "INSERT INTO long_text SELECT i, md5('' || i)[: 5 + i % 9], "
        f"'the cat ' || hash(i) % 5 || ' sat on it', encode('b') FROM range({ROWS}) r(i)",
        f"UPDATE long_text SET body = repeat('x', {LONG}), words = repeat('word ', {LONG // 5}), "
        f"bytes = encode(repeat('y', {LONG})) WHERE id = 3",
    ]


def _keys() -> list[str]:
    """No key is declared: DuckDB would not take these rows. The manifest declares them."""
    return [
        "CREATE TABLE doubled (id INTEGER, part VARCHAR, amount INTEGER)",
        "INSERT INTO doubled SELECT CASE WHEN i % 50 = 0 THEN NULL WHEN i % 10 = 0 THEN i - 1 ELSE i END, "
        f"'p' || i % 4, hash(i) % 30 FROM range({ROWS}) r(i)",
        "CREATE TABLE orphans (id INTEGER, cleaned INTEGER, required INTEGER NOT NULL, kept INTEGER, amount INTEGER)",
        f"INSERT INTO orphans SELECT i, {_leading('cleaned', 5)}, {_leading('required', 4)}, {_leading('kept', 10)}, i % 30 "
        f"FROM range({ROWS}) r(i)",
    ]


def _leading(column: str, every: int) -> str:
    """A parent drawn evenly, one that is not there in one row of so `every`."""
    parent = f"(hash(i || '{column}') % {ROWS // 10} * 10 + 1)::INTEGER"
    return f"CASE WHEN hash(i || '{column}?') % {every} = 0 THEN -{parent} ELSE {parent} END"


MANIFEST = """\
twin: odd
source: {warehouse: prod, schema: SCHEMA}
target: {warehouse: dev, schema: "Größe & Co; --"}
seed: 5
gates:
  undecided: {accept: true, reason: "Tables of a few hundred rows: attacks on them can say nothing."}
  goals:
    column_shape: {goal: 1.0, reason: "Columns of as many values as rows, and of types that are not modelled."}
    column_shape_each: {goal: 1.0, reason: "Columns of as many values as rows, and of types that are not modelled."}
    pair_trend_way: {goal: -100.0, reason: "All columns are drawn independently of each other."}
    pair_trend_min: {goal: 1.0, reason: "All columns are drawn independently of each other."}
    pair_trend: {goal: 1.0, reason: "All columns are drawn independently of each other."}
    orphan_rate: {goal: 0.95, reason: "Among some hundred rows a rate moves by more than half of a hundredth by chance."}
tables:
  kinds:
  names:
  NAMES
  empty:
  child_of_empty:
  empty_child:
  one_row:
  one_column:
  one_key:
  nothing:
  constant:
  wide:
  categories:
  long_text:
  doubled: {primary_key: id}
  orphans:
    primary_key: id
    foreign_keys:
      - {columns: cleaned, references: doubled}
      - {columns: required, references: doubled}
      - {columns: kept, references: doubled, orphans: keep}
"""


def manifest() -> str:
    """The manifest of the whole schema. JSON is YAML: names need no other care."""
    listed = "\n  ".join(f"{json.dumps(name)}:" for name in TABLES)
    return MANIFEST.replace("SCHEMA", json.dumps(SCHEMA)).replace("NAMES", listed)
