"""One call of a provider, as the tests of each make it, and what is left of each of its parcels."""

from collections.abc import Sequence

from lettermill.delivery.profile_provider import ProfileProvider
from lettermill.delivery.provider import Answer, Call, Parcel, Provider, Signal, Status
from tests.delivery.fakes import Fault

CALL = Call("spring-1", 1, 1)
MAY_BE_MADE_AGAIN = (
    (Fault.CUT_OFF, Status.DEFERRED, Signal.FAILING),
    (Fault.LOST, Status.DEFERRED, Signal.FAILING),
    (Fault.FAILING, Status.DEFERRED, Signal.FAILING),
    (Fault.THROTTLED, Status.DEFERRED, Signal.THROTTLED),
    (Fault.EMPTY, Status.UNKNOWN, Signal.FINE),
)
"""What each fault leaves where a second call does nothing twice, but for a credential that has run out."""


def sent(provider: Provider | ProfileProvider, parcels: Sequence[Parcel]) -> Answer:
    """The answer to a call over a connection of its own."""
    connection = provider.connect()
    try:
        return connection.send(parcels, call=CALL)
    finally:
        connection.close()


def statuses(answer: Answer) -> list[Status]:
    return [outcome.status for outcome in answer.outcomes]
