"""What starts: the command, the supervisor, and the keys, worker and web processes it forks.

Owns: the composition of the rooms, process lives, settings handed out, logs, the demo.
May import: every room.
Must never: decide what a room decides, or be imported by one.
"""
