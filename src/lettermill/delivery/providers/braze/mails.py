"""Mails over an API-triggered campaign of Braze: each recipient with the parts of their own message.

The campaign's template has `{{api_trigger_properties.${html}}}` for its body, and the like. A call has one dispatch_id
for all its recipients. Braze keeps no key of a call, so one that was cut off may have been sent.
Source: Braze's page on /campaigns/trigger/send.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from lettermill.delivery.bearer import BearerConnection, as_text, bearer_exchange, unknown_after_cut
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import Reply
from lettermill.delivery.provider import Answer, Limits, Message, Parcel, Unpackable
from lettermill.delivery.providers.braze.account import Account, as_json
from lettermill.delivery.providers.braze.answers import accepted, places, queued, refused, taken_apart
from lettermill.errors import ConfigError

PATH = "/campaigns/trigger/send"
PROPERTIES = ("message_id", "subject", "preheader", "html", "text", "unsubscribe_url")


@dataclass(frozen=True)
class BrazeMails:
    """Braze as a provider of mails; see Account."""

    account: Account
    name: str
    credential: Credential

    @property
    def limits(self) -> Limits:
        return self.account.mails

    def pack(self, message: Message, *, at: datetime) -> Parcel:  # noqa: ARG002 (Braze dates its mails itself)
        """One recipient. Raises Unpackable where its parts are more than Braze takes of one."""
        properties = as_json({name: getattr(message, name) for name in PROPERTIES})
        if len(properties) > self.account.properties_bytes:
            raise Unpackable(
                f"its parts are {len(properties):,} bytes, Braze takes {self.account.properties_bytes:,} of a recipient"
            )
        recipient = {
            "external_user_id": message.person_id,
            "send_to_existing_only": not self.account.creates_people,
            "trigger_properties": orjson.Fragment(properties),
        }
        if self.account.writes_address:
            recipient["attributes"] = {"email": message.address}
        return Parcel(message.message_id, message.address, as_json(recipient))

    def connect(self) -> BearerConnection:
        return BearerConnection(
            self.name,
            bearer_exchange(self.account.base_url, self.credential, timeout=self.account.timeout_seconds),
            PATH,
            self._request,
            self._read,
            unknown_after_cut,
        )

    def _request(self, parcels: Sequence[Parcel]) -> bytes:
        # Said outright: a call without recipients would otherwise go to everybody whom the campaign may reach.
        head = orjson.dumps({"campaign_id": self.account.campaign_id, "broadcast": False})
        return head[:-1] + b',"recipients":[' + b",".join(one.body for one in parcels) + b"]}"

    def _read(self, reply: Reply, parcels: Sequence[Parcel]) -> Answer:
        document = reply.json()
        hidden = [self.credential.text, *(one.to for one in parcels)]
        said, at = taken_apart(document, hidden=hidden), places(["recipients"] * len(parcels))
        if not 200 <= reply.status < 300:
            return refused(reply, parcels, said=said, at=at)
        if said.message == "queued":
            return queued(parcels)
        dispatch = as_text(document.get("dispatch_id")) if isinstance(document, dict) else None
        doubts = [] if dispatch else ["it names no dispatch"]
        return accepted(parcels, said=said, at=at, reference=dispatch, doubts=doubts)


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> BrazeMails:
    """Raises ConfigError where no campaign is named."""
    if not account.campaign_id:
        raise ConfigError(
            f"{name} has no campaign_id",
            place=f"delivery.providers.{name}",
            mend="make an API-triggered campaign in Braze and write its campaign_id",
        )
    return BrazeMails(account, name, secret(account.key))
