"""A proposal as text: YAML that says what is proposed and comments that say why. No value of the source is in it, only names and counts."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

import yaml

from warehouse_twin.dbt_projects.facts import OwnProject
from warehouse_twin.scaffolding.proposal import Foreign, Proposal, TableProposal, accepting, key_spec, pii_spec

WIDTH = 120
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def scalar(text: str) -> str:
    """Text as YAML: bare where it is a word that YAML reads as text, else in double quotes with everything unprintable escaped."""
    if text.isidentifier() and text.isprintable() and _reads_as_text(text):
        return text
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _reads_as_text(text: str) -> bool:
    resolver = yaml.SafeLoader("")
    return str(resolver.resolve(yaml.ScalarNode, text, (True, False))) == "tag:yaml.org,2002:str"  # type: ignore[no-untyped-call]


def _escaped(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def flow(value: object) -> str:
    """A value on one line: mappings in braces, lists in brackets."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return scalar(value) if isinstance(value, str) else str(value)


def comment(text: str, indent: str) -> Iterator[str]:
    """Lines of a comment. Names in it may hold anything: what is not printed on one line is shown as a question mark."""
    for line in textwrap.wrap(_plain(text), WIDTH - len(indent) - 2, break_long_words=False, break_on_hyphens=False):
        yield f"{indent}# {line}"


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in re.sub(r"\s+", " ", text))


def sentence(text: str) -> str:
    return f"{text[:1] if text.startswith('dbt: ') else text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def manifest_text(
    proposal: Proposal, left_out: dict[str, str], *, editor: bool, project: OwnProject | None = None, strangers: Sequence[str] = ()
) -> str:
    """The whole file. `editor`: the JSON Schema for editors lies beside it."""
    said = proposal.said
    lines = ["# yaml-language-server: $schema=manifest.schema.json"] if editor else []
    lines += comment(f"Scaffolded from schema {said['source']['schema']} of warehouse {said['source']['warehouse']}{_origin(project)}", "")
    for note in (*(project.notes if project is not None else ()), *strangers):
        lines += comment(f"Note: {note}.", "")
    lines += [f"twin: {said['twin']}", f"source: {flow(said['source'])}", *_target(proposal), ""]
    lines += ['# schedule: "@daily" # a preset or five cron fields; without it the twin is refreshed only when somebody asks']
    lines += [f"seed: {said['seed']}", "", *_entity(proposal)]
    lines += ["k: 10 # no value that fewer entities hold leaves the secure zone", "holdout: 0.2", "synthesizer: tree", "gates: {}", ""]
    for name, why in left_out.items():
        lines += comment(f"Left out: {name}: {why}.", "")
    lines.append("tables:")
    for place, name in enumerate(proposal.fresh):
        lines += ["", *table_lines(proposal.tables[name], "  ")][0 if place else 1 :]
    return "\n".join(lines) + "\n"


def _origin(project: OwnProject | None) -> str:
    """Whose words and whose guesses the file holds, and what is to be done with it."""
    read = "it runs as it is, and whoever knows the data should read it once and change what is wrong."
    if project is None:
        return f". What was guessed from names, types and values says why; {read}"
    return (
        f" and dbt project {project.name} (read from {project.origin}), whose sources are its tables. What dbt says is marked `dbt:`; "
        f"all else was proposed from names, types and values, is marked so and says why; {read}"
    )


def _target(proposal: Proposal) -> list[str]:
    """Where to, and that the release's tables declare the source's keys."""
    what = "keys: source: the tables of a release declare the keys that the source declares; those guessed below hold and are tested"
    return [*comment(f"{what}. With keys: manifest they are declared too.", ""), f"target: {flow(proposal.said['target'])}"]


def _entity(proposal: Proposal) -> list[str]:
    """Whom privacy protects, and why. The key stands there also when it is empty: `dvc repro` wants it."""
    lines = list(comment("Whom privacy protects, with every row that leads to them. " + proposal.entity_why + ".", ""))
    return [*lines, "entity:" if proposal.entity is None else f"entity: {scalar(proposal.entity)}"]


