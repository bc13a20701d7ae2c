"""Manifests scaffolded from a dbt project: what its tests, constraints and `meta.twin` say, and what the rows say to that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from warehouse_twin.dbt_projects.reading import read_project
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.loading import parse
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.scaffolding.schema_scaffold import Scaffold, scaffold
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

SHOP = """
CREATE TABLE customers AS SELECT i AS nr, 'person' || i || '@mail.example' AS contact, 'x' || i % 4 AS tier FROM range(80) t(i);
CREATE TABLE orders AS SELECT i AS nr, i % 80 AS buyer, CASE i % 3 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' ELSE 'gone' END AS state,
    CASE WHEN i % 10 > 0 THEN i END AS note FROM range(300) t(i);
CREATE TABLE audit AS SELECT 1 AS a;
"""
SOURCES = """
sources:
  - name: raw
    schema: shop
    tables:
      - name: people
        identifier: Customers
        columns: [{name: nr, tests: [unique, not_null]}]
      - name: orders
        columns:
          - {name: nr, data_tests: [not_null, {unique: {config: {severity: warn}}}]}
          - {name: buyer, data_tests: [{relationships: {to: "source('raw', 'people')", field: nr}}]}
          - {name: state, data_tests: [{accepted_values: {arguments: {values: [new, paid, gone]}}}]}
          - {name: note, data_tests: [not_null]}
      - {name: old, config: {enabled: false}}
"""
Made = Callable[..., Scaffold]


@pytest.fixture
def made(source: Callable[[str], DuckDBWarehouse], tmp_path: Path) -> Made:
    """The scaffold of a schema and of a dbt project with these sources, and other files."""

    def make(tables: str, sources: str, **files: str) -> Scaffold:
        root = tmp_path / "own"
        (root / "models" / "staging").mkdir(parents=True, exist_ok=True)
        (root / "dbt_project.yml").write_text("name: own\nprofile: own\n")
        (root / "models" / "sources.yml").write_text(sources)
        for name, text in files.items():
            (root / "models" / "staging" / name.replace("__", ".")).write_text(text)
        file = tmp_path / "shop.yml"
        return scaffold(source(tables), schema="shop", twin="shop", target=("dev", "shop"), file=file, project=read_project(root))

    return make


def manifest_of(made: Scaffold) -> Manifest:
    return parse(made.text.encode(), Path("shop.yml")).manifest


def comments_of(made: Scaffold) -> str:
    return " ".join(made.text.replace("#", " ").split())


def test_tests_become_keys_relations_and_domains(made: Made) -> None:
    scaffolded = made(SHOP, SOURCES)
    manifest = manifest_of(scaffolded)
    assert set(manifest.tables) == {"customers", "orders"}
    assert manifest.tables["customers"].primary_key == ("nr",)
    assert manifest.tables["orders"].primary_key == ("nr",)
    (key,) = manifest.tables["orders"].foreign_keys or ()
    assert (key.columns, key.references) == (("buyer",), "customers")
    assert manifest.tables["orders"].columns["state"].kind == "categorical"
    assert scaffolded.left_out == {"audit": "no source of the dbt project"}


def test_what_dbt_says_and_what_was_proposed_are_marked(made: Made) -> None:
    said = comments_of(made(SHOP, SOURCES))
    assert "dbt project own (read from its YAML files)" in said
    assert "dbt: test unique of source raw.people, and not_null." in said
    assert "dbt: test relationships of source raw.orders." in said
    assert "state: {kind: categorical} dbt: test accepted_values of source raw.orders, 3 values" in said
    assert "dbt: test not_null of source raw.orders fails on 30 rows of the source: note has nulls in the twin too." in said
    assert "contact: {pii: email} proposed from the data: " in said
    assert "proposed from the data: customers: it is named as one of people" in said
    assert "mail.example" not in said


def test_tests_of_a_model_that_reads_one_table_count_for_it(made: Made) -> None:
    bare = "sources: [{name: raw, schema: shop, tables: [{name: customers}, {name: orders}]}]"
    models = """
models:
  - name: stg_people
    columns: [{name: person_id, data_tests: [unique, not_null]}]
  - name: stg_orders
    config: {contract: {enforced: true}}
    constraints: [{type: primary_key, columns: [order_id]}]
    columns:
      - {name: order_id, data_type: bigint}
      - {name: person_id, constraints: [{type: foreign_key, to: ref('stg_people'), to_columns: [person_id]}]}
  - name: both
    columns: [{name: tier, data_tests: [unique, not_null]}]
