"""E-mail engagement of the wheel's 27 campaigns: what households did with their mails, from past behaviour and chance.

Redemptions have no part in it, nor has any purchase at or after the mail.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.catalogue import SHOP
from demo.chance import chance, identifiers
from demo.crm import Crm
from demo.faults import Faults
from demo.feed import DAY_MS, HOUR_MS, SECOND_MS, WEEK_MS, YEAR_END_MS, YEAR_START_MS, Feed, in_order, iso
from demo.people import LOADED_MS

MAILS = {"Type A": 3, "Type B": 2, "Type C": 2}  # per campaign, as long as it lasts
MAIL_GAP_MS = 12 * DAY_MS
DELIVERED, OPENED, CLICKED = "Email Delivered", "Email Opened", "Email Link Clicked"
BOUNCED, SPAM, UNSUBSCRIBED = "Email Bounced", "Email Marked as Spam", "Unsubscribed"
ENDINGS = (BOUNCED, SPAM, UNSUBSCRIBED)  # nothing is mailed to the household after one of these


@dataclass(frozen=True)
class Mailable:
    """Whether a household's mail arrives, and the instant of a withdrawn consent, after which none is sent."""

    has_good_address: bool
    until_ms: int


@dataclass(frozen=True)
class Mail:
    """One e-mail of a campaign to one household."""

    household: int
    campaign: int
    campaign_name: str
    number: int
    at_ms: int

    @property
    def key(self) -> str:
        return f"{self.household}/{self.campaign}/{self.number}"


@dataclass(frozen=True)
class EmailEvent:
    name: str
    mail: Mail
    at_ms: int
    link: str | None = None


@dataclass(frozen=True)
class EmailFeed:
    """`endings` one row per bounce, complaint or unsubscription."""

    feed: Feed
    endings: pd.DataFrame
    counts: dict[str, int]


def mailable(crm: Crm, faults: Faults) -> dict[int, Mailable]:
    """Households that may be mailed, by key: an address, right or wrong, and consent."""
    until = {entry.person: entry.at_ms for entry in crm.changes if entry.changed == "email_consent"}
    return {
        int(entry.person): Mailable(entry.person not in faults.addresses, until.get(entry.person, YEAR_END_MS))
        for entry in crm.first
        if entry.record["email_consent"] == "granted" and entry.record["email"]
    }


def mails(campaigns: pd.DataFrame, mailed: pd.DataFrame, *, seed: int) -> list[Mail]:
    """Every e-mail that the campaigns would send within the year, in order of household and time."""
    planned = campaigns.merge(mailed, on="campaign_id")
    names = ("household_id", "campaign_id", "campaign_type", "start_date", "end_date")
    found = [
        Mail(household, campaign, f"Campaign {campaign} ({kind})", number, at_ms)
        for household, campaign, kind, start, end in zip(*(planned[name].tolist() for name in names), strict=True)
        for number, at_ms in enumerate(_moments(household, campaign, start, count=MAILS[kind], seed=seed), start=1)
        if YEAR_START_MS <= at_ms < min(_midnight(end), YEAR_END_MS - HOUR_MS)
    ]
    return sorted(found, key=lambda mail: (mail.household, mail.at_ms, mail.campaign))


def _moments(household: int, campaign: int, start: pd.Timestamp, *, count: int, seed: int) -> list[int]:
    """Each mail leaves between 14:00 and 15:00 UTC, at the same minute for one household and campaign."""
    minute = int(chance(seed, "mail minute", f"{household}/{campaign}") * HOUR_MS)
    return [_midnight(start) + 14 * HOUR_MS + minute + number * MAIL_GAP_MS for number in range(count)]


def _midnight(day: pd.Timestamp) -> int:
    return int(day.timestamp() * 1_000)


def email_feed(
    planned: Sequence[Mail], purchases: pd.DataFrame, allowed: Mapping[int, Mailable], *, seed: int
) -> EmailFeed:
    """`purchases` are lines with `household_id, at_ms, basket_id, product_id`."""
    past = _past(purchases)
    events, ended = [], set()
    for mail in planned:
        reach = allowed.get(mail.household)
        if reach is None or mail.household in ended or mail.at_ms >= reach.until_ms:
            continue
        answers = list(_answers(mail, reach, *past.get(mail.household, ([], [])), seed=seed))
        events += answers
        ended |= {event.mail.household for event in answers if event.name in ENDINGS}
    return _feed(events, seed=seed)


