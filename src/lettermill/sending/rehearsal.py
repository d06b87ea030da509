"""stand-in"""


def rehearse(desk, *, limit): ...
