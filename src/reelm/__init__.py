"""Reelm: a realm of a short-video network, its rooms on floors (see ARCHITECTURE.md).

Imports go down the floors, never up, and sideways only through a room's `service`.
"""

__version__ = "0.1.0"
