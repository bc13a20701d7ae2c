from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse_twin.errors import ConfigurationError, Fault, ManifestError
from warehouse_twin.manifest.loading import MAX_BYTES, load, load_manifest
from warehouse_twin.manifest.model import Manifest

FaultsOf = Callable[[str], tuple[Fault, ...]]
BOUNDED = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
VALID = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
schedule: "@daily"
seed: 7
entity: customers
synthesizer: {name: tree, parameters: {leaf: 50}}
gates: {goals: {pair_trend: {goal: 0.8, reason: columns are few}}}
tables:
  countries: {keep: real, primary_key: code}
  customers:
    primary_key: [id]
    columns: {mail: {pii: email, locale: de_DE}}
    challengers: [gaussian_copula]
    factor: 1.5
  orders:
    foreign_keys:
      - {columns: customer, references: customers, references_columns: id}
  notes:
"""


def write(folder: Path, name: str, text: str = VALID) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def texts(faults: tuple[Fault, ...]) -> list[str]:
    return [f"{fault.line}:{fault.column}: {fault.path}: {fault.message}" for fault in faults]


def test_a_valid_manifest_with_all_short_forms(tmp_path: Path) -> None:
    path = write(tmp_path, "shop.yml")
    loaded = load(path)
    manifest = loaded.manifest
    assert manifest == load_manifest(path)
    assert loaded.file == path
    assert loaded.digest == hashlib.sha256(VALID.encode()).hexdigest()
    assert manifest.protected == ("customers", "orders", "notes")
    assert manifest.tables["countries"].primary_key == ("code",)
    assert manifest.tables["customers"].challengers[0].name == "gaussian_copula"
    assert manifest.tables["notes"].primary_key is None
    assert manifest.synthesizer_of("notes").parameters == {"leaf": 50}
    assert manifest.source.schema_ == "shop"


def test_a_loaded_manifest_can_be_sent_to_another_process(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "shop.yml"))
    assert pickle.loads(pickle.dumps(loaded)) == loaded


def test_later_faults_name_line_and_column(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "shop.yml"))
    fault = loaded.positions.fault(("tables", "orders", "foreign_keys", 0, "references"), "gone")
    assert (fault.line, fault.column) == (18, 41)


def test_all_faults_of_a_file_come_together_each_with_its_place(faults_of_text: FaultsOf) -> None:
    text = """\
twin: Shop
sorce: {warehouse: prod, schema: shop}
target: {warehouse: "postgresql://u:secret@h/db", schema: shop}
schedule: "@dayly"
seed: yes
k: 1
tables:
  orders: {primarykey: id, keep: reel, rows: 5, factor: 2}
  customers:
    columns: {mail: {pii: emial}}
    primary_key: no
    foreign_keys: [{columns: a}]
  orders: 5
  a/b:
