"""An account of HubSpot as conf describes it, with the limits that are told of the smallest account as defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from lettermill.delivery.groups import check_topics
from lettermill.delivery.provider import Limits, Parcel, Unpackable
from lettermill.patience import Rate

CALLS = (Rate(100, 10.0), Rate(250_000, 86_400.0))
"""A private app of an account without any paid plan: calls in any 10 s, and in a day of the account's time zone."""

MAILS = Limits(messages=1, bytes=1_000_000, envelope=512, calls=CALLS)
"""The single send takes one mail; no bound of its bytes is published, this one is ours."""

CONTACTS = Limits(messages=100, bytes=4_000_000, envelope=512, calls=CALLS)
"""The batch upsert takes 100 contacts; no bound of its bytes is published, this one is ours."""


@dataclass(frozen=True)
class Account:
    """`delivery.providers.<name>` of conf.

    `key` is a reference secret://scope/key to the token of a private app. `email_id` is the content id of the e-mail
    whose template takes the parts of a message as `{{custom.html}}` and the like; `sender` overrides whom it is from.
    `id_property` is the property by which HubSpot knows a contact: email, or one of yours that it holds unique, which
    then has our person_id. `version` is put into the paths, which HubSpot dates; a path may also be written without it.
    `reads_timeline` asks for changes of subscriptions, at most `page` at a time; that needs the scope `content`, which
    not every plan has. `topics` says which topic a subscription type is, by its id.
    """

    key: str
    base_url: str = "https://api.hubapi.com"
    email_id: int = 0
    sender: str = ""
    id_property: str = "email"
    version: str = "2026-03"
    send_path: str = "/marketing/transactional/{version}/single-email/send"
    contacts_path: str = "/crm/objects/{version}/contacts/batch/upsert"
    mails: Limits = MAILS
    contacts: Limits = CONTACTS
    reads_timeline: bool = True
    timeline_path: str = "/email/public/v1/subscriptions/timeline"
    page: int = 100
    list_rates: tuple[Rate, ...] = CALLS
    topics: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        check_topics(self.topics, place="HubSpot")


def packed(message_id: str, to: str, content: Mapping[str, Any], *, limits: Limits) -> Parcel:
    """The content as a parcel. Raises Unpackable for what no JSON can hold, and for more than a call may have."""
    try:
        parcel = Parcel(message_id, to, orjson.dumps(content))
    except (orjson.JSONEncodeError, TypeError):
        raise Unpackable("a part of it is no valid text") from None
    most = limits.bytes - limits.envelope
    if len(parcel.body) > most:
        raise Unpackable(f"it is {len(parcel.body):,} bytes, a call may have {most:,}")
    return parcel
