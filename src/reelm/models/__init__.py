"""Models: every table of the realm, one file per room, every column with its data class.

Owns the shape of the data, who may see which row (audiences, kept as data) and which role may touch what.
May import: kit. SQLAlchemy is imported here and in migrations only; serving processes use plain SQL.
Must never: decide, query, or hold a column without a data class.
"""
