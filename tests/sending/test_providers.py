"""Providers by conf: each kind opens by what it needs, and what is wrong is named with its place and mend."""

import pickle
from dataclasses import replace

import pytest

from lettermill.errors import ConfigError
from lettermill.sending.providers import kinds, mail_provider, sync_ends, topics_of
from lettermill.settings import load

KEY = "secret://esp/key"
ACCOUNTS = {
    "braze": {"base_url": "https://rest.example", "key": KEY, "campaign_id": "c"},
    "hubspot": {"key": KEY, "email_id": 7},
    "klaviyo": {"key": KEY},
    "sendgrid": {"key": KEY, "sender": "Shop", "sender_address": "shop@mail.example"},
    "ses": {"region": "eu-west-1", "configuration_set": "mails", "sender": "Shop", "sender_address": "shop@mail.example"},
    "sfmc": {"subdomain": "mc-example", "client_id": "id", "client_secret": KEY, "definition_key": "d", "data_extension_key": "e"},
    "smtp": {"host": "mail.example", "sender": "Shop", "sender_address": "shop@mail.example"},
    "webhook": {"url": "https://hook.example/in", "key": "secret://esp/signing"},
    "files": {"destination": "var/out"},
}  # fmt: skip


@pytest.fixture
def settings(monkeypatch):
    monkeypatch.setenv("LETTERMILL_SECRET_ESP_KEY", "the-key-itself")
    monkeypatch.setenv("LETTERMILL_SECRET_ESP_SIGNING", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    local = load("local")
    return replace(local, delivery=replace(local.delivery, providers=ACCOUNTS))


def declared(settings, **accounts):
    return replace(settings, delivery=replace(settings.delivery, providers=accounts))


def test_the_test_knows_every_kind():
    assert kinds() == sorted(ACCOUNTS)


@pytest.mark.parametrize("kind", sorted(ACCOUNTS))
def test_each_kind_opens_by_its_conf_goes_to_workers_and_hides_its_key(settings, kind):
    provider = mail_provider(kind, settings=settings)
    again = pickle.loads(pickle.dumps(provider))

    assert (again.name, again.limits) == (kind, provider.limits)
    assert "the-key-itself" not in repr(provider)


def test_who_takes_attributes_and_who_can_be_asked_opens_by_its_conf(settings):
    ends = {kind: sync_ends(kind, settings=settings) for kind in sorted({*ACCOUNTS} - {"files", "smtp", "webhook"})}

    assert {kind: end.profiles.name for kind, end in ends.items() if end.profiles is not None} == {
        kind: kind for kind in ("braze", "hubspot", "klaviyo", "sfmc")
    }
    assert {kind for kind, end in ends.items() if end.statements is not None} == {
        "braze", "hubspot", "klaviyo", "sendgrid", "ses",
    }  # fmt: skip


def test_an_account_says_which_topics_its_groups_are_and_a_kind_without_groups_says_none(settings):
    named = declared(settings, **ACCOUNTS, news={"kind": "sendgrid", **ACCOUNTS["sendgrid"], "topics": {"8": "offers"}})

    assert {name: topics_of(name, settings=named) for name in ("news", "sendgrid", "ses", "smtp")} == {
        "news": {"8": "offers"}, "sendgrid": {}, "ses": {}, "smtp": {},
    }  # fmt: skip


def test_an_account_has_a_name_of_its_own_and_files_need_no_account(settings):
    named = declared(settings, germany={"kind": "braze", **ACCOUNTS["braze"]})

    assert mail_provider("germany", settings=named).name == "germany"
    assert mail_provider("files", settings=named).name == "files"


@pytest.mark.parametrize(
    ("accounts", "name", "problem"),
    [
        ({}, "braze", "unknown provider 'braze'"),
        ({"x": {"kind": "brase"}}, "x", "no kind of provider 'brase'"),
        (
            {"braze": {**ACCOUNTS["braze"], "campaign": "c"}},
            "braze",
            "campaign: unknown key, did you mean 'campaign_id'",
        ),
        ({"braze": {"key": KEY}}, "braze", "base_url"),
        ({"sendgrid": {**ACCOUNTS["sendgrid"], "topics": {8: "offers"}}}, "sendgrid", "topics.8.*valid string"),
    ],
)
def test_what_is_wrong_with_an_account_is_named(settings, accounts, name, problem):
    with pytest.raises(ConfigError, match=problem) as refused:
        mail_provider(name, settings=declared(settings, **accounts))

    assert "delivery.providers" in str(refused.value)


@pytest.mark.parametrize("kind", ["files", "smtp", "webhook"])
def test_a_kind_that_can_neither_be_told_nor_asked_is_refused_by_name_with_those_that_can(settings, kind):
    with pytest.raises(ConfigError, match=f"{kind} takes no attributes, and cannot be asked") as refused:
        sync_ends(kind, settings=settings)

    assert (refused.value.place, refused.value.mend) == (
        f"delivery.providers.{kind}",
        "name one of: braze, hubspot, klaviyo, sendgrid, ses, sfmc",
    )
