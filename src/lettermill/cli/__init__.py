"""The `lettermill` command."""
