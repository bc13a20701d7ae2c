from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from warehouse_twin.errors import Fault
from warehouse_twin.generators.generator import Generator
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.warehouses.catalog import Column, Constraint, ForeignKey, Table

Resolve = Callable[..., ResolvedTwin]
Faults = Callable[..., list[str]]


def made_of(name: str, columns: str, key: tuple[str, ...], *foreign: ForeignKey) -> Table:
    """A table of columns written `name TYPE`, with `!` at the end where no null is allowed."""
    parts = [column.strip().partition(" ") for column in columns.split(";")]
    found = [Column(column, sql_type.rstrip("!"), nullable=not sql_type.endswith("!")) for column, _, sql_type in parts]
    return Table(name, tuple(found), key, foreign)


SHOP = (
    made_of("countries", "code VARCHAR", ("code",)),
    made_of(
        "people",
        "id BIGINT!; name VARCHAR; tag UUID; born DATE; seen TIMESTAMP; net DECIMAL(10,2)!; ratio DOUBLE; mood ENUM('a', 'b'); ok BOOLEAN; "
        "a INTEGER; b INTEGER; country VARCHAR; boss BIGINT",
        ("id",),
        ForeignKey(("country",), "countries", ("code",)),
        ForeignKey(("boss",), "people", ("id",)),
    ),
    made_of(
        "lines",
        "person BIGINT!; line SMALLINT!; at TIMESTAMP; word VARCHAR",
        ("person", "line"),
        ForeignKey(("person",), "people", ("id",)),
    ),
)


def manifest(people: str = "", lines: str = "", more: str = "") -> str:
    """The columns of two tables, each with its generator in brackets: `name: {constant: x}`."""
    return (
        f"tables:\n  countries: {{keep: real}}\n  people:\n    columns:\n{_columns(people)}{more}  lines:\n    columns:\n{_columns(lines)}"
    )


def _columns(said: str) -> str:
    listed = [line.strip().partition(": ") for line in said.splitlines() if line.strip()]
    return "".join(f"      {name}: {{generator: {rule}}}\n" for name, _, rule in listed) or "      {}\n"


def test_a_generator_is_completed_from_the_catalog(resolve: Resolve) -> None:
    twin = resolve(
        manifest(
            "id: {range: {from: 1, to: 999}}\nname: {faker: text, arguments: {max_nb_chars: 20}, nulls: 0.5}\n"
            "born: {range: {from: 2000-01-01, to: 2001-01-01}}\n"
            "ok: {choice: [true, false, true]}\nmood: {choice: {a: 1, b: 3}}\nnet: {constant: 9.5}\na: {expression: b + 1}\n"
            "b: {range: {from: 0, to: 9, distribution: learned}}",
            "line: {sequence: {per: person}}",
        ),
        SHOP,
    )
    people = twin["people"].generators
    assert people["id"] == Generator("range", {"from": 1, "to": 999, "step": None, "distribution": "uniform"}, "BIGINT", unique=True)
    assert people["name"].detail == {"provider": "text", "arguments": {"max_nb_chars": 20}, "locale": "en_US"}
    assert people["name"].nulls == 0.5
    assert people["ok"].detail == {"values": ["true", "false"], "weights": [2.0, 1.0]}
    assert people["mood"].detail == {"values": ["a", "b"], "weights": [1.0, 3.0]}
    assert people["net"].detail == {"values": ["9.5"], "weights": [1.0]}
    assert people["a"].detail == {"text": "b + 1"}
    assert twin["people"].made == ("id", "name", "born", "ok", "mood", "net", "a")
    assert twin["lines"].generators["line"].detail == {"start": 1, "step": 1, "per": ["person"]}
    assert ResolvedTwin.from_dict(json.loads(json.dumps(twin.to_dict()))) == twin


def test_a_unique_constraint_makes_values_unique(resolve: Resolve, catalog_faults: Faults) -> None:
    people = replace(SHOP[1], constraints=(Constraint("UNIQUE", ("name",), "UNIQUE (name)"),))
    catalog = (SHOP[0], people, SHOP[2])
    assert resolve(manifest(r"name: {pattern: '\d{9}'}"), catalog)["people"].generators["name"].unique
    (fault,) = catalog_faults(manifest("name: {constant: x}"), catalog)
    assert "tables.people.columns.name.generator.constant: column name has a UNIQUE constraint; wanted a sequence" in fault


