"""Features: what was known of a person at a moment, from what had occurred and arrived before it."""
