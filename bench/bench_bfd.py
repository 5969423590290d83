"""BFD: sessions that stay up, idle and under load, what a packet costs, where it breaks, and how fast routes leave a dead path; beside FRR's bfdd."""
import contextlib
import json
import os
import re
import socket
import statistics
import struct
import subprocess
import threading
import time

from bench_fib import addresses, speak_bgp
from bench_move import oif
from common import HERE, Space, There, cable, cpu, figure, sh, until

WATCH_S = 60
SEARCH_S = 10
LOOKS = 10  # at how many sessions are up
QUIET = open(os.devnull, "w", encoding="ascii")
BUSY = 4  # loops
CASES = ((100, 10, 0), (100, 10, BUSY), (500, 10, 0), (500, 10, BUSY), (1000, 50, 0), (1000, 50, BUSY))  # sessions, interval in ms, busy loops
ROUTES = (1, 1000, 10000, 100000)
# Counts that are tried, in turn, until one flaps.
LIMITS = {"penult": {10: range(600, 1601, 200), 3: range(100, 701, 100)}, "frr": {10: range(100, 601, 100)}}


def ends(count):
    for i in range(1, count + 1):
        yield f"10.1.{i >> 8}.{i & 255}", f"10.2.{i >> 8}.{i & 255}"


class Ours:
    """A router of ours in a namespace: fibd and bfdd."""

    def __init__(self, space, build, text):
        self.space, self.build = space, build
        conf = os.path.join(space.folder, "router.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(text)
        for daemon in ("fibd", "bfdd"):
            self.bfdd = space.popen([os.path.join(build, "bin", daemon), "-c", conf, "-r", space.folder], stderr=QUIET)
            if daemon == "fibd":
                until(lambda: os.path.exists(os.path.join(space.folder, "fibd.bus")), "fibd")

    def rows(self, *words):
        out = self.space.run(os.path.join(self.build, "bin", "bfdctl"), "-r", self.space.folder, "--json", "display", "bfd", *words, check=False)
        return json.loads(out) if out.strip() else []

    def up(self):
        return sum(r["state"] == "UP" for r in self.rows("session", "all"))

    def downs(self):
        return sum(r["downs"] for r in self.rows("session", "all"))

    def packets(self):
        return sum(r["sent"] + r["received"] for r in self.rows("statistics", "session", "all"))

    def close(self):
        pass


class Frr:
    """FRR's zebra, bfdd and whatever else in a namespace."""

    def __init__(self, space, bfdd, **others):
        self.space, self.run = space, os.path.join("/var/run/frr", space.name)
        os.makedirs(self.run, exist_ok=True)
        sh("chown", "frr:frr", "/var/run/frr", self.run)
        for daemon, text in {"zebra": "", "bfdd": bfdd, **others}.items():
            conf = os.path.join(space.folder, f"{daemon}.conf")
            with open(conf, "w", encoding="ascii") as f:
                f.write(text)
            p = space.popen([f"/usr/lib/frr/{daemon}", "-N", space.name, "-f", conf], stdout=QUIET, stderr=QUIET)
            if daemon == "bfdd":
                self.bfdd = p
            if daemon == "zebra":
                until(lambda: os.path.exists(os.path.join(self.run, "zserv.api")), "zebra")

    def vtysh(self, words):
        out = self.space.run("vtysh", "-N", self.space.name, "-c", words, check=False)
        return json.loads(out[out.index("["):]) if "[" in out else []

    def up(self):
        return sum(p["status"] == "up" for p in self.vtysh("show bfd peers json"))

    def downs(self):
        return sum(p["session-down"] for p in self.vtysh("show bfd peers counters json"))

    def packets(self):
        return sum(p["control-packet-input"] + p["control-packet-output"] for p in self.vtysh("show bfd peers counters json"))

    def close(self):
        sh("rm", "-rf", self.run)


# --- many sessions ---


def our_sessions(space, build, pairs, ms):
    lines = "".join(f"bfd s{i} bind peer-ip {far} interface eth0 source-ip {own} auto\n min-tx-interval {ms}\n min-rx-interval {ms}\n#\n"
                    for i, (own, far) in enumerate(pairs))
    return Ours(space, build, f"sysname B\n#\nbfd\n#\n{lines}return\n")


def frr_sessions(space, _, pairs, ms):
    lines = "".join(f" peer {far} local-address {own} interface eth0\n  receive-interval {ms}\n  transmit-interval {ms}\n  no shutdown\n exit\n"
                    for own, far in pairs)
    return Frr(space, f"bfd\n{lines}exit\n")


def many(build, make, name, count, ms, busy, watch_s):
    """(flaps of both ends, microseconds of CPU per packet sent or received, CPUs in use by both, microseconds of CPU per second and session
    that is up); None when the sessions do not come up."""
    a, b = Space(name + "1"), Space(name + "2")
    with a, b:
        cable(a, "eth0", None, b, "eth0", None)
        mac = {s: json.loads(s.ip("-j", "link", "show", "eth0"))[0]["address"] for s in (a, b)}
        for space, other, side in ((a, b, 0), (b, a, 1)):
            # Neighbours that stay: the kernel keeps no more than 1024 others, of all namespaces together.
            lines = "".join(f"address add {pair[side]}/8 dev eth0\nneighbor add {pair[not side]} lladdr {mac[other]} nud permanent dev eth0\n" for pair in ends(count))
            subprocess.run(["ip", "-n", space.name, "-batch", "-"], input=lines, text=True, check=True)
        routers = [make(a, build, list(ends(count)), ms), make(b, build, [(y, x) for x, y in ends(count)], ms)]
        try:
            until(lambda: all(r.up() == count for r in routers), "all sessions", timeout=60, every=0.5)
        except RuntimeError:
            for r in routers:
                r.close()
            return None
        time.sleep(3)  # their quick timers are in force
        loops = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(busy)]
        try:
            before = [(r.downs(), r.packets(), cpu(r.bfdd.pid)) for r in routers]
            began = time.monotonic()
            looks = [sum(r.up() for r in routers) / 2 for _ in range(LOOKS) if not time.sleep(watch_s / LOOKS)]
            after = [(r.downs(), r.packets(), cpu(r.bfdd.pid)) for r in routers]
            took = time.monotonic() - began
        finally:
            for p in loops:
                p.kill()
                p.wait()
        downs, packets, used = (sum(y[i] - x[i] for x, y in zip(before, after)) for i in range(3))
        for r in routers:
            r.close()
    return downs, used / max(packets, 1) * 1e6, used / took, used / took / max(statistics.mean(looks), 1) * 1e6