def test_texts_are_no_longer_than_their_warehouse_takes(resolve: Resolve, catalog_faults: Faults) -> None:
    columns = tuple(replace(column, native_type="character varying(3)") if column.name == "name" else column for column in SHOP[1].columns)
    catalog = (SHOP[0], replace(SHOP[1], columns=columns), SHOP[2])
    assert resolve(manifest("name: {faker: company}"), catalog)["people"].generators["name"].length == 3
    (fault,) = catalog_faults(manifest(r"name: {pattern: '\d{2,4}'}"), catalog)
    assert "this makes up to 4 characters, and column name is character varying(3)" in fault
    (fault,) = catalog_faults(manifest("name: {choice: [abc, abcd]}"), catalog)
    assert "column name is character varying(3), which 'abcd' is not" in fault


@pytest.mark.parametrize(
    ("people", "lines", "fault"),
    [
        ("nmae: {constant: 1}", "", "5:7: tables.people.columns.nmae: unknown column 'nmae'"),
        ("country: {constant: DE}", "", "5:28: tables.people.columns.country.generator: column country is part of a foreign key"),
        ("boss: {sequence: {}}", "", "column boss is part of a foreign key"),
        ("net: {constant: 1, nulls: 0.1}", "", "5:45: tables.people.columns.net.generator.nulls: column net may not be null"),
        ("id: {sequence: {}, nulls: 0.1}", "", "column id may not be null"),
        ("id: {constant: 1}", "", "id.generator.constant: column id is part of the primary key (id); wanted a sequence, or a unique rule"),
        ("id: {expression: a}", "", "column id is part of the primary key (id)"),
        ("id: {range: {from: 1, to: 9, distribution: learned}}", "", "column id is part of the primary key (id)"),
        ("", "line: {range: {from: 1, to: 9}}", "primary key (person, line); wanted a sequence per other columns of the key"),
        ("name: {constant: x, unique: true}", "", "generator.unique: a constant may repeat a value"),
        ("", "at: {sequence: {start: 2024-01-01, per: person}, unique: true}", "a sequence per parent may repeat a value"),
        ("a: {faker: name}", "", "faker: column a is INTEGER; wanted a text column, as 'name' gives text"),
        ("name: {faker: nmae}", "", "unknown provider 'nmae'"),
        ("name: {faker: credit_card_number}", "", "unknown provider 'credit_card_number'"),
        ("name: {faker: text, arguments: {max_chars: 3}}", "", "unknown argument 'max_chars'; known: max_nb_chars; did you"),
        ("name: {faker: text, arguments: {max_nb_chars: long}}", "", "arguments.max_nb_chars: got 'long', wanted a whole number"),
        ("name: {faker: text, arguments: {max_nb_chars: 1000000}}", "", "got 1000000, wanted 1 to 10,000"),
        ("name: {faker: file_name, arguments: {category: nonsense}}", "", "Faker's file_name cannot be called so"),
        ("name: {range: {from: 1, to: 2}}", "", "range: column name is VARCHAR; wanted a number, a date, a timestamp or a time"),
        ("a: {range: {from: 3, to: 2}}", "", "column a: from 3 to 2 is empty"),
        ("born: {range: {from: 2024-02-30, to: 2024-03-01}}", "", "column born: '2024-02-30' is no DATE"),
        ("ratio: {range: {from: 0, to: 1}, unique: true}", "", "column ratio is DOUBLE; wanted a step"),
        ("a: {range: {from: 0, to: 1, step: 1, distribution: learned}}", "", "a learned range keeps the source's nulls and steps"),
        ("a: {pattern: x}", "", "pattern: column a is INTEGER; wanted a text column"),
        ("name: {pattern: 'a{1,2}', unique: true}", "", "values must be unique, and this pattern may write one in several ways"),
        ("a: {sequence: {start: soon}}", "", "sequence: column a: 'soon' is no number"),
        ("a: {sequence: {step: 0}}", "", "INTEGER has no such step"),
        ("a: {sequence: {per: bos}}", "", "sequence.per[0]: unknown column 'bos'"),
        ("a: {sequence: {per: country}}", "", "column country is in no foreign key to a synthesized table that is drawn before people"),
        ("a: {choice: [1, x, 2.5]}", "", "choice: column a is INTEGER, which 'x' is not"),
        ("mood: {choice: {a: 1, c: 1}}", "", "column mood is ENUM('a', 'b'), which 'c' is not"),
        ("born: {constant: tomorrow}", "", "column born is DATE, which 'tomorrow' is not"),
        ("a: {expression: c + 1}", "", "5:35: tables.people.columns.a.generator.expression: unknown column 'c'"),
        ("a: {expression: current_date}", "", "unknown column 'current_date'"),
        ("a: {expression: born}", "", "this is DATE, and column a is INTEGER; wanted that, as by cast(… as integer)"),
        ("name: {expression: a}", "", "this is INTEGER, and column name is VARCHAR"),
        ("a: {expression: name * 2}", "", "No function matches"),
        ("a: {expression: a + 1}", "", "expressions go round in a circle (a -> a)"),
        ("a: {expression: B + 1}\nb: {expression: a + 1}", "", "expressions go round in a circle (a -> b -> a)"),
    ],
)  # fmt: skip
def test_a_generator_that_does_not_fit_the_source_is_named(people: str, lines: str, fault: str, catalog_faults: Faults) -> None:
    (found,) = catalog_faults(manifest(people, lines), SHOP)
    assert fault in found


