"""Counter-based draws: pure in (seed, stream, counter), and uniform."""

import numpy as np
import pytest

from warehouse_twin.randomness import derive_seed, first_permuted, permutation, random_bits, uniforms


def test_the_same_counter_gives_the_same_draw_however_work_is_split() -> None:
    whole = uniforms(np.arange(1000), seed=3, stream="x")
    assert np.array_equal(whole[400:], uniforms(np.arange(400, 1000), seed=3, stream="x"))


def test_seeds_and_streams_are_apart() -> None:
    draws = [uniforms(np.arange(5000), seed=seed, stream=stream) for seed in (1, 2) for stream in ("a", "b")]
    for index, one in enumerate(draws):
        for other in draws[index + 1 :]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.06


def test_draws_are_uniform() -> None:
    draws = uniforms(np.arange(100_000), seed=7, stream="u")
    assert draws.min() >= 0
    assert draws.max() < 1
    counts = np.bincount((draws * 20).astype(int), minlength=20)
    assert ((counts - 5000) ** 2 / 5000).sum() < 43.8  # chi square, 19 degrees of freedom, 0.1 %


def test_neighbouring_counters_do_not_depend_on_one_another() -> None:
    draws = uniforms(np.arange(100_000), seed=7, stream="u")
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.013


def test_known_values_do_not_change_between_versions() -> None:
    assert derive_seed(1, "a", 2) == 938383822073135179
    assert random_bits(np.asarray([0, 1]), seed=1, stream="s").tolist() == [5179131939789054755, 11184518744082060395]


def test_a_permutation_holds_each_number_once() -> None:
    assert sorted(permutation(100, seed=1, stream="p")) == list(range(100))
    assert permutation(0, seed=1, stream="p").tolist() == []


@pytest.mark.parametrize("count", [0, 1, 7, 99, 100, 200])
def test_the_first_of_a_permutation_are_its_first(count: int) -> None:
    assert first_permuted(100, count, seed=3, stream="x").tolist() == permutation(100, seed=3, stream="x")[:count].tolist()
