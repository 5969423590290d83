"""Whether the running kernel will do, and running a command in a virtual machine where it will not."""
import os
import subprocess

RUNNER = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "vmrun")
MARK = "PENULT_IN_VM"
MPLS = "/proc/sys/net/mpls/platform_labels"


def kernel_has(needs):
    if "mpls" in needs and not os.path.exists(MPLS):
        subprocess.run(["modprobe", "-q", "-a", "mpls_router", "mpls_iptunnel"], check=False)
        return os.path.exists(MPLS)
    return True


def command(argv, timeout, share, megabytes=4096):
    """The command line that runs argv in a machine with Debian's kernel; only the folder `share` is written through."""
    return [RUNNER, "--mem", str(megabytes), "--timeout", str(timeout), "--rw", share, "--", "env", f"{MARK}=1", "LANG=C.UTF-8", *argv]


def inside():
    return MARK in os.environ