"""
    scaffolded = made(
        SHOP, bare, models__yml=models,
        stg_people__sql="-- , tier as person_id\nselect c.nr as person_id, tier from {{ source('raw', 'customers') }} c",
        stg_orders__sql="select nr as order_id, buyer AS person_id, nr + buyer as sum from {{ source('raw', 'orders') }}",
        both__sql="select tier from {{ source('raw', 'customers') }} join {{ ref('stg_orders') }} using (nr)",
    )  # fmt: skip
    manifest = manifest_of(scaffolded)
    assert manifest.tables["customers"].primary_key == ("nr",)
    assert manifest.tables["orders"].primary_key == ("nr",)
    (key,) = manifest.tables["orders"].foreign_keys or ()
    assert (key.columns, key.references) == (("buyer",), "customers")
    said = comments_of(scaffolded)
    assert "dbt: test unique of model stg_people, which reads this table alone, and not_null." in said
    assert "dbt: constraint primary key of model stg_orders, which reads this table alone." in said
    assert "dbt: constraint foreign key of model stg_orders, which reads this table alone." in said


def test_a_claim_that_the_rows_do_not_bear_out_is_a_note(made: Made) -> None:
    sources = """
sources:
  - name: shop
    tables:
      - name: customers
        columns:
          - {name: nr, data_tests: [{unique: {where: "tier = 'x1'"}}]}
          - {name: tier, data_tests: [unique]}
          - {name: gone, tests: [unique]}
      - name: orders
        data_tests: [{dbt_utils.unique_combination_of_columns: {combination_of_columns: [buyer, nr]}}]
        columns: [{name: note, data_tests: [{relationships: {to: "source('shop', 'customers')", field: nr}}]}]
"""
    scaffolded = made(SHOP, sources)
    said, manifest = comments_of(scaffolded), manifest_of(scaffolded)
    assert "makes nr unique; no key of it here: the test looks at some rows only" in said
    assert "dbt: test unique of source shop.customers makes tier unique; no key of it here: 76 of 80 rows repeat it" in said
    assert "describes column gone of source shop.customers, which the table does not have" in said
    assert manifest.tables["customers"].primary_key == ("nr",)
    assert "Proposed from the data: not declared; unique in all 80 rows" in said
    assert manifest.tables["orders"].primary_key == ("buyer", "nr")
    assert "no foreign key here: 198 of 270 rows lead nowhere" in said


def test_keys_that_hold_nearly_are_taken_and_said_to_be_repaired(made: Made) -> None:
    broken = SHOP + "INSERT INTO customers VALUES (7, 'q@mail.example', 'x1'); UPDATE orders SET buyer = 5000 WHERE nr = 3;"
    said = comments_of(made(broken, SOURCES))
    assert "dbt: test unique of source raw.people, and not_null; rows that repeat a key or have none: 1; the twin's keys are new" in said
    assert "dbt: test relationships of source raw.orders; rows that lead nowhere: 1, repaired in the twin." in said


def test_what_the_warehouse_declares_goes_first(made: Made) -> None:
    keyed = "CREATE TABLE customers (nr BIGINT, contact VARCHAR PRIMARY KEY, tier VARCHAR);\nINSERT INTO customers"
    declared = SHOP.replace("CREATE TABLE customers AS", keyed)
    scaffolded = made(declared, SOURCES)
    assert manifest_of(scaffolded).tables["customers"].primary_key is None
    said = comments_of(scaffolded)
    assert "Primary key as declared: contact." in said
    assert "dbt: test unique of source raw.people makes nr unique too; a table has one key here, so the twin does not promise it." in said
    assert "dbt: test relationships of source raw.orders of buyer to customers is no foreign key here: it refers to (nr)" in said


def test_settings_of_meta_twin(made: Made) -> None:
    sources = """
sources:
  - name: raw
    schema: shop
    tables:
      - name: customers
        meta: {twin: {entity: true, factor: 0.5}}
        columns:
          - {name: nr, data_tests: [unique, not_null]}
          - {name: contact, meta: {twin: {pii: false}}}
          - {name: tier, config: {meta: {twin: {generator: {pattern: "x[0-9]"}}}}}
      - name: orders
        config: {meta: {twin: {synthesizer: independent}}}
"""
    scaffolded = made(SHOP, sources)
    manifest = manifest_of(scaffolded)
    assert manifest.entity == "customers"
    assert manifest.tables["customers"].factor == 0.5
    assert set(manifest.tables["customers"].columns) == {"tier"}
    generator = manifest.tables["customers"].columns["tier"].generator
    assert generator is not None
    assert generator.pattern == "x[0-9]"
    assert manifest.synthesizer_of("orders").name == "independent"
    assert "dbt: meta.twin" in scaffolded.text


def test_a_list_of_codes_may_be_kept_though_its_values_are_tested(made: Made) -> None:
    tables = "CREATE TABLE states AS SELECT unnest(['new', 'paid', 'gone']) AS state, unnest(['New', 'Paid', 'Gone']) AS label;" + SHOP
    label = "{name: label, tests: [accepted_values: {values: [a]}]}"
    states = f"      - {{name: states, columns: [{{name: state, data_tests: [unique, not_null]}}, {label}]}}\n"
    found = manifest_of(made(tables, SOURCES + states)).tables
    assert (found["states"].keep, found["states"].columns["label"].kind) == ("real", "categorical")
    assert found["orders"].columns == {}  # its state is a key now, found in the data


def test_two_sources_of_one_table_and_settings_that_say_nothing(made: Made) -> None:
    sources = """
