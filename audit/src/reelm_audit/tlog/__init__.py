"""Transparency logs in the C2SP formats: pure functions over bytes, without input, output or clock.

Owns: Merkle trees, signed notes, checkpoints, tiles, cosignatures, proofs, policies, canonical JSON.
May import: the standard library and `cryptography`.
Must never: read a file, a socket or a clock, or import anything else of the auditor or the server.
"""
