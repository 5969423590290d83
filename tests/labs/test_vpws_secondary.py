"""labs/vpws-secondary tells its story, and every check in it holds: reference 003 in the kernels, on the wires and in the displays."""
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.mpls

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")


def test_the_story_of_labs_vpws_secondary_holds(build):
    p = subprocess.run([sys.executable, os.path.join(ROOT, "labs", "penult-lab"), "run", os.path.join(ROOT, "labs", "vpws-secondary"), "--story", "--native",
                        "--build", build], capture_output=True, text=True, timeout=900)
    assert p.returncode == 0 and "checks held" in p.stdout, p.stdout[-5000:] + p.stderr