sources:
  - name: raw
    schema: shop
    tables: [{name: customers, meta: {twin: {factor: 0.5, keep: null}}, columns: [{name: tier, meta: {twin: {kind: code, pii: null}}}]}]
  - name: more
    schema: shop
    tables: [{name: customers, columns: [{name: contact, meta: {twin: {kind: text}}}]}]
"""
    table = manifest_of(made(SHOP, sources)).tables["customers"]
    assert (table.factor, table.keep) == (0.5, None)
    assert {name: spec.kind for name, spec in table.columns.items()} == {"tier": "code", "contact": "text"}


def test_a_column_that_leads_to_the_entity_names_it(made: Made) -> None:
    manifest = manifest_of(made(SHOP, SOURCES.replace("{name: buyer,", "{name: buyer, meta: {twin: {entity: true}},")))
    assert manifest.entity == "customers"


def test_a_table_that_is_to_be_kept(made: Made) -> None:
    tables = "CREATE TABLE tiers AS SELECT 'x' || i AS code, i * 1.5 AS rate FROM range(4) t(i);" + SHOP
    tier = "\n      - {name: tiers, meta: {twin: {keep: real}}, columns: [{name: code, tests: [unique, not_null]}]}\n"
    scaffolded = made(tables, SOURCES + tier.lstrip("\n"))
    assert manifest_of(scaffolded).tables["tiers"].keep == "real"
    assert "Passed through as it is, and so not protected: dbt: meta.twin." in comments_of(scaffolded)


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ("{pii: emial}", "did you mean email?"),
        ("{pii: email, kind: text}", "wanted pii or kind, not both"),
        ("{generatr: {}}", "generatr"),
        ("email", "columns.contact.twin: unknown field 'twin'"),
        ("{entity: 'yes'}", "entity: got 'yes', wanted true"),
        ("{entity: true}", "tells no entities apart"),
        ("{generator: {constant: 1}, pii: email}", "wanted generator or pii"),
        ("{generator: {expression: nothing + 1}}", "what its meta.twin asks for cannot be"),
    ],
)
def test_settings_that_are_wrong_are_named_with_their_place(made: Made, meta: str, said: str) -> None:
    sources = f"sources: [{{name: raw, schema: shop, tables: [{{name: customers, columns: [{{name: contact, meta: {{twin: {meta}}}}}]}}]}}]"
    with pytest.raises(ConfigurationError, match=r"customers") as told:
        made(SHOP, sources)
    assert said in str(told.value)


def test_settings_of_tables_and_of_columns_that_are_not_there(made: Made) -> None:
    columns = "columns: [{name: x, meta: {twin: {pii: name}}}]"
    sources = f"sources: [{{name: shop, tables: [{{name: customers, meta: {{twin: {{kep: real}}}}, {columns}}}]}}]"
    with pytest.raises(ConfigurationError, match=r"unknown setting 'kep'(.|\n)*unknown column 'x'"):
        made(SHOP, sources)
    two = SOURCES.replace("- name: orders", "- name: orders\n        meta: {twin: {entity: true}}").replace(
        "identifier: Customers", "identifier: Customers\n        meta: {twin: {entity: true}}"
    )
    with pytest.raises(ConfigurationError, match="names 2 entities, customers and orders; wanted one"):
        made(SHOP, two)


def test_names_that_need_quotes(made: Made) -> None:
    tables = 'CREATE TABLE "Odd ""one"", all" AS SELECT i AS "The ""Id""", i % 2 AS "sub total" FROM range(50) t(i);'
    sources = """
sources:
  - name: shop
    tables:
      - name: odd
        identifier: 'Odd "one", all'
        quoting: {identifier: true}
        columns: [{name: 'The "Id"', quote: true, data_tests: [unique, not_null]}]
"""
    scaffolded = made(tables, sources)
    assert manifest_of(scaffolded).tables['Odd "one", all'].primary_key == ('The "Id"',)


def test_a_source_that_is_not_in_the_warehouse(made: Made) -> None:
    scaffolded = made(SHOP, SOURCES.replace("- {name: old, config: {enabled: false}}", "- name: later"))
    assert scaffolded.left_out["later"] == "source raw.later of the dbt project, but the schema has no table of that name"
    with pytest.raises(ConfigurationError, match=r"has no table that a twin can have .*source shop\.nothing of the dbt project"):
        made(SHOP, "sources: [{name: shop, tables: [{name: nothing}]}]")