def limit(build, make, name, ms, counts):
    """The largest number of sessions without a flap in SEARCH_S; 0: not even the first."""
    best = 0
    for count in counts:
        got = many(build, make, name, count, ms, 0, SEARCH_S)
        if not got or got[0]:
            break
        best = count
    return best


# --- a path dies ---


def paths(name):
    """Two routers with a link through a bridge, so that it dies while both keep their carrier, and one straight."""
    near, far, middle = Space(name + "n"), Space(name + "f"), Space(name + "m")
    middle.ip("link", "add", "name", "br0", "type", "bridge")
    middle.ip("link", "set", "br0", "up")
    for space, port, address in ((near, "p0", "10.0.0.1/24"), (far, "p1", "10.0.0.2/24")):
        cable(space, "eth0", address, middle, port, None)
        middle.ip("link", "set", port, "master", "br0")
    cable(near, "eth1", "10.0.1.1/24", far, "eth1", "10.0.1.2/24")
    return near, far, middle


def take_out(middle, port):
    """Returns a function that takes the port out of its bridge: everybody keeps the carrier, nobody hears anything more."""
    with There(middle):
        netlink, index = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0), socket.if_nametoindex(port)
    nomaster = struct.pack("=HHI", 8, 10, 0)  # IFLA_MASTER
    request = struct.pack("=IHHII", 32 + len(nomaster), 16, 5, 1, 0) + struct.pack("=BBHiII", 0, 0, 0, index, 0, 0) + nomaster

    def act():
        netlink.send(request)
        netlink.recv(4096)
        netlink.close()
    return act


