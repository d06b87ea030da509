"""Where payload files are put: a folder, a bucket, or a server over SFTP."""
