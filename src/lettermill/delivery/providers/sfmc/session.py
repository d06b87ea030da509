"""Calls to the REST host of an account, with its token; for one thread."""

from dataclasses import dataclass, field

from lettermill.delivery.exchange import Exchange, Reply
from lettermill.delivery.provider import Signal
from lettermill.delivery.providers.sfmc.tokens import NotGranted, Tokens
from lettermill.errors import DeliveryError


@dataclass
class Session:
    """Every call raises NotGranted, NotSent or CutOff."""

    tokens: Tokens
    _exchange: Exchange = field(init=False, repr=False)
    _used: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        account = self.tokens.account
        self._exchange = Exchange(account.rest_host, timeout=account.timeout_seconds)

    def write(self, method: str, path: str, content: bytes) -> Reply:
        """Make one call; a refused token is for the caller to renew."""
        self._used = self.tokens.token()
        headers = {"authorization": f"Bearer {self._used}", "content-type": "application/json"}
        return self._exchange.call(method, path, content=content, headers=headers)

    def read(self, path: str) -> Reply:
        """Ask; where the token is refused, once more with another one."""
        reply = self.write("GET", path, b"")
        if reply.status == 401:
            self.tokens.renew(self._used)
            reply = self.write("GET", path, b"")
        return reply

    def renew(self) -> None:
        """Get another token than the last call had. Raises DeliveryError where none is to be had.

        What may pass by itself raises nothing: the next call asks for a token again, and answers how long to wait.
        """
        try:
            self.tokens.renew(self._used)
        except NotGranted as error:
            if error.signal != Signal.BLOCKED:
                return
            mend = "check client_id, client_secret and account_id of the account, and that its package is installed"
            raise DeliveryError(str(error), place=self.tokens.account.auth_host, mend=mend) from None

    def close(self) -> None:
        self._exchange.close()
