"""Personal data recognised by name and look, and what is kept of it: one word."""

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.personal_words import named
from warehouse_twin.profiling.recognition import recognise, with_one_locale
from warehouse_twin.profiling.table_profile import ColumnProfile

FIRST = ["Mary", "John", "Linda", "James", "Susan", "Robert", "Karen", "Michael", "Nancy", "David"]
LAST = ["Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Wilson", "Moore"]
NAMES = [f"{first} {last}" for first in FIRST for last in LAST]


def profile(name: str, values: list, *, k: int = 5, **task) -> ColumnProfile:
    column = pa.chunked_array([pa.array(values, type=pa.string())])
    return profile_column(ColumnTask(name, "VARCHAR", **task), column, np.arange(len(values)), k=k)


def found(name: str, values: list[str]) -> str | None:
    recognised = recognise(name, pa.chunked_array([pa.array(values)]), np.arange(len(values)), k=5)
    return None if recognised is None else recognised.kind


@pytest.mark.parametrize(
    ("column", "kind", "role"),
    [
        ("EMail", "email", ""),
        ("KundenVorname", "first_name", "kunden"),
        ("billing_address_line_1", "street", "billing"),
        ("Straße", "street", ""),
        ("code_postal", "postcode", ""),
        ("apellidos", "last_name", ""),
        ("shipAddress2", "address", "ship"),
        ("wohnort", "city", ""),
    ],
)
def test_names_of_columns_say_what_and_whose(column: str, kind: str, role: str) -> None:
    said = named(column)
    assert said is not None
    assert (said.kind, said.role) == (kind, role)


@pytest.mark.parametrize("column", ["city_id", "status", "comment", "transport", "phone_verified", "42"])
def test_other_columns_say_nothing(column: str) -> None:
    assert named(column) is None


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        ("c7", [f"user{number}@corp.example" for number in range(20)], "email"),
        ("c7", [f"https://corp.example/{number}" for number in range(20)], "url"),
        ("c7", ["DE89370400440532013000", "GB82WEST12345698765432"] * 5, "iban"),
        ("c7", ["DE89370400440532013001", "GB82WEST12345698765433"] * 5, None),
        ("card_number", ["4111 1111 1111 1111", "5500-0000-0000-0004"] * 5, "card"),
        ("card_number", ["4111 1111 1111 1112", "5500-0000-0000-0005"] * 5, None),
        ("telefon", [f"0221/55{number:04}" for number in range(20)], "phone"),
        ("c7", [f"0221/55{number:04}" for number in range(20)], None),
        ("full_name", NAMES, "name"),
        ("full_name", [f"Customer#{number:09}" for number in range(20)], None),
        ("name", NAMES, "name"),
        ("name", LAST, "last_name"),
        ("name", [f"Garden Chair {letter}" for letter in "ABCDEFGHIJ"], None),
        ("name", [f"{last} {first} GmbH" for first in FIRST for last in LAST], "company"),
        ("address", [f"{number} Main Street, Springfield" for number in range(1, 20)], "address"),
        ("address", [f"x{number}Hq7,Lm" for number in range(1, 20)], None),
        ("strasse", ["Hauptstraße", "Eichenweg", "Am Markt", "Gartenstr.", "Ringallee"], "street"),
        ("plz", ["50667", "10115", "80331"], "postcode"),
    ],
)
def test_name_and_look_must_agree_but_where_the_look_is_conclusive(column: str, values: list[str], kind: str | None) -> None:
    assert found(column, values) == kind


def test_too_few_values_of_a_bare_name_decide_nothing() -> None:
    assert found("name", NAMES[:4]) is None
    assert found("c7", []) is None


def test_common_values_stay_unless_they_point_at_somebody() -> None:
    cities = profile("city", ["Berlin", "Paris"] * 20)
    assert (cities.kind, cities.formats["pii"]) == ("categorical", "city")
    assert profile("city", [f"Town {letter * 2}" for letter in "ABCDEFGHIJ"]).kind == "pii"
    mails = profile("email", ["a@corp.example", "b@corp.example"] * 20)
    assert (mails.kind, mails.formats["people"], mails.formats["unique"]) == ("pii", 2, False)


def test_the_manifest_and_keys_win() -> None:
    mails = [f"user{number}@corp.example" for number in range(20)]
    assert profile("email", mails, kind="code").kind == "code"
    assert profile("email", mails, key=True).kind == "code"
    assert profile("email", mails, domain=mails).kind == "categorical"
    said = profile("email", mails, pii=("phone", "fr_FR"))
    assert (said.kind, said.formats["pii"], said.formats["locale"]) == ("pii", "phone", "fr_FR")


@pytest.mark.parametrize(
    ("column", "values", "locale"),
    [
        ("phone", [f"+49 221 55{number:04}" for number in range(20)], "de_DE"),
        ("phone", [f"221 55{number:04}" for number in range(20)], "en_US"),
        ("last_name", ["Müller", "Köhler", "Schäfer", "Weiß", "Krüger", "Bauer"], "de_DE"),
        ("vorname", FIRST, "de_DE"),
        ("country", ["Germany"] * 8 + ["France"] * 3, "de_DE"),
        ("postcode", [f"SW1A {number % 10}AA" for number in range(20)], "en_GB"),
    ],
)
def test_values_tell_their_locale(column: str, values: list[str], locale: str) -> None:
    assert profile(column, values).formats["locale"] == locale


def test_fewer_than_k_entities_tell_no_locale() -> None:
    assert profile("phone", ["+49 221 55012"] * 3).formats["locale"] == "en_US"


def test_columns_of_a_table_agree_on_the_locale_that_most_tell() -> None:
    columns = [profile("phone", [f"+49 221 55{number:04}" for number in range(20)]), profile("last_name", LAST), profile("note", ["x"] * 9)]
    assert [column.formats.get("locale") for column in with_one_locale(columns)] == ["de_DE", "de_DE", None]
    said = [columns[0], profile("last_name", LAST, pii=("last_name", "pl_PL"))]
    assert with_one_locale(said)[1].formats["locale"] == "pl_PL"


@pytest.mark.parametrize(
    ("column", "values", "style"),
    [
        ("full_name", [f"{last}, {first}" for first, last in zip(FIRST, LAST, strict=True)], "last, first"),
        ("last_name", [f"{last[0]}." for last in LAST] * 3 + list("ABCDEFGHIJ"), "initial"),
        ("first_name", [first.upper() for first in FIRST], "upper"),
        ("strasse", ["Hauptstraße", "Eichenweg", "Am Markt", "Gartenstr.", "Ringallee"], "no number"),
        ("first_name", FIRST, ""),
    ],
)
def test_the_style_of_nearly_all_values_is_kept(column: str, values: list[str], style: str) -> None:
    recognised = recognise(column, pa.chunked_array([pa.array(values)]), np.arange(len(values)), k=5)
    assert recognised is not None
    assert recognised.style == style


def test_no_name_of_the_source_is_in_a_profile() -> None:
    """Columns of planted names, under names that are recognised and under one that is not."""
    planted = [f"{first}ix {last}ow" for first in FIRST for last in LAST]
    for column in ("full_name", "name", "note"):
        text = str(profile(column, planted))
        assert not any(name in text for name in planted)
    mails = [f"{name.replace(' ', '.').lower()}@corp.example" for name in planted]
    assert "ow@" not in str(profile("email", mails))
    assert "corp" not in str(profile("email", mails))
