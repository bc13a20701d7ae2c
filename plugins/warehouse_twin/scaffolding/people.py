"""Whose data it is: columns with personal data, and the table whose rows privacy protects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.foreign_keys import is_text
from warehouse_twin.profiling.personal_words import named
from warehouse_twin.profiling.recognition import DEFAULT_LOCALE, Recognised, recognise
from warehouse_twin.scaffolding.naming import subject_of
from warehouse_twin.scaffolding.primary_keys import is_text_like
from warehouse_twin.scaffolding.proposal import Personal, TableProposal
from warehouse_twin.scaffolding.vocabulary import PEOPLE
from warehouse_twin.warehouses.catalog import Table

K = 10
"""Of the manifest, as it is proposed: a locale is told by as many rows."""
_PERSONS = ("name", "first_name", "last_name", "email", "phone", "user_name", "iban", "card")
"""Kinds that a table about people has; addresses and cities are of shops and warehouses too."""
_ENDINGS = ("", "s", "n", "en", "in", "innen", "es")


def personal_columns(table: Table, rows: pa.Table, keys: Collection[str]) -> list[Personal]:
    """Columns recognised as personal data, in order. Keys link rows and are drawn anew, so they are none."""
    found: dict[str, Recognised] = {}
    for name in table.column_names:
        if name not in keys and is_text(table.column(name).sql_type) and is_text_like(rows.schema.field(name).type):
            recognised = _recognised(name, rows.column(name), k=K)
            if recognised is not None:
                found[name] = recognised
    told = Counter(item.locale for item in found.values() if item.locale)
    commonest = min(told, key=lambda locale: (-told[locale], locale)) if told else DEFAULT_LOCALE
    return [_personal(name, item, item.locale or commonest or DEFAULT_LOCALE) for name, item in found.items() if item.kind != "postcode"]


def _recognised(name: str, column: pa.ChunkedArray, *, k: int) -> Recognised | None:
    present = column.drop_null()
    return recognise(name, present, np.arange(len(present), dtype=np.int64), k=k)


def _personal(name: str, item: Recognised, locale: str) -> Personal:
    why = "by its name and its values" if named(name) is not None else "by its values"
    return Personal(name, item.kind, locale, why, made=item.direct)


def doubts(table: Table, rows: pa.Table, keys: Collection[str], found: Collection[str]) -> Iterator[str]:
    """A word for each column that is called as personal data is, but was not recognised."""
    for name in table.column_names:
        said = named(name)
        if said is None or said.bare or said.kind not in _PERSONS or name in found or not rows.column(name).length():
            continue
        kind = said.kind.replace("_", " ")
        if name in keys:
            yield f"{name} is called like a {kind}, but it is a key: those are drawn anew"
        else:
            yield f"{name} is called like a {kind}, but its values do not look like one: it is not taken for personal data"


def might_be_personal(table: Table, rows: pa.Table) -> str | None:
    """What speaks for people in a small table, doubts included: a column's name; None when nothing does."""
    if is_of_people(table.name):
        return "it is named as one of people"
    for name in table.column_names:
        said = named(name)
        someones = said is not None and (not said.bare or is_of_people(said.role))
        if said is not None and someones and said.kind not in ("city", "state", "country", "postcode", "title"):
            return f"{name} may be personal data"
        if is_text_like(rows.schema.field(name).type):
            recognised = _recognised(name, rows.column(name), k=1)
            if recognised is not None and recognised.kind not in ("city", "state", "country", "postcode"):
                return f"{name} may be personal data"
    return None


def is_of_people(table: str) -> bool:
    """Whether a table's name says that its rows are people."""
    last = subject_of(table)[-1:]
    return any(word in PEOPLE or any(word == person + ending for person in PEOPLE for ending in _ENDINGS) for word in last)


def choose_entity(tables: Mapping[str, TableProposal]) -> tuple[str | None, str]:
    """The table whose rows privacy protects, and why; None where no table says that it is about people.

    A name of people counts most, then what they are called by, then how many they are: where customers refer to employees,
    privacy is the customers' first.
    """
    found = [(rank, name) for name, table in tables.items() if table.primary.columns and table.keep is None and (rank := _rank(table))]
    if not found:
        return None, "no table with a primary key looks like one of people, so every row is its own entity"
    found.sort(key=lambda item: (-item[0], -tables[item[1]].rows, item[1]))
    _, entity = found[0]
    kinds = sorted({item.kind.replace("_", " ") for item in tables[entity].personal if item.kind in _PERSONS})
    reasons = ["it is named as one of people"] if is_of_people(entity) else []
    reasons += [f"it has personal data ({', '.join(kinds)})"] if kinds else []
    children = sorted(_below(entity, tables))
    led = f"; {', '.join(children)} lead{'s' if len(children) == 1 else ''} to it" if children else ""
    others = [name for _, name in found[1:]]
    beside = f". Others that look like people: {', '.join(others)}" if others else ""
    return entity, f"{entity}: {' and '.join(reasons)}{led}{beside}"


def _rank(table: TableProposal) -> int:
    """2 for people by name who have personal data, 1 for either; 0 for none."""
    kinds = {item.kind for item in table.personal if item.kind in _PERSONS}
    of_people = is_of_people(table.name)
    return of_people + bool(kinds) if of_people or len(kinds) > 1 else 0


def _below(entity: str, tables: Mapping[str, TableProposal]) -> set[str]:
    """The tables whose foreign keys lead to it, straight or through others."""
    return set(_leading(entity, tables)) - {entity}


def _leading(entity: str, tables: Mapping[str, TableProposal]) -> Iterator[str]:
    seen, queue = {entity}, [entity]
    for parent in queue:
        for name, table in tables.items():
            if name not in seen and any(item.key.references == parent for item in table.foreign):
                seen.add(name)
                queue.append(name)
                yield name


def leads_to(entity: str | None, tables: Mapping[str, TableProposal]) -> set[str]:
    """The entity and all tables that lead to it; none without an entity."""
    return set() if entity is None else {entity, *_below(entity, tables)}
