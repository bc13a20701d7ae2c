"""The ledger: what is spent stays spent, whoever asks, however they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse_twin.errors import ConfigurationError, IntegrityError
from warehouse_twin.privacy.accounting import Cost, Promise
from warehouse_twin.releases.ledger import Account, Ledger, OverdrawnError, measurements_left
from warehouse_twin.releases.registry import Registry
from warehouse_twin.synthesizers.marginal_schemas import allowed

ONE = allowed(Promise(1.0, 1e-6))
BUDGET = (1.5, 1e-5)
DEAR = ONE.rho * 1.9
WHO = {"twin": "shop", "release": 1}
ELSEWHERE = """
import sys
from pathlib import Path
from warehouse_twin.privacy.accounting import Cost
from warehouse_twin.releases.ledger import Account, Ledger, OverdrawnError
from warehouse_twin.releases.registry import Registry
root, name, rho, steps = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4].split(",")
ledger = Ledger(Registry(root / "registry", str(root / "remote"), root / "lock"), Account("prod", "shop", "customers"))
for step in steps:
    if step == "reserve":
        try:
            ledger.reserve(name, Cost(rho, 1e-7), (1.5, 1e-5), twin=name, release=1)
        except OverdrawnError:
            sys.exit(3)
    elif step == "begin":
        ledger.begin(name, twin=name, release=1)
    elif step == "sleep":
        print("ready", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Registry(tmp_path / "registry", str(tmp_path / "remote"), tmp_path / "lock"), Account("prod", "shop", "customers"))


def elsewhere(root: Path, name: str, steps: str, *, rho: float = ONE.rho) -> subprocess.Popen[str]:
    words = [sys.executable, "-W", "error", "-c", ELSEWHERE, str(root), name, str(rho), steps]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, env=dict(os.environ))


def test_a_measurement_is_paid_for_once(ledger: Ledger) -> None:
    assert ledger.reserve("m", ONE, BUDGET, **WHO)  # type: ignore[arg-type]
    assert not ledger.reserve("m", ONE, BUDGET, **WHO)  # type: ignore[arg-type]
    ledger.begin("m", **WHO)  # type: ignore[arg-type]
    ledger.keep("m", "d" * 64, **WHO)  # type: ignore[arg-type]
    assert not ledger.reserve("m", ONE, BUDGET, twin="shop", release=9)
    assert [entry.state for entry in ledger.entries()] == ["reserved", "begun", "kept"]
    assert ledger.spent() == ONE


def test_what_would_overdraw_is_refused_and_leaves_no_line(ledger: Ledger) -> None:
    ledger.reserve("m", ONE, BUDGET, **WHO)  # type: ignore[arg-type]
    before = ledger.file.read_text()
    told = r"shop@2: nothing was read\. .* of prod\.shop, a row of customers, 0\.\d+ are spent, and 1\.[5-9]"
    with pytest.raises(OverdrawnError, match=told):
        ledger.reserve("other", Cost(DEAR, 1e-7), BUDGET, twin="shop", release=2)
    assert ledger.file.read_text() == before
    assert measurements_left(ledger.spent(), ONE, BUDGET) == 1  # two at epsilon 1 are less than 2 together
    assert measurements_left(ledger.spent(), Cost(DEAR, 1e-7), BUDGET) == 0


def test_what_was_begun_is_spent_though_nothing_was_kept(ledger: Ledger) -> None:
    ledger.reserve("m", ONE, BUDGET, **WHO)  # type: ignore[arg-type]
    ledger.begin("m", **WHO)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="no budget is reserved"):
        ledger.begin("m", **WHO)  # type: ignore[arg-type]
    assert ledger.reserve("m", ONE, (3.0, 1e-5), **WHO)  # type: ignore[arg-type]
    assert ledger.spent().rho == pytest.approx(2 * ONE.rho)


def test_a_measurement_that_is_gone_is_paid_for_again(ledger: Ledger) -> None:
    ledger.reserve("m", ONE, BUDGET, **WHO)  # type: ignore[arg-type]
    ledger.begin("m", **WHO)  # type: ignore[arg-type]
    ledger.keep("m", "d" * 64, **WHO)  # type: ignore[arg-type]
    assert ledger.reserve("m", ONE, (3.0, 1e-5), again=True, **WHO)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", ["cost", "drop", "swap", "last"])
def test_an_altered_ledger_is_refused(ledger: Ledger, change: str) -> None:
    ledger.reserve("m", ONE, BUDGET, **WHO)  # type: ignore[arg-type]
    ledger.begin("m", **WHO)  # type: ignore[arg-type]
    lines = ledger.file.read_text().splitlines()
    if change == "cost":
        lines[0] = json.dumps({**json.loads(lines[0]), "rho": 0.0}, sort_keys=True)
    lines = {"drop": lines[1:], "swap": lines[::-1], "last": lines[:1]}.get(change, lines)
    ledger.file.write_text("\n".join(lines) + "\n")
    with pytest.raises(IntegrityError, match=r"budget/\w+\.jsonl"):
        ledger.spent()
    with pytest.raises(IntegrityError):
        ledger.reserve("n", Cost(), BUDGET, **WHO)  # type: ignore[arg-type]


def test_a_line_that_does_not_follow_is_named_where_git_knows_nothing(ledger: Ledger) -> None:
    ledger.reserve("m", ONE, BUDGET, **WHO)  # type: ignore[arg-type]
    ledger.file.write_text(ledger.file.read_text() + '{"state": "kept", "before": "00"}\n')
    with pytest.raises(IntegrityError, match=r":2: does not follow from the line before"):
        ledger.entries()


def test_of_two_at_once_only_one_can_spend_the_last_of_it(ledger: Ledger, tmp_path: Path) -> None:
    rho = DEAR
    started = [elsewhere(tmp_path, name, "reserve", rho=rho) for name in ("a", "b", "c")]
    assert sorted(process.wait(60) for process in started) == [0, 3, 3]
    for process in started:
        process.communicate()
    assert ledger.spent().rho == pytest.approx(rho)


@pytest.mark.parametrize(("steps", "paid_again"), [("reserve,sleep", False), ("reserve,begin,sleep", True)])
def test_a_kill_gives_nothing_back(ledger: Ledger, tmp_path: Path, steps: str, *, paid_again: bool) -> None:
    process = elsewhere(tmp_path, "m", steps)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert ledger.spent() == Cost(ONE.rho, 1e-7)
    deadline = time.monotonic() + 60
    assert ledger.reserve("m", ONE, (3.0, 1e-5), **WHO) is paid_again  # type: ignore[arg-type]
    assert time.monotonic() < deadline


def test_accounts_are_apart(ledger: Ledger) -> None:
    ledger.reserve("m", ONE, BUDGET, **WHO)  # type: ignore[arg-type]
    other = Ledger(ledger.registry, Account("prod", "shop", None))
    assert (other.spent(), other.account.label) == (Cost(), "prod.shop, a row")