def table_lines(table: TableProposal, indent: str) -> list[str]:
    """One table of a manifest, with its comments."""
    inner = indent * 2 if indent else "  "
    body = [*_keep(table, inner), *_keys(table, inner), *_times(table, inner), *_said(table, inner), *_columns(table, inner)]
    body += _gates(table, inner)
    head = comment(" ".join(_about(table)), indent)
    return [*head, f"{indent}{scalar(table.name)}:", *body]


def _about(table: TableProposal) -> Iterator[str]:
    """What needs no line of its own: rows, keys as declared, and what is not there."""
    yield f"{table.rows:,} row{'' if table.rows == 1 else 's'}."
    if table.primary.declared:
        yield f"Primary key as declared: {', '.join(table.primary.columns)}."
    elif not table.primary.columns:
        yield sentence(table.primary.why)
    if table.foreign and not table.lists_keys:
        yield f"Foreign keys as declared: {'; '.join(_arrow(item) for item in table.foreign)}."
    for note in table.notes:
        yield sentence(note)


def _arrow(item: Foreign) -> str:
    return f"{', '.join(item.key.columns)} -> {item.key.references}"


def _keep(table: TableProposal, indent: str) -> Iterator[str]:
    if table.keep is not None:
        yield from comment(f"Passed through as it is, and so not protected: {table.keep}.", indent)
        yield f"{indent}keep: real"


def _keys(table: TableProposal, indent: str) -> Iterator[str]:
    if table.primary.columns and not table.primary.declared:
        yield from comment(sentence(table.primary.why), indent)
        columns: Sequence[str] | str = table.primary.columns[0] if len(table.primary.columns) == 1 else list(table.primary.columns)
        yield f"{indent}primary_key: {flow(columns)}"
    if not table.lists_keys:
        return
    if not table.foreign:
        yield f"{indent}foreign_keys: []"
        return
    yield f"{indent}foreign_keys:"
    for item in table.foreign:
        yield from comment(f"{sentence(item.why)}", f"{indent}  ")
        yield f"{indent}  - {flow(key_spec(item.key))}"


def _times(table: TableProposal, indent: str) -> Iterator[str]:
    if table.order_by is not None:
        yield from comment(f"The rows of each parent are drawn in this order: {table.order_by[1]}.", indent)
        yield f"{indent}order_by: {scalar(table.order_by[0])}"
    if table.validity is not None:
        begin, end, why = table.validity
        yield from comment(f"Versions of something, drawn one after the other: {why}.", indent)
        yield f"{indent}validity: {flow({'from': begin, 'to': end})}"


def _said(table: TableProposal, indent: str) -> Iterator[str]:
    for name, (value, why) in table.said.table.items():
        if name != "keep":
            yield f"{indent}{name}: {flow(value)} # {_plain(why)}"


def _columns(table: TableProposal, indent: str) -> Iterator[str]:
    made = [item for item in table.personal if item.made]
    spoken = [item for item in table.personal if not item.made]
    if spoken:
        columns = ", ".join(f"{item.column} ({item.kind.replace('_', ' ')})" for item in spoken)
        yield from comment(
            f"Recognised too: {columns}. Values that k entities share are kept, others made up; with pii: nothing of them is kept.", indent
        )
    if made or table.said.columns:
        yield f"{indent}columns:{'' if table.said.columns else ' # personal data, made up by a generator and never learned'}"
    for column, (spec, why) in table.said.columns.items():
        yield f"{indent}  {scalar(column)}: {flow(dict(spec))} # {_plain(why)}"
    for item in made:
        yield f"{indent}  {scalar(item.column)}: {flow(pii_spec(item))} # {item.why}"


def _gates(table: TableProposal, indent: str) -> Iterator[str]:
    if table.accept is not None:
        yield f"{indent}gates: # what cannot be decided does not block a release; what fails still does"
        yield f"{indent}  undecided: {flow(accepting(table.accept)['undecided'])}"
