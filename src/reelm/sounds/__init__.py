"""Sounds: the audio of clips, reused by others.

Owns the table sounds: who made a sound, which clip it came from, how often it is used, who may reuse it.
May import: social, media, accounts, custody, realm, models, kit.
Must never: hand a sound to a clip whose author may not use it, or show one whose first clip is hidden.
"""
