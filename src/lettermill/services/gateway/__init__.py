"""The gateway: events in by HTTP, answered when they are durable."""
