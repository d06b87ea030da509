"""Mappings: a payload's own words into canonical ones, as data that is compiled to Spark expressions."""
