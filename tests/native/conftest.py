import os

import pytest

from penultlab.net import Lab
from penultlab.topology import Topology
from router import Router

PAIR = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs", "pair")


@pytest.fixture
def lab(build):
    """Two routers with their session up. The configuration files are copies that a test may change."""
    topology = Topology(PAIR)
    with Lab(topology, build) as lab:
        for router in ("R1", "R2"):
            lab.wait_sessions(router, 1)
        yield lab


@pytest.fixture
def router(lab, tmp_path):
    router = Router(lab, "R1", tmp_path)
    for node in ("R1", "R2"):
        lab.wait_sessions(node, 1)
    return router
