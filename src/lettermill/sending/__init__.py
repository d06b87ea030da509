"""Sending: what of the tables, the settings, the journal and a provider a hand-over needs together."""
