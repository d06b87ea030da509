"""Schemas by id from a registry over HTTP, each asked for once."""

from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType

import httpx2

from lettermill.errors import InputError
from lettermill.ingest.avro import is_record
from lettermill.ingest.kafka import Registry

TRIES = 3
SECONDS = 10.0


class SchemaRegistry:
    """Looks schemas up, https://docs.confluent.io/platform/current/schema-registry/develop/api.html#schemas.

    An id always means the same schema, so an answer is kept; that an id is not there is asked again each time.
    """

    def __init__(self, registry: Registry, *, resolve: Callable[[str], bytes]) -> None:
        secret = resolve(registry.password).decode() if registry.password else ""
        login = (registry.username, secret) if registry.username else None
        self._url = registry.url.rstrip("/")
        self._client = httpx2.Client(auth=login, timeout=SECONDS)
        self._known: dict[int, str | None] = {}

    def __enter__(self) -> "SchemaRegistry":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def schema(self, schema_id: int) -> str | None:
        """The Avro schema of an id; None where there is none, or it is no record of its own.

        Raises InputError where the registry gives no answer: a record must not be refused for that.
        """
        if schema_id not in self._known:
            found = self._ask(schema_id)
            if found is None:
                return None
            self._known[schema_id] = found if is_record(found) else None
        return self._known[schema_id]

    def _ask(self, schema_id: int) -> str | None:
        failure = ""
        for _ in range(TRIES):
            try:
                answer = self._client.get(f"{self._url}/schemas/ids/{schema_id}")
            except httpx2.TransportError as error:
                failure = str(error) or type(error).__name__
                continue
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return None
            if answer.is_success:
                return _avro(answer.json())
            failure = f"HTTP {answer.status_code}"
            if not answer.is_server_error:
                break
        raise InputError(
            f"the schema registry gives no answer for schema id {schema_id}: {failure}",
            place=self._url,
            mend="see that it runs and takes our user; the stream goes on where it stopped",
        )


def _avro(answer: dict[str, object]) -> str | None:
    """The schema of an answer, where it is Avro that stands by itself."""
    alone = answer.get("schemaType", "AVRO") == "AVRO" and not answer.get("references")
    return str(answer["schema"]) if alone else None
