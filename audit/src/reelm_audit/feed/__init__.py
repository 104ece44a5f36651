"""How a page of For You is checked: the receipt's layout, the model's arithmetic, the maps, the promise, the replay.

`spec/receipt/README.md` says all of it for whoever writes another verifier. Needs `tlog` and nothing else of the
auditor's tool. A server may use the formats (`layout`, `ranker`, `choosing`, `maps`, `promises`), never the replay.
"""
