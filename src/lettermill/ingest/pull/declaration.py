"""What a pulled REST source declares in conf."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from lettermill.patience import Patience, Rate

SINCE = "{since}"
"""Stands in `params` or `body` where the cursor goes; it is replaced by an instant that we wrote, nothing else."""

SECRET = re.compile(r"secret://[a-z0-9-]+/[a-z0-9-]+")


def refuse_unsafe(url: str) -> None:
    """Raise ValueError for a URL over which credentials would travel in clear."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError(f"the url must be https, is {url!r}")
    if parts.username or parts.password:
        raise ValueError("the url holds credentials; declare them under authentication, as secret references")


@dataclass(frozen=True)
class Authentication:
    """How requests prove who asks. All but `header`, `scope` and `token_url` are references `secret://scope/key`.

    `bearer` needs `token`; `basic` needs `user` and `password`; `header` needs `header` and `token`; the two OAuth2
    grants (RFC 6749) need `token_url`, `client_id` and `client_secret`, and `oauth2_refresh_token` `refresh_token` too.
    """

    by: Literal["none", "bearer", "basic", "header", "oauth2_client_credentials", "oauth2_refresh_token"] = "none"
    token: str = ""
    user: str = ""
    password: str = ""
    header: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    scope: str = ""

    def __post_init__(self) -> None:
        oauth = ("token_url", "client_id", "client_secret")
        needed = {
            "none": (),
            "bearer": ("token",),
            "basic": ("user", "password"),
            "header": ("header", "token"),
            "oauth2_client_credentials": oauth,
            "oauth2_refresh_token": (*oauth, "refresh_token"),
        }[self.by]
        lacking = [name for name in needed if not getattr(self, name)]
        if lacking:
            raise ValueError(f"authentication by {self.by} lacks {', '.join(lacking)}")
        for name in ("token", "user", "password", "client_id", "client_secret", "refresh_token"):
            if getattr(self, name) and not SECRET.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} must be a reference secret://scope/key, never the secret itself")
        if self.token_url:
            refuse_unsafe(self.token_url)


@dataclass(frozen=True)
class Paging:
    """How the next page is asked for.

    `next_link` and `cursor` read it at the path `next` of the answer (`next_link` from the header Link, RFC 8288, where
    `next` is empty); the others count: `page` from `first`, `offset` from 0, until a page has fewer than `size` rows.
    `parameter` is sent in the query or, with `place: body`, in the body. `window` is the most rows that one query lets
    through; the query is then asked anew from the cursor reached.
    """

    by: Literal["none", "next_link", "page", "offset", "cursor"] = "none"
    next: str = ""
    parameter: str = ""
    place: Literal["query", "body"] = "query"
    first: int = 1
    size: int = 0
    window: int = 0

    def __post_init__(self) -> None:
        if self.by in ("page", "offset", "cursor") and not self.parameter:
            raise ValueError(f"paging by {self.by} needs the parameter that carries it")
        if self.by == "cursor" and not self.next:
            raise ValueError("paging by cursor needs next, the cursor's path in the answer")
        if self.by in ("page", "offset") and self.size < 1:
            raise ValueError(f"paging by {self.by} needs size, the rows of a full page")


@dataclass(frozen=True)
class Incremental:
    """Asking only for what changed. `changed` is the path of a record's instant of change.

    `form` is how the instant is written into the request. `overlap_seconds` are asked for again on each run, because
    servers show some changes late; rows that are stored already are known by their key. `ordered` says that rows come
    in the order of `changed`: then each commit moves the cursor, else only the end of the run does.
    """

    changed: str
    form: Literal["iso", "epoch_ms", "epoch_s"] = "iso"
    first: str = "1970-01-01T00:00:00Z"
    overlap_seconds: float = 0.0
    ordered: bool = True

    def __post_init__(self) -> None:
        if datetime.fromisoformat(self.first).tzinfo is None:
            raise ValueError(f"first needs a zone, as in 2020-01-01T00:00:00Z, is {self.first!r}")


@dataclass(frozen=True)
class Pull:
    """One REST source: what is asked, where its records are in the answer, and what tells one from another.

    `rows` is the path of the list of records, empty where the answer is the list; `key` the path of a record's id.
    `final_words` are words in a refusal which mean that waiting does not help, such as a day's quota.
    """

    url: str
    key: str
    rows: str = ""
    method: Literal["GET", "POST"] = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    paging: Paging = field(default_factory=Paging)
    incremental: Incremental | None = None
    authentication: Authentication = field(default_factory=Authentication)
    rate: Rate = field(default_factory=Rate)
    patience: Patience = field(default_factory=Patience)
    final_words: tuple[str, ...] = ()
    timeout_seconds: float = 60.0
    rows_per_commit: int = 10_000

    def __post_init__(self) -> None:
        refuse_unsafe(self.url)
        asked = json.dumps([dict(self.params), self.body])
        if self.incremental and SINCE not in asked:
            raise ValueError(f"an incremental pull must say {SINCE} in params or body: where the cursor goes")
        if not self.incremental and SINCE in asked:
            raise ValueError(f"{SINCE} stands in params or body, but nothing is declared under incremental")
        if self.paging.window and not (self.incremental and self.incremental.ordered):
            raise ValueError("paging.window needs an ordered incremental pull, to ask anew from the cursor")
        if self.paging.place == "body" and self.body is None:
            raise ValueError("paging.place is body, but no body is declared")
