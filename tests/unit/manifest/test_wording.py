from __future__ import annotations

from pydantic import ValidationError

from warehouse_twin.manifest.reading import read_document
from warehouse_twin.manifest.wording import model_faults


def test_an_error_without_words_of_our_own_keeps_pydantics() -> None:
    error = ValidationError.from_exception_data("Manifest", [{"type": "bool_parsing", "loc": ("k",), "input": "x"}])
    (fault,) = model_faults(error, read_document(b"k: x\n", "f.yml"))
    assert str(fault) == "f.yml:1:4: k: got 'x', wanted a valid boolean, unable to interpret input"


def test_a_field_below_something_unknown_has_no_known_fields() -> None:
    error = ValidationError.from_exception_data("Manifest", [{"type": "extra_forbidden", "loc": ("nowhere", "k"), "input": 1}])
    (fault,) = model_faults(error, read_document(b"nowhere: {k: 1}\n", "f.yml"))
    assert str(fault) == "f.yml:1:11: nowhere.k: unknown field 'k'; known: none"
