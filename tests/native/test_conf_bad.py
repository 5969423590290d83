"""tests/conf/bad: one file per refusal, and what both daemons must say of it."""
import glob
import os
import re
import subprocess

import pytest

FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "conf", "bad")
CASES = sorted(os.path.basename(p)[:-5] for p in glob.glob(os.path.join(FOLDER, "*.conf")))


@pytest.mark.parametrize("daemon", ["fibd", "ldpd", "bfdd", "igpd", "l2vpnd", "l3vpnd"])
@pytest.mark.parametrize("case", CASES)
def test_is_refused_with_file_line_and_remedy(build, case, daemon):
    p = subprocess.run([os.path.join(build, "bin", daemon), "-c", f"{case}.conf", "-t"], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    with open(os.path.join(FOLDER, f"{case}.err"), encoding="utf-8") as f:
        wanted = f.read()
    said = re.sub(rf"^.*? {daemon} (error|warning): ", "", p.stderr, flags=re.M)  # without the log's head
    assert said == wanted
    assert p.returncode == 1


def test_there_are_cases():
    assert len(CASES) >= 15
