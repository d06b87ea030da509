"""Schemas are looked up once; an outage stops the stream, an unknown id refuses the record."""

import pytest

from lettermill.errors import InputError
from lettermill.ingest.kafka import Registry
from lettermill.ingest.schema_registry import SchemaRegistry
from tests.schema_registry import running_registry

RECORD = {"type": "record", "name": "View", "fields": [{"name": "id", "type": "string"}]}


@pytest.fixture
def served():
    with running_registry() as running:
        running.register(7, RECORD)
        yield running


def client(served, **login):
    return SchemaRegistry(Registry(url=f"{served.url}/", **login), resolve={"secret://r/p": b"word"}.__getitem__)


def test_an_id_is_asked_for_once_while_the_registry_has_it(served):
    with client(served) as registry:
        found = [registry.schema(7), registry.schema(7), registry.schema(8), registry.schema(8)]

    assert found == [served.schemas[7]["schema"]] * 2 + [None, None]
    assert served.asked == [7, 8, 8]


@pytest.mark.parametrize(
    ("schema", "more"),
    [("string", {}), ({"type": "object"}, {"schemaType": "JSON"}), (RECORD, {"references": [{"name": "x"}]})],
)
def test_what_is_no_avro_record_of_its_own_has_no_schema(served, schema, more):
    served.register(9, schema, **more)

    with client(served) as registry:
        assert registry.schema(9) is None


def test_the_password_is_resolved_for_the_call(served):
    served.login = "me:word"

    with client(served, username="me", password="secret://r/p") as registry:
        assert registry.schema(7) is not None
    with client(served) as registry, pytest.raises(InputError, match="no answer for schema id 7: HTTP 401"):
        registry.schema(7)


def test_an_outage_is_waited_out_three_times_and_then_stops_the_stream(served):
    served.failing = 2
    with client(served) as registry:
        assert registry.schema(7) is not None
    served.failing = 3
    with client(served) as registry, pytest.raises(InputError, match="HTTP 500"):
        registry.schema(7)


def test_a_registry_that_is_not_there_is_named():
    nobody = SchemaRegistry(Registry(url="http://127.0.0.1:9"), resolve=str.encode)

    with nobody as registry, pytest.raises(InputError, match="no answer(.|\n)*127.0.0.1:9"):
        registry.schema(1)
