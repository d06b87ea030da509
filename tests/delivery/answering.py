"""A server that gives one answer, whatever it is asked: for the words of a provider that are looked at one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.ingest.serving import Answered, Asked, as_json, served


@dataclass
class OneAnswer:
    """`says` is the next answer; `asked` are the calls so far."""

    url: str = ""
    says: Answered = field(default_factory=lambda: as_json({}))
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> Answered:
        self.asked.append(asked)
        return self.says


@contextmanager
def one_answer() -> Iterator[OneAnswer]:
    server = OneAnswer()
    with served(server.answer) as url:
        server.url = url
        yield server


def shape_of(document: Any, *, like: Any) -> Any:
    """The document, with the type in place of a value where `like` has a type."""
    if isinstance(like, type):
        return type(document)
    if isinstance(like, dict) and isinstance(document, dict):
        return {key: shape_of(value, like=like.get(key)) for key, value in document.items()}
    if isinstance(like, list) and isinstance(document, list) and len(like) == len(document):
        return [shape_of(value, like=one) for value, one in zip(document, like, strict=True)]
    return document
