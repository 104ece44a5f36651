"""Tables of the room `ledger`: the outbox, the head, what witnesses said."""
