"""Comments: what people say under a clip, in threads of two levels.

Owns the tables comments and comment_likes.
May import: clips, sounds, social, media, accounts, custody, realm, models, kit.
Must never: decide who sees a clip; whoever sees the clip sees what is said under it.
"""
