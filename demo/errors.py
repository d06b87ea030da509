"""The one error of the generator: it names the thing and the mend."""


class DemoError(Exception):
    """The demo data cannot be written as asked."""
