import os

import pytest

from penultlab.net import Lab
from penultlab.topology import Topology

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")


@pytest.fixture(scope="module")
def lab(build):
    """labs/lsp with every session up and every LSP complete."""
    import story

    with Lab(Topology(os.path.join(ROOT, "labs", "lsp")), build) as lab:
        for router in story.ROUTERS:
            lab.wait_sessions(router, story.SESSIONS[router])
        yield lab
