"""`python -m reelm`: the same as the command `reelm`."""

from reelm.entrypoints.cli import main

main()
