"""Tables of the room `realm`: what was deployed, and the data map of each release."""
