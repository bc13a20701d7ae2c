"""The documents say what is so: commands parse, links lead somewhere, manifests are sound, no field or variable is left out."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from warehouse_twin import settings
from warehouse_twin.cli.main import parser
from warehouse_twin.manifest import generators, model
from warehouse_twin.manifest.loading import load

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
USER_DOCUMENTS = [name for name in NAMES if name == "README.md" or name.startswith("docs/")]

_FENCE = re.compile(r"^ *```(?P<kind>\w*)\n(?P<body>.*?)^ *```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_TWIN = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?twin (?P<words>.+)$")
_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp|mnt|opt)/|[A-Z]:\\")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, kind: str) -> list[str]:
    return [found["body"] for found in _FENCE.finditer(text_of(name)) if found["kind"] == kind]


def code(name: str) -> Iterator[str]:
    """Lines of shell blocks, and code spans outside of any block."""
    for block in blocks(name, "sh"):
        yield from (line.strip() for line in block.splitlines())
    yield from (found[1] for found in _SPAN.finditer(_FENCE.sub("", text_of(name))))


def commands(name: str) -> list[list[str]]:
    """The words after `twin` of every command of ours in a document."""
    lines = [part.strip() for line in code(name) for part in re.split(r"&&|;", line)]
    return [shlex.split(found["words"], comments=True) for line in lines if (found := _TWIN.match(line))]


def words_of_the_command_line() -> set[str]:
    (action,) = [item for item in parser()._actions if isinstance(item, argparse._SubParsersAction)]
    return set(action.choices)


@pytest.mark.parametrize("name", USER_DOCUMENTS)
def test_every_command_parses(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    refused = []
    for words in commands(name):
        if len(words) == 1 and words[0] in words_of_the_command_line():
            continue  # a sentence speaks of the command
        try:
            parser().parse_args(words)
        except SystemExit as ended:
            if ended.code:
                refused.append(f"twin {shlex.join(words)}: {capsys.readouterr().err.splitlines()[-1]}")

    assert refused == []


def test_a_command_that_does_not_parse_would_be_seen() -> None:
    assert _TWIN.match("TWIN_LOCK_SECONDS=5 .venv/bin/twin run flights")
    with pytest.raises(SystemExit):
        parser().parse_args(["publish", "flights", "--now"])


def test_every_word_of_the_command_line_is_documented() -> None:
    used = {words[0] for name in USER_DOCUMENTS for words in commands(name)}
    stages_of_run = {"profile", "synthesize", "materialize"}  # shown in the flow; nobody calls them alone
    called_by_make = {"demo"}

    assert words_of_the_command_line() - used - stages_of_run - called_by_make == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    broken = []
    for found in _LINK.finditer(_FENCE.sub("", text_of(name))):
        link = found[1] or found[2]
        if re.match(r"https?://|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def anchors(document: Path) -> set[str]:
    """Anchors of headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", _FENCE.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_names_the_two_commands() -> None:
    (first, *_) = blocks("README.md", "sh")

    assert first.splitlines() == ["make demo", "make test"]


@pytest.mark.parametrize("name", NAMES)
def test_every_target_of_make_is_one(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    called = {word for line in code(name) if line.startswith("make ") for word in line.partition("#")[0].split()[1:] if "=" not in word}

    assert called - targets == set()


@pytest.mark.parametrize("name", [*NAMES, "docs/flow.svg"])
def test_no_path_of_a_machine(name: str) -> None:
    assert _MACHINE.findall(text_of(name)) == []


def test_a_path_of_a_machine_would_be_seen() -> None:
    assert _MACHINE.search("see /home/ada/twin") is not None
    assert _MACHINE.search("tests/tmp/x, https://example.org/home/x, duckdb:///data/prod.duckdb") is None


@pytest.mark.parametrize("name", USER_DOCUMENTS)
def test_every_whole_manifest_is_sound(name: str, tmp_path: Path) -> None:
    for block in blocks(name, "yaml"):
        if twin := re.search(r"^twin: (\w+)$", block, re.MULTILINE):
            path = tmp_path / f"{twin[1]}.yml"
            path.write_text(block, encoding="utf-8")

            assert load(path).manifest.twin == twin[1]


def test_every_field_of_a_manifest_is_documented() -> None:
    found = [*vars(model).values(), *vars(generators).values()]
    models = [item for item in found if isinstance(item, type) and issubclass(item, BaseModel) and item is not BaseModel]
    fields = {field.alias or name for item in models for name, field in item.model_fields.items()}

    assert {field for field in fields if f"`{field}" not in text_of("docs/manifest.md")} == set()


def test_every_variable_is_documented() -> None:
    variables = set(re.findall(r"TWIN_[A-Z_]+", str(settings.__doc__)))

    assert {name for name in variables if f"`{name}`" not in text_of("docs/operations.md")} == set()


def test_every_pool_is_documented() -> None:
    operators = (ROOT / "plugins/warehouse_twin/operators/pools.py").read_text(encoding="utf-8")
    pools = set(re.findall(r'^    "(twin_\w+)": \(1,', operators, re.MULTILINE))

    assert pools
    assert {name for name in pools if f"`{name}`" not in text_of("docs/operations.md")} == set()
    assert "one slot each" in text_of("docs/operations.md")
