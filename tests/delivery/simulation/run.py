"""One run of a seed: a storm of senders, crashes, naps, choices and restores, then calm; and what must hold after it."""

from collections import Counter
from random import Random

from lettermill.delivery.provider import Status
from tests.delivery.simulation.sender import CAP, LEASE_SECONDS, Practice, Sender, World
from tests.delivery.simulation.stage import Stage
from tests.delivery.simulation.witness import Witness
from tests.delivery.simulation.world import Choices, MemoryJournal, Outbox, Row, SimProvider

CAMPAIGNS = ("spring", "sale")
ENDS = {"handed_over", "rejected", "suppressed", "unknown"}
SPREADS = (0.3, 5.0, 150.0)
"""Within how many seconds senders start and people choose: one at a time, or all on each other's heels."""


def simulate(seed: int, practice: Practice | None = None) -> World:
    """Run a seed and check it. Raises AssertionError with what did not hold."""
    chance = Random(seed)
    world = _world(chance, practice or Practice())
    stage, spread = world.stage, chance.choice(SPREADS)
    for number in range(chance.randint(2, 5)):
        start = chance.uniform(0, spread)
        stage.spawn(f"s{number}", Sender(world, f"s{number}", chance.choice(CAMPAIGNS)), after=start)
    for person in sorted({row.person for row in world.outbox.rows.values()}):
        if chance.random() < 0.15:
            stage.spawn("person", lambda person=person: world.choices.opt_out(person), after=chance.uniform(0, spread))
    is_restored = chance.random() < 0.1
    if is_restored:
        stage.spawn("operator", lambda: _restore(world), after=chance.uniform(0, spread))
    stage.run()
    calm(world)
    check(world, is_restored=is_restored)
    return world


def _world(chance: Random, practice: Practice) -> World:
    stage = Stage(
        chance,
        crashes=chance.choice((0.0, 0.003, 0.01)),
        naps=chance.choice((0.0, 0.003, 0.02)),
        switches=chance.choice((0.02, 0.1, 0.5)),
        nap_seconds=LEASE_SECONDS,
    )
    people = chance.randint(3, 8)
    rows = [
        Row(f"{campaign}-{person}", f"p{person}", campaign)
        for campaign in CAMPAIGNS
        for person in range(people)
        if chance.random() < 0.7
    ]
    witness = Witness(stage)
    outbox, journal, choices = Outbox(stage, rows), MemoryJournal(stage, witness), Choices(stage)
    provider = SimProvider(stage, faults=chance.choice((0.0, 0.2, 0.6)))
    not_after = stage.now + chance.choice((40.0, 1e9, 1e9))
    return World(stage, outbox, journal, choices, provider, witness, practice, not_after)


def _restore(world: World) -> None:
    world.outbox.restore(int(world.stage.chance.random() * (world.outbox.version + 1)))


def calm(world: World) -> None:
    """Nothing fails any more, leases have ended, and senders run until there is nothing left to do."""
    stage = world.stage
    stage.crashes = stage.naps = world.provider.faults = 0.0
    for round_ in range(8):
        stage.now += 4 * LEASE_SECONDS
        for campaign in CAMPAIGNS:
            name = f"calm{round_}{campaign}"
            stage.spawn(name, Sender(world, name, campaign))
        stage.run()
        if all(row.state in ENDS for row in world.outbox.rows.values()) or world.refusals:
            return


def check(world: World, *, is_restored: bool) -> None:
    rows, book = world.outbox.rows, world.provider.book
    twice = {one: times for one, times in book.items() if times > 1}
    assert not twice, f"accepted twice: {twice}"
    per_person = Counter(rows[one].person for one, times in book.items() for _ in range(times))
    too_often = [person for person, times in per_person.items() if times > CAP]
    assert not too_often, f"mailed above the cap: {too_often}"
    for made in world.witness.made:
        if made.is_sent:
            out = {
                one for one in made.messages if world.choices.opted_out.get(rows[one].person, 10**9) <= made.marked_at
            }
            assert not out, f"called after an opt-out: {out}"
    if is_restored:
        return
    assert not world.refusals, f"refused without a restore: {world.refusals}"
    states = {one: row.state for one, row in rows.items()}
    left = {one: state for one, state in states.items() if state not in ENDS}
    assert not left, f"lost: {left}"
    unknown = {one for one, state in states.items() if state == "unknown"}
    assert unknown == world.witness.ambiguous(), f"unknown {unknown}, ambiguous {world.witness.ambiguous()}"
    accepted = {one for one, times in book.items() if times}
    told = {one for one, state in states.items() if state == Status.HANDED_OVER}
    assert told <= accepted <= told | unknown, f"told {told}, accepted {accepted}"
