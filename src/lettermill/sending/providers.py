"""Providers by the accounts that conf declares: one package or module of lettermill.delivery.providers per kind."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pkgutil import iter_modules
from typing import Any, NamedTuple

from lettermill.clocks import SystemClock
from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import ProfileProvider, StatementSource
from lettermill.delivery.provider import Provider
from lettermill.delivery.providers.braze.cdi import CdiTable
from lettermill.errors import ConfigError
from lettermill.secrets import resolve
from lettermill.settings import Settings, validate

PACKAGE = "lettermill.delivery.providers"
PLACE = "delivery.providers"
FILES = "files"
"""The provider that needs no declaration: payload files as the section `files` has them."""


class Part(NamedTuple):
    """What a kind of provider may have: a module of its package, and what in there makes it of an account."""

    module: str
    makes: str


ACCOUNT = Part("account", "Account")
MAILS = Part("mails", "mail_provider")
PROFILES = Part("profiles", "profile_provider")
STATEMENTS = Part("statements", "statement_source")


class SyncEnds(NamedTuple):
    """An account as what keeps attributes of people, and as what can be asked who bounced, complained or left; null
    where its kind does not."""

    profiles: ProfileProvider | CdiTable | None = None
    statements: StatementSource | None = None


def mail_provider(name: str, *, settings: Settings) -> Provider:
    """The account `name` as what takes mails. Raises ConfigError where conf has none, or its kind takes none."""
    made: Provider | None = _part(MAILS, name, settings)
    if made is None:
        raise _refusal(f"{_kind(name, settings)} takes no mails", name, known=_kinds_with(MAILS))
    return made


def sync_ends(name: str, *, settings: Settings) -> SyncEnds:
    """The account `name` as what attributes are synced with.

    Raises ConfigError where conf has none, or its kind neither takes attributes nor can be asked.
    """
    ends = SyncEnds(_part(PROFILES, name, settings), _part(STATEMENTS, name, settings))
    if ends == SyncEnds():
        problem = f"{_kind(name, settings)} takes no attributes, and cannot be asked who left, bounced or complained"
        raise _refusal(problem, name, known={*_kinds_with(PROFILES), *_kinds_with(STATEMENTS)})
    return ends


def topics_of(name: str, *, settings: Settings) -> Mapping[str, str]:
    """Which topics the groups of mails of account `name` are, by their ids there; none, where its kind has no groups.

    Raises ConfigError where conf has no such account.
    """
    topics: Mapping[str, str] = getattr(_account(name, settings), "topics", {})
    return topics


def credential(reference: str) -> Credential:
    """What `reference` stands for, on its way to the provider that conf gave it to."""
    return Credential(reference, resolve(reference))


def _part(part: Part, name: str, settings: Settings) -> Any:
    """The account as its kind's part makes it; null where its kind has no such part."""
    make = _function(_kind(name, settings), part)
    return _made(make, name, settings) if make else None


def _kinds_with(part: Part) -> set[str]:
    return {one for one in kinds() if _function(one, part)}


def _refusal(problem: str, name: str, *, known: Iterable[str]) -> ConfigError:
    return ConfigError(problem, place=f"{PLACE}.{name}", mend=f"name one of: {', '.join(sorted(known))}")


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
    kind = _kind(name, settings)
    declared = {key: value for key, value in settings.delivery.providers[name].items() if key != "kind"}
    account = _function(kind, ACCOUNT)
    return validate(account, declared, place=f"{PLACE}.{name}")


def _function(kind: str, part: Part) -> Callable[..., Any] | None:
    """What a kind's package has in its module of the part, or its module at all; null where it has no such thing."""
    home = f"{PACKAGE}.{kind}"
    module = f"{home}.{part.module}" if hasattr(import_module(home), "__path__") else home
    found: Callable[..., Any] | None = getattr(import_module(module), part.makes, None) if find_spec(module) else None
    return found
