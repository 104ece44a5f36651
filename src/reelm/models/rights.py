"""Tables of the room `rights`: exports, imports, erasures."""
