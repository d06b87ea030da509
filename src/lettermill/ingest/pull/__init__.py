"""Pulled REST sources: declared in conf, read page by page, each page's rows with the cursor they lead to."""
