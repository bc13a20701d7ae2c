from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.generators.fakers import LISTED, accepted_arguments, has_provider, make_distinct_faker, make_faker, trial

FEW = np.arange(4, dtype=np.int64)


def detail(provider: str, locale: str = "en_US", **arguments: Any) -> dict[str, Any]:
    return {"provider": provider, "arguments": arguments, "locale": locale}


@pytest.mark.parametrize("provider", sorted(LISTED))
def test_every_listed_provider_gives_text_by_counter_alone(provider: str) -> None:
    """Whatever was asked for before, and in whichever parts."""
    locale = next(locale for locale in ("en_US", "de_DE") if has_provider(provider, locale))
    whole = make_faker(detail(provider, locale), FEW, seed=1)
    make_faker(detail("name", locale), FEW, seed=9)
    parts = [*make_faker(detail(provider, locale), FEW[2:], seed=1), *make_faker(detail(provider, locale), FEW[:2], seed=1)]
    assert [*parts[2:], *parts[:2]] == list(whole)
    assert all(isinstance(text, str) and text and "\n" not in text for text in whole)
    assert set(accepted_arguments(provider, locale)) == set(LISTED[provider])


def test_arguments_and_locale_are_heeded() -> None:
    assert all(len(text) <= 30 for text in make_faker(detail("text", max_nb_chars=30), FEW, seed=1))
    assert all(text.endswith("@corp.example") for text in make_faker(detail("email", domain="corp.example"), FEW, seed=1))
    assert list(make_faker(detail("company", "de_DE"), FEW, seed=1)) != list(make_faker(detail("company"), FEW, seed=1))


def test_what_a_locale_does_not_have_is_known() -> None:
    assert not has_provider("state_abbr", "de_DE")
    assert has_provider("state_abbr", "en_US")
    assert trial(detail("file_name", category="nonsense"))
    assert trial(detail("file_name", category="audio")) == ""


def test_distinct_values_are_drawn_until_none_repeats() -> None:
    made = make_distinct_faker(detail("last_name"), 300, seed=1, column="x")
    assert len(set(made)) == 300
    again = make_distinct_faker(detail("last_name"), 300, seed=1, column="x")
    assert list(made) == list(again)


def test_more_distinct_values_than_there_are_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="60 different values are wanted, and faker safe_color_name does not give as many"):
        make_distinct_faker(detail("safe_color_name"), 60, seed=1, column="x")
