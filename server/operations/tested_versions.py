"""The versions of all libraries with which the tests have passed: write them, and ask whether faults of them are known.

The file is one of pip's constraints; ``make lock`` writes it and ``make lint`` has it audited. Standard library alone::

    pip install -c server/operations/tested-versions.txt .
    python server/operations/tested_versions.py write | audit
"""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

__all__ = ["VERSIONS", "main"]

#: The file of versions.
VERSIONS = Path(__file__).with_name("tested-versions.txt")
_REACHABLE_SECONDS = 5
_ADDRESS = "https://pypi.org/simple/pip/"
_HEAD = "# Versions with which the tests have passed (make lock); for pip install -c.\n"


def main(words: Sequence[str]) -> int:
    """Write or audit the versions; return the exit status."""
    if list(words) == ["write"]:
        return _write()
    if list(words) == ["audit"]:
        return _audit()
    sys.stderr.write("Say what to do: write or audit.\n")
    return 2


def _write() -> int:
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    frozen = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in frozen.splitlines() if "==" in line and not line.startswith(("#", "-"))]
    VERSIONS.write_text(_HEAD + "".join(f"{line}\n" for line in sorted(lines, key=str.lower)), encoding="utf-8")
    return 0


def _audit() -> int:
    if not _is_reachable():
        sys.stdout.write(f"SKIPPED: {_ADDRESS} cannot be reached, so nobody was asked for known faults of libraries.\n")
        return 0
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    return subprocess.run([*command, "-r", str(VERSIONS)], check=False).returncode


def _is_reachable() -> bool:
    try:
        with urllib.request.urlopen(_ADDRESS, timeout=_REACHABLE_SECONDS) as answer:  # nosec B310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
