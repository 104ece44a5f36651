"""Tables of the room `custody`: staff, grants and what was opened under them."""
