"""Ways into providers whose fakes count what they allow: the rates made small, in the fake and in the account alike."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Callee, Limits, Parcel, Signal
from lettermill.delivery.providers.braze.profiles import BrazeProfiles
from lettermill.delivery.providers.hubspot.profiles import HubSpotProfiles
from lettermill.delivery.providers.ses.account import LIMITS as OF_SES
from lettermill.delivery.providers.ses.mails import mail_provider as ses_provider
from lettermill.delivery.providers.sfmc.profiles import Profiles as SfmcProfiles
from lettermill.patience import Rate
from tests.delivery import ses_accounts
from tests.delivery.contract import AT, braze, hubspot, klaviyo, messages, packed, sfmc
from tests.delivery.fakes import HttpFake
from tests.delivery.fakes.braze import BrazeFake
from tests.delivery.fakes.counting import OfTheClock, Refilling, Rolling
from tests.delivery.fakes.hubspot import HubSpotFake
from tests.delivery.fakes.klaviyo import Klaviyo
from tests.delivery.fakes.ses import Ses
from tests.delivery.fakes.sfmc import Sfmc

A_CALL = 2
"""Messages of a call, where a call takes several: few, so that windows fill soon."""
HOUR, TRACKED, MINUTE, TEN_SECONDS = Rate(10, 3_600.0), Rate(10, 3.0), Rate(10, 60.0), Rate(10, 10.0)
BURST, SECOND, DAY = Rate(4, 1.0), Rate(10, 1.0), Rate(5, 86_400.0)


@dataclass(frozen=True)
class Way:
    """A fake, and an account there whose limits are what the fake counts.

    `burst` calls are taken at one moment, and as many as `rate` has in the long run. `refusal` is the answer to one
    more: status, headers, and the document.
    """

    fake: HttpFake
    callee: Callee
    parcels: Callable[[int], list[Parcel]]
    rate: Rate
    burst: int
    refusal: tuple[int, dict[str, str], Any]
    above: Signal = Signal.THROTTLED
    """What a refusal means for the account."""


def secret_of(key: str) -> Callable[[str], Credential]:
    return lambda reference: Credential(reference, key.encode())


def _of_mails(provider: Any, count: int) -> list[Parcel]:
    return packed(provider, messages(count))


def _of_profiles(provider: Any, count: int) -> list[Parcel]:
    people = [Profile(f"person-{n}", f"reader-{n}@mail.example", {"tier": "gold"}) for n in range(count)]
    return [provider.pack(one, at=AT) for one in people]


def small(limits: Limits, *rates: Rate) -> Limits:
    return replace(limits, messages=min(A_CALL, limits.messages), calls=rates)


@contextmanager
def braze_mails() -> Iterator[Way]:
    fake = BrazeFake(shared=OfTheClock(HOUR))
    with fake.serving() as url:
        made = braze.made(url=url, timeout=60.0)
        made = replace(made, account=replace(made.account, mails=small(made.limits, HOUR)))
        told = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(fake.shared.ends(fake.clock.time())))}
        yield Way(fake, made, partial(_of_mails, made), HOUR, HOUR.calls, (429, told, {"message": "Rate limited"}))


@contextmanager
def braze_profiles() -> Iterator[Way]:
    fake = BrazeFake(tracked_calls=OfTheClock(TRACKED), tells_seconds=True)
    with fake.serving() as url:
        mails = braze.made(url=url, timeout=60.0)
        account = replace(mails.account, objects=small(mails.account.objects, TRACKED))
        made = BrazeProfiles(account, "braze", mails.credential)
        told = {"X-Ratelimit-Retry-After": "1"}  # seconds of three-second windows: see TestClock
        refusal = 429, told, {"message": "Rate limited"}
        yield Way(fake, made, partial(_of_profiles, made), TRACKED, TRACKED.calls, refusal)


TOO_MANY_FOR_SFMC = (
    429,
    {"Retry-After": "5"},
    {"message": "Rate limit exceeded", "errorcode": 50100, "documentation": ""},
)


@contextmanager
def sfmc_mails() -> Iterator[Way]:
    fake = Sfmc(synchronous=Rolling(MINUTE))
    with fake.serving() as url:
        made = sfmc.made(fake, url=url, timeout=60.0)
        made = replace(made, account=replace(made.account, limits=small(made.limits, MINUTE)))
        yield Way(fake, made, partial(_of_mails, made), MINUTE, MINUTE.calls, TOO_MANY_FOR_SFMC)


@contextmanager
def sfmc_rows_of_a_day() -> Iterator[Way]:
    """A call writes a row and looks three times whether it is written."""
    fake = Sfmc(asynchronous=Rolling(Rate(4, 86_400.0)))
    with fake.serving() as url:
        mails = sfmc.made(fake, url=url, timeout=60.0)
        account = replace(mails.account, data_extension_key="People/1", row_limits=small(mails.account.row_limits))
        made = SfmcProfiles("sfmc", account, mails.secret, fake.clock)
        yield Way(fake, made, partial(_of_profiles, made), Rate(4, 86_400.0), 1, TOO_MANY_FOR_SFMC)


@contextmanager
def ses_raw() -> Iterator[Way]:
    words = {"message": "Maximum sending rate exceeded."}
    refusal = 429, {"x-amzn-ErrorType": "TooManyRequestsException"}, words
    with _ses("raw", Refilling(SECOND), Rolling(Rate(1_000, 86_400.0))) as (fake, made):
        yield Way(fake, made, partial(_of_mails, made), SECOND, SECOND.calls, refusal)


@contextmanager
def ses_bulk() -> Iterator[Way]:
    of_entry = [{"Status": "ACCOUNT_THROTTLED", "Error": f"Not for reader-{n}@mail.example"} for n in range(10, 20)]
    refusal: tuple[int, dict[str, str], Any] = 200, {}, {"BulkEmailEntryResults": of_entry}
    with _ses("bulk", Refilling(SECOND), Rolling(Rate(1_000, 86_400.0))) as (fake, made):
        yield Way(fake, made, partial(_of_mails, made), Rate(1, 1.0), 1, refusal)


@contextmanager
def ses_raw_day() -> Iterator[Way]:
    words = {"message": "Daily message quota exceeded."}
    refusal = 429, {"x-amzn-ErrorType": "TooManyRequestsException"}, words
    with _ses("raw", Refilling(SECOND), Rolling(DAY)) as (fake, made):
        yield Way(fake, made, partial(_of_mails, made), DAY, DAY.calls, refusal, Signal.BLOCKED)


@contextmanager
def ses_bulk_day() -> Iterator[Way]:
    of_entry = [
        {"Status": "ACCOUNT_DAILY_QUOTA_EXCEEDED", "Error": f"Not for reader-{n}@mail.example"} for n in range(5, 10)
    ]
    refusal: tuple[int, dict[str, str], Any] = 200, {}, {"BulkEmailEntryResults": of_entry}
    with _ses("bulk", Refilling(SECOND), Rolling(DAY)) as (fake, made):
        yield Way(fake, made, partial(_of_mails, made), DAY, 1, refusal, Signal.BLOCKED)


@contextmanager
def _ses(mode: str, rate: Refilling, quota: Rolling) -> Iterator[tuple[Ses, Any]]:
    fake = Ses(rate=rate, quota=quota)
    with fake.serving() as url:
        limits = replace(OF_SES[mode], recipients=(rate.rate, quota.rate))
        account = ses_accounts.account(url, mode=mode, limits=limits)
        yield fake, ses_provider(account, name="ses", secret=ses_accounts.secret_of(fake))


def too_many_for_hubspot(policy: str, message: str) -> tuple[int, dict[str, str], Any]:
    body = {"status": "error", "message": message, "errorType": "RATE_LIMIT", "correlationId": "c0ffee"}
    return 429, {}, body | {"policyName": policy}


ROLLING = too_many_for_hubspot("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")


@contextmanager
def _hubspot(**counts: Any) -> Iterator[tuple[HubSpotFake, Any]]:
    fake = HubSpotFake(**counts)
    with fake.serving() as url:
        yield fake, hubspot.made(url=url, timeout=60.0)


@contextmanager
def hubspot_mails() -> Iterator[Way]:
    with _hubspot(rolling=Rolling(TEN_SECONDS)) as (fake, made):
        made = replace(made, account=replace(made.account, mails=small(made.limits, TEN_SECONDS)))
        yield Way(fake, made, partial(_of_mails, made), TEN_SECONDS, TEN_SECONDS.calls, ROLLING)


@contextmanager
def hubspot_contacts() -> Iterator[Way]:
    with _hubspot(rolling=Rolling(TEN_SECONDS)) as (fake, mails):
        account = replace(mails.account, contacts=small(mails.account.contacts, TEN_SECONDS))
        made = HubSpotProfiles(account, "hubspot", mails.credential)
        yield Way(fake, made, partial(_of_profiles, made), TEN_SECONDS, TEN_SECONDS.calls, ROLLING)


@contextmanager
def hubspot_day() -> Iterator[Way]:
    with _hubspot(daily=OfTheClock(DAY)) as (fake, made):
        refusal = too_many_for_hubspot("DAILY", "You have reached your daily limit.")
        yield Way(fake, made, partial(_of_mails, made), DAY, DAY.calls, refusal, Signal.BLOCKED)


@contextmanager
def klaviyo_events() -> Iterator[Way]:
    fake = Klaviyo(bulk=(BURST, MINUTE))
    with fake.serving() as url:
        made = klaviyo.made(fake, url=url, timeout=60.0)
        made = replace(made, account=replace(made.account, limits=small(made.limits, BURST, MINUTE)))
        error = {"code": "throttled", "title": "Request was throttled.", "detail": "Too many requests."}
        document = {"errors": [{"id": "0b1c-0", "status": 429, "meta": {}, **error}]}
        yield Way(fake, made, partial(_of_mails, made), MINUTE, BURST.calls, (429, {"Retry-After": "1"}, document))


Made = Callable[[], AbstractContextManager[Way]]


def _named(*ways: Made) -> dict[str, Made]:
    return {way.__name__: way for way in ways}


WAYS = _named(
    braze_mails,
    braze_profiles,
    sfmc_mails,
    ses_raw,
    ses_bulk,
    hubspot_mails,
    hubspot_contacts,
    klaviyo_events,
)
DAYS = _named(hubspot_day, ses_raw_day, ses_bulk_day, sfmc_rows_of_a_day)
