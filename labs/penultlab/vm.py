"""Whether the running kernel will do, and running a command in a virtual machine where it will not."""
import os
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
MARK = "PENULT_IN_VM"


def kernel_has(needs):
    if "mpls" in needs and not os.path.exists("/proc/sys/net/mpls/platform_labels"):
        subprocess.run(["modprobe", "-q", "-a", "mpls_router", "mpls_iptunnel"], check=False)
        return os.path.exists("/proc/sys/net/mpls/platform_labels")
    return True


def command(argv, timeout, share=None):
    """The command line that runs argv in a machine with Debian's kernel; the folder `share` is writable there."""
    env = [f"{MARK}=1", "LANG=C.UTF-8"]
    runner = [os.path.join(HERE, "..", "vmrun"), "--timeout", str(timeout)]
    if share:
        runner += ["--rw", share]
    return runner + ["--", "env", *env, *argv]


def inside():
    return MARK in os.environ
