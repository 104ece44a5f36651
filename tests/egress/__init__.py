"""What leaves a realm, seen from outside: namespaces, a capture of the link, and the border's own books beside it.

`python -m tests.egress` plays it; docs/guide/egress.md says how to read what it says. It must never skip.
"""
