"""Clips: what people publish, who sees it, what others do with it.

Owns the tables clips, clip_keys, clip_counters, clip_tags, likes and reposts, and the jobs that bring a clip
from an upload to its audience.
May import: sounds, social, media, accounts, custody, realm, models, kit.
Must never: show a clip before its bytes are where its audience may have them, or leave public bytes of a clip
that is public no more.
"""
