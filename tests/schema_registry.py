"""A small schema registry on this machine: Confluent's look-up by id over real HTTP."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FakeRegistry:
    """Schemas by id. `asked` lists the ids looked up; `failing` answers that many requests with 500 first."""

    url: str = ""
    schemas: dict[int, dict[str, object]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    failing: int = 0
    login: str = ""

    def register(self, id_: int, schema: object, **more: object) -> None:
        self.schemas[id_] = {"schema": json.dumps(schema), **more}

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, object]]:
        if self.login and authorization != "Basic " + base64.b64encode(self.login.encode()).decode():
            return 401, {"error_code": 401, "message": "Unauthorized"}
        if self.failing:
            self.failing -= 1
            return 500, {"error_code": 50001, "message": "Error in the backend data store"}
        id_ = int(path.rsplit("/", 1)[1])
        self.asked.append(id_)
        found = self.schemas.get(id_)
        return (200, found) if found else (404, {"error_code": 40403, "message": f"Schema {id_} not found"})


@contextmanager
def running_registry() -> Iterator[FakeRegistry]:
    registry = FakeRegistry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = registry.answer(self.path, self.headers.get("Authorization", ""))
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
