"""Providers that messages are handed to, one file each."""
