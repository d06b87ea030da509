"""A slot's contexts as the fence sees them: those of now, with where they lie."""

from lettermill.rendering.context_places import PLACE
from lettermill.sending.slot import open_slot
from tests.jobs.spring_campaign import plan_contexts, run_of, settings_in


def test_what_is_planned_while_a_send_goes_on_is_among_the_contexts_of_its_next_wave(lake, given, tmp_path):
    settings = settings_in(tmp_path)
    plan_contexts(lake, settings, given, names=["Ana"])
    slot = open_slot(run_of(lake, settings))
    before = slot.placed_contexts()
    first = [row["message_id"] for row in before.select("message_id").collect()]
    plan_contexts(lake, settings, given, names=["Ana", "Ben"])
    then = sorted(row["message_id"] for row in slot.placed_contexts().select("message_id").collect())

    assert (first, then) == (["m1"], ["m1", "m2"])
    assert {*PLACE} <= {*before.columns}
