"""Liquid: its templates as plans, and python-liquid itself as the library that plans are measured against."""
