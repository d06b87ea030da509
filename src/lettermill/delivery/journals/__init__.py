"""Where marks are kept: a folder, or a bucket."""
