"""Search: finding people, clips, sounds and tags by what is typed, and what is in fashion.

Owns the tables search_words and search_terms, which other rooms fill through `reelm.put_words`. Through the
catalogue role, which sees public rows for nobody in particular, it also counts over public clips and their tags.
May import: clips, sounds, social, media, accounts, custody, realm, models, kit.
Must never: answer with anything but what the visitor's own row-level security lets through.
"""
