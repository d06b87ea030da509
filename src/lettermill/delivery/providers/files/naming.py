"""Names of payload files and manifests: told by the wave and the call alone, so that a call has one name for ever."""

from dataclasses import dataclass
from urllib.parse import quote

from lettermill.delivery.provider import Call

SLOT = "{campaign}/{occurrence}"
"""The folder of a slot's files, where conf says nothing else."""


@dataclass(frozen=True)
class Wave:
    """What a wave's id says: `<campaign>.<occurrence>.<number>`; what an id lacks is empty."""

    campaign: str
    occurrence: str = ""
    number: str = ""

    @classmethod
    def of(cls, wave: str) -> "Wave":
        campaign, *between = wave.split(".")
        *occurrence, number = between or [""]
        return cls(campaign, ".".join(occurrence), number)

    @property
    def stem(self) -> str:
        """How the names of its files begin."""
        return "-".join(_plain(one) for one in (self.campaign, self.occurrence, self.number) if one)

    @property
    def manifest(self) -> str:
        """manifest.json of a slot's first wave; a later one tells its number."""
        return (
            "manifest.json" if not self.number.strip("0") or int(self.number) == 1 else f"manifest-{self.number}.json"
        )

    def home(self, template: str = SLOT) -> str:
        """The folder of its files, such as `spring/2018-01-01`; empty where all lie in one."""
        filled = template.format(campaign=_plain(self.campaign), occurrence=_plain(self.occurrence))
        return "/".join(part for part in filled.split("/") if part)


def stem_of(call: Call) -> str:
    """A file's name without what tells its format."""
    return f"{Wave.of(call.wave).stem}-{call.batch:05d}-{call.number:03d}"


def beside(home: str, name: str) -> str:
    """A name in a folder, as a store takes it."""
    return f"{home}/{name}" if home else name


def _plain(text: str) -> str:
    """Text that leads to no other folder: an occurrence may be an event's id, which others chose."""
    quoted = quote(text, safe="=+:@ ")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")
