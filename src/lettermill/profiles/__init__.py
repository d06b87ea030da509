"""Profiles: who is who, what is known of them, and what they allow."""
