"""The diff of two versions over a whole audience: which messages change, in which block, and why."""
