"""Kit: what every room stands on: clock, ids, errors, events, database session, jobs, blobs, HTTP helpers.

Owns no data and no decision of the product.
May import: settings only.
Must never: know a room, hold SQL about a room's tables, or read an environment variable.
"""
