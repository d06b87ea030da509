"""Handing test mails to a campaign's seeds: marked, to allowed addresses alone, and apart from every real message."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

from lettermill.campaigns.contexts import MARK as MARK_LENGTH
from lettermill.campaigns.definition import Seed
from lettermill.campaigns.impersonal import seed_message_id, with_other_links
from lettermill.campaigns.tokens import unsubscribe_token
from lettermill.delivery.payloads import json_line
from lettermill.delivery.provider import Call, Message, Outcome, Provider, Status
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.layouts import LETTERMILL
from lettermill.delivery.providers.files.mails import FileProvider
from lettermill.delivery.providers.files.manifests import entries_of, write_manifest
from lettermill.delivery.splitting import calls_of
from lettermill.delivery.test_mode import AllowListed, marked, require_allowed
from lettermill.errors import ConfigError, DeliveryError
from lettermill.personas import TOKEN, Persona, of_seed, stand_in
from lettermill.rendering.rowwise import renderer
from lettermill.rendering.templates import Template, load_template
from lettermill.secrets import resolve
from lettermill.sending.providers import FILES, mail_provider
from lettermill.sending.slot import Slot

FOLDER = "_test"
"""Where test mails lie below `files.folder`: no campaign can have this name."""


@dataclass(frozen=True)
class Faulty:
    """A seed's mail that could not be rendered."""

    name: str
    fault: str


def hand_over_seeds(slot: Slot, *, is_rehearsal: bool) -> None:
    """Render the campaign's seeds with the template as it is and hand them to its provider, without a journal.

    Files are of their own: equal mails go to the same folder, whose files then stay as they are. No table is written,
    the outbox is not read.
    Raises DeliveryError, with nothing written, where an address is not on the allow-list.
    """
    run, campaign = slot.run, slot.campaign
    template = load_template(campaign, folder=run.settings.campaigns.folder)
    if not campaign.seeds:
        mend = "declare seeds: a name, an address, and one of profile, person and every_branch"
        raise ConfigError("the campaign has no seeds", place=f"{campaign.name}/campaign.yml", mend=mend)
    made = [one for seed in campaign.seeds for one in _mails(slot, seed, template)]
    messages = sorted((one for one in made if isinstance(one, Message)), key=lambda one: one.message_id)
    faults = [one for one in made if isinstance(one, Faulty)]
    run.count(seeds=len(campaign.seeds), due=len(messages), faulty=len(faults))
    for one in faults:
        run.note(f"seed {one.name} is faulty: {one.fault}")
    if is_rehearsal or not messages:
        return
    require_allowed(messages, allowed=run.settings.delivery.test_addresses)
    rows = b"".join(json_line(LETTERMILL.row(message)) for message in messages)
    content = sha256(rows).hexdigest()[:12]
    if campaign.provider == FILES:
        account = run.settings.files.account(run.settings.files.folder / FOLDER / content)
        run.note(f"test mails: {_in_files(slot, messages, account)}")
    else:
        _sent(slot, messages, mail_provider(campaign.provider, settings=run.settings), wave=f"test.{content}")
        run.note(f"test mails: handed to {campaign.provider}")


def _in_files(slot: Slot, messages: list[Message], account: Account) -> str:
    """Hand mails over as files; the place of their manifest."""
    wave = f"{slot.campaign.name}.{slot.occurrence}.00001"
    outcomes = _sent(slot, messages, FileProvider(account, FILES), wave=wave)
    store = account.store({})
    entries = entries_of(store, [one.reference for one in outcomes], account=account, wave=wave)
    name = write_manifest(store, wave, entries, {"engine": slot.engine}, account=account)
    return f"{account.destination}/{name}"


def _sent(slot: Slot, messages: list[Message], to: Provider, *, wave: str) -> list[Outcome]:
    """Hand mails over, to allowed addresses alone. Raises DeliveryError where one is not handed over."""
    provider = AllowListed(to, slot.run.settings.delivery.test_addresses)
    parcels = [provider.pack(message, at=slot.run.as_of) for message in messages]
    with closing(provider.connect()) as connection:
        outcomes = [
            outcome
            for number, call in enumerate(calls_of(parcels, provider.limits), start=1)
            for outcome in connection.send(call, call=Call(wave, 1, number)).outcomes
        ]
    slot.run.count(**Counter(str(one.status) for one in outcomes))
    kept_back = [one for one in outcomes if one.status != Status.HANDED_OVER]
    if kept_back:
        problem = f"{len(kept_back)} test mails were not handed over: {kept_back[0].reason}"
        raise DeliveryError(problem, place=to.name, mend="mend that, and run again")
    return outcomes


def _mails(slot: Slot, seed: Seed, template: Template) -> Iterator[Message | Faulty]:
    run = slot.run
    for persona in of_seed(seed, slot.campaign, template, settings=run.settings, run=run):
        message_id = seed_message_id(slot.campaign.name, occurrence=slot.occurrence, seed=persona.name)
        token = unsubscribe_token(message_id, key=resolve(run.settings.secrets.unsubscribe_key), key_id="1")
        yield _mail(slot, seed, persona, template, message_id=message_id, token=token)


def _mail(
    slot: Slot, seed: Seed, persona: Persona, template: Template, *, message_id: str, token: str
) -> Message | Faulty:
    """One seed's mail. Its links are of the test message: they tell nothing of a person and change nothing for one."""
    instead = {stand_in(TOKEN): token, stand_in(MARK_LENGTH): message_id[:MARK_LENGTH]}
    rendered = renderer(template).render(with_other_links(dict(persona.inputs), instead=instead))
    if rendered.fault is not None:
        return Faulty(persona.name, f"{rendered.fault_part}: {rendered.fault}")
    parts = rendered.parts
    return marked(
        Message(
            message_id=message_id,
            person_id=f"seed:{persona.name}",
            address=seed.address,
            campaign=slot.campaign.name,
            occurrence=slot.occurrence,
            locale=persona.locale,
            subject=parts["subject"],
            preheader=parts.get("preheader", ""),
            html=parts["html"],
            text=parts["text"],
            unsubscribe_url=f"{slot.run.settings.campaigns.shop['url']}/mail/unsubscribe/{token}",
            template_version=template.version,
        )
    )
