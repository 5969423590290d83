import os

import pytest
from penult import Lab, Topology

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")


def running(name, build):
    with Lab(Topology(os.path.join(LABS, name)), build) as lab:
        for router in ("R1", "R2"):
            lab.wait_sessions(router, 1)
        yield lab


@pytest.fixture
def lab(build):
    """Two routers with their session up, for tests that change them."""
    yield from running("pair", build)


@pytest.fixture(scope="module")
def quiet(build):
    """The same for tests that only look."""
    yield from running("pair", build)


@pytest.fixture
def lan(build):
    """Two routers with their session up and a stranger on the same switch."""
    yield from running("lan", build)
