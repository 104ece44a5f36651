"""`reelm-audit`: the auditor's commands."""

import argparse
import sys
from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    return argparse.ArgumentParser(prog="reelm-audit", description="Check a Reelm realm from outside.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    chosen = parser().parse_args(arguments)
    if not hasattr(chosen, "run"):
        parser().print_help()
        return 2
    return int(chosen.run(chosen))


if __name__ == "__main__":
    sys.exit(main())
