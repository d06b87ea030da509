"""Providers by the accounts that conf declares: one package or module of lettermill.delivery.providers per kind."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pkgutil import iter_modules
from typing import Any

from lettermill.clocks import SystemClock
from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import ProfileProvider, StatementSource
from lettermill.delivery.provider import Provider
from lettermill.errors import ConfigError
from lettermill.secrets import resolve
from lettermill.settings import Settings, validate

PACKAGE = "lettermill.delivery.providers"
PLACE = "delivery.providers"
FILES = "files"
"""The provider that needs no declaration: payload files as the section `files` has them."""


def mail_provider(name: str, *, settings: Settings) -> Provider:
    """The account `name` as what takes mails. Raises ConfigError where conf has none, or its kind takes none."""
    made: Provider = _required(name, settings, part="mails", function="mail_provider", what="mails")
    return made


def profile_provider(name: str, *, settings: Settings) -> ProfileProvider:
    """The account `name` as what keeps attributes of people. Raises ConfigError as above."""
    made: ProfileProvider = _required(name, settings, part="profiles", function="profile_provider", what="attributes")
    return made


def statement_source(name: str, *, settings: Settings) -> StatementSource | None:
    """The account `name` as what can be asked who bounced, complained or left; null where its kind cannot."""
    make = _function(_kind(name, settings), part="statements", function="statement_source")
    made: StatementSource | None = _made(make, name, settings) if make else None
    return made


def credential(reference: str) -> Credential:
    """What `reference` stands for, on its way to the provider that conf gave it to."""
    return Credential(reference, resolve(reference))


def _required(name: str, settings: Settings, *, part: str, function: str, what: str) -> Any:
    kind = _kind(name, settings)
    make = _function(kind, part=part, function=function)
    if make is None:
        mend = f"name one of: {', '.join(one for one in kinds() if _function(one, part=part, function=function))}"
        raise ConfigError(f"{kind} takes no {what}", place=f"{PLACE}.{name}", mend=mend)
    return _made(make, name, settings)


def _made(make: Callable[..., Any], name: str, settings: Settings) -> Any:
    """What `make` makes of an account; some wait between calls of their own, and are given a clock for it."""
    clock = {"clock": SystemClock()} if "clock" in signature(make).parameters else {}
    return make(_account(name, settings), name=name, secret=credential, **clock)


def kinds() -> list[str]:
    """Every kind of provider there is."""
    return sorted(found.name for found in iter_modules(import_module(PACKAGE).__path__))


def _kind(name: str, settings: Settings) -> str:
    if name == FILES and name not in settings.delivery.providers:
        return FILES
    declared = settings.delivery.providers.get(name)
    if declared is None:
        mend = f"declare it, or name one of: {', '.join(sorted(settings.delivery.providers)) or 'none declared'}"
        raise ConfigError(f"unknown provider {name!r}", place=PLACE, mend=mend)
    kind = str(declared.get("kind", name))
    if kind not in kinds():
        known = f"one of: {', '.join(kinds())}"
        raise ConfigError(f"no kind of provider {kind!r}", place=f"{PLACE}.{name}", mend=known)
    return kind


def _account(name: str, settings: Settings) -> Any:
    if name == FILES and name not in settings.delivery.providers:
        return settings.files.account()
    declared = {key: value for key, value in settings.delivery.providers[name].items() if key != "kind"}
    account = _function(_kind(name, settings), part="account", function="Account")
    return validate(account, declared, place=f"{PLACE}.{name}")


def _function(kind: str, *, part: str, function: str) -> Callable[..., Any] | None:
    """What a kind's package has in its module `part`, or its module at all; null where it has no such thing."""
    home = f"{PACKAGE}.{kind}"
    module = f"{home}.{part}" if hasattr(import_module(home), "__path__") else home
    found: Callable[..., Any] | None = getattr(import_module(module), function, None) if find_spec(module) else None
    return found
