"""Jinja2: its templates as plans, and Jinja2 itself as the library that plans are measured against."""
