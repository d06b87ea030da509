"""Payload files: a folder, a bucket or SFTP; our own layout, or that of a provider who imports them."""
