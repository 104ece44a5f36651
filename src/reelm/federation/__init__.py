"""Federation: what people of different realms do with each other, in the vocabulary of ActivityPub.

Owns foreign_things (which people, clips and comments here belong to other realms), views_abroad, and consents to be
known there.
May import: every room below.
Must never: open a connection; what goes out is asked of the border, in the transaction of the act.
"""
