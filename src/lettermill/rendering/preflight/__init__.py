"""Pre-flight: every message of a campaign's slot judged before any of them may leave."""
