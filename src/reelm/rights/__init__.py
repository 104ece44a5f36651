"""Rights: see, take, bring and erase everything about oneself.

Owns exports, imports (with import items) and erasures: their rows, their jobs and the archive's format.
May import: every room below through its `service`.
Must never: act for anybody but the person who asks, or keep a copy of what was erased.
"""
