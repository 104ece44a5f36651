"""Tables of the room `feed`: receipts of pages served, their batches, and declared boosts and demotions."""
