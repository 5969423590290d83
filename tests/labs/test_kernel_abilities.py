"""What a kernel lacks that pseudowires need is told: Debian's, which has all of it, and with modules of it locked away."""
import json
import os
import subprocess

import pytest
from penultlab.net import wait_for

pytestmark = pytest.mark.mpls

LOCK = "/etc/modprobe.d/penult-test.conf"
SITE = "penultsite"


def missing(build, folder):
    """What fibd says of the kernel in a namespace of its own."""
    config = os.path.join(folder, "router.conf")
    with open(config, "w", encoding="utf-8") as f:
        f.write("sysname A\nreturn\n")
    ask = [os.path.join(build, "bin", "fibctl"), "-r", folder, "--json", "display", "fib", "kernel"]
    subprocess.run(["ip", "netns", "add", SITE], check=True)
    with open(os.path.join(folder, "fibd.log"), "w", encoding="utf-8") as log, \
            subprocess.Popen(["ip", "netns", "exec", SITE, os.path.join(build, "bin", "fibd"), "-c", config, "-r", folder],
                             stdout=log, stderr=log) as daemon:
        try:
            return json.loads(wait_for(lambda: subprocess.run(ask, capture_output=True, text=True, check=False).stdout, "fibd to answer", 30))[0]["missing"]
        finally:
            daemon.terminate()
            daemon.wait(30)
            subprocess.run(["ip", "netns", "del", SITE], check=True)


def loaded():
    with open("/proc/modules", encoding="utf-8") as f:
        return [line.split()[0] for line in f]


@pytest.fixture
def locked():
    def lock(*modules):
        with open(LOCK, "w", encoding="utf-8") as f:
            f.writelines(f"install {module} /bin/false\n" for module in modules)
        for module in modules:
            wait_for(lambda m=module: subprocess.run(["rmmod", m], capture_output=True, check=False) and m not in loaded(), f"{module} to go", 30)

    yield lock
    os.remove(LOCK)


def test_a_kernel_that_has_all_of_it_lacks_nothing(build, tmp_path):
    assert missing(build, str(tmp_path)) == []


def test_each_action_that_it_lacks_is_named(build, tmp_path, locked):
    locked("act_pedit")
    said = missing(build, str(tmp_path))
    assert len(said) == 1 and "(modules act_pedit)" in said[0], said
