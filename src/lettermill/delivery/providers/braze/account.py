"""An account of Braze as conf describes it, with the limits that Braze published as defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from lettermill.delivery.provider import Limits, Unpackable
from lettermill.patience import Rate

SHARED = Rate(250_000, 3_600.0)
"""The calls an hour that most endpoints share."""

MAILS = Limits(messages=50, bytes=4_000_000, envelope=512, calls=(SHARED,))
"""/campaigns/trigger/send: recipients of a call, its bytes, and its calls."""

OBJECTS = Limits(messages=75, bytes=4_000_000, envelope=512, calls=(Rate(3_000, 3.0),))
"""/users/track: objects of a call over all its arrays, its bytes, and its calls."""


@dataclass(frozen=True)
class RowLimits:
    """What Braze takes in one row of a table that its Cloud Data Ingestion reads."""

    attributes: int = 250
    bytes: int = 1_000_000


@dataclass(frozen=True)
class Account:
    """`delivery.providers.<name>` of conf.

    `base_url` is the REST host of the instance (a right key on another host is refused as a wrong one), `key` a
    reference secret://scope/key. `campaign_id` names the API-triggered campaign whose template takes the parts of a
    message from its trigger properties. `writes_address` writes a person's address into their profile before the mail
    is sent. `profiles` is the road of attributes: calls of /users/track, or rows of delivery.braze_cdi that Braze's
    Cloud Data Ingestion (cdi) reads by itself, each of what `rows` bounds. `creates_people` makes a profile for whom
    Braze does not know; without it they get no mail, and Braze does not say so. Of rows, Braze's own sync decides that.
    """

    base_url: str
    key: str
    campaign_id: str = ""
    writes_address: bool = True
    profiles: Literal["calls", "cdi"] = "calls"
    creates_people: bool = False
    mails: Limits = MAILS
    objects: Limits = OBJECTS
    rows: RowLimits = field(default_factory=RowLimits)
    properties_bytes: int = 50_000
    """The trigger properties of one recipient."""
    event_bytes: int = 100_000
    event_characters: int = 255
    """Each name and each text among the properties of an event: no part of a mail fits in one."""
    page: int = 500
    """Addresses on a page of bounces or unsubscriptions."""
    list_rates: tuple[Rate, ...] = (SHARED,)
    """Calls for such pages."""
    timeout_seconds: float = 30.0


RESERVED = frozenset({"external_id", "braze_id", "user_alias", "_update_existing_only"})
"""What names a person to Braze, and so can be no attribute."""

RESERVED_OF_EVENTS = frozenset({"time", "event_name"})
"""What can be no property of an event."""


def as_json(content: Mapping[str, Any]) -> bytes:
    """Raises Unpackable for what no JSON can hold, such as half a character."""
    try:
        return orjson.dumps(content)
    except (orjson.JSONEncodeError, TypeError):
        raise Unpackable("a part of it is no valid text") from None
