"""A secret on its way to where it is used: handed to a provider as it is, and shown to nobody."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credential:
    """What a job resolved of `reference`, a `secret://scope/key`; neither `repr` nor `str` shows the value."""

    reference: str
    value: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.value.decode().strip()
