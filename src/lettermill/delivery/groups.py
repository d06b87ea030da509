"""A provider's groups of mails (unsubscribe groups, lists, subscription types, topics) as the topics of campaigns."""

from collections.abc import Mapping

from lettermill.errors import ConfigError
from lettermill.tables.declaration import NAME


def check_topics(topics: Mapping[str, str], *, place: str) -> None:
    """Raises ConfigError for a topic that no campaign could name, so that leaving its group would stop nothing."""
    for group, topic in topics.items():
        if not NAME.fullmatch(topic):
            mend = f"write a campaign's topic, which matches {NAME.pattern}, or all for all mail"
            raise ConfigError(f"topics.{group} is {topic!r}", place=place, mend=mend)


def topic_of(group: object, topics: Mapping[str, str]) -> str:
    """The topic that conf declares for a group of a provider's, by its id there; else the id itself."""
    return topics.get(str(group), str(group))
