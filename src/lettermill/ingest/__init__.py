"""Ingest: sources into raw tables, as they arrive."""
