"""Tables of the room `feed`: releases of the ranker and what they were weighed by."""
