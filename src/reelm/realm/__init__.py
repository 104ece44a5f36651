"""Realm: what this realm says of itself: edition, operator, owners, storage sites, rules.

Owns the realm document (`realm.json` in the data folder, written with defaults at the first start).
May import: models, kit.
Must never: hold a person's data, or name a jurisdiction, brand or person in code: those are data.
"""
