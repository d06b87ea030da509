"""Rows that tell of one person, for tables that the jobs of a test or benchmark of erasure do not fill by themselves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from lettermill.tables import Table
from lettermill.tables.delivery import BRAZE_CDI, SYNC_REFUSALS, SYNC_STATE
from lettermill.tables.features import LATEST
from lettermill.tables.profiles import IDENTITY_FLAGS, MATCHES
from lettermill.tables.quality import REVIEWS, SESSIONS, SOCIAL_ENGAGEMENT

NOON = datetime(2017, 6, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Planted:
    """Somebody whom rows tell of: ids as the tables have them, and `note`, a text that is told of nobody else."""

    person_id: str
    customer: str
    email: str
    browser: str
    record: str
    handle: str
    note: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the address, by which social sources tell people."""
        return sha256(self.email.encode()).hexdigest()


def rows_beside(who: Planted) -> dict[Table, list[dict[str, Any]]]:
    """Rows of somebody, by table; each row can be found by another of their identifiers.

    Columns that are not personal stand in Delta's statistics, so nothing of theirs but the surrogate key is in them.
    """
    on_mastodon = {"platform": "mastodon", "handle": f"@{who.handle}"}
    return {
        SESSIONS: [
            {"session_id": f"a-{who.person_id}", "visitor": f"browser:{who.browser}", "anonymous_id": who.browser},
            {
                "session_id": f"b-{who.person_id}",
                "visitor": f"user:{who.customer}",
                "user_id": who.customer,
                "entry": f"https://s.example/{who.note}",
            },
        ],
        REVIEWS: [
            {
                "review_id": who.person_id,
                "subject_id": who.customer,
                "user_id": who.customer,
                "detail": who.note,
                "state": "open",
            }
        ],
        SOCIAL_ENGAGEMENT: [
            {"email_sha256": who.digest},
            {"email_sha256": who.digest} | on_mastodon,
            on_mastodon,
        ],
        LATEST: [{"person_id": who.person_id}],
        MATCHES: [{"record": "another/a", "other_record": who.record}],
        IDENTITY_FLAGS: [{"identifier_kind": "component", "identifier": who.record, "known_to": NOON}],
        SYNC_STATE: [{"person_id": who.person_id}],
        SYNC_REFUSALS: [{"person_id": who.person_id}],
        BRAZE_CDI: [{"person_id": who.person_id, "payload": f'{{"note": "{who.note}"}}'}],
    }
