"""The one place where Spark sessions are made."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Result = TypeVar("Result")
_PACKAGES = Path(__file__).resolve().parents[1]
_LOOPBACK = ("127.0.0.1", "localhost")
_LOGGING = Path(__file__).resolve().parent / "spark_logging.properties"


@contextmanager
def spark_session(settings: Settings, *, name: str) -> Iterator[SparkSession]:
    """A session for one stage: UTC, quiet, temporary files in the secure zone; stopped at the end of the block."""
    from pyspark.sql import SparkSession

    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # it logs every failure that it also raises, Java's words with it
    scratch = settings.workspace.scratch
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ["PYSPARK_PYTHON"] = sys.executable  # else workers take whichever python comes first on the path
    paths = [str(_PACKAGES), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))  # workers import this package, installed or not
    options = {
        "spark.driver.memory": settings.spark_memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "spark-warehouse"),
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={scratch} -Dderby.system.home={scratch} "
        f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dlog4j2.configurationFile={_LOGGING}",
        "spark.log.level": "ERROR",
        "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"],  # a cluster's workers see the checkout at the same path
    }
    if settings.spark_master.startswith("local") or urlsplit(settings.spark_master).hostname in _LOOPBACK:
        options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}  # nobody else need reach it
    builder = SparkSession.builder.master(settings.spark_master).appName(f"warehouse-twin {name}")
    for key, value in options.items():
        builder = builder.config(key, value)
    try:
        with _quiet_start(scratch / "spark.log"), _interrupts_kept():
            session = builder.getOrCreate()
    except Exception as error:
        if type(error).__name__ in ("PySparkRuntimeError", "FileNotFoundError"):
            raise ConfigurationError(
                "Spark did not start: wanted Java 17 or 21 on the path or in JAVA_HOME; "
                f"next: apt-get install openjdk-17-jre-headless (Debian), or read what Java said in {scratch / 'spark.log'}"
            ) from error
        raise
    try:
        yield session
    finally:
        session.stop()


def mapped(spark: SparkSession, work: Callable[[int], Result], count: int) -> list[Result]:
    """What `work` makes of 0 to `count` - 1, in order, one Spark task each; its data it reads and writes itself.

    No data frame: Spark's SQL engine and Arrow in every worker take seconds to start, and would only carry these numbers.
    """
    return list(spark.sparkContext.parallelize(range(count), count).map(work).collect()) if count else []


@contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Keep our own answer to Ctrl-C: Spark puts one in its place that asks the JVM first, and fails loudly when that is busy."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


@contextmanager
def _quiet_start(log: Path) -> Iterator[None]:
    """Send what the JVM writes to a file of the secure zone: it inherits its streams when it starts, here.

    What it says may quote data, and Airflow shows all of standard error as errors.
    """
    sys.stderr.flush()
    before = os.dup(2)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.dup2(target, 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(target)
