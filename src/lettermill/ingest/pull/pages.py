"""Page after page of one query."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from lettermill.errors import InputError
from lettermill.ingest.pull.asking import Answer, Asker
from lettermill.ingest.pull.declaration import SINCE, Pull
from lettermill.ingest.pull.paths import value_at

NEXT_LINK = re.compile(r"<([^>]*)>\s*(?:;[^,]*)?;\s*rel=\"?next\"?", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """The records of one answer, each a JSON object."""

    records: list[dict[str, Any]]
    answer: Answer
    is_last: bool


@dataclass(frozen=True)
class Pages:
    """Asks for one query's pages, in order."""

    source: str
    declared: Pull
    asker: Asker

    def of(self, since: str) -> Iterator[Page]:
        """The pages of what changed since `since`. Raises InputError for an answer of another shape, for pages that go
        in circles, and for a next page on another host, which must not see the credentials."""
        seen: set[str] = set()
        extra: dict[str, Any] = {}
        link = ""
        offset = 0
        number = self.declared.paging.first
        while True:
            answer = self.asker.ask(self._request(since, extra, link))
            records = self._records(answer)
            by, size = self.declared.paging.by, self.declared.paging.size
            following: Any = None
            if by in ("page", "offset"):
                number, offset = number + 1, offset + size
                following = None if len(records) < size else (number if by == "page" else offset)
            elif by != "none":
                following = self._next(answer)
            yield Page(records, answer, is_last=following is None)
            if following is None:
                return
            if str(following) in seen:
                raise self._misshapen("hands out the same next page twice: the pages go in circles")
            seen.add(str(following))
            link = self._same_host(str(following)) if by == "next_link" else ""
            extra = {} if link else {self.declared.paging.parameter: following}

    def _request(self, since: str, extra: Mapping[str, Any], link: str) -> httpx2.Request:
        declared, client = self.declared, self.asker.client
        timeout = httpx2.Timeout(declared.timeout_seconds)
        if link:  # it carries the whole query
            return client.build_request("GET", link, headers=dict(declared.headers), timeout=timeout)
        params, body = _filled(dict(declared.params), since), _filled(declared.body, since)
        if declared.paging.by in ("page", "offset") and not extra:
            extra = {declared.paging.parameter: declared.paging.first if declared.paging.by == "page" else 0}
        if declared.paging.place == "body":
            body = {**body, **extra}
        else:
            params |= {name: str(value) for name, value in extra.items()}
        return client.build_request(
            declared.method, declared.url, params=params, json=body, headers=dict(declared.headers), timeout=timeout
        )

    def _records(self, answer: Answer) -> list[dict[str, Any]]:
        path = self.declared.rows
        records = value_at(answer.document, path)
        if not isinstance(records, list):
            has = ", ".join(sorted(answer.document)[:8]) if isinstance(answer.document, dict) else "no object"
            raise self._misshapen(f"has no list at {path!r} (the answer has: {has:.200})")
        for place, record in enumerate(records):
            if not isinstance(record, dict):
                raise self._misshapen(f"has no object at {path}.{place}")
        return records

    def _next(self, answer: Answer) -> Any:
        paging = self.declared.paging
        if paging.by == "next_link" and not paging.next:
            found = NEXT_LINK.search(answer.headers.get("Link", ""))
            return found[1] if found else None
        following = value_at(answer.document, paging.next)
        if following in (None, "", False):
            return None
        if not isinstance(following, str | int):
            raise self._misshapen(f"has no link or cursor at {paging.next}")
        return following

    def _same_host(self, link: str) -> str:
        declared = httpx2.URL(self.declared.url)
        whole = declared.join(link)
        if (whole.scheme, whole.host, whole.port) != (declared.scheme, declared.host, declared.port):
            raise self._misshapen(f"leads to another host ({whole.host})")
        return str(whole)

    def _misshapen(self, how: str) -> InputError:
        return InputError(
            f"source {self.source}: the answer {how}",
            place=httpx2.URL(self.declared.url).path,
            mend="the interface may have changed: compare rows, key and paging of the source with its documentation",
        )


def _filled(value: Any, since: str) -> Any:
    """The declared params or body with the cursor in its place."""
    if isinstance(value, str):
        return value.replace(SINCE, since)
    if isinstance(value, Mapping):
        return {key: _filled(each, since) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(each, since) for each in value]
    return value
