"""A plan draws by the arms as they stood at its moment."""

from dataclasses import replace
from datetime import timedelta

from lettermill.campaigns.slots import Candidate, Slot
from lettermill.planning import arm_states
from lettermill.settings import load_campaign
from lettermill.tables.campaigns import BANDITS
from tests.jobs.spring_campaign import AS_OF, run_of, settings_in

ARM = {"campaign": "spring", "slot": "hero", "block": "a", "trials": 9}


def test_a_plan_reads_the_newest_state_of_each_arm_up_to_its_moment(lake, given, tmp_path):
    settings = settings_in(tmp_path)
    run = run_of(lake, settings)
    plain = load_campaign("spring", folder=settings.campaigns.folder)
    bandit = replace(plain, slots={"hero": Slot((Candidate("a"), Candidate("b")), choose="bandit")})
    assert arm_states(run, bandit) is None

    days = {-9: 1.0, -1: 2.0, 1: 3.0}  # rewards by day; the last is not known yet
    rows = [ARM | {"as_of": AS_OF + timedelta(days=day), "rewards": rewards} for day, rewards in days.items()]
    lake.add(given(BANDITS, *rows), to=BANDITS)

    assert [row.rewards for row in arm_states(run, bandit).collect()] == [2.0]
    assert run.versions == {"campaigns.bandits": lake.version(BANDITS)}
    assert arm_states(run, plain) is None
