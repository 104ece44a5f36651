"""Grants: who among the staff may open what, decided by two, logged before it is done, seen by the person."""
