"""Personal data of a row: one person, whoever asks, and nobody from the source."""

import re

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.table_profile import ColumnProfile, Part
from warehouse_twin.synthesizers.personal import roles_of, with_personal
from warehouse_twin.synthesizers.personal_numbers import make_cards, make_ibans, scrambled
from warehouse_twin.synthesizers.pools import pool_of

ROWS = 400
COUNTERS = np.arange(ROWS)


def column(name: str, pii: str, *, kind: str = "pii", locale: str = "en_US", **formats) -> ColumnProfile:
    return ColumnProfile(name, "T", kind, ROWS, 0, ROWS, (Part("presence"),), {"pii": pii, "locale": locale, "role": "", **formats})


def made(*columns: ColumnProfile, counters: np.ndarray = COUNTERS, had: tuple[str, ...] = (), **given: list) -> dict[str, list]:
    drawn = pa.table({profile.name: given.get(profile.name, [""] * len(counters)) for profile in columns})
    return with_personal(drawn, columns, counters, seed=7, had=had).to_pydict()


def test_names_and_addresses_of_a_row_are_one_persons() -> None:
    kinds = ("first_name", "last_name", "name", "email", "user_name", "street", "city", "state", "postcode", "address")
    row = made(*(column(kind, kind) for kind in kinds))
    assert all(row["name"][i] == f"{row['first_name'][i]} {row['last_name'][i]}" for i in range(ROWS))
    assert all(row["last_name"][i].lower() in row["email"][i] for i in range(ROWS))
    assert all(re.fullmatch(r"[a-z0-9._-]+@example\.(com|org|net)", mail) for mail in row["email"])
    assert all(row["address"][i].startswith(f"{row['street'][i]}, {row['city'][i]}, ") for i in range(ROWS))
    assert all(row["address"][i].endswith(row["postcode"][i]) for i in range(ROWS))
    assert len(set(row["name"])) > 0.95 * ROWS


def test_a_row_is_the_same_however_rows_are_split() -> None:
    columns = [column(kind, kind, unique=True) for kind in ("name", "email", "phone", "iban", "card", "url", "company")]
    whole, part = made(*columns), made(*columns, counters=COUNTERS[150:170])
    assert {name: values[150:170] for name, values in whole.items()} == part


def test_what_the_row_has_is_used() -> None:
    first = column("given", "first_name", kind="categorical")
    row = made(first, column("full", "name"), column("mail", "email"), given=["Zoë", None] * 200)
    assert row["full"][0].startswith("Zoë ")
    assert "zoe" in row["mail"][0] or row["mail"][0].startswith("z")
    assert not row["full"][1].startswith(("None", "Zoë"))
    kept = made(column("full", "name"), column("mail", "email"), had=("full",), full=["Ada King"] * ROWS)
    assert set(kept["full"]) == {"Ada King"}
    assert all("king" in mail for mail in kept["mail"])


def test_a_name_goes_with_the_gender_of_its_row() -> None:
    title = column("anrede", "title", kind="categorical")
    row = made(title, column("vorname", "first_name", locale="de_DE"), anrede=["Frau", "Herr"] * 200)
    pool = pool_of("de_DE")
    assert set(row["vorname"][::2]) <= set(pool.female.tolist())
    assert set(row["vorname"][1::2]) <= set(pool.male.tolist())


def test_people_of_a_country_are_made_in_its_locale() -> None:
    countries = column("country", "country", kind="categorical")
    row = made(countries, column("last_name", "last_name"), country=["France", "Atlantis"] * 200)
    assert set(row["last_name"][::2]) <= set(pool_of("fr_FR").last.tolist())
    assert set(row["last_name"][1::2]) <= set(pool_of("en_US").last.tolist())


@pytest.mark.parametrize("kind", ["email", "user_name", "phone", "iban", "card", "url"])
def test_what_is_unique_in_the_source_is_unique(kind: str) -> None:
    counters = np.arange(20_000)
    values = made(column("x", kind, unique=True), counters=counters)["x"]
    assert len(set(values)) == len(values)


def test_few_people_in_many_rows_stay_few() -> None:
    row = made(column("clerk", "name", people=3), column("mail", "email", people=3))
    assert len(set(zip(row["clerk"], row["mail"], strict=True))) == 3


def test_two_people_of_a_row_are_two() -> None:
    row = made(column("sender_name", "name", role="sender"), column("receiver_name", "name", role="receiver"))
    assert sum(a == b for a, b in zip(row["sender_name"], row["receiver_name"], strict=True)) < 5


def test_roles_without_anything_in_common_are_one() -> None:
    columns = [column("customer_name", "name", role="customer"), column("email", "email"), column("boss_name", "name", role="boss")]
    assert [sorted(profile.name for profile in role) for role in roles_of(columns)] == [["boss_name", "email"], ["customer_name"]]


def test_nulls_stay_and_other_columns_too() -> None:
    note = ColumnProfile("note", "T", "text", 2, 0, 2, (Part("presence"),))
    drawn = pa.table({"note": ["", "x"], "mail": [None, ""]}, schema=pa.schema([("note", pa.string()), ("mail", pa.large_string())]))
    found = with_personal(drawn, [note, column("mail", "email")], np.arange(2), seed=1)
    assert found.schema == drawn.schema
    assert found["note"].to_pylist() == ["", "x"]
    assert found["mail"].to_pylist()[0] is None
    assert "@" in found["mail"].to_pylist()[1]


@pytest.mark.parametrize(
    ("kind", "style", "pattern"),
    [
        ("name", "last, first", r"\S.*, \S.*"),
        ("name", "upper", r"[^a-z]+"),
        ("last_name", "initial", r".\."),
        ("state", "code", r"[A-Z]{2}"),
        ("country", "code", "US"),
        ("street", "no number", r"[^\d]+"),
        ("city", "lower", r"[^A-Z]+"),
    ],
)
def test_styles(kind: str, style: str, pattern: str) -> None:
    assert all(re.fullmatch(pattern, value) for value in made(column("x", kind, style=style))["x"])


def test_phones_follow_learned_patterns_with_digits_of_their_own() -> None:
    patterns = [{"pattern": "99-999-9999", "rows": 5, "slots": [{"1": 5}, {"3": 5}, {"-": 5}, *[{"7": 5}] * 3, {"-": 5}, *[{"7": 5}] * 4]}]
    values = made(column("phone", "phone", patterns=patterns))["phone"]
    assert all(re.fullmatch(r"13-7\d\d-\d{4}", value) for value in values)
    assert len(set(values)) == ROWS


def test_check_digits_hold() -> None:
    for iban in make_ibans(np.asarray(["de_DE", "en_US", "fr_FR"] * 30, dtype=object), np.arange(90), 3):
        assert int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
    for card in make_cards(np.arange(50), 3):
        digits = [int(char) for char in reversed(card)]
        assert len(digits) == 16
        assert sum(digits[::2], sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


def test_scrambled_numbers_do_not_repeat() -> None:
    assert len(set(scrambled(np.arange(10_000), 4, 5).tolist())) == 10_000


@pytest.mark.parametrize("locale", ["ja_JP", "en_GB", "en_CA"])
def test_every_locale_makes_every_kind(locale: str) -> None:
    row = made(*(column(kind, kind, locale=locale) for kind in ("name", "email", "address", "state", "phone", "company", "iban", "url")))
    assert all(all(values) for values in row.values())
    assert all("@example." in mail for mail in row["email"])
