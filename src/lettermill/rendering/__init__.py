"""Rendering: templates into messages, deterministically, with a fault per message instead of a stop."""
