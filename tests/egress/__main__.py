# ruff: noqa: T201 — it says what it found
"""`python -m tests.egress`: does anything leave a realm but what its border tells of?

    --short        only the border's way out and its listener, in seconds
    --json FILE    write what was found for programs
    --keep FOLDER  keep the capture (link.pcap, for any program that reads such files) and the logs

Needs Linux, `ip` and `unshare`, and to be root or to be let make namespaces. Ends with 0 if nothing leaves, with 1 if
something does, with 2 if it couldn't be tested: that is never a success.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.egress.links import FailedError
from tests.egress.spaces import ForbiddenHereError, again_in_a_namespace, wired

_INSIDE = "--inside"
_NOBODY = 65534


def main() -> int:
    """Play it; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.egress", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument(_INSIDE, type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    try:
        if asked.inside is None:
            return again_in_a_namespace(
                "tests.egress", [*sys.argv[1:], _INSIDE, str(os.geteuid() or _NOBODY)]
            )
        return _play(asked)
    except ForbiddenHereError as error:
        print(
            f"✗ This machine lets nobody make network namespaces, so nothing was tested: {error}",
            file=sys.stderr,
        )
        return 2
    except FailedError as error:
        print(f"✗ It could not be tested: {error}.", file=sys.stderr)
        return 2


def _play(asked: argparse.Namespace) -> int:
    from tests.egress.report import Report

    folder = Path(tempfile.mkdtemp(prefix="reelm-egress-"))
    folder.chmod(0o755)
    report = Report()
    try:
        with wired() as spaces:
            if asked.short:
                from tests.egress.short import play

                play(spaces, folder, report)
            else:
                from tests.egress.day import play as play_the_day

                play_the_day(spaces, folder, report, asked.inside)
        report.judge()
    finally:
        if asked.keep:
            shutil.copytree(
                folder, asked.keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("postgres", "run")
            )
        shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        asked.json.write_text(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    print(f"\n{report.text()}")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
