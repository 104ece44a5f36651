"""`reelm-audit`: the auditor's commands, found in `reelm_audit.commands`."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

from reelm_audit import commands
from reelm_audit.findings import COULD_NOT_CHECK
from reelm_audit.output import CouldNotCheckError, complain


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="reelm-audit",
        description="Check a Reelm realm from outside. "
        "Exit code: 0 nothing is wrong, 1 something is, 2 it could not be checked.",
    )
    added = whole.add_subparsers(required=True, metavar="COMMAND")
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda each: each.name):
        importlib.import_module(f"{commands.__name__}.{module.name}").register(added)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except CouldNotCheckError as error:
        return complain(error)
    except KeyboardInterrupt:
        return COULD_NOT_CHECK


if __name__ == "__main__":
    sys.exit(main())