"""
    assert texts(faults_of_text(text)) == [
        "1:1: source: missing, wanted here: The schema that is copied; only ever read.",
        "1:7: twin: got 'Shop', wanted a name of small letters, digits and _, at most 40, a letter first",
        "1:7: twin: got 'Shop', wanted 'shop': a manifest's file is named after its twin; rename one of them",
        "2:1: sorce: unknown field 'sorce'; known: dbt_parity, description, entity, gates, holdout, k, privacy, schedule, seed, source, "
        "synthesizer, tables, target, twin, workload; did you mean source?",
        "3:21: target.warehouse: got 'postgresql://…', wanted the name of a connection (letters, digits, _, - and .), never its URL",
        "4:11: schedule: got '@dayly', wanted one of @once, @hourly, @daily, @weekly, @monthly, @quarterly, @yearly "
        "or five cron fields; did you mean @daily?",
        "5:7: seed: got yes, wanted a whole number",
        "6:4: k: got 1, wanted at least 2",
        "8:12: tables.orders.primarykey: unknown field 'primarykey'; known: challengers, choose, columns, factor, fairness, foreign_keys, "
        "gates, keep, order_by, primary_key, rebalance, rows, rules, synthesizer, targets, validity; did you mean primary_key?",
        "8:34: tables.orders.keep: got 'reel', wanted real; did you mean real?",
        "8:57: tables.orders.factor: rows and factor exclude each other; wanted one of them",
        "10:27: tables.customers.columns.mail.pii: got 'emial', wanted one of name, first_name, last_name, email, phone, address, "
        "street, city, state, postcode, country, company, url, user_name, iban, card; did you mean email?",
        "11:18: tables.customers.primary_key: got no, which YAML does not read as text (put it in quotes), wanted a list",
        "12:20: tables.customers.foreign_keys[0].references: missing, wanted here: The parent table.",
        "13:3: tables.orders: the key stands twice, first in line 8; wanted once",
        "14:3: tables.'a/b': got 'a/b', wanted a name that can also name a file (no / or \\, no dot first, at most 100 characters)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("twin: shop\n", "twin: scratch\n", "1:7: twin: scratch is a folder of the workspace's secure zone; wanted another name"),
        ("seed: 7", "seed: -1", "5:7: seed: got -1, wanted at least 0"),
        ("seed: 7", "seed: 1.5", "5:7: seed: got 1.5, wanted a whole number"),
        ("seed: 7", "seed: '7'", "5:7: seed: got '7', wanted a whole number"),
        ("seed: 7", "seed: 9007199254740992", "5:7: seed: got 9007199254740992, wanted less than 9007199254740992"),
        ("seed: 7", "seed:", "5:6: seed: got nothing, wanted a whole number"),
        ("factor: 1.5", "factor: 0", "15:13: tables.customers.factor: got 0, wanted more than 0"),
        ("factor: 1.5", "factor: yes", "15:13: tables.customers.factor: got yes, wanted a number"),
        ("[id]", "[]", "12:18: tables.customers.primary_key: got an empty list, wanted at least 1 entry"),
        ("[id]", "[7]", "12:19: tables.customers.primary_key[0]: got 7, which YAML does not read as text (put it in quotes), wanted text"),
        ("[id]", "['']", "12:19: tables.customers.primary_key[0]: got '', wanted at least 1 character"),
        ("columns are few", "few", "8:49: gates.goals.pair_trend.reason: got 'few', wanted at least 10 characters"),
        (
            "columns are few}}",
            "columns are few}}, undecided: {accept: no, reason: there is little data}",
            "8:88: gates.undecided.accept: got no, wanted true",
        ),
        ("  notes:\n", "  notes: 5\n", "19:10: tables.notes: got 5, wanted a mapping"),
        ("locale: de_DE", "locale: german", "got 'german', wanted text that matches"),
        ("locale: de_DE", "kind: text", "13:40: tables.customers.columns.mail.kind: a pii column is drawn by a generator"),
        ("[gaussian_copula]", "gaussian_copula", "14:18: tables.customers.challengers: got 'gaussian_copula', wanted a list"),
        ("[gaussian_copula]", "[{}]", "14:19: tables.customers.challengers[0].name: missing, wanted here"),
        ("{name: tree,", "{nam: tree,", "7:15: synthesizer.nam: unknown field 'nam'; known: name, parameters; did you mean name?"),
        ("key: code", "key: code, rows: 3", "10:52: tables.countries.rows: a table with keep: real is passed through"),
        ("key: code", "key: code, order_by: id", "10:21: tables.countries.keep: a table with keep: real is passed through as it is"),
        ("key: code", "key: code, order_by: id, validity: {from: a, to: b}", "validity: windows are ordered by their begin, a; remove"),
        ("key: code", "key: code, synthesizer: tree", "tables.countries.synthesizer: a table with keep: real is passed through"),
        (
            "    primary_key: [id]",
            "    keep: real",
            "12:11: tables.customers.keep: keep: real would publish personal data as it is (pii: mail)",
        ),
        ("{warehouse: dev,", "{warehouse: prod,", "3:9: target: target and source are the same schema of the same warehouse"),
        ("tables:\n", "tables: {}\nx:\n", "9:9: tables: got a mapping, wanted at least 1 entry"),
    ],
)
def test_each_guard_names_place_value_and_expectation(faults_of_text: FaultsOf, old: str, new: str, fault: str) -> None:
    assert VALID.count(old) == 1
    found = texts(faults_of_text(VALID.replace(old, new)))
    assert any(text.startswith(fault) or (fault[0] not in "123456789" and fault in text) for text in found), found


@pytest.mark.parametrize("text", ["", "# nothing\n", "just words", "[a, b]", "7", "~"])
def test_a_file_that_is_no_mapping_is_one_fault(faults_of_text: FaultsOf, text: str) -> None:
    (fault,) = faults_of_text(text)
    assert fault.message.endswith("wanted a mapping")


def test_a_broken_value_is_reported_once(faults_of_text: FaultsOf) -> None:
    faults = faults_of_text(VALID.replace("{warehouse: prod, schema: shop}", "*elsewhere"))
    assert texts(faults) == ["2:9: source: got the alias *elsewhere; aliases are not read: write the value out"]


def test_a_syntax_error_comes_with_the_faults_before_it(faults_of_text: FaultsOf) -> None:
    assert len(faults_of_text("twin: shop\ntwin: shop\nseed: [\n")) == 2


def test_a_copy_may_have_any_name(tmp_path: Path) -> None:
    path = write(tmp_path, "manifest.yml")
    assert load(path, copied=True).manifest.twin == "shop"
    with pytest.raises(ManifestError, match="is named after its twin"):
        load(path)


def test_a_missing_or_unreadable_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file; wanted a manifest"):
        load(tmp_path / "shop.yml")
    with pytest.raises(ConfigurationError, match="no such file; wanted a manifest"):
        load(tmp_path)
    write(tmp_path, "shop.yml", "#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigurationError, match=r"longer than 1,000,000 bytes"):
        load(tmp_path / "shop.yml")


def test_a_file_that_cannot_be_read_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(Path("/proc/self/mem"))  # a regular file whose first bytes nobody may read, not even root


def _loads_or_faults(path: Path) -> Manifest | None:
    """Anything but these two errors fails the test."""
    try:
        return load(path).manifest
    except ManifestError as error:
        faults = error.faults
    assert faults
    assert all(fault.line >= 1 and fault.column >= 1 and fault.message for fault in faults)
    return None


@BOUNDED
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_bytes_by_chance_are_no_manifest_and_bring_no_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shop.yml"
    path.write_bytes(content)
    assert _loads_or_faults(path) is None


PIECES = st.sampled_from(
    [
        "",
        "\n",
        " ",
        "  ",
        ": ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!t ",
        "? ",
        "'",
        '"',
        "#",
        "|",
        "yes",
        "~",
        ".nan",
        "1e999",
        "0x_",
        "2013-01-01",
        "12:30:45",
        "\t",
        "\\",
        "%",
        "---\n",
        "\x00",
        "\ud7ff",
        "tables:",
        "keep: real",
        "<<: ",
        "= ",
    ]
)


@BOUNDED
@given(st.lists(st.tuples(st.integers(0, len(VALID)), st.integers(0, 12), PIECES), min_size=1, max_size=4))
def test_no_change_to_a_valid_manifest_brings_a_traceback(tmp_path: Path, changes: list[tuple[int, int, str]]) -> None:
    text = VALID
    for start, length, piece in changes:
        text = text[:start] + piece + text[start + length :]
    _loads_or_faults(write(tmp_path, "shop.yml", text))


VALUES = st.sampled_from(
    [None, True, -1, 0, 2**62, 1.5, "", "x", "no", "@daily", [], [None], ["x", 1], {}, {"x": None}, {"name": {"y": []}}]
)


@BOUNDED
@given(st.data())
def test_no_value_in_any_place_brings_a_traceback(tmp_path: Path, data: st.DataObject) -> None:
    import yaml

    document = yaml.safe_load(VALID)
    node = document
    while True:
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if isinstance(node[key], (dict, list)) and node[key] and data.draw(st.booleans()):
            node = node[key]
            continue
        node[key] = data.draw(VALUES)
        break
    _loads_or_faults(write(tmp_path, "shop.yml", yaml.safe_dump(document)))
