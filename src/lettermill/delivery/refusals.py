"""What a provider's refusal tells that may be kept: its words, and how long it asks to be left alone."""

import re

from lettermill.delivery.bearer import plain_words, seconds_in
from lettermill.delivery.exchange import Reply

KEY = re.compile(r"(?=[A-Za-z_.~+/-]*[0-9])[A-Za-z0-9_.~+/-]{24,}={0,2}")
"""No long name of an error has a figure, and no key is without one."""


def kept_words(text: str) -> str:
    """`text` short and without addresses, and without what may be a key or a token, whosever it is."""
    return plain_words(KEY.sub("[key]", text))


def retry_after(reply: Reply) -> float | None:
    """The seconds of the header Retry-After (RFC 9110, 10.2.3); null where there is none, or a date."""
    return seconds_in(reply.headers.get("retry-after"))
