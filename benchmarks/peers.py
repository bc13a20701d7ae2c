"""Peers that are run beside our engines when asked: `PEERS=ctgan,tvae,mostlyai make bench CASE=adult`.

SDV's neural models are capped, and their cap is in their name. Any other engine may live in an environment of its own: for a name
`x` that is not known here, the variable PEER_X holds a command, run as `<command> TRAINING SYNTHETIC ROWS SEED` with two Parquet files,
the second to be written; it prints {"fit_cpu_s": …, "sample_cpu_s": …}, imports excluded, as JSON on its last line.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.protocol import Synthesizer
from warehouse_twin.synthesizers.registry import find_synthesizer

EPOCHS = {"ctgan": 10, "tvae": 30}
WARM = 2_000


@dataclass(frozen=True)
class Drawn:
    """As many synthetic rows as there were to learn from, and what they cost in CPU seconds."""

    rows: pa.Table
    fit_cpu_s: float
    sample_cpu_s: float


class Engine(Protocol):
    """Whatever draws a table by itself; `name` says its cap too."""

    @property
    def name(self) -> str: ...

    def warm(self, training: pa.Table, profile: TableProfile) -> None:
        """Pay for what is not timed."""

    def draw(self, training: pa.Table, profile: TableProfile, *, seed: int) -> Drawn:
        """Fit and sample, both timed, imports excluded."""


@dataclass(frozen=True)
class InProcess:
    """A synthesizer of ours or SDV's, with its parameters."""

    name: str
    synthesizer: Synthesizer
    parameters: Mapping[str, Any]

    def warm(self, training: pa.Table, profile: TableProfile) -> None:
        """Pay for imports, with a few rows."""
        self.synthesizer.fit(training.slice(0, WARM), profile, given=(), parameters=self.parameters, seed=0).sample(10, seed=0)

    def draw(self, training: pa.Table, profile: TableProfile, *, seed: int) -> Drawn:
        started = time.process_time()
        model = self.synthesizer.fit(training, profile, given=(), parameters=self.parameters, seed=seed)
        fitted = time.process_time()
        rows = model.sample(training.num_rows, seed=seed)
        return Drawn(rows, fitted - started, time.process_time() - fitted)


@dataclass(frozen=True)
class Elsewhere:
    """An engine behind a command, see above."""

    name: str
    command: Sequence[str]

    def warm(self, training: pa.Table, profile: TableProfile) -> None:
        """Nothing: the command leaves imports out by itself."""

    def draw(self, training: pa.Table, profile: TableProfile, *, seed: int) -> Drawn:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "training.parquet", Path(folder) / "synthetic.parquet"
            pq.write_table(training, source)
            command = [*self.command, str(source), str(target), str(training.num_rows), str(seed)]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            costs = json.loads(said.strip().splitlines()[-1])
            rows = pq.read_table(target).select(training.column_names).cast(training.schema.remove_metadata(), safe=False)
        return Drawn(rows, costs["fit_cpu_s"], costs["sample_cpu_s"])


def asked() -> tuple[str, ...]:
    """The peers that PEERS names."""
    return tuple(filter(None, os.environ.get("PEERS", "").split(",")))


def find_engine(name: str) -> Engine:
    """A peer by name, or one of the package's synthesizers. Raises ConfigurationError when there is none."""
    if name in EPOCHS:
        return InProcess(f"{name} ({EPOCHS[name]} epochs)", find_synthesizer(name), {"epochs": EPOCHS[name]})
    variable = f"PEER_{name.upper()}"
    if variable in os.environ:
        return Elsewhere(name, shlex.split(os.environ[variable]))
    try:
        return InProcess(name, find_synthesizer(name), {})
    except ConfigurationError as error:
        known = ", ".join(EPOCHS)
        raise ConfigurationError(f"no peer {name!r} ({error}); wanted {known}; next: set {variable} to a command that draws") from None
