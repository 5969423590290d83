"""l3vpnd: VPNv4 routes by the million, ours beside FRR's bgpd and GoBGP on the same feed (bench/bgp_feed).

Ours brings them into 100 instances and hands them to the RIB, for which bench/bgp_router stands, so that no kernel is measured.
FRR brings routes into an instance only where the kernel has VRF devices, and GoBGP likewise in its own way; so both only receive and
choose, and reflect where that is asked for. The clock begins with the first route on the wire and ends, for us, with the last row of
l3vpn.Route, for the others when they count all of them.
"""
import json
import os
import re
import statistics
import subprocess
import time

from common import Space, cable, cpu, figure, rss, until

ROUTES = int(os.environ.get("BENCH_BGP", "1000000"))
VPNS, AS = 100, 100
CLIENTS = 50
FRR = "/usr/lib/frr/bgpd"
DUT = "10.254.0.1"


def ground(name, sessions):
    """A router and who feeds it: each session has an address of its own."""
    a, b = Space(name + "1"), Space(name + "2")
    cable(a, "eth0", DUT + "/16", b, "eth0", "10.254.0.2/16")
    for i in range(1, sessions + 1):
        b.ip("addr", "add", f"10.0.{i >> 8}.{i & 255}/32", "dev", "lo")
    a.ip("route", "add", "10.0.0.0/16", "via", "10.254.0.2")
    return a, b


def locals_of(first, count):
    return [f"10.0.{i >> 8}.{i & 255}" for i in range(first, first + count)]


def feed(space, build, sessions, routes):
    return space.popen([os.path.join(build, "bench", "bgp_feed"), "speak", str(AS), DUT, str(routes), str(VPNS), *locals_of(1, sessions)],
                       stdout=subprocess.PIPE, text=True)


def listen(space, build, first, count):
    return space.popen([os.path.join(build, "bench", "bgp_feed"), "listen", str(AS), DUT, str(ROUTES), *locals_of(first, count)], stdout=subprocess.PIPE, text=True)


def words(pipe, pattern):
    """The lines of a process until one matches."""
    for line in pipe:
        m = re.match(pattern, line)
        if m:
            return m
    raise RuntimeError(f"it ended before it said {pattern}")


# --- ours ---


def our_config(path, peers, clients, instances):
    vpns = "".join(f"ip vpn-instance VPN{i}\n ipv4-family\n  route-distinguisher 999:{i}\n  vpn-target 100:{i} import-extcommunity\n#\n"
                   for i in range(VPNS if instances else 0))
    names = locals_of(1, peers + clients)
    with open(path, "w", encoding="ascii") as f:
        f.write(vpns + f"bgp {AS}\n router-id {DUT}\n" + "".join(f" peer {n} as-number {AS}\n" for n in names) + " #\n ipv4-family vpnv4\n" +
                ("" if instances else "  undo policy vpn-target\n") + "".join(f"  peer {n} enable\n" for n in names) +
                "".join(f"  peer {n} reflect-client\n" for n in names[peers:]) + "#\nreturn\n")


