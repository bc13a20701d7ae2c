"""A thousand manifests that somebody got wrong, or means ill with: every one is read, or every fault of it names its place."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.manifest.conftest import CATALOG, GOALS, SYNTHESIZERS
from warehouse_twin.cli.main import main as twin
from warehouse_twin.errors import Fault, ManifestError
from warehouse_twin.manifest.checking import resolve_manifest
from warehouse_twin.manifest.loading import parse

FILE = Path("twins/shop.yml")
GOOD: dict[str, Any] = {
    "twin": "shop",
    "description": "Customers and their orders.",
    "source": {"warehouse": "prod", "schema": "shop"},
    "target": {"warehouse": "dev", "schema": "shop"},
    "schedule": "30 4 * * 1-5",
    "seed": 7,
    "entity": "customers",
    "k": 10,
    "holdout": 0.2,
    "synthesizer": {"name": "tree", "parameters": {"leaf_rows": 50}},
    "gates": {"goals": {"pair_trend": {"goal": 0.1, "reason": "Two free texts; nobody looks at them."}}},
    "tables": {
        "countries": {"keep": "real", "primary_key": "code"},
        "customers": {
            "primary_key": ["id"],
            "foreign_keys": [{"columns": "country", "references": "countries"}, {"columns": "boss", "references": "customers"}],
            "columns": {"mail": {"pii": "email", "locale": "de_DE"}, "age": {"kind": "numeric"}},
            "factor": 0.5,
            "challengers": ["independent"],
            "rules": {"ignore": ["age <= boss"]},
        },
        "orders": {
            "foreign_keys": [{"columns": "customer", "references": "customers", "orphans": "keep"}],
            "order_by": "payer",
            "gates": {"undecided": {"accept": True, "reason": "Too few rows to decide."}},
        },
        "items": {"primary_key": ["order_id", "line"], "validity": {"from": "line", "to": "line"}, "rows": 10},
    },
}
TEXTS = [
    "",
    " ",
    "x" * 5_000,
    "customers",
    "planse",
    "id",
    "no",
    "~",
    "1e999",
    "0x_",
    "a\x00b",
    "a\x85b",
    "\u202e",
    "\ud800",
    "😀",
    "../../etc/passwd",
    "{{ env_var('HOME') }}",
    "'; DROP TABLE x; --",
    "postgresql://user:secret@host/db",
    "@daily",
    "* * * * *",
    "61 * * * *",
    "email",
    "tree",
]
VALUES = st.one_of(
    st.sampled_from(TEXTS),
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, -(2**64), 10**400, 0, -1, 1e308, float("inf"), float("-inf"), float("nan"), 0.1]),
    st.lists(st.sampled_from(TEXTS), max_size=3),
    st.dictionaries(st.sampled_from(TEXTS), st.integers(), max_size=2),
    st.builds(lambda depth: json.loads("[" * depth + "]" * depth), st.integers(20, 60)),
)
SCRAPS = [
    "\t",
    "\x00",
    "&a ",
    "*a",
    "!!python/object:os.system ",
    "!x ",
    "<<: ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "|",
    ">",
    "'",
    '"',
    "#",
    "%YAML 1.9\n",
    "---\n",
    "...\n",
    "\n",
    "  ",
    "? ",
    "@",
    "`",
    "\\",
    '"\\UFFFFFFFF"',
    "a: &a [*a]\n",
    "twin: shop\n",
    "seed: 1\n",
    "\ufeff",
    "é",
    "\r",
    "0o7",
    "1_0",
    "=",
    "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
]
MANY = settings(max_examples=500, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
SOME = settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a manifest."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


PLACES = [place for place in places(GOOD) if place]


@st.composite
def wrong_values(draw: st.DrawFn) -> bytes:
    """The good manifest with up to three things replaced, removed, added or renamed."""
    manifest = copy.deepcopy(GOOD)
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        owner: Any = manifest
        try:
            for step in place[:-1]:
                owner = owner[step]
            old = owner[place[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # what an earlier change took away
        what = draw(st.sampled_from(["replace", "replace", "remove", "rename"]))
        if what == "replace":
            owner[place[-1]] = draw(VALUES)
        else:
            del owner[place[-1]]
            if what == "rename" and isinstance(owner, dict):
                owner[draw(st.sampled_from(TEXTS))] = old
    return written(manifest).encode("utf-8", "surrogatepass")


def written(value: Any) -> str:
    """In block style by PyYAML or, where that cannot say it, as JSON, which is YAML."""
    try:
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, UnicodeError, ValueError):
        return json.dumps(value, ensure_ascii=False)


@st.composite
def wrong_texts(draw: st.DrawFn) -> bytes:
    """The text of the good manifest with scraps of YAML put in, and pieces of it left out or said twice."""
    text = yaml.safe_dump(GOOD, sort_keys=False)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 5, 60])))
        text = text[:start] + draw(st.sampled_from([*SCRAPS, text[start:end] * 2])) + text[end:]
    return text.encode("utf-8", "surrogatepass") + draw(st.sampled_from([b"", b"", b"", b"\xff", b"\x00"]))


def check(content: bytes) -> tuple[Fault, ...]:
    """The faults that `manifest check` and `resolve` would find; anything else they raise is a traceback."""
    try:
        resolve_manifest(parse(content, FILE), CATALOG, synthesizers=SYNTHESIZERS, goals=GOALS)
    except ManifestError as error:
        return error.faults
    return ()


def test_the_good_one_has_just_the_faults_of_this_catalog() -> None:
    assert all(fault.path.startswith("tables.") for fault in check(written(GOOD).encode()))


def placed(content: bytes, faults: tuple[Fault, ...]) -> None:
    lines = len(content.splitlines()) + 1
    for fault in faults:
        assert fault.file == str(FILE)
        assert 1 <= fault.line <= lines, fault
        assert fault.column >= 1
        assert len(str(fault)) < 2_000
        assert "secret" not in str(fault)
        assert "Traceback" not in str(fault)


@MANY
@given(content=wrong_values())
def test_wrong_values_are_faults_with_their_place(content: bytes) -> None:
    placed(content, check(content))


@MANY
@given(content=wrong_texts())
def test_wrong_texts_are_faults_with_their_place(content: bytes) -> None:
    placed(content, check(content))


BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
HEAD = "twin: shop\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: shop}\nseed: 7\ntables:\n  customers:\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HEAD + "  planse:\n", 7, "unknown table 'planse'"),
        (HEAD + "    columns: {mial: {kind: text}}\n", 7, "unknown column 'mial'"),
        (HEAD + "    primary_key: idd\n", 7, "unknown column 'idd'"),
        (HEAD + "    foreign_keys:\n      - {columns: id, references: planes}\n", 8, "unknown table 'planes'"),
        (HEAD.replace("prod", "prood"), 2, "no connection of that name"),
        (HEAD + "    synthesizer: tre\n", 7, "unknown synthesizer 'tre'"),
        (HEAD + "    gates: {goals: {pair_trnd: {goal: 0.1, reason: Because it is so.}}}\n", 7, "unknown goal 'pair_trnd'"),
        (HEAD + "    keep: !!str real\n", 7, "tags are not read"),
        (HEAD + "    keep: !!python/object/apply:os.system [id]\n", 7, "tags are not read"),
        (HEAD + BOMB, 8, "aliases are not read"),
        (HEAD + "seed: 8\n", 7, "the key stands twice, first in line 4"),
        (HEAD + "    keep: [real]\n", 7, "wanted"),
        (HEAD + "    rows: many\n", 7, "wanted a whole number"),
        (HEAD + "description: " + "[" * 100 + "]" * 100 + "\n", 7, "nested more than 32 deep"),
    ],
)
def test_every_row_of_bad_manifests_ends_with_2_a_line_and_nothing_written(
    text: str, line: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project(tmp_path, monkeypatch)
    file.write_text(text)
    before = sorted(tmp_path.rglob("*"))
    for words in (["manifest", "check", "shop"], ["resolve", "shop"]):
        assert twin(words) == 2
        told = capsys.readouterr().err
        assert said in told
        assert f"{file}:{line}:" in told
    assert not [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.suffix in (".json", ".parquet", ".yml")]


@SOME
@given(content=st.one_of(wrong_values(), wrong_texts()))
def test_the_command_line_ends_without_a_traceback(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patch:
        file = project(tmp_path_factory.mktemp("hostile"), patch)
        file.write_bytes(content)
        assert twin(["manifest", "check", "shop", "--verbose"]) in (0, 2)  # verbose: an error that nobody foresaw would be raised
        if check(content):
            assert twin(["resolve", "shop", "--verbose"]) == 2
            assert not list(file.parents[1].rglob("*.json"))


def project(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """A project with a source; where its one manifest goes."""
    for name in ("TWIN_MLFLOW_URI", "TWIN_DVC_REMOTE", "TWIN_WORKSPACE", "TWIN_LOCK_SECONDS"):
        patch.delenv(name, raising=False)
    patch.setenv("TWIN_PROJECT", str(folder))
    prod = folder / ".twin" / "warehouses" / "prod.duckdb"
    prod.parent.mkdir(parents=True)
    with duckdb.connect(str(prod)) as connection:
        connection.execute("CREATE SCHEMA shop; CREATE TABLE shop.customers (id INTEGER PRIMARY KEY, mail VARCHAR)")
    file = folder / "twins" / "shop.yml"
    file.parent.mkdir()
    return file
