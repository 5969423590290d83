"""fibd alone against the running kernel: what it programs, keeps, repairs and takes away."""
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import time

import pytest
from penultlab.net import next_hops, wait_for

PIDFD_GETFD = 438  # of x86-64 and all newer tables of system calls

CONFIG = """\
sysname A
interface GigabitEthernet0/1/0
 ip address 10.0.1.1 24
#
interface e2
 ip address 10.0.2.1 255.255.255.0
#
interface LoopBack1
 ip address 1.1.1.1 32
#
ip route-static 20.0.0.0 8 10.0.1.2
ip route-static 20.0.0.0 8 10.0.2.2
ip route-static 30.0.0.0 8 GigabitEthernet0/1/0 10.0.1.2
ip route-static 30.0.0.0 8 10.0.2.2 preference 80
ip route-static 40.0.0.0 8 NULL0
ip route-static 50.0.0.0 8 20.1.1.1
ip route-static 60.0.0.0 8 e2 192.0.2.1
return
"""


class Router:
    """A namespace with two links to a second one, and fibd in it."""

    def __init__(self, build, folder):
        self.bin, self.folder, self.daemon = os.path.join(build, "bin"), folder, None
        self.own, self.far = f"fibt{os.getpid()}a", f"fibt{os.getpid()}b"
        self.config = os.path.join(folder, "router.conf")
        for name in (self.own, self.far):
            subprocess.run(["ip", "netns", "add", name], check=True)
        for link in ("1", "2"):
            self.ip("link", "add", "e" + link, "type", "veth", "peer", "name", "p" + link, "netns", self.far)
            self.ip("link", "set", "p" + link, "up", where=self.far)
        self.ip("link", "set", "e1", "alias", "GigabitEthernet0/1/0")

    def ip(self, *words, where=None):
        return subprocess.run(["ip", "-n", where or self.own, *words], check=True, capture_output=True, text=True).stdout

    def write(self, text):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(text)

    def start(self):
        with open(os.path.join(self.folder, "fibd.log"), "a", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(["ip", "netns", "exec", self.own, os.path.join(self.bin, "fibd"), "-c", self.config,
                                            "-r", self.folder], stdout=log, stderr=log)

    def stop(self, how):
        self.daemon.send_signal(how)
        status = self.daemon.wait(10)
        self.daemon = None
        return status

    def row(self, prefix):
        out = subprocess.run([os.path.join(self.bin, "fibctl"), "-r", self.folder, "--json", "display", "ip", "routing-table", prefix],
                             capture_output=True, text=True, check=False).stdout
        rows = json.loads(out) if out else []
        return rows[0] if rows else None

    def installed(self, prefix):
        row = self.row(prefix)
        return bool(row) and row["installed"]

    def route(self, prefix):
        """Where the kernel's route leads: the interfaces of its next hops."""
        routes = json.loads(self.ip("-j", "route", "show", prefix, "proto", "201"))
        if not routes:
            return set()
        return {h.get("dev") for h in next_hops(routes[0])}

    def remove(self):
        if self.daemon:
            self.stop(signal.SIGKILL)
        for name in (self.own, self.far):
            subprocess.run(["ip", "netns", "del", name], check=False)


@pytest.fixture
def router(build, tmp_path):
    r = Router(build, str(tmp_path))
    try:
        r.write(CONFIG)
        r.start()
        wait_for(lambda: all(r.route(p) == {"e1", "e2"} for p in ("20.0.0.0/8", "50.0.0.0/8")) and r.route("30.0.0.0/8") == {"e1"},
                 "the routes are installed", 20)
        yield r
    finally:
        r.remove()


def test_what_is_configured_is_in_the_kernel(router):
    assert router.route("20.0.0.0/8") == {"e1", "e2"}
    assert router.route("30.0.0.0/8") == {"e1"}
    assert router.route("50.0.0.0/8") == {"e1", "e2"}, "recursive routes inherit all next hops"
    assert "blackhole 40.0.0.0/8" in router.ip("route", "show", "40.0.0.0/8")
    assert "1.1.1.1/32" in router.ip("-4", "addr", "show", "dev", "LoopBack1")


def test_a_refusal_is_told_in_the_kernels_words(router):
    row = router.row("60.0.0.0/8")
    assert not row["installed"] and row["trouble"] == "Nexthop has invalid gateway", row


def test_a_lost_carrier_moves_routes_and_brings_them_back(router):
    router.ip("link", "set", "p1", "down", where=router.far)
    wait_for(lambda: router.route("30.0.0.0/8") == {"e2"}, "the floating route takes over", 10)
    wait_for(lambda: router.route("20.0.0.0/8") == {"e2"} and router.route("50.0.0.0/8") == {"e2"}, "groups lose the link", 10)
    router.ip("link", "set", "p1", "up", where=router.far)
    wait_for(lambda: router.route("30.0.0.0/8") == {"e1"}, "the first route is back", 10)
    wait_for(lambda: router.route("50.0.0.0/8") == {"e1", "e2"}, "groups have both links again", 10)


def test_what_somebody_deletes_comes_back(router):
    for prefix in ("20.0.0.0/8", "30.0.0.0/8"):
        router.ip("route", "del", prefix, "proto", "201")
    wait_for(lambda: router.route("20.0.0.0/8") == {"e1", "e2"} and router.route("30.0.0.0/8") == {"e1"}, "deleted routes are back", 10)
    for line in router.ip("nexthop").splitlines():
        subprocess.run(["ip", "-n", router.own, "nexthop", "del", "id", line.split()[1]], check=False, capture_output=True)
    wait_for(lambda: router.route("20.0.0.0/8") == {"e1", "e2"} and router.route("30.0.0.0/8") == {"e1"}, "next hops and routes are back", 20)


def test_a_killed_fibd_changes_nothing_when_it_is_back(router):
    before = router.ip("nexthop"), router.ip("route"), router.ip("-4", "addr")
    with subprocess.Popen(["ip", "-n", router.own, "-o", "monitor", "route", "nexthop", "address"], stdout=subprocess.PIPE, text=True) as monitor:
        router.stop(signal.SIGKILL)
        router.start()
        wait_for(lambda: router.installed("20.0.0.0/8") and router.installed("50.0.0.0/8"), "the routes are adopted", 20)
        # Something of our own as the last thing the monitor says: whatever comes before it was fibd's.
        router.ip("route", "add", "blackhole", "99.0.0.0/8")
        said = []
        for line in monitor.stdout:
            if "99.0.0.0/8" in line:
                break
            if "fe80" not in line and "ff00::" not in line:  # the kernel's own, whenever it likes
                said.append(line)
        monitor.terminate()
    router.ip("route", "del", "blackhole", "99.0.0.0/8")
    assert not said, said
    assert (router.ip("nexthop"), router.ip("route"), router.ip("-4", "addr")) == before


def test_a_new_configuration_takes_away_what_it_does_not_name(router):
    router.write("sysname A\ninterface e2\n ip address 10.0.2.1 24\n#\nip route-static 30.0.0.0 8 10.0.2.2\nreturn\n")
    router.daemon.send_signal(signal.SIGHUP)
    wait_for(lambda: router.route("30.0.0.0/8") == {"e2"} and not router.route("20.0.0.0/8"), "the new routes are in", 10)
    assert "10.0.1.1" not in router.ip("-4", "addr")
    assert "10.0.2.1" in router.ip("-4", "addr")
    assert router.stop(signal.SIGTERM) == 0
    assert router.route("30.0.0.0/8") == {"e2"}, "routes outlive the daemon"


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def a_held_lock(router):
    """Whoever takes down a link with many next hop objects holds the kernel's lock of all routing for seconds, in every namespace.
    Yields (the process that does, what fibd is configured)."""
    other, count = router.own + "x", 40000
    config = CONFIG.replace("ip route-static 60.0.0.0 8 e2 192.0.2.1\n", "")  # what is refused has everything read again, at times
    router.stop(signal.SIGTERM)
    router.write(config)
    router.start()
    wait_for(lambda: router.installed("30.0.0.0/8"), "the routes are installed", 20)
    subprocess.run(["ip", "netns", "add", other], check=True)
    try:
        router.ip("link", "add", "e0", "type", "veth", "peer", "name", "e1", where=other)
        for words in ("addr add 10.0.0.1/24 dev e0", "link set e0 up", "link set e1 up"):
            router.ip(*words.split(), where=other)
        lines = [f"nexthop add id {i} via 10.0.0.2 dev e0\nroute add 100.{i >> 16}.{i >> 8 & 255}.{i & 255} nhid {i}" for i in range(1, count)]
        subprocess.run(["ip", "-n", other, "-batch", "-"], input="\n".join(lines), text=True, check=True)
        holder = subprocess.Popen(["ip", "-n", other, "link", "set", "e0", "down"])
        wait_for(lambda: cpu_seconds(holder.pid) > 0.3, "the lock is held", 60)
        yield holder, config
        holder.wait(120)
    finally:
        subprocess.run(["ip", "netns", "del", other], check=False)


def add_a_route(router, config):
    router.write(config.replace("return\n", "ip route-static 70.0.0.0 8 10.0.1.2\nreturn\n"))
    router.daemon.send_signal(signal.SIGHUP)


def log_of(router):
    with open(os.path.join(router.folder, "fibd.log"), encoding="utf-8") as f:
        return f.read()


def test_a_kernel_that_does_not_answer_is_told_and_waited_for(router):
    with a_held_lock(router) as (holder, config):
        start = time.monotonic()
        add_a_route(router, config)
        holder.wait(120)
        held = time.monotonic() - start
        wait_for(lambda: router.installed("70.0.0.0/8"), "the new route is installed", 10)
        if held < 5:
            pytest.skip(f"the kernel was done after {held:.1f} s already")
        assert "the kernel has not answered for 3 s" in log_of(router), log_of(router)
        wait_for(lambda: "the kernel answers again" in log_of(router), "its end is told", 10)


def answers_stolen(pid):
    """Reads what waits in a process's netlink sockets that listen to no group; how many messages that was."""
    count, process = 0, os.pidfd_open(pid)
    for number in os.listdir(f"/proc/{pid}/fd"):
        fd = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, int(number), 0)
        if fd < 0:
            continue
        try:
            with socket.socket(fileno=fd) as s:
                while s.family == socket.AF_NETLINK and not s.getsockname()[1] and s.recv(1 << 16, socket.MSG_DONTWAIT):
                    count += 1
        except BlockingIOError:
            pass  # nothing more waits there
        except OSError:
            os.close(fd)  # no socket
    os.close(process)
    return count


def states(pid):
    """Of each thread of a process, such as D: it waits inside the kernel."""
    return {open(f"/proc/{pid}/task/{t}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0] for t in os.listdir(f"/proc/{pid}/task")}


def test_an_answer_that_gets_lost_is_missed_and_asked_for_again(router):
    with a_held_lock(router) as (holder, config):
        add_a_route(router, config)
        wait_for(lambda: holder.poll() is not None or "D" in states(router.daemon.pid), "fibd's request to wait for the lock", 60)
        if holder.poll() is not None:
            pytest.skip("the kernel was done before fibd asked for anything")
        router.daemon.send_signal(signal.SIGSTOP)
        try:
            wait_for(lambda: answers_stolen(router.daemon.pid), "the answer", 120)
        finally:
            router.daemon.send_signal(signal.SIGCONT)
        wait_for(lambda: "what was asked for is tried again" in log_of(router), "the loss to be noticed", 20)
        wait_for(lambda: router.installed("70.0.0.0/8"), "the new route is installed", 20)
