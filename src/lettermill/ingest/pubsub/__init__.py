"""Google Pub/Sub by its REST interface: pulled, stored, and only then acknowledged."""
