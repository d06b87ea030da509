"""Fakes of two CRMs, written from their published behaviour and apart from the reader: they hold it to their limits and
keep a book of what they were asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.ingest.serving import Answered, Asked, TestClock, as_json


@dataclass
class HubSpot:
    """The search of contacts, API version 3: sorted and filtered by lastmodifieddate, paged by `after`, at most `window`
    rows a query, four requests in a rolling second, and errors in its own words."""

    clock: TestClock
    token: str = "pat-eu1-secret"
    window: int = 10_000
    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    book: list[Asked] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    faults: list[Answered | None] = field(default_factory=list)
    _calls: list[float] = field(default_factory=list)

    def change(self, *ids: int, at: str, **properties: str) -> None:
        for contact in map(str, ids):
            known = self.contacts.get(contact, {"email": f"p{contact}@shop.example"})
            self.contacts[contact] = known | properties | {"lastmodifieddate": at}

    def answer(self, asked: Asked) -> Answered | None:
        self.book.append(asked)
        if self.faults:
            return self.faults.pop(0)
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            return self._error(401, "INVALID_AUTHENTICATION")
        now = self.clock.time()
        self._calls = [*(at for at in self._calls if at > now - 1), now]
        if len(self._calls) > 4:
            body = {"status": "error", "errorType": "RATE_LIMIT", "policyName": "SECONDLY", "correlationId": "c"}
            self.refused.append("429")
            return as_json(body, 429)
        if (asked.method, asked.path) != ("POST", "/crm/v3/objects/contacts/search"):
            return self._error(404, "OBJECT_NOT_FOUND")
        return self._search(asked.json)

    def _search(self, query: Mapping[str, Any]) -> Answered:
        limit, start = query.get("limit", 10), int(query.get("after", 0))
        if limit > 200 or start + limit > self.window:
            return self._error(400, "VALIDATION_ERROR")
        [group] = query["filterGroups"]
        [condition] = group["filters"]
        assert (condition["propertyName"], condition["operator"]) == ("lastmodifieddate", "GTE")
        assert query["sorts"] == [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]
        since = datetime.fromtimestamp(int(condition["value"]) / 1000, UTC)
        found = sorted(
            (properties["lastmodifieddate"], int(contact))
            for contact, properties in self.contacts.items()
            if datetime.fromisoformat(properties["lastmodifieddate"]) >= since
        )
        page = [self._contact(str(contact)) for _, contact in found[start : start + limit]]
        answer: dict[str, Any] = {"total": len(found), "results": page}
        if start + limit < len(found):
            answer["paging"] = {"next": {"after": str(start + limit)}}
        return as_json(answer)

    def _contact(self, contact: str) -> dict[str, Any]:
        properties = self.contacts[contact]
        return {"id": contact, "properties": properties, "updatedAt": properties["lastmodifieddate"], "archived": False}

    def _error(self, status: int, category: str) -> Answered:
        self.refused.append(f"{status} {category}")
        return as_json({"status": "error", "message": "It failed.", "correlationId": "c", "category": category}, status)


@dataclass
class Salesforce:
    """OAuth2 client credentials, and the query resource with locators; a session ends after `calls_per_token` calls."""

    client_id: str = "consumer-key"
    client_secret: str = "consumer-secret"
    page: int = 3
    calls_per_token: int = 2
    accounts: dict[str, dict[str, str]] = field(default_factory=dict)
    book: list[Asked] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    _left: int = 0
    _results: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def change(self, *ids: int, at: str, **values: str) -> None:
        for account in (f"001{number:015d}" for number in ids):
            known = self.accounts.get(account, {"PersonEmail": f"a{account[-3:]}@shop.example"})
            self.accounts[account] = known | values | {"SystemModstamp": at}

    def answer(self, asked: Asked) -> Answered:
        self.book.append(asked)
        if asked.path == "/services/oauth2/token":
            form = asked.form
            if (form["client_id"], form["client_secret"]) != (self.client_id, self.client_secret):
                return as_json({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
            assert form["grant_type"] == "client_credentials"
            self.tokens.append(f"00D!session{len(self.tokens)}")
            self._left = self.calls_per_token
            return as_json({"access_token": self.tokens[-1], "token_type": "Bearer", "issued_at": "1700000000000"})
        if not self.tokens or asked.headers.get("Authorization") != f"Bearer {self.tokens[-1]}" or not self._left:
            error = {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
            return as_json([error], 401)
        self._left -= 1
        located = re.fullmatch(r"/services/data/v62\.0/query/(01g\w+)-(\d+)", asked.path)
        if located:
            return self._batch(located[1], int(located[2]))
        since = re.search(r"SystemModstamp >= (\S+) ORDER BY SystemModstamp, Id$", asked.query["q"])
        if since is None or asked.path != "/services/data/v62.0/query":
            return as_json([{"message": "unexpected token", "errorCode": "MALFORMED_QUERY"}], 400)
        at = datetime.fromisoformat(since[1])
        found = sorted(
            (values["SystemModstamp"], account)
            for account, values in self.accounts.items()
            if datetime.fromisoformat(values["SystemModstamp"]) >= at
        )
        locator = f"01g{len(self._results):015d}"
        self._results[locator] = [
            {"attributes": {"type": "Account"}, "Id": account, **self.accounts[account]} for _, account in found
        ]
        return self._batch(locator, 0)

    def _batch(self, locator: str, start: int) -> Answered:
        records = self._results[locator]
        until = start + self.page
        answer: dict[str, Any] = {"totalSize": len(records), "done": until >= len(records)}
        if until < len(records):
            answer["nextRecordsUrl"] = f"/services/data/v62.0/query/{locator}-{until}"
        return as_json(answer | {"records": records[start:until]})
