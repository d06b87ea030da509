"""The check of a campaign before any data: everything that is wrong with its declarations and templates, at once."""
