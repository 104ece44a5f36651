"""Collections: clips that a person put together, for themselves or to be shared.

Owns the tables collections and collected clips.
May import: clips, social, media, accounts, custody, realm, models, kit.
Must never: show a clip to somebody who may not see it, or say that there is one.
"""
