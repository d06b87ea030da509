"""What a provider's refusal tells that may be kept: its words, and how long it asks to be left alone."""

import re

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.exchange import Reply
from lettermill.http_times import moment_in, seconds_in, wait_in

EPOCH = 1e9
"""A reset above this is a moment, in seconds since 1970; some accounts of Braze tell seconds to wait instead."""
KEY = re.compile(r"(?=[A-Za-z_.~+/-]*[0-9])[A-Za-z0-9_.~+/-]{24,}={0,2}")
"""No long name of an error has a figure, and no key is without one."""


def kept_words(text: str) -> str:
    """`text` short and without addresses, and without what may be a key or a token, whosever it is."""
    return plain_words(KEY.sub("[key]", text))


def retry_after(reply: Reply) -> float | None:
    """The seconds that the header Retry-After asks for; null where it says nothing.

    A date is compared with the answer's own, so that no clock of ours matters.
    """
    return wait_in(reply.headers.get("retry-after"), now=_answered_at(reply))


def look_again_in(reply: Reply | None, *, poll_seconds: float) -> float:
    """Seconds until the next look at what a provider works off: as its answer asks, else as conf says.

    `reply` is null where the look had no answer.
    """
    return (retry_after(reply) if reply is not None else None) or poll_seconds


def seconds_until_reset(reply: Reply) -> float | None:
    """The seconds up to the moment of X-RateLimit-Reset, by the answer's own clock, or that it says outright; null
    where it says nothing."""
    reset, now = seconds_in(reply.headers.get("x-ratelimit-reset")), _answered_at(reply)
    if reset is None or reset <= EPOCH:
        return reset
    return None if now is None else max(0.0, reset - now)


def _answered_at(reply: Reply) -> float | None:
    """When the provider answered, by its own clock, in seconds since 1970; null where it does not say."""
    return moment_in(reply.headers.get("date"))
