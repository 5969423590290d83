"""BFD: sessions that stay up, idle and under load, what a packet costs, and how fast routes leave a dead path; beside FRR's bfdd."""
import json
import os
import socket
import statistics
import subprocess
import threading
import time

from bench_fib import addresses, speak_bgp
from bench_move import oif
from common import Space, There, cable, cpu, figure, sh, until

WATCH_S = 20
QUIET = open(os.devnull, "w", encoding="ascii")
CASES = ((100, 10, 0), (500, 50, 4))  # sessions, interval in ms, busy loops beside them
ROUTES = (1, 10000)


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


def many(build, make, name, count, ms, busy):
    """(flaps of both ends in WATCH_S, microseconds of CPU per packet sent or received)"""
    a, b = Space(name + "1"), Space(name + "2")
    with a, b:
        cable(a, "eth0", None, b, "eth0", None)
        mac = {s: json.loads(s.ip("-j", "link", "show", "eth0"))[0]["address"] for s in (a, b)}
        for space, other, side in ((a, b, 0), (b, a, 1)):
            # Neighbours that stay: the kernel keeps no more than 1024 others, of all namespaces together.
            lines = "".join(f"address add {pair[side]}/8 dev eth0\nneighbor add {pair[not side]} lladdr {mac[other]} nud permanent dev eth0\n" for pair in ends(count))
            subprocess.run(["ip", "-n", space.name, "-batch", "-"], input=lines, text=True, check=True)
        routers = [make(a, build, list(ends(count)), ms), make(b, build, [(y, x) for x, y in ends(count)], ms)]
        until(lambda: all(r.up() == count for r in routers), "all sessions", timeout=120, every=0.5)
        time.sleep(3)  # their quick timers are in force
        loops = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(busy)]
        try:
            before = [(r.downs(), r.packets(), cpu(r.bfdd.pid)) for r in routers]
            time.sleep(WATCH_S)
            after = [(r.downs(), r.packets(), cpu(r.bfdd.pid)) for r in routers]
        finally:
            for p in loops:
                p.kill()
                p.wait()
        downs, packets, used = (sum(y[i] - x[i] for x, y in zip(before, after)) for i in range(3))
        for r in routers:
            r.close()
    return downs, used / max(packets, 1) * 1e6


# --- a path dies ---


def paths(name):
    """Two routers with a link through a bridge, so that it dies while both keep their carrier, and one straight."""
    near, far, middle = Space(name + "n"), Space(name + "f"), Space(name + "m")
    middle.ip("link", "add", "br", "type", "bridge")
    middle.ip("link", "set", "br", "up")
    for space, port, address in ((near, "p0", "10.0.0.1/24"), (far, "p1", "10.0.0.2/24")):
        cable(space, "eth0", address, middle, port, None)
        middle.ip("link", "set", port, "master", "br")
    cable(near, "eth1", "10.0.1.1/24", far, "eth1", "10.0.1.2/24")
    return near, far, middle


def leave(near, middle, count):
    """Seconds from the cut until all samples leave by the second link."""
    every = [a for i, a in enumerate(addresses(count)) if i % max(count // 64, 1) == 0 or i == count - 1]
    with There(near):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        old, new = (socket.if_nametoindex(d) for d in ("eth0", "eth1"))
    with netlink:
        until(lambda: all(oif(netlink, a) == old for a in every), "all routes over the first link", timeout=120)
        time.sleep(2)
        start = time.monotonic()
        middle.ip("link", "set", "p1", "down")
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


def frr_failover(_, count):
    """Its static routes follow no session in this version, so they come from a BGP neighbour that is watched."""
    near, far, middle = paths("bf")
    with near, far, middle:
        near.ip("route", "add", "100.0.0.0/8", "via", "10.0.1.2")
        bgp = "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.2 passive\n neighbor 10.0.0.2 bfd 3 10 10\n"
        timers = "  receive-interval 10\n  transmit-interval 10\n"
        routers = [Frr(near, "", bgpd=bgp), Frr(far, f"bfd\n peer 10.0.0.1 local-address 10.0.0.2 interface eth0\n{timers} exit\nexit\n")]
        time.sleep(2)
        s, updates = speak_bgp(There(far), count)
        threading.Thread(target=s.sendall, args=(b"".join(updates),), daemon=True).start()
        until(lambda: all(r.up() == 1 for r in routers), "the session", every=0.2)
        took = leave(near, middle, count)
        s.close()
        for r in routers:
            r.close()
    return took


def run(build, rounds=3):
    figures = []
    for count, ms, busy in CASES:
        got = {"penult": [many(build, our_sessions, "bo", count, ms, busy) for _ in range(rounds)],
               "frr": [many(build, frr_sessions, "bf", count, ms, busy) for _ in range(rounds)]}
        what = f"{count} BFD sessions at {ms} ms x 3{f', {busy} busy loops beside them' if busy else ''}: "
        figures += [figure(f"{what}flaps of both ends in {WATCH_S} s", "", {w: statistics.median(r[0] for r in v) for w, v in got.items()}),
                    figure(f"{what}CPU of bfdd per packet sent or received", "us", {w: statistics.median(r[1] for r in v) for w, v in got.items()})]
    for count in ROUTES:
        got = {"penult": [our_failover(build, count) for _ in range(rounds)], "frr": [frr_failover(build, count) for _ in range(rounds)]}
        figures.append(figure(f"{count} routes that follow a BFD session at 10 ms x 3: from the cut to the last on the other path", "s",
                              {w: statistics.median(v) for w, v in got.items()}))
    return figures
