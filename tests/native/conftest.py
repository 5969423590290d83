import os

import pytest
from penult import Lab, Topology, wait_for
from router import Router

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
def twin(build):
    """Two routers with one session over two links."""
    for lab in running("twin", build):
        for router in ("R1", "R2"):
            wait_for(lambda r=router: len(lab.rows(r, "display", "mpls", "ldp", "adjacency")) == 2, f"{router} to hear both links")
        yield lab


@pytest.fixture
def dual(build):
    """Two routers that speak LDP with IPv4 and IPv6."""
    yield from running("dual", build)


@pytest.fixture
def lan(build):
    """Two routers with their session up and a stranger on the same switch."""
    yield from running("lan", build)


@pytest.fixture(scope="module")
def quiet_lan(build):
    """The same for tests that leave it as it was."""
    yield from running("lan", build)


@pytest.fixture
def router(lab, tmp_path):
    return Router(lab, "R1", tmp_path)
