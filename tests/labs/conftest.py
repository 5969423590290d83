import os

import pytest
import story
from penult import Lab, Topology

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")


@pytest.fixture(scope="module")
def lab(build):
    """labs/lsp with every session up."""
    with Lab(Topology(os.path.join(ROOT, "labs", "lsp")), build) as lab:
        for router, count in story.SESSIONS.items():
            lab.wait_sessions(router, count)
        yield lab
