"""A wrong key or value stops a job before any work, naming file, key, value and a fix."""

import pytest

from lettermill.errors import ConfigError
from lettermill.settings import PACKAGED, load, load_campaign, read_yaml


@pytest.fixture
def conf(tmp_path):
    """A copy of the packaged conf whose local.yml ends with the given text."""

    def write(addition):
        for file in PACKAGED.glob("*.yml"):
            text = file.read_text()
            (tmp_path / file.name).write_text(text + addition if file.stem == "local" else text)
        return tmp_path

    return write


def test_an_environment_is_its_differences_over_the_base():
    local, databricks = load("local"), load("databricks")

    assert (local.lake.catalog, databricks.lake.catalog) == (None, "lettermill")
    assert local.campaigns == databricks.campaigns


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("landingg: x\n", "landingg: unknown key, did you mean 'landing'?"),
        ("models: {seeed: 1}\n", "models.seeed: unknown key, did you mean 'seed'?"),
        ("models: {seed: many}\n", r"models.seed: .*valid integer.*\(is 'many'\)"),
        ("models: [1\n", r"not YAML(.|\n)*local.yml:\d+"),
        ("sources: {orders: {format: csv}}\n", "a csv source must list its columns"),
        ("sources: {orders: {expected: {within: soon}}}\n", "sources.orders.expected: .*within 'soon' is no duration"),
        ("sources: {orders: {expected: {rows: [9, 1]}}}\n", r"rows must be the fewest and the most, .* is \[9, 1\]"),
        (
            "sync: {destinations: {braze: [churn_scor]}}\n",
            "braze: no attribute 'churn_scor'; did you mean 'churn_score'?",
        ),
        (
            "sync: {destinations: {braze: [loyalty_score]}}\n",
            "no attribute 'loyalty_score'; .*churn_score, next_purchase_",
        ),
        ("sources: {orders: {trust: 2}}\n", "trust must be from 0 to 1, is 2"),
        ("sources: {orders: {consent_bassis: none}}\n", "unknown key, did you mean 'consent_basis'?"),
        (
            "profiles: {identity: {component_at_mist: 5}}\n",
            "component_at_mist: unknown key, did you mean 'component_at_most'?",
        ),
        ("profiles: {identity: {shared_by_at_most: {email: 0}}}\n", "email must be 1 or more, is 0"),
        ("profiles: {identity: {phone_region: usa}}\n", "phone_region must be a country code such as US, is 'usa'"),
        ("profiles: {identity: {probable: {use_above: 2}}}\n", "use_above must be a probability"),
        ("profiles: {conflicts: {trust: {crm: 80}}}\n", "trust.crm must be from 0 to 1, is 80"),
        ("profiles: {conflicts: {default: {rule: source_priority}}}\n", "order lists the sources, the best first"),
        (
            "profiles: {conflicts: {attributes: {email: {rule: most_trusted}}}}\n",
            "within_days says how old a value may be",
        ),
    ],
)
def test_a_wrong_conf_is_named_by_file_key_value_and_fix(conf, addition, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load("local", conf=conf(addition))

    assert "local.yml" in str(caught.value)


def test_a_conf_without_profiles_takes_the_packaged_ones_and_an_environment_may_differ(conf):
    folder = conf("profiles: {identity: {component_at_most: 5}}\n")
    (folder / "profiles.yml").unlink()

    identity = load("local", conf=folder).profiles.identity

    assert identity.component_at_most == 5
    assert identity.shared_by_at_most == load("local").profiles.identity.shared_by_at_most


def test_an_unknown_environment_lists_the_known_ones():
    with pytest.raises(ConfigError, match="unknown environment 'prod'(.|\n)*databricks, local"):
        load("prod")


def test_a_missing_file_and_one_that_is_no_mapping_are_named(tmp_path):
    (tmp_path / "list.yml").write_text("- a")
    (tmp_path / "latin.yml").write_bytes(b"name: \xe9")

    for name, message in {
        "none.yml": "does not exist",
        "list.yml": "no mapping",
        "latin.yml": "not UTF-8 at byte 6",
    }.items():
        with pytest.raises(ConfigError, match=message):
            read_yaml(tmp_path / name)


def test_a_campaign_that_does_not_exist_gets_the_nearest_name():
    with pytest.raises(ConfigError, match="did you mean 'weekly_picks'?"):
        load_campaign("weekly_pick", folder=load("local").campaigns.folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("holdout_share: 0.10", "holdout_share: 1.5", "experiment.*from 0 up to 1, is 1.5"),
        ("audience:", "audiance:", "audiance: unknown key, did you mean 'audience'?"),
        ("missing: skip_person", "missing: ignore", "inputs.picks.missing"),
    ],
)
def test_a_wrong_campaign_is_named_by_key_and_suggestion(tmp_path, old, new, message):
    source = load("local").campaigns.folder / "weekly_picks" / "campaign.yml"
    (tmp_path / "weekly_picks").mkdir()
    (tmp_path / "weekly_picks" / "campaign.yml").write_text(source.read_text().replace(old, new))

    with pytest.raises(ConfigError, match=message):
        load_campaign("weekly_picks", folder=tmp_path)
