"""Payload files: rows for bulk upload, in a folder, a bucket, or on a server."""

from lettermill.delivery.providers.files.whole_slot import Files as Files
from lettermill.delivery.providers.files.whole_slot import file_number as file_number
