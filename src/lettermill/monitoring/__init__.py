"""Monitoring: what ran and how it went, as figures and as a page."""
