"""Where payload files lie: every account of the settings that files them, and those out of this machine's reach."""

from lettermill.delivery.providers.files.account import Account
from lettermill.settings import Settings, validate


def file_accounts(settings: Settings) -> list[Account]:
    """Our own account and every declared one. Raises ConfigError naming the fault of one."""
    declared = (
        validate(
            Account, {key: value for key, value in keys.items() if key != "kind"}, place=f"delivery.providers.{name}"
        )
        for name, keys in settings.delivery.providers.items()
        if keys.get("kind", name) == "files"
    )
    return [settings.files.account(), *declared]


def out_of_reach(settings: Settings) -> list[str]:
    """Destinations in an object store or on a server, whose files an erasure neither changes nor searches."""
    return sorted({one.destination for one in file_accounts(settings) if not one.is_folder})
