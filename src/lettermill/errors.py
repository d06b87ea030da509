"""The errors of the suite, one small tree:

LettermillError           what, where and the mend, in one message
├── ConfigError           a conf key, campaign file or argument is missing, unknown or malformed
├── InputError            a landing file or stream cannot be read as what its source declares
├── PlatformError         the machine lacks something: Java, a jar, a folder, disk
├── TableError            a table is absent, rows do not fit its declaration, or a stream still needs what would go
├── TemplateError         a template does not compile, or reads an input that is not declared
├── BalanceError          rows in and rows out do not add up; nothing further is written
├── QualityError          an expectation of a table is not met; what builds on it must not go on
├── ModelError            a model is absent, or its examples cannot train one
├── PreflightBlocked      too many messages of a campaign run are faulty; nothing may be handed over
├── DeliveryError         a hand-over that must not go on: changed hashes, an impossible transition
└── ErasureError          a person cannot be erased yet, or a scan still finds them
"""


class LettermillError(Exception):
    """A fault that a person can mend; `str()` names the thing, the value, the place and the mend."""

    def __init__(self, problem: str, *, place: str = "", mend: str) -> None:
        self.problem, self.place, self.mend = problem, place, mend
        super().__init__("\n".join(line for line in (problem, place and f"  at: {place}", f"  mend: {mend}") if line))


class ConfigError(LettermillError):
    """A conf key, campaign file or argument is missing, unknown or malformed."""


class InputError(LettermillError):
    """A landing file or stream cannot be read as what its source declares."""


class PlatformError(LettermillError):
    """The machine lacks something the job needs: Java, a jar, a folder, disk."""


class TableError(LettermillError):
    """A table is absent, rows do not fit its declaration, or a stream still needs what would be removed."""


class TemplateError(LettermillError):
    """A template does not compile, or reads an input that is not declared."""


class BalanceError(LettermillError):
    """Rows in and rows out do not add up."""


class QualityError(LettermillError):
    """An expectation of criticality error is not met."""


class ModelError(LettermillError):
    """A model is absent, or its examples cannot train one."""


class PreflightBlocked(LettermillError):  # noqa: N818 (it says what happened)
    """Too many messages of a campaign run are faulty; nothing may be handed over."""


class DeliveryError(LettermillError):
    """A hand-over must not go on: hashes changed, or a message would take an impossible transition."""


class ErasureError(LettermillError):
    """A person cannot be erased yet, or a scan still finds them."""
