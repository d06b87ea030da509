"""The columnar back end: plans over Arrow record batches."""
