"""What may be summed up over the rows of a parent: a column, a product of columns, a price with its discount and tax.

A column of shares (all between 0 and 1) counts as it is, as what is left of 1, or on top of 1; a product may be rounded to the
parent's granularity in every row, or cut off after every factor, as programs do that reckon in cents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Read = Callable[[str], Floats]
"""the numbers of a column"""
MAX_FACTORS, MAX_SHARES = 6, 3
FORMS = ("1 - ", "1 + ", "")
WAYS = ("", "round", "cut")


@dataclass(frozen=True)
class Term:
    """`function` of the product of `of`, each with its form before it; `rounded` is one of `WAYS`."""

    function: str
    of: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    rounded: str = ""

    def values(self, read: Read, step: float) -> Floats:
        """The product for each row, NaN where a factor is missing."""
        whole: Floats | float = 1.0
        for name, form in zip(self.of, self.forms or ("",) * len(self.of), strict=True):
            value = read(name)
            factor = 1 - value if form == "1 - " else 1 + value if form == "1 + " else value
            whole = whole * factor
            if self.rounded == "cut" and step > 0:
                whole = np.floor(whole / step + 1e-6) * step
        found = np.asarray(whole, dtype=np.float64)
        return np.floor(found / step + 0.5 + 1e-6) * step if self.rounded == "round" and step > 0 else found  # half a cent goes up

    def text(self, table: str) -> str | None:
        """The product as it is written in a rule, without the table's name before the first factor; None for a count."""
        forms = self.forms or ("",) * len(self.of)
        factors = [f"({form}{table}.{name})" if form else f"{table}.{name}" for name, form in zip(self.of, forms, strict=True)]
        whole = " * ".join(factors).removeprefix(f"{table}.")
        return (f"{whole}, {self.rounded}" if self.rounded else whole) if self.of else None

    def rounded_ways(self) -> Iterator[Term]:
        """The same, rounded in every way."""
        return (replace(self, rounded=way) for way in WAYS)

    @classmethod
    def of_rule(cls, detail: Mapping[str, Any]) -> Term:
        return cls(detail["function"], tuple(detail["of"]), tuple(detail.get("forms", ())), detail.get("rounded", ""))


def products(numbers: Sequence[str], read: Read) -> Iterator[Term]:
    """Sums of products: of two columns, and of one or two with one or two shares in every form."""
    shares = [name for name in numbers if _is_share(read(name))][:MAX_SHARES]
    others = [name for name in numbers if name not in shares][:MAX_FACTORS]
    for pair in combinations(numbers[:MAX_FACTORS], 2):
        yield Term("sum", pair)
    for base in (*((name,) for name in others), *combinations(others, 2)):
        for some in (*((name,) for name in shares), *permutations(shares, 2)):
            for forms in product(FORMS, repeat=len(some)):
                yield Term("sum", (*base, *some), (*("",) * len(base), *forms))


def _is_share(values: Floats) -> bool:
    """Whether all numbers are between 0 and 1, and some neither."""
    known = values[~np.isnan(values)]
    return bool(len(known) and known.min() >= 0 and known.max() <= 1 and ((known > 0) & (known < 1)).any())
