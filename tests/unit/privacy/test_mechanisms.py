"""Noise: as much as its cost says, whoever's randomness it is; and nothing for less than was booked."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse_twin.privacy.mechanisms import best, deviation, frequent, noisy_counts


def test_noise_has_the_deviation_that_its_cost_pays_for() -> None:
    for distance, rho in ((1, 0.02), (5, 0.5)):
        noisy, cost = noisy_counts(np.full(4_000, 1_000), rho=rho, distance=distance)
        spread = float((noisy - 1_000).std())
        assert spread == pytest.approx(deviation(rho, distance=distance), rel=0.08)  # its standard error is 1.1 %
        assert cost.rho <= rho * (1 + 1e-9)
        assert cost.rho == pytest.approx(rho, rel=1e-4)


def test_noise_is_never_the_same_twice() -> None:
    one, other = (noisy_counts(np.zeros(50, dtype=np.int64), rho=0.01, distance=1)[0] for _ in range(2))
    assert one.tolist() != other.tolist()


def test_values_that_few_hold_are_not_shown() -> None:
    held = {"common": 5_000, "alone": 1} | {f"v{number}": 1 for number in range(2_000)}
    shown, threshold, cost = frequent(held, rho=0.01, delta=1e-9, distance=1)
    assert list(shown) == ["common"]
    assert abs(shown["common"] - 5_000) < 60
    assert threshold > 40
    assert cost.rho <= 0.01 * (1 + 1e-9)
    assert 0 < cost.delta <= 1e-9
    assert frequent({}, rho=0.01, delta=1e-9, distance=1)[0] == {}


def test_what_few_hold_costs_no_noise_and_what_many_hold_is_off_by_noise_alone() -> None:
    """Counts are lifted by a tenth of the threshold before noise and after it: none that is shown is below the threshold and that."""
    held = {f"v{number:04}": number for number in range(400)}
    shown, threshold, _ = frequent(held, rho=0.05, delta=1e-6, distance=1)
    off = np.asarray([count - held[value] for value, count in shown.items()])
    spread = deviation(0.05, distance=1)
    assert min(shown.values()) >= threshold
    assert set(shown) >= {value for value, count in held.items() if count > threshold + 6 * spread}
    far = off[-300:]
    assert float(far.mean()) == pytest.approx(0.0, abs=4 * spread / 300**0.5)
    assert float(far.std()) == pytest.approx(spread, rel=0.25)


def test_an_entity_with_more_rows_costs_more_noise_and_a_higher_threshold() -> None:
    lone, many = (frequent({"a": 9_999}, rho=0.01, delta=1e-9, distance=distance)[1] for distance in (1, 20))
    assert many > 19 * lone


def test_the_best_is_chosen_where_it_stands_out_and_any_where_none_does() -> None:
    assert {best([0.0, 10_000.0, 5.0], rho=0.01, distance=4.0)[0] for _ in range(20)} == {1}
    chosen = [best([100.0] * 4, rho=0.01, distance=4.0)[0] for _ in range(60)]
    assert len(set(chosen)) > 1
    assert best([1.0, 2.0], rho=0.01, distance=4.0)[1].rho == pytest.approx(0.01, rel=1e-4)
