"""igpd beside FRR's ospfd: the same area of routers that are there in LSAs alone, told by one neighbour over two links."""
import os
import re
import socket
import statistics
import subprocess
import time

from bench_move import oif
from common import Space, There, cable, figure, rss, sh, until

COUNTS = [int(n) for n in os.environ.get("BENCH_OSPF_ROUTERS", "1000,5000").split(",")]
MOVED = (1000, 10)  # routers, and host routes of each
CHANGES, CALM_S, SAMPLES = 7, 3.5, 64

OURS = """sysname B
#
interface {0}
 ospf enable 1 area 0
 ospf network-type p2p
 ospf timer hello 1
 ospf timer dead 40
 ospf cost 10
#
interface {1}
 ospf enable 1 area 0
 ospf network-type p2p
 ospf timer hello 1
 ospf timer dead 40
 ospf cost 20
#
ospf 1 router-id 10.255.0.2
 area 0
#
return
"""
FRR = """interface eth0
 ip ospf network point-to-point
 ip ospf hello-interval 1
 ip ospf dead-interval 40
 ip ospf cost 10
 ip ospf area 0
interface eth1
 ip ospf network point-to-point
 ip ospf hello-interval 1
 ip ospf dead-interval 40
 ip ospf cost 20
 ip ospf area 0
router ospf
 ospf router-id 10.255.0.2
"""


def address(i):
    return f"100.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"


