"""A server that gives one answer, whatever it is asked: for the words of a provider that are looked at one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

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
