"""Real processes that die, sleep and race on the way of a message, against a provider whose book outlives them."""