def test_all_faults_come_at_once_each_with_its_place(catalog_faults: Faults) -> None:
    found = catalog_faults(manifest("name: {faker: nmae}\na: {constant: x}", "line: {constant: 1}"), SHOP)
    assert [fault.split(": ")[0] for fault in found] == ["5:33", "6:33", "9:36"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("    order_by: at\n", "column at orders the rows of a parent"),
        ("    validity: {from: at, to: until}\n", "column at orders the rows of a parent"),
    ],
)
def test_what_orders_rows_is_not_made(more: str, said: str, catalog_faults: Faults) -> None:
    text = manifest("", "at: {sequence: {start: 2024-01-01}}") + more
    assert any(said in fault for fault in catalog_faults(text, SHOP))


def test_shares_and_a_generator_exclude_each_other(catalog_faults: Faults) -> None:
    found = catalog_faults(manifest("name: {constant: x}", more="    rebalance: {name: {x: 0.5}}\n"), SHOP)
    assert any("column name has shares under rebalance; wanted one of the two" in fault for fault in found)


def test_an_unknown_locale_is_named(catalog_faults: Faults) -> None:
    text = manifest("name: {faker: company}").replace("company}}", "company}, locale: de_XX}")
    (found,) = catalog_faults(text, SHOP)
    assert "tables.people.columns.name.locale: unknown locale 'de_XX'" in found
    (found,) = catalog_faults(text.replace("de_XX", "de_DE").replace("company", "state_abbr"), SHOP)
    assert "Faker has no state_abbr in de_DE" in found


HEAD = "twin: shop\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: shop}\nseed: 7\ntables:\n  a:\n    columns:\n"


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        ("{generator: {}}", "8:22: tables.a.columns.x.generator: got no rule, wanted one of faker, range, pattern"),
        ("{generator: {constant: 1, pattern: x}}", "got pattern and constant, wanted one of"),
        ("{generator: {constant: 1, arguments: {a: 1}}}", "arguments are what a faker is given, and this is a constant"),
        ("{generator: {fakr: name}}", "unknown field 'fakr'"),
        ("{generator: {pattern: 'a*'}}", "8:32: tables.a.columns.x.generator.pattern: at character 2: * has no end"),
        ("{generator: {expression: random()}}", "8:35: tables.a.columns.x.generator.expression: at character 1: random(…) is not known"),
        ("{generator: {range: {from: 1}}}", "tables.a.columns.x.generator.range.to: missing, wanted here: The upper bound."),
        ("{generator: {range: {from: [1], to: 2}}}", "range.from: got a list, wanted one value"),
        ("{generator: {range: {from: 1, to: 2, distribution: normal}}}", "wanted one of uniform, learned"),
        ("{generator: {choice: []}}", "generator.choice: got an empty list, wanted a list of values"),
        ("{generator: {choice: {a: -1}}}", "got -1 as the weight of 'a', wanted a number above 0"),
        ("{generator: {choice: [a, null]}}", "wanted a list of values"),
        ("{generator: {constant: {a: 1}}}", "constant: got a mapping, wanted one value"),
        ("{generator: {constant: 1, nulls: 2}}", "nulls: got 2, wanted at most 1"),
        ("{generator: {constant: 1}, pii: email}", "a column with a generator is made by it; wanted generator or pii, not both"),
        ("{generator: {constant: 1}, kind: text}", "wanted generator or kind, not both"),
    ],
)
def test_a_generator_that_makes_no_sense_by_itself_is_named(
    column: str, fault: str, faults_of_text: Callable[[str], tuple[Fault, ...]]
) -> None:
    found = [str(each).partition("shop.yml:")[2] for each in faults_of_text(f"{HEAD}      x: {column}\n")]
    assert any(fault in each for each in found), found


def test_a_table_that_is_passed_through_makes_no_column(faults_of_text: Callable[[str], tuple[Fault, ...]]) -> None:
    (found,) = faults_of_text(f"{HEAD}      x: {{generator: {{constant: 1}}}}\n    keep: real\n")
    assert "passed through, and no column is made (x)" in found.message
