"""labs/ldp-sync tells its story, and every check in it holds: with synchronization nothing is lost for want of a label, without it something is."""
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.mpls

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")


def test_the_story_of_labs_ldp_sync_holds(build):
    p = subprocess.run([sys.executable, os.path.join(ROOT, "labs", "penult-lab"), "run", os.path.join(ROOT, "labs", "ldp-sync"), "--story", "--native",
                        "--build", build], capture_output=True, text=True, timeout=600)
    assert p.returncode == 0 and "all 8 checks held" in p.stdout, p.stdout[-3000:] + p.stderr
