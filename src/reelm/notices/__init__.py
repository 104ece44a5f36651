"""Notices: what happened that a person wants to hear of, as a list and live.

Owns the table notices, and the open streams of this process.
May import: comments, clips, sounds, social, media, accounts, custody, realm, models, kit.
Must never: tell anybody of something they could not see for themselves, or across a block.
"""
