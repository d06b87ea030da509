"""Quality: rules as data; what is well formed goes on, the rest is set aside with every reason."""