class Ours:
    def __init__(self, build, space, peers, clients=0, instances=True):
        conf = os.path.join(space.folder, "router.conf")
        our_config(conf, peers, clients, instances)
        argv = ["-r", space.folder, "-c", conf]
        self.router = space.popen([os.path.join(build, "bench", "bgp_router"), *argv], stdout=subprocess.PIPE, text=True)
        self.ctl = [os.path.join(build, "bin", "l3vpnctl"), "-r", space.folder, "--json"]
        self.daemon = space.popen([os.path.join(build, "bin", "l3vpnd"), *argv], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.space = space
        until(self.runs, "l3vpnd")
        self.pid = self.daemon.pid

    def runs(self):
        return self.space.run(*self.ctl, "display", "bgp", "peer", check=False).strip() not in ("", "[]")

    def wait(self, routes, _sessions):
        return float(words(self.router.stdout, rf"routes {routes} (\S+)").group(1))


# --- the others ---


class Frr:
    """bgpd alone: without zebra every next hop counts as reached."""

    def __init__(self, _build, space, peers, clients=0, instances=True):
        names = locals_of(1, peers + clients)
        conf = os.path.join(space.folder, "bgpd.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"router bgp {AS}\n bgp router-id {DUT}\n no bgp default ipv4-unicast\n" +
                    "".join(f" neighbor {n} remote-as {AS}\n neighbor {n} passive\n" for n in names) + " address-family ipv4 vpn\n" +
                    "".join(f"  neighbor {n} activate\n" for n in names) +
                    "".join(f"  neighbor {n} route-reflector-client\n" for n in names[peers:]) + " exit-address-family\n")
        os.chmod(conf, 0o644)
        self.vty = space.folder
        os.chmod(space.folder, 0o777)
        self.daemon = space.popen([FRR, "-n", "-Z", "-f", conf, "--vty_socket", space.folder, "-i", os.path.join(space.folder, "pid"), "-S"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.space, self.pid = space, self.daemon.pid
        until(lambda: os.path.exists(os.path.join(space.folder, "bgpd.vty")), "bgpd")

    def counted(self):
        out = self.space.run("vtysh", "--vty_socket", self.vty, "-c", "show bgp ipv4 vpn summary json", check=False)
        try:
            peers = json.loads(out).get("peers", {})
        except ValueError:
            return 0
        return sum(p.get("pfxRcd", 0) for p in peers.values())

    def wait(self, routes, sessions):
        until(lambda: self.counted() >= routes * sessions, f"{routes} routes in bgpd", timeout=600, every=0.2)
        return time.monotonic()


class Gobgp:
    def __init__(self, _build, space, peers, clients=0, instances=True):
        names = locals_of(1, peers + clients)
        conf = os.path.join(space.folder, "gobgpd.toml")
        with open(conf, "w", encoding="ascii") as f:
            f.write(f'[global.config]\n as = {AS}\n router-id = "{DUT}"\n' + "".join(
                f'[[neighbors]]\n [neighbors.config]\n  neighbor-address = "{n}"\n  peer-as = {AS}\n [neighbors.transport.config]\n  passive-mode = true\n'
                + ('' if k < peers else ' [neighbors.route-reflector.config]\n  route-reflector-client = true\n  route-reflector-cluster-id = "1.1.1.1"\n')
                + ' [[neighbors.afi-safis]]\n  [neighbors.afi-safis.config]\n   afi-safi-name = "l3vpn-ipv4-unicast"\n' for k, n in enumerate(names)))
        self.daemon = space.popen(["gobgpd", "-f", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.space, self.pid = space, self.daemon.pid
        until(lambda: ":179" in space.run("ss", "-Hltn"), "gobgpd")

    def counted(self):
        out = self.space.run("gobgp", "global", "rib", "summary", "-a", "vpnv4", check=False)
        m = re.search(r"Path: (\d+)", out)
        return int(m.group(1)) if m else 0

    def wait(self, routes, sessions):
        until(lambda: self.counted() >= routes * sessions, f"{routes} routes in gobgpd", timeout=600, every=1)
        return time.monotonic()


# --- what is measured ---


def receive(who, build, sessions):
    """(seconds, CPU seconds, bytes of memory for each path)"""
    a, b = ground(who.__name__.lower(), sessions)
    with a, b:
        dut = who(build, a, sessions)
        before, used, speaker = rss(dut.pid), cpu(dut.pid), feed(b, build, sessions, ROUTES)
        begun = time.monotonic()
        end = dut.wait(ROUTES, sessions)
        took = end - begun, cpu(dut.pid) - used, (rss(dut.pid) - before) / (ROUTES * sessions)
        speaker.terminate()
        return took


def reflect(who, build):
    """Seconds from the first client's arrival until the last of 50 clients has heard the whole table."""
    a, b = ground(who.__name__.lower() + "r", 1 + CLIENTS)
    with a, b:
        dut = who(build, a, 1, CLIENTS, instances=False)
        speaker = feed(b, build, 1, ROUTES)
        if who is Ours:
            until(lambda: cpu(dut.pid) > 0.3, "routes")
            quiet(dut.pid)
        else:
            dut.wait(ROUTES, 1)
        used, listeners = cpu(dut.pid), listen(b, build, 2, CLIENTS)
        m = words(listeners.stdout, r"heard (\S+) (\d+)")
        took = float(m.group(1)), cpu(dut.pid) - used
        speaker.terminate()
        return took


def quiet(pid):
    """Until a process has nothing to do for a second."""
    last, since = cpu(pid), time.monotonic()
    while time.monotonic() - since < 1:
        time.sleep(0.1)
        if cpu(pid) != last:
            last, since = cpu(pid), time.monotonic()


def medians(rows):
    return [statistics.median(column) for column in zip(*rows)]


def run(build, rounds):
    for sessions in (1, 2):
        got = {"penult": Ours, "frr": Frr, "gobgp": Gobgp}
        got = {name: medians([receive(who, build, sessions) for _ in range(rounds)]) for name, who in got.items()}
        what = f"{ROUTES} VPNv4 routes, {sessions} session{'s' * (sessions > 1)}"
        into = f"into {VPNS} instances (FRR, GoBGP: received)"
        yield figure(f"{what}, {into}: to the last", "s", {k: v[0] for k, v in got.items()})
        yield figure(f"{what}, {into}: CPU", "s", {k: v[1] for k, v in got.items()})
        yield figure(f"{what}, {into}: memory per path", "bytes", {k: v[2] for k, v in got.items()})
    got = {name: medians([reflect(who, build) for _ in range(rounds)]) for name, who in {"penult": Ours, "frr": Frr}.items()}
    yield figure(f"{ROUTES} VPNv4 routes told to {CLIENTS} new clients: to the last", "s", {k: v[0] for k, v in got.items()})
    yield figure(f"{ROUTES} VPNv4 routes told to {CLIENTS} new clients: CPU", "s", {k: v[1] for k, v in got.items()})