def _past(purchases: pd.DataFrame) -> dict[int, tuple[list[int], list[int]]]:
    """Each household's instants and products, in order of time."""
    ordered = purchases.sort_values(["household_id", "at_ms", "basket_id", "product_id"])
    households, starts = np.unique(ordered["household_id"].to_numpy(), return_index=True)
    times = np.split(ordered["at_ms"].to_numpy(), starts[1:])
    products = np.split(ordered["product_id"].to_numpy(), starts[1:])
    return {int(key): (at.tolist(), item.tolist()) for key, at, item in zip(households, times, products, strict=True)}


def _answers(
    mail: Mail, reach: Mailable, times: Sequence[int], products: Sequence[int], *, seed: int
) -> Iterator[EmailEvent]:
    """What comes back from one mail. A household that is not yet a customer is not mailed."""
    bought = bisect_left(times, mail.at_ms)
    if not bought and mail.at_ms >= LOADED_MS:
        return
    if not reach.has_good_address or chance(seed, "bounce", mail.key) < 0.002:
        yield EmailEvent(BOUNCED, mail, mail.at_ms + 30 * SECOND_MS)
        return
    arrived = mail.at_ms + int(chance(seed, "arrival", mail.key) * 90 * SECOND_MS)
    yield EmailEvent(DELIVERED, mail, arrived)
    recent = len({at for at in times[:bought] if at >= mail.at_ms - 8 * WEEK_MS})
    warmth = chance(seed, "mail warmth", str(mail.household))
    if chance(seed, "open", mail.key) >= 0.08 + 0.45 * warmth + 0.01 * min(recent, 15):
        return
    opened = arrived + int(60 * SECOND_MS + chance(seed, "open delay", mail.key) ** 4 * 4 * DAY_MS)
    yield EmailEvent(OPENED, mail, opened)
    if chance(seed, "second open", mail.key) < 0.2:
        yield EmailEvent(OPENED, mail, opened + int((1 + chance(seed, "second open delay", mail.key) * 30) * HOUR_MS))
    if chance(seed, "click", mail.key) < 0.04 + 0.16 * warmth + 0.006 * min(recent, 15):
        yield EmailEvent(CLICKED, mail, opened + 25 * SECOND_MS, _link(mail, products[:bought], seed=seed))
    ending = chance(seed, "ending", mail.key)
    if ending < 0.012:
        yield EmailEvent(SPAM if ending < 0.0015 else UNSUBSCRIBED, mail, opened + 70 * SECOND_MS)


def _link(mail: Mail, products: Sequence[int], *, seed: int) -> str:
    """The campaign's page, or a product that the household had bought before."""
    if not products or chance(seed, "link", mail.key) < 0.4:
        return f"{SHOP}/offers/campaign-{mail.campaign}"
    return f"{SHOP}/p/{products[int(chance(seed, 'link product', mail.key) ** 0.5 * len(products))]}"


def _feed(events: Sequence[EmailEvent], *, seed: int) -> EmailFeed:
    kept = [event for event in events if event.at_ms < YEAR_END_MS]
    names = (DELIVERED, OPENED, CLICKED, *ENDINGS)
    keys = [(event.mail.household, event.mail.campaign, event.mail.number, names.index(event.name)) for event in kept]
    at_ms = np.array([event.at_ms for event in kept], dtype=np.int64)
    received = at_ms + 2 * SECOND_MS
    messages = identifiers(seed, "email message", *np.array(keys, dtype=np.int64).reshape(-1, 4).T, at_ms)
    moments = iso(at_ms)
    lines = [_text(*event) for event in zip(kept, messages, moments, iso(received), strict=True)]
    endings = pd.DataFrame(
        [(str(event.mail.household), event.name, at) for event, at in zip(kept, moments, strict=True)],
        columns=["customer_id", "event", "at"],
    )
    endings = endings[endings["event"].isin(ENDINGS)].sort_values(["at", "customer_id"], ignore_index=True)
    counts = {name: sum(event.name == name for event in kept) for name in names}
    return EmailFeed(in_order(received, lines), endings, counts | {"events": len(kept)})


def _text(event: EmailEvent, message: str, at: str, received: str) -> str:
    mail = event.mail
    link = f',"link_url":"{event.link}"' if event.link else ""
    return (
        f'{{"messageId":"{message}","type":"track","event":"{event.name}","userId":"{mail.household}",'
        f'"timestamp":"{at}","sentAt":"{at}","receivedAt":"{received}",'
        f'"context":{{"library":{{"name":"mailer","version":"1.9.0"}}}},'
        f'"properties":{{"campaign_id":"{mail.campaign}","campaign_name":"{mail.campaign_name}",'
        f'"email_id":"{mail.campaign}-{mail.number}"{link}}}}}'
    )
