"""Activity: what friends who chose to show it liked, passed on, and whom they followed.

Owns the tables social settings and friend acts, which the database itself fills while somebody chose so.
May import: clips, social, accounts, custody, realm, models, kit.
Must never: show anything from before it was chosen, or a clip to somebody who may not see it.
"""
