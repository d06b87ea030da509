"""Webhooks of e-mail service providers, one file each: how calls are signed, and what they report in our words.

A provider is a module here with two functions, `verify` and `reports`; it is known by the module's name.
"""
