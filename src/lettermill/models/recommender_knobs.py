"""Everything that decides what a recommender learns and mails, in one place, and its fingerprint."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from lettermill.models.contenders import Mix
from lettermill.models.interactions import CandidateRule
from lettermill.models.recommender import Als
from lettermill.models.slates import SlateRule


@dataclass(frozen=True)
class RecommenderKnobs:
    """The knobs of each step."""

    als: Als = field(default_factory=Als)
    mix: Mix = field(default_factory=Mix)
    candidates: CandidateRule = field(default_factory=CandidateRule)
    slate: SlateRule = field(default_factory=SlateRule)

    def parameters(self, **beside: Any) -> dict[str, Any]:
        """The knobs and what stands `beside` them as flat names and values: `als.rank`, `slate.size`, ..."""
        return {f"{step}.{knob}": value for step, own in asdict(self).items() for knob, value in own.items()} | beside


def fingerprint_of(*, versions: Mapping[str, int], code: str, parameters: Mapping[str, Any]) -> str:
    """sha256 over table versions, code and parameters: two trainings that share it give the same model."""
    learnt_from = {"versions": dict(versions), "code": code, "parameters": dict(parameters)}
    return sha256(json.dumps(learnt_from, sort_keys=True, default=str).encode()).hexdigest()
