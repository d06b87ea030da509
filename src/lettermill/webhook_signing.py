"""Signing what is sent to a webhook, by Standard Webhooks, https://www.standardwebhooks.com.

HMAC-SHA256 over id, timestamp and body: a receiver knows who sent it, that it is whole, and that it is new.
"""

import base64
import binascii
import hmac
from hashlib import sha256

from lettermill.errors import ConfigError

PREFIX = "whsec_"


def signing_key(secret: str, *, place: str) -> bytes:
    """The bytes of a secret `whsec_<base64>`. Raises ConfigError, which names `place` and not the secret."""
    text = secret.strip().removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        mend = f"write {PREFIX} and 24 to 64 random bytes in base64, as the receiver has it"
        raise ConfigError("the secret of a webhook is no base64", place=place, mend=mend)
    return key


def signed_headers(body: bytes, *, key: bytes, call_id: str, at: float) -> dict[str, str]:
    """The headers of a signed call; `at` is now, in seconds since 1970: receivers refuse what is minutes old."""
    told = str(int(at))
    signature = hmac.new(key, f"{call_id}.{told}.".encode() + body, sha256).digest()
    return {
        "webhook-id": call_id,
        "webhook-timestamp": told,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
