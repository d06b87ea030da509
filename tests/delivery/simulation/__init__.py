"""Senders, an outbox, a journal and a provider in one process, on a clock and a chance of a seed."""