def leave(near, middle, count):
    """Seconds from the cut until all samples leave by the second link."""
    every = [a for i, a in enumerate(addresses(count)) if i % max(count // 64, 1) == 0 or i == count - 1]
    with There(near):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        old, new = (socket.if_nametoindex(d) for d in ("eth0", "eth1"))
    with netlink:
        until(lambda: all(oif(netlink, a) == old for a in every), "all routes over the first link", timeout=120)
        time.sleep(2)
        act = take_out(middle, "p1")
        start = time.monotonic()
        act()
        until(lambda: all(oif(netlink, a) == new for a in every), "all routes over the second link", every=0.0005)
        return time.monotonic() - start


def our_failover(build, count):
    near, far, middle = paths("bo")
    session = "bfd s bind peer-ip {} interface eth0 source-ip {} auto\n#\n"
    with near, far, middle:
        routes = "".join(f"ip route-static {a} 32 10.0.0.2 track bfd-session s\nip route-static {a} 32 10.0.1.2 preference 80\n" for a in addresses(count))
        routers = [Ours(near, build, "sysname N\n#\nbfd\n#\n" + routes + "#\n" + session.format("10.0.0.2", "10.0.0.1") + "return\n"),
                   Ours(far, build, "sysname F\n#\nbfd\n#\n" + session.format("10.0.0.1", "10.0.0.2") + "return\n")]
        until(lambda: all(r.up() == 1 for r in routers), "the session")
        return leave(near, middle, count)


def speak(far, count, stop):
    """A BGP speaker that comes back when its session is ended, as it is when the BFD session flaps."""
    while not stop.is_set():
        try:
            s, updates = speak_bgp(There(far), count)
            with s:
                s.sendall(b"".join(updates))
                s.settimeout(0.5)
                while not stop.is_set():
                    try:
                        if not s.recv(4096):
                            break
                    except TimeoutError:
                        pass
        except OSError:
            time.sleep(0.5)


def frr_failover(_, count):
    """Its static routes follow no session in this version, so they come from a BGP neighbour that is watched."""
    near, far, middle = paths("bf")
    with near, far, middle:
        near.ip("route", "add", "100.0.0.0/8", "via", "10.0.1.2")
        bgp = "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.2 passive\n neighbor 10.0.0.2 bfd\n neighbor 10.0.0.2 bfd profile fast\n"
        timers = "  receive-interval 10\n  transmit-interval 10\n"
        routers = [Frr(near, f"bfd\n profile fast\n{timers} exit\nexit\n", bgpd=bgp), Frr(far, f"bfd\n peer 10.0.0.1 local-address 10.0.0.2 interface eth0\n{timers} exit\nexit\n")]
        time.sleep(2)
        stop = threading.Event()
        speaker = threading.Thread(target=speak, args=(far, count, stop), daemon=True)
        speaker.start()
        until(lambda: all(r.up() == 1 for r in routers), "the session", every=0.2)
        took = leave(near, middle, count)
        stop.set()
        speaker.join(60)
        for r in routers:
            r.close()
    return took


MAKERS = {"penult": (our_sessions, "bo"), "frr": (frr_sessions, "bf")}


def sessions(build):
    """One round each, of a minute."""
    figures = []
    for count, ms, busy in CASES:
        got = {who: many(build, make, name, count, ms, busy, WATCH_S) for who, (make, name) in MAKERS.items()}
        what = f"{count} BFD sessions at {ms} ms x 3{f', {busy} busy loops beside them' if busy else ''}"
        there = {who: g for who, g in got.items() if g}
        if "frr" not in there:
            what += " (FRR's do not come up within 60 s)"
        figures += [figure(f"{what}: {text}", unit, {who: g[i] for who, g in there.items()})
                    for i, (text, unit) in enumerate(((f"flaps of both ends in {WATCH_S} s", ""), ("CPU of bfdd per packet sent or received", "us"),
                                                      ("CPUs in use by both ends' bfdd", ""), ("CPU of both ends' bfdd per second and session that is up", "us")))]
    return figures


def limits(build):
    found = {who: {ms: limit(build, *MAKERS[who], ms, counts) for ms, counts in by_ms.items()} for who, by_ms in LIMITS.items()}
    return [figure(f"the most BFD sessions at {ms} ms x 3 without a flap in {SEARCH_S} s, both ends on this machine", "sessions",
                   {who: by_ms[ms] for who, by_ms in found.items() if ms in by_ms}, better="more") for ms in LIMITS["penult"]]


@contextlib.contextmanager
def as_installed():
    """The system's settings that `make install` brings, for us and for FRR. They are the whole machine's, so they are put back."""
    with open(os.path.join(HERE, "..", "systemd", "penult.sysctl"), encoding="ascii") as f:
        wanted = dict(re.findall(r"^-?(\S+) = (\S+)$", f.read(), re.M))
    before = {name: sh("sysctl", "-n", name).stdout.strip() for name in wanted if sh("sysctl", "-n", name, check=False).stdout}
    try:
        for name in before:
            sh("sysctl", "-w", f"{name}={wanted[name]}")
        yield
    finally:
        for name, value in before.items():
            sh("sysctl", "-w", f"{name}={value}")


def run(build, rounds=3):
    with as_installed():
        figures = sessions(build) + limits(build)
    for count in ROUTES:
        got = {"penult": [our_failover(build, count) for _ in range(rounds)], "frr": [frr_failover(build, count) for _ in range(rounds)]}
        figures.append(figure(f"{count} routes that follow a BFD session at 10 ms x 3: from the cut to the last on the other path", "ms",
                              {w: statistics.median(v) * 1000 for w, v in got.items()}))
    return figures
