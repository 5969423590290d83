"""Labs that tell a story (labs/NAME/story.py): each claim in it is a check, and all of them have to hold."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")


def story_holds(build, lab, checks, timeout=600):
    p = subprocess.run([sys.executable, os.path.join(ROOT, "labs", "penult-lab"), "run", os.path.join(ROOT, "labs", lab), "--story", "--native",
                        "--build", build], capture_output=True, text=True, timeout=timeout)
    assert p.returncode == 0 and f"all {checks} checks held" in p.stdout, p.stdout[-5000:] + p.stderr
