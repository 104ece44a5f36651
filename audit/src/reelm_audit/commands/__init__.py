"""The commands of `reelm-audit`: each module here has `register(commands)`, which adds its own.

Owns: arguments, what is printed, exit codes.
May import: everything else of the auditor's tool.
Must never: decide anything; that belongs to what it calls.
"""
