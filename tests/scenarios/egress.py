"""A whole day of a realm whose core has no route but its border: what leaves is what the border tells of.

`make scenario NAME=egress` plays it; docs/guide/egress.md says how to read it.
"""

import sys

from tests.egress.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
