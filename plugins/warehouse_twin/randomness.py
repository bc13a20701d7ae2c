"""Counter-based randomness: every draw is a pure function of (seed, stream, counter).

Partitions, cores and the order of calls therefore do not change a draw. The generator is SplitMix64
(Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195), used at arbitrary counters.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

UInts = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def derive_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed for the stream called `names` under `seed`; stable across machines and versions of Python."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def mix(counters: UInts) -> UInts:
    """The SplitMix64 finaliser over an array of 64-bit counters; same shape."""
    with np.errstate(over="ignore"):
        z = counters * _GOLDEN + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


def random_bits(counters: NDArray[np.int64] | UInts, *, seed: int, stream: str) -> UInts:
    """64 random bits a counter, shape `(rows,)`, of the stream named `stream`."""
    key = mix(np.asarray([derive_seed(seed, stream)], dtype=np.uint64))[0]
    return mix(mix(counters.astype(np.uint64)) ^ key)


def uniforms(counters: NDArray[np.int64] | UInts, *, seed: int, stream: str) -> Floats:
    """Uniform draws in [0, 1), one a counter, shape `(rows,)`."""
    bits = random_bits(counters, seed=seed, stream=stream)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def permutation(size: int, *, seed: int, stream: str) -> NDArray[np.int64]:
    """A permutation of `range(size)` by sorting random bits (ties are as good as impossible)."""
    bits = random_bits(np.arange(size, dtype=np.int64), seed=seed, stream=stream)
    return np.argsort(bits, kind="stable").astype(np.int64)


def first_permuted(size: int, count: int, *, seed: int, stream: str) -> NDArray[np.int64]:
    """The first `count` of `permutation(size)`, in a fraction of its time where they are few."""
    bits = random_bits(np.arange(size, dtype=np.int64), seed=seed, stream=stream)
    if count >= size:
        return np.argsort(bits, kind="stable").astype(np.int64)
    first = np.argpartition(bits, count)[:count]
    return first[np.argsort(bits[first], kind="stable")].astype(np.int64)


def permuted(counters: NDArray[np.int64], *, size: int, seed: int, stream: str) -> NDArray[np.int64]:
    """Where a permutation of `range(size)` puts each counter, which are below `size`; nothing else of it is worked out.

    A Feistel network of six rounds over the fewest even bits that hold `size`, walked on until the place is below it
    (Black and Rogaway 2002, doi:10.1007/3-540-45760-7_9).
    """
    half = np.uint64(max(1, ((size - 1).bit_length() + 1) // 2))
    mask = (np.uint64(1) << half) - np.uint64(1)
    keys = [mix(np.asarray([derive_seed(seed, stream, number)], dtype=np.uint64))[0] for number in range(6)]
    places = counters.astype(np.uint64)
    walking = np.arange(len(places))
    while len(walking):
        left, right = places[walking] >> half, places[walking] & mask
        for key in keys:
            left, right = right, left ^ (mix(right ^ key) & mask)
        places[walking] = (left << half) | right
        walking = walking[places[walking] >= np.uint64(size)]
    return places.astype(np.int64)
