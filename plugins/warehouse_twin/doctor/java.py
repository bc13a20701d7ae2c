"""Is there a Java that Spark can run on?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from warehouse_twin.errors import ConfigurationError

WANTED = (17, 21)
NEXT = "next: sudo apt-get install -y openjdk-17-jre-headless (Debian, Ubuntu)"


def check_java() -> int:
    """The major version of the Java that Spark will use. Raises ConfigurationError, with the command that installs one."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        where = f"JAVA_HOME is {home}, which has no bin/java" if home else "no Java found"
        raise ConfigurationError(f"{where}; wanted Java 17 or 21 for Spark; {NEXT}")
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise ConfigurationError(f"{java} cannot be run ({error.strerror}); wanted Java 17 or 21 for Spark; {NEXT}") from None
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)  # Java 8 calls itself 1.8
    major = int(found.group(1)) if found else 0
    if major not in WANTED:
        raise ConfigurationError(f"{java} is Java {major or 'of an unknown version'}; wanted Java 17 or 21 for Spark; {NEXT}")
    return major
