"""What noise costs: known conversions, sums, and an account that is never overdrawn."""

from __future__ import annotations

import math

import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.privacy.accounting import Account, Cost, Promise, rho_for


@pytest.mark.parametrize(("epsilon", "rho"), [(0.5, 0.00851), (1.0, 0.03056), (10.0, 1.7827)])
def test_a_promise_and_what_may_be_spent_for_it(epsilon: float, rho: float) -> None:
    assert rho_for(Promise(epsilon, 1e-5)) == pytest.approx(rho, rel=1e-3)
    assert Cost(rho_for(Promise(epsilon, 1e-5))).epsilon(1e-5) <= epsilon * (1 + 1e-9)


def test_no_conversion_is_below_the_simple_bound_it_improves_on() -> None:
    for rho in (0.001, 0.1, 2.0):
        assert rho < Cost(rho).epsilon(1e-6) <= rho + 2 * math.sqrt(rho * math.log(1e6))


def test_costs_add_up_and_delta_is_counted() -> None:
    cost = Cost(0.01, 1e-7) + Cost(0.02, 2e-7)
    assert (cost.rho, cost.delta) == (pytest.approx(0.03), pytest.approx(3e-7))
    assert cost.epsilon(3e-7) == math.inf
    assert cost.epsilon(1e-5) > Cost(0.03).epsilon(1e-5)
    assert Cost().epsilon(0.0) == 0.0


def test_an_account_is_never_overdrawn() -> None:
    account = Account(Cost(0.03, 1e-6))
    account.spend("columns", Cost(0.02))
    with pytest.raises(ConfigurationError, match=r"pairs: would cost rho 0.011 .* beyond 0.02 .* of 0.03"):
        account.spend("pairs", Cost(0.011))
    with pytest.raises(ConfigurationError, match="values"):
        account.spend("values", Cost(0.0, 2e-6))
    account.spend("columns", Cost(0.01))
    assert account.total.rho == pytest.approx(0.03)
    assert Account.from_dict(account.to_dict()) == account


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 1e-5), (-1.0, 1e-5), (math.nan, 1e-5), (math.inf, 1e-5), (1.0, 0.0), (1.0, 1.0)])
def test_what_is_no_promise(epsilon: float, delta: float) -> None:
    with pytest.raises(ConfigurationError, match="got"):
        Promise(epsilon, delta)
