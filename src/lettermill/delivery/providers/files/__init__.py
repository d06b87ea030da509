"""Payload files: rows for bulk upload, in a folder, a bucket, or on a server."""
