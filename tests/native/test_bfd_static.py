"""labs/bfd-static tells its story, and every check in it holds: the cut, the failover and the return, with one prefix and with 10,000."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")


def test_the_story_of_labs_bfd_static_holds(build):
    p = subprocess.run([sys.executable, os.path.join(ROOT, "labs", "penult-lab"), "run", os.path.join(ROOT, "labs", "bfd-static"), "--story", "--native",
                        "--build", build], capture_output=True, text=True, timeout=600)
    assert p.returncode == 0 and "all 13 checks held" in p.stdout, p.stdout[-3000:] + p.stderr
