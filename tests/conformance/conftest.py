"""One router for the whole suite; each test brings peers of its own."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)

from peer import Router  # noqa: E402
from penultlab.lab import Lab  # noqa: E402
from penultlab.topology import Topology  # noqa: E402


@pytest.fixture(scope="session")
def started(build):
    lab = Lab(Topology(os.path.join(HERE, "router")), build)
    try:
        lab.up(start=False)
        router = Router(lab)
        router.start()
        yield router
    finally:
        lab.close()


@pytest.fixture
def lab(started):
    """For the report of a failure: the daemons' logs."""
    return started.lab


@pytest.fixture
def router(started, lab):
    yield started
    started.reset()
    for daemon in ("fibd", "ldpd"):
        assert lab.daemons["R1", daemon].alive(), f"{daemon} died"


@pytest.fixture
def peer(router):
    return router.peer()
