import os

import pytest
from penult import Lab, Topology

HERE = os.path.dirname(os.path.realpath(__file__))


def running(name, build, sessions):
    with Lab(Topology(os.path.join(HERE, name)), build) as lab:
        for router, count in sessions.items():
            lab.wait_sessions(router, count, timeout=120)
        yield lab


@pytest.fixture(scope="module")
def lab(request, build):
    """The lab that the module names as LAB, with all its SESSIONS up."""
    yield from running(request.module.LAB, build, request.module.SESSIONS)
