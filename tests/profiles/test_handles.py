"""A name on social media is a person's where sources say so, and nobody else's."""

from hashlib import sha256

from lettermill.profiles.handles import handles_of
from lettermill.tables.quality import SOCIAL_ENGAGEMENT


def test_a_handle_is_theirs_by_customer_or_hashed_address_unless_a_row_gives_it_to_another_customer(given):
    digest = sha256(b"zoe@x.example").hexdigest()
    engagement = given(
        SOCIAL_ENGAGEMENT,
        {"platform": "mastodon", "handle": "@zoe", "customer_id": "9"},
        {"platform": "mastodon", "handle": "@zoe"},
        {"platform": "bluesky", "handle": "zoe", "email_sha256": digest},
        {"platform": "bluesky", "handle": "@zoe"},  # nobody says whose
        {"platform": "mastodon", "handle": "@shop", "customer_id": "9"},
        {"platform": "mastodon", "handle": "@shop", "customer_id": "8"},
        {"platform": "mastodon", "customer_id": "9"},
    )

    found = handles_of(engagement, [("customer_id", "9"), ("email", "Zoe@x.example"), ("phone", "8")])

    assert sorted((row.platform, row.handle) for row in found.collect()) == [("bluesky", "zoe"), ("mastodon", "@zoe")]
