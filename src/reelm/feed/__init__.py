"""Feed: which clips come next: For You, Following, Friends, Local; and what people did with them.

Owns the tables watch_events, feed_*, receipts, receipt_*, promise_keys, adjustments, adjustment_maps, clip_reach,
ranking_*, the live catalog (an index of public clips), the pipeline's stages and what is learned.
May import: clips, social, accounts, custody, realm, kit, through their services.
Must never: serve a clip that row-level security does not show the viewer, or rank by anything that is not in
the published score (docs/guide/feed.md).
"""
