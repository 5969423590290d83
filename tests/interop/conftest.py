import os

import pytest

from penultlab.net import Lab
from penultlab.topology import Topology


@pytest.fixture(scope="module")
def lab(build):
    """tests/interop/frr-ldp with every session up."""
    folder = os.path.join(os.path.dirname(os.path.realpath(__file__)), "frr-ldp")
    with Lab(Topology(folder), build) as lab:
        for router, count in (("R1", 1), ("R3", 2), ("R4", 1)):
            lab.wait_sessions(router, count)
        yield lab
