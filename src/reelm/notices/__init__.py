"""Notices: what happened that a person wants to hear of, as a list and live.

Owns the tables notices, notice_settings, push_subscriptions and pushes, and the open streams of this process.
May import: messages, comments, clips, sounds, social, media, accounts, custody, realm, models, kit.
Must never: tell anybody of something they could not see for themselves, or across a block.
"""
