"""What a mail shows that no person decides: for previews and test mails of people who do not exist."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from lettermill.campaigns.contexts import message_links
from lettermill.campaigns.definition import Campaign


def seed_message_id(campaign: str, *, occurrence: str, seed: str) -> str:
    """The id of a test message: never that of a message to a person, and the same whenever it is made again."""
    return sha256("\0".join(("test", campaign, occurrence, seed)).encode()).hexdigest()


def general_inputs(campaign: Campaign, *, shop: Mapping[str, str], message_id: str, token: str) -> dict[str, Any]:
    """The inputs whose `value` is one of the columns that every person of a campaign has alike, or the default of."""
    columns: dict[str, Any] = {
        "shop": dict(shop),
        "links": message_links(message_id, token=token, shop_url=shop["url"]),
        "message_locale": campaign.default_locale,
        "message_timezone": campaign.default_timezone,
    }
    return {name: columns[one.value] for name, one in campaign.inputs.items() if one.value in columns}


def with_other_links(value: Any, *, instead: Mapping[str, str]) -> Any:
    """Inputs whose texts hold, for every key of `instead`, its value: one message's token becomes another's."""
    if isinstance(value, str):
        for text, other in instead.items():
            value = value.replace(text, other)
        return value
    if isinstance(value, dict):
        return {name: with_other_links(one, instead=instead) for name, one in value.items()}
    return [with_other_links(one, instead=instead) for one in value] if isinstance(value, list) else value
