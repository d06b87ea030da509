"""Delivery: the outbox, the ledger, and the providers that messages are handed to."""
