"""What conf says of the gateway is checked before anything listens."""

from dataclasses import replace

import pytest

from lettermill.errors import ConfigError
from lettermill.gateway_settings import GatewayKafka, GatewayPreferences, GatewaySettings, Webhook
from lettermill.services.gateway.kafka_sink import KafkaTopics
from lettermill.services.gateway.serving import application_of, gateway_of, listeners_of
from lettermill.settings import load, validate


@pytest.fixture
def settings(monkeypatch):
    """Conf as it is shipped, with other settings of the gateway."""
    monkeypatch.setenv("LETTERMILL_SECRET_LETTERMILL_UNSUBSCRIBE", "a key of the tests")
    monkeypatch.setenv("LETTERMILL_SECRET_X_KAFKA", "a password")
    packaged = load("local")
    return lambda **gateway: replace(packaged, gateway=replace(packaged.gateway, **gateway))


def test_conf_as_it_is_shipped_makes_a_gateway(settings):
    assert application_of(settings()) is not None


@pytest.mark.parametrize(
    ("gateway", "message"),
    [
        ({"source": "crm"}, "no source 'crm' of events"),
        ({"preferences": GatewayPreferences(source="wbe")}, "gateway.preferences.source"),
        ({"webhooks": {"x": Webhook("standard", ("secret://x/y",), "none")}}, "gateway.webhooks.x.source"),
        ({"webhooks": {"x": Webhook("standard", ("secret://x/y",), "email")}}, "LETTERMILL_SECRET_X_Y"),
        (
            {"webhooks": {"x": Webhook("sendgird", ("secret://x/kafka",), "email")}},
            "one of: braze, hubspot, klaviyo, sendgrid, ses, sfmc, standard",
        ),
        ({"preferences": GatewayPreferences(token_keys={"2": "secret://x/none"})}, "LETTERMILL_SECRET_X_NONE"),
    ],
)
def test_what_is_not_there_is_named_before_anything_listens(settings, gateway, message):
    with pytest.raises(ConfigError, match=message):
        application_of(settings(**gateway))


def test_a_webhook_calls_groups_as_its_account_does_the_one_it_names_or_the_one_of_its_providers_name(settings):
    account = {"key": "secret://x/kafka", "sender": "Shop", "sender_address": "shop@mail.example"}
    conf = settings(
        webhooks={
            "plain": Webhook("sendgrid", ("secret://x/kafka",), "email"),
            "german": Webhook("sendgrid", ("secret://x/kafka",), "email", account="germany"),
            "hooks": Webhook("standard", ("secret://x/kafka",), "email"),
        }
    )
    accounts = {
        "sendgrid": {**account, "topics": {"8": "offers"}},
        "germany": {**account, "kind": "sendgrid", "topics": {"8": "angebote"}},
    }
    conf = replace(conf, delivery=replace(conf.delivery, providers=accounts))

    assert {name: made.topics for name, made in listeners_of(conf).items()} == {
        "plain": {"8": "offers"}, "german": {"8": "angebote"}, "hooks": {},
    }  # fmt: skip
    with pytest.raises(ConfigError, match="unknown provider 'germany'"):
        listeners_of(replace(conf, delivery=replace(conf.delivery, providers={"sendgrid": account})))


@pytest.mark.parametrize(
    "block",
    [
        {"keys": "k", "files": {"spool": "s"}, "sink": "kafka"},
        {"keys": "k", "files": {"spool": "s"}, "preferences": {"topics": {"All Offers": "x"}}},
        {"keys": "k", "files": {"spool": "s"}, "preferences": {"topics": {"all": "x"}}},
        {
            "keys": "k",
            "files": {"spool": "s"},
            "webhooks": {"x": {"provider": "standard", "keys": [], "source": "email"}},
        },
        {"keys": "k", "files": {"spool": "s"}, "limitz": {}},
    ],
)
def test_what_cannot_be_meant_is_refused(block):
    with pytest.raises(ConfigError):
        validate(GatewaySettings, block, place="conf")


def test_kafkas_secrets_are_looked_up_and_stand_in_no_setting(settings):
    kafka = GatewayKafka(brokers="b:1", options={"sasl.password": "secret://x/kafka", "linger.ms": "1"})
    conf = settings(sink="kafka", kafka=kafka)

    sink = gateway_of(conf).sink

    assert isinstance(sink, KafkaTopics)
    assert sink.settings.options == {"sasl.password": "a password", "linger.ms": "1"}
    assert "a password" not in repr(conf) + repr(sink)
