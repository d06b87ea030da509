"""What a reader may choose about the mail they get, and the events that a choice becomes.

The events name the message whose link was followed (`email_id`), never an address; profiles.consents knows whose.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from lettermill.gateway_settings import GatewayPreferences
from lettermill.services.gateway.made_events import made_event
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.sink import Line

EVERY_TOPIC = "all"
YES, NO = "yes", "no"


@dataclass(frozen=True)
class Choice:
    """One choice: mail about a topic (or all of it), or being profiled, allowed or not."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")
    state: Literal["granted", "denied", "suppressed"]
    topic: str = EVERY_TOPIC
    purpose: Literal["mail", "profiling"] = "mail"
    channel: Literal["email"] = "email"


NO_MORE_MAIL = Choice("suppressed")
_CHOICES = TypeAdapter(list[Choice])


def choices_of_form(form: Mapping[str, str], *, topics: Mapping[str, str]) -> list[Choice]:
    """What a submitted form says: fields `all`, `profiling` and `topic.<name>`, each yes, no or left as it is."""
    return list(_said(form, topics))


def choices_of_json(document: Any, *, topics: Mapping[str, str]) -> list[Choice]:
    """`{"choices": [{"topic", "purpose", "state"}, ...]}`. Raises Refusal (400) for what may not be chosen."""
    try:
        found = _CHOICES.validate_python(document["choices"] if isinstance(document, dict) else None)
    except (ValidationError, KeyError):
        raise Refusal(400, "no_choice", "`choices` is missing, or holds something that may not be chosen") from None
    if any(choice.topic not in (EVERY_TOPIC, *topics) for choice in found):
        raise Refusal(400, "no_topic", f"topics here: {', '.join((EVERY_TOPIC, *topics))}")
    return found


def events_of(
    choices: Sequence[Choice], *, message_id: str, received_at: datetime, preferences: GatewayPreferences, via: str
) -> list[Line]:
    """An event for each choice: `Unsubscribed` for no more mail, `Preferences Changed` for the rest."""
    return [
        made_event(
            "Unsubscribed" if choice.state == "suppressed" else "Preferences Changed",
            source=preferences.source,
            properties={"email_id": message_id, "via": via, **asdict(choice)},
            received_at=received_at,
        )
        for choice in choices
    ]


def _said(form: Mapping[str, str], topics: Mapping[str, str]) -> Iterator[Choice]:
    if form.get("all") == YES:
        yield Choice("granted")
    if form.get("all") == NO:
        yield NO_MORE_MAIL
    if form.get("profiling") in (YES, NO):
        yield Choice("granted" if form["profiling"] == YES else "denied", purpose="profiling")
    for topic in topics:
        if form.get(f"topic.{topic}") in (YES, NO):
            yield Choice("granted" if form[f"topic.{topic}"] == YES else "denied", topic=topic)
