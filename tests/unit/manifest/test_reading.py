from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse_twin.manifest.positions import Mark
from warehouse_twin.manifest.reading import MAX_DEPTH, read_document

BOUNDED = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def faults(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    return [str(fault) for fault in read_document(content, "f.yml").faults]


def test_values_and_their_places() -> None:
    document = read_document(b"a: 1\nb:\n  - x\n  - {c: yes, d: }\nday: 2013-01-01\n", "f.yml")
    assert document.data == {"a": 1, "b": ["x", {"c": True, "d": None}], "day": "2013-01-01"}
    assert document.complete
    assert not document.faults
    assert document.positions.values["a",] == Mark(1, 4, "1")
    assert document.positions.keys["b",] == Mark(2, 1)
    assert document.positions.values["b", 0] == Mark(3, 5)
    assert document.positions.values["b", 1, "c"] == Mark(4, 9, "yes")


def test_a_fault_at_a_place_the_file_has_not_stands_at_the_nearest_part() -> None:
    positions = read_document(b"a:\n  b: x\n  c: {d: 1}\n", "f.yml").positions
    assert str(positions.fault(("a", "b", 0), "m")) == "f.yml:2:6: a.b[0]: m"  # an item of a bare name: the name
    assert str(positions.fault(("a", "c", "e", "f"), "m")) == "f.yml:3:3: a.c.e.f: m"  # a missing field: its owner's key
    assert str(positions.fault(("z",), "m")) == "f.yml:1:1: z: m"
    assert str(positions.fault(("a", "b"), "m", at_key=True)) == "f.yml:2:3: a.b: m"


def test_an_empty_file_is_nothing() -> None:
    document = read_document(b"# only a comment\n", "f.yml")
    assert document.complete
    assert document.data is None


def test_a_byte_order_mark_is_no_character() -> None:
    document = read_document("\ufeffa: b".encode(), "f.yml")
    assert document.data == {"a": "b"}
    assert document.positions.keys["a",] == Mark(1, 1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yml:3:1: a: the key stands twice, first in line 1; wanted once"),
        ("a: &x 1\n", "f.yml:1:4: a: got the anchor &x; anchors are not read: remove it"),
        ("a: !!str 1\n", "f.yml:1:4: a: got the tag '!!str'; tags are not read: remove it (quotes make a value text)"),
        ("a: !!python/object:os.system {}\n", "f.yml:1:4: a: got the tag '!!python/object:os.system'; tags are not read"),
        ("a: 1\n--- \nb: 2\n", "f.yml:2:1: a second document; wanted one document a file"),
        ("no: 1\n", "f.yml:1:1: got no, which YAML reads as true or false; wanted a name: put it in quotes"),
        ("12: 1\n", "f.yml:1:1: got 12, which YAML reads as a number; wanted a name: put it in quotes"),
        ("{~: 1, : 2}\n", "f.yml:1:2: got ~, which YAML reads as nothing; wanted a name: put it in quotes"),
        ("? \n: 1\n", "f.yml:1:2: got an empty key; wanted a name: put it in quotes"),
        ("? [a, b]\n: 1\n", "f.yml:1:3: got a key that is no plain text; wanted a name"),
        ("a: .inf\n", "f.yml:1:4: a: got '.inf', which YAML reads as a number; wanted a finite one below 2^63, or quotes for text"),
        ("a: 9223372036854775808\n", "f.yml:1:4: a: got '9223372036854775808', which YAML reads as a number"),
        ("a: 0x_\n", "f.yml:1:4: a: got '0x_', which YAML reads as a number"),
        ("a: 0x" + "f" * 10**5, "f.yml:1:4: a: got '0xffff"),
        ('a: "\\0"\n', "f.yml:1:4: a: got the character U+0000; wanted text that can be printed"),
        ('a: "\\ud800"\n', "f.yml:1:4: a: got the character U+D800; wanted text that can be printed"),
        ('a: "\\UFFFFFFFF"\n', "f.yml:1:7: not YAML: an escape or a number beyond all bounds"),
        ("a: b\n \x07", "f.yml:2:2: got the character U+0007, wanted text that can be printed"),
        ("a: [1\n", "f.yml:2:1: not YAML: while parsing a flow sequence expected ',' or ']', but got '<stream end>'"),
        ("[" * 10**6, "nested more than 32 deep; nothing in a manifest is"),
        ("- " * 10**5, "nested more than 32 deep; nothing in a manifest is"),
    ],
)
def test_structural_faults_name_line_and_column(text: str, fault: str) -> None:
    assert fault in faults(text)[0]


def test_an_alias_is_never_expanded() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    document = read_document(bomb.encode(), "f.yml")
    assert len(document.faults) == 6  # two anchors, four aliases
    assert document.data["c"] == [None, None]
    assert ("c", 0) in document.broken


def test_text_in_another_encoding_names_the_byte() -> None:
    assert faults("a: 1\nb: ü\n".encode("latin-1")) == ["f.yml:2:4: got the byte 0xfc, wanted UTF-8; save the file as UTF-8"]
    assert "0xff" in faults("a: 1".encode("utf-16"))[0]


def test_all_structural_faults_come_together() -> None:
    assert len(faults("a: &x 1\na: 2\nb: *x\nc: !t 3\n? [k]\n: 4\nd: .nan\ne: [\n")) == 7


def test_the_second_value_of_a_key_changes_nothing() -> None:
    document = read_document(b"a: x\na: 5\n", "f.yml")
    assert document.data == {"a": "x"}
    assert document.positions.values["a",] == Mark(1, 4)


def test_depth_is_allowed_up_to_the_bound() -> None:
    assert not faults("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    assert faults("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


@BOUNDED
@given(
    st.one_of(
        st.text(max_size=200).map(str.encode),
        st.binary(max_size=200),
        st.text("[]{}:-&*!?|>'\"#%@,ab1.\n \\0xU~", max_size=60).map(str.encode),
    )
)
def test_no_input_raises(content: bytes) -> None:
    document = read_document(content, "f.yml")
    assert document.complete or document.faults
    for fault in document.faults:
        assert fault.line >= 1
        assert fault.column >= 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text("abc :#'\"-ü\n", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcü ", min_size=1, max_size=4), inner, max_size=3),
    max_leaves=12,
)


@BOUNDED
@given(JSON)
def test_what_yaml_writes_is_read_as_it_was(value: object) -> None:
    document = read_document(yaml.safe_dump(value, allow_unicode=True, sort_keys=False).encode(), "f.yml")
    assert not document.faults
    assert document.data == value
    assert not isinstance(document.data, float) or math.isfinite(document.data)
