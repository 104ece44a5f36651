"""The demo: a realm that is alive and funny within minutes of its first start.

Owns: twelve invented people, their synthesised tracks, drawn clips, captions and talk; `fill` publishes them.
May import: nothing of the realm; it speaks the public HTTP API like any other client.
Must never: read the database, ship a binary, or use a text, face or melody of somebody else's.
"""
