"""Tables of the room `feed`: what a person tells their feed."""