class Area:
    """A router of ours or FRR's, and its neighbour that tells of `routers` with `stubs` host routes each."""

    def __init__(self, build, who, routers, stubs):
        self.build, self.who, self.routers, self.stubs = build, who, routers, stubs

    def __enter__(self):
        self.space, self.far = Space("router"), Space("area")
        for i in range(2):
            cable(self.space, f"eth{i}", f"10.9.{i}.1/24", self.far, f"eth{i}", f"10.9.{i}.2/24")
        self.run = None
        self.base = self.space.routes(os.getpid())
        getattr(self, self.who)()
        self.started = time.monotonic()
        self.speaker = self.far.popen([os.path.join(self.build, "bench", "ospf_area"), "speak", str(self.routers), str(self.stubs), "eth0", "eth1"],
                                      stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return self

    def __exit__(self, *exc):
        self.space.close()
        self.far.close()
        if self.run:
            sh("rm", "-rf", self.run)

    def penult(self):
        conf = os.path.join(self.space.folder, "router.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(OURS.format("eth0", "eth1"))
        for name in ("fibd", "igpd"):
            log = open(os.path.join(self.space.folder, name + ".log"), "w", encoding="ascii")
            self.daemon = self.space.popen([os.path.join(self.build, "bin", name), "-c", conf, "-r", self.space.folder], stderr=log)
        until(lambda: "10.9.1.1" in self.display("display", "ospf", "interface"), "igpd")

    def display(self, *words):
        return self.space.run(os.path.join(self.build, "bin", "igpctl"), "-r", self.space.folder, *words, check=False)

    def frr(self):
        name = self.space.name
        self.run = os.path.join("/var/run/frr", name)
        os.makedirs(self.run, exist_ok=True)
        sh("chown", "frr:frr", "/var/run/frr", self.run)
        quiet = open(os.devnull, "w", encoding="ascii")
        for daemon, text in {"zebra": "", "ospfd": FRR}.items():
            conf = os.path.join(self.space.folder, f"{daemon}.conf")
            with open(conf, "w", encoding="ascii") as f:
                f.write(text)
            self.daemon = self.space.popen([f"/usr/lib/frr/{daemon}", "-N", name, "-f", conf], stdout=quiet, stderr=quiet)
            if daemon == "zebra":
                until(lambda: os.path.exists(os.path.join(self.run, "zserv.api")), "zebra")
        until(lambda: "10.9.1.1" in self.vtysh("show ip ospf interface"), "ospfd")

    def vtysh(self, what):
        return self.space.run("vtysh", "-N", self.space.name, "-c", what, check=False)

    def joined(self):
        """Seconds until the kernel has all routes."""
        total = self.routers * self.stubs
        until(lambda: self.space.routes(self.daemon.pid) >= self.base + total, f"{total} routes", 120, 0.005)
        return time.monotonic() - self.started

    def change(self, number):
        """Seconds from the moment that a router has one more network until the kernel has the route to it."""
        new = f"99.0.0.{number}"
        with There(self.space):
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        with netlink:
            start = time.monotonic()
            self.speaker.stdin.write(f"stub {self.routers // 2} {new}\n")
            self.speaker.stdin.flush()
            until(lambda: oif(netlink, new), f"the route to {new}", 30, 0.0005)
            return time.monotonic() - start

    def spf_us(self):
        """Of the last whole search for paths, as FRR tells it."""
        m = re.search(r"Last SPF duration ([\d.]+) ?(\w+)", self.vtysh("show ip ospf"))
        return float(m[1]) * {"usecs": 1, "msecs": 1e3, "secs": 1e6, "s": 1e6}[m[2]]

    def moved(self):
        """Seconds from the loss of the better link's carrier until all samples leave by the other one."""
        total = self.routers * self.stubs
        every = [address(i) for i in range(total) if i % (total // SAMPLES) == 0 or i == total - 1]
        with There(self.space):
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
            better, other = (socket.if_nametoindex(f"eth{i}") for i in range(2))
        with netlink:
            until(lambda: all(oif(netlink, a) == better for a in every), "all routes over eth0")
            time.sleep(CALM_S)
            start = time.monotonic()
            self.far.ip("link", "set", "eth0", "down")
            until(lambda: all(oif(netlink, a) == other for a in every), "all routes over eth1", every=0.0005)
            return time.monotonic() - start


def measured(build, routers):
    """Of igpd's engine alone: microseconds to find everything anew, and to follow one link."""
    out = sh(os.path.join(build, "bench", "ospf_area"), "measure", str(routers), "1").stdout.split()
    return float(out[0]), float(out[1])


def one_round(build, got):
    def note(name, who, value):
        got.setdefault(name, {}).setdefault(who, []).append(value)

    for routers in COUNTS:
        whole, link = measured(build, routers)
        note(("whole", routers), "penult", whole)
        note(("link", routers), "penult", link)
    for who in ("penult", "frr"):
        memory = {}
        for routers in [20] + COUNTS:
            with Area(build, who, routers, 1) as area:
                joined = area.joined()
                time.sleep(CALM_S)
                memory[routers] = rss(area.daemon.pid)
                if routers == 20:
                    continue
                note(("joined", routers), who, joined)
                if who == "frr":
                    note(("whole", routers), who, area.spf_us())
                for i in range(CHANGES):
                    note(("change", routers), who, area.change(i + 1) * 1000)
                    time.sleep(CALM_S)
                if who == "frr":
                    note(("link", routers), who, area.spf_us())
        note(("memory", COUNTS[-1]), who, (memory[COUNTS[-1]] - memory[20]) / (COUNTS[-1] - 20))
        with Area(build, who, *MOVED) as area:
            area.joined()
            note(("moved", MOVED[0] * MOVED[1]), who, area.moved() * 1000)


TEXTS = {"whole": ("OSPF, {} routers: all shortest paths and routes anew", "us"),
         "link": ("OSPF, {} routers: the search for paths after one change", "us"),
         "joined": ("OSPF, {} routers: from the neighbor's start to the last route in the kernel", "s"),
         "change": ("OSPF, {} routers: a new network, from its LSA to the kernel", "ms"),
         "memory": ("OSPF, {} routers: memory of the daemon per LSA and its route", "bytes"),
         "moved": ("OSPF: {} routes, from the loss of a carrier to the last on the other link", "ms")}


def run(build, rounds=3):
    got = {}
    for _ in range(rounds):
        one_round(build, got)
    order = list(TEXTS)
    return [figure(TEXTS[name][0].format(n), TEXTS[name][1], {who: statistics.median(v) for who, v in values.items()})
            for (name, n), values in sorted(got.items(), key=lambda g: (order.index(g[0][0]), g[0][1]))]
