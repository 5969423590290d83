"""Pseudowires in the kernel: what a frame costs beside a routed packet, and how long it takes until all have left a lost provider edge.

Both take a kernel with MPLS. Those who say what is wanted are in the place of ldpd, igpd and l2vpnd: bench/vpn_feed. Where it is
l2vpnd who finds out that a pseudowire is lost (its LDP session, what the other end says of its circuit) the real one is there; what that
takes of the time needs no kernel, and is measured on this machine, too.
"""
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import time

from bench_bfd import QUIET, paths
from bench_vpn import BFD_MS, LIMIT_S, PE, Pe, cut, far_end
from common import Notices, Space, There, cable, figure, has_mpls, until, with_mpls

COUNTS = [int(n) for n in os.environ.get("BENCH_PW_SWITCH", "1,1000").split(",")]
FRAMES, TRIES = int(os.environ.get("BENCH_PW_FRAMES", "20000")), 7
SIZES = {"small": 60, "1,500-byte": 1514}
SPACING_US = 1000
SAMPLES = 3
REST_S = 2
YARDSTICKS = 100
FIRST_PW_LABEL, FIRST_OWN_LABEL, PW_SPACE = 600000, 100000, 100000  # as vpn_feed has them
RTNLGRP_TC, RTM_NEWTFILTER, RTM_DELTFILTER, RTM_NEWACTION = 4, 44, 45, 48
NLM_F_REPLACE, YARDSTICK_INDEX = 0x100 | 4 | 1 | 0x400, 77  # REPLACE, ACK, REQUEST, CREATE
# l2vpnd would ask for it: here it is configured.
SESSION = f"bfd\n#\nbfd pe bind peer-ip {PE} source-ip 10.0.0.1 auto\n min-tx-interval {BFD_MS}\n min-rx-interval {BFD_MS}\n#\n"
NEAR_SIDE, FAR_SIDE = "198.18.1.2", "198.18.2.2"


class PwPe:
    """fibd in a namespace, with pseudowires of ac0, ac1 and so on, all to the PE behind eth0, with one behind eth1 as secondary."""

    def __init__(self, space, build, count, *options):
        self.space, self.build, self.count, self.watched = space, build, count, "bfd" in options
        if has_mpls():
            space.run("sh", "-c", "echo 1048575 > /proc/sys/net/mpls/platform_labels")
        conf = os.path.join(space.folder, "router.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write("sysname P\n#\nmpls lsr-id 9.9.9.9\n#\nmpls\n#\n" + "".join(f"interface {link}\n mpls\n#\n" for link in ("eth0", "eth1"))
                    + (SESSION if self.watched else "") + self.conf() + "return\n")
        self.log = open(os.path.join(space.folder, "log"), "w", encoding="ascii")
        for daemon in self.daemons():
            space.popen([os.path.join(build, "bin", daemon), "-c", conf, "-r", space.folder], stderr=self.log)
        self.feed = space.popen([os.path.join(build, "bench", "vpn_feed"), space.folder, str(count), self.FEED, "eth0", "eth1", *options],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1)
        if self.watched:
            self.said("bfd alive")
        self.wait(0)

    FEED = "circuits"
    said, tell = Pe.said, Pe.tell

    def conf(self):
        return ""

    def daemons(self):
        return ("fibd", "bfdd") if self.watched else ("fibd",)

    def rows(self):
        out = self.space.run(os.path.join(self.build, "bin", "fibctl"), "-r", self.space.folder, "--json", "display", "mpls", "circuit", check=False)
        return json.loads(out) if out.startswith("[") else []

    def wait(self, active):
        """Until all leave by this path, and both paths are ready, the one that was lost aside."""
        def all_of_them():
            rows = self.rows()
            return len(rows) == self.count and all(r["active"] == active and (active or all(p["sends"] and p["receives"] and p["channel"] for p in r["paths"])) for r in rows)

        try:
            until(all_of_them, f"{self.count} circuits on path {active}", LIMIT_S, 0.2)
        except RuntimeError as e:
            raise RuntimeError(f"{e}: {self.rows()[:1]}") from e

    def return_all(self):
        self.feed.stdin.write("return\n")
        self.said("done")
        self.wait(0)


class SignalledPe(PwPe):
    """The same with the real l2vpnd, and ldpd's part played: what it says of the pseudowires is what they are lost by."""

    FEED = "signalled"

    def conf(self):
        circuits = "".join(f"interface ac{i}\n mpls l2vc 1.1.1.1 {i + 1}\n mpls l2vc 2.2.2.2 {i + 1} secondary\n mpls l2vpn reroute immediately\n#\n"
                           for i in range(self.count))
        return "mpls l2vpn\n#\n" + circuits

    def daemons(self):
        return ("fibd", "l2vpnd")

    def return_all(self):
        self.wait(0)


# --- what a frame costs ---


def mac(space, link):
    return json.loads(space.ip("-j", "link", "show", link))[0]["address"]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(size, to):
    """An Ethernet frame with a UDP packet, without its addresses."""
    def head(check):
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, size - 14, 0, 0, 64, 17, check, socket.inet_aton("198.18.9.9"), socket.inet_aton(to))

    udp = struct.pack("!HHHH", 7, 9, size - 34, 0)
    return b"\x08\x00" + head(checksum(head(0))) + udp + bytes(size - 42)


def frame(to, source, rest):
    return bytes.fromhex(to.replace(":", "")) + bytes.fromhex(source.replace(":", "")) + rest


def received(space, link):
    return json.loads(space.ip("-j", "-s", "link", "show", link))[0]["stats64"]["rx"]["packets"]


def flood(build, source, link, bits, target=None, target_link=None):
    """Sends FRAMES of them several times: seconds for one, the least that it took. All must arrive, unless nobody looks.

    A frame is sent and forwarded by one processor, one after the other: the time is that of the processor."""
    times = []
    for _ in range(TRIES):
        before = received(target, target_link) if target else 0
        out = source.run(os.path.join(build, "bench", "frames"), "send", link, str(FRAMES), "0", bits.hex())
        times.append(float(out.split()[2]))
        if target:
            until(lambda b=before: received(target, target_link) - b >= FRAMES, f"{FRAMES} frames at {target_link}", 60, 0.1)
    return min(times) / FRAMES


class Ground:
    """CE ── ac0 PE eth0 ── far; and a link of the CE's on which nobody takes anything."""

    def __init__(self):
        self.ce, self.pe, self.far = Space("c"), Space("p"), Space("r")
        cable(self.ce, "s0", None, self.pe, "ac0", None)
        cable(self.ce, "sink", None, self.pe, "sink", None)
        for link, net in (("eth0", "10.0.0"), ("eth1", "10.0.1")):
            cable(self.pe, link, net + ".1/24", self.far, link, net + ".2/24")
            for space in (self.pe, self.far):
                space.ip("link", "set", link, "mtu", "9000")
        self.mac = {(s, link): mac(s, link) for s, link in ((self.ce, "s0"), (self.pe, "ac0"), (self.pe, "eth0"), (self.far, "eth0"))}
        self.pe.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for space in (self.ce, self.pe, self.far):
            space.close()

    def routed(self, build):
        for to, link, space, far_link in ((NEAR_SIDE, "ac0", self.ce, "s0"), (FAR_SIDE, "eth0", self.far, "eth0")):
            self.pe.ip("route", "add", to, "dev", link)
            self.pe.ip("neigh", "add", to, "lladdr", self.mac[space, far_link], "dev", link, "nud", "permanent")
        result = {}
        for name, size in SIZES.items():
            nobody = frame("02:00:00:00:00:99", self.mac[self.ce, "s0"], packet(size, FAR_SIDE))
            result["nothing", "in", name] = flood(build, self.ce, "sink", nobody)
            result["routed", "in", name] = flood(build, self.ce, "s0", frame(self.mac[self.pe, "ac0"], self.mac[self.ce, "s0"], packet(size, FAR_SIDE)),
                                                 self.far, "eth0")
            result["routed", "out", name] = flood(build, self.far, "eth0", frame(self.mac[self.pe, "eth0"], self.mac[self.far, "eth0"],
                                                                                packet(size, NEAR_SIDE)), self.ce, "s0")
        return result

    def pseudowire(self, build, name, word):
        """One: into it with the LSP's label and its own, and out of it."""
        PwPe(self.pe, build, 1, "labels", *(["cw"] if word else []))
        result = {}
        for size_name, size in SIZES.items():
            customer = frame("02:00:00:00:09:02", self.mac[self.ce, "s0"], packet(size, FAR_SIDE))
            result[name, "in", size_name] = flood(build, self.ce, "s0", customer, self.far, "eth0")
            label = struct.pack("!HI", 0x8847, FIRST_OWN_LABEL << 12 | 0x1ff) + (bytes(4) if word else b"")
            result[name, "out", size_name] = flood(build, self.far, "eth0", frame(self.mac[self.pe, "eth0"], self.mac[self.far, "eth0"], label + customer),
                                                   self.ce, "s0")
        return result


def frames(build):
    with Ground() as ground:
        result = ground.routed(build)
    for name, word in (("cw", True), ("no cw", False)):
        with Ground() as ground:
            result.update(ground.pseudowire(build, name, word))
    return {" ".join(key): value for key, value in result.items()}


# --- how long until all have left ---


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def yardstick(space):
    """Seconds from such a message as shuts a gate to the kernel's answer, when nothing else is done."""
    with There(space):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    times = []
    parms = attribute(2, struct.pack("=IIiii", YARDSTICK_INDEX, 0, 3, 0, 0))  # TCA_GACT_PARMS: pipe
    body = struct.pack("=I", 0) + attribute(1, attribute(1, attribute(1, b"gact\0") + attribute(2, parms)))
    for _ in range(YARDSTICKS):
        begun = time.monotonic()
        netlink.send(struct.pack("=IHHII", 16 + len(body), RTM_NEWACTION, NLM_F_REPLACE, 1, 0) + body)
        answer = netlink.recv(4096)
        times.append(time.monotonic() - begun)
        if struct.unpack_from("=i", answer, 16)[0]:
            raise RuntimeError(f"the kernel refuses an action: {struct.unpack_from('=i', answer, 16)[0]}")
    netlink.close()
    return statistics.median(times)


def sampled(count):
    return sorted({i * (count - 1) // (SAMPLES - 1) for i in range(SAMPLES)})


def links(pe, kind, numbers):
    """Circuits that are there for the number."""
    batch = os.path.join(pe.folder, "links")
    with open(batch, "w", encoding="ascii") as f:
        f.write("".join(f"link add ac{i} type {kind}\nlink set ac{i} up\n" for i in numbers))
    pe.ip("-batch", batch)


def circuits(ce, pe, count):
    """Some have a customer."""
    some = sampled(count)
    links(pe, "dummy", (i for i in range(count) if i not in some))
    for i in some:
        cable(ce, f"s{i}", None, pe, f"ac{i}", None)
    return some


class Watch:
    """bench/frames at the far end of both paths, and customers that send at an even pace."""

    def __init__(self, build, ce, far, some):
        self.program = os.path.join(build, "bench", "frames")
        self.popen = far.popen([self.program, "watch", "eth0", "eth1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.popen.stdout.readline()
        bits = frame("02:00:00:00:09:02", "02:00:00:00:09:01", packet(60, FAR_SIDE)).hex()
        self.some = some
        # As many senders for one pseudowire as for many: what they cost is the same.
        self.senders = [ce.popen([self.program, "send", f"s{some[i % len(some)]}", "1000000", str(SPACING_US), bits], stdout=QUIET) for i in range(SAMPLES)]

    def end(self):
        """When the first frame of each came by the secondary."""
        for p in self.senders:
            p.kill()
            p.wait()
        out = self.popen.communicate("")[0]
        seen = {(f[0], int(f[1])): float(f[3]) for f in (line.split() for line in out.splitlines())}
        return [seen["eth1", FIRST_PW_LABEL + PW_SPACE + i] for i in self.some]


def switch(pe, build, ce, far, some, act):
    """Seconds from what `act` returns to the last of those that are watched on the secondary; how many messages there were to
    the one that shuts the gate, and until all was written."""
    watch, notices = Watch(build, ce, far, some), Notices(pe.space, 1 << (RTNLGRP_TC - 1))
    time.sleep(REST_S)
    begun = act(False)
    time.sleep(REST_S)  # who asks for all rows would have the processor now
    pe.wait(1)
    said = [kind for kind, _ in notices.messages() if kind in (RTM_NEWACTION, RTM_NEWTFILTER, RTM_DELTFILTER)]
    result = {"time": max(watch.end()) - begun, "to_gate": said.index(RTM_NEWACTION) + 1, "messages": len(said)}
    act(True)
    time.sleep(REST_S)
    pe.return_all()
    return result


def switches(build, count, turns):
    result, ce = {}, Space("k")
    near, far, middle = paths("l")
    with ce, near, far, middle:
        some = circuits(ce, near, count)
        pe = PwPe(near, build, count)
        result["lsp"] = [switch(pe, build, ce, far, some, pe.tell("lsp")) for _ in range(turns)]
        result["yardstick"] = yardstick(near)
    ce = Space("k")
    near, far, middle = paths("d")
    with ce, near, far, middle:
        some = circuits(ce, near, count)
        far.ip("address", "add", PE + "/32", "dev", "lo")
        timers = f" min-tx-interval {BFD_MS}\n min-rx-interval {BFD_MS}\n"
        far_end(far, build, f"source-ip {PE}", timers)
        pe = PwPe(near, build, count, "bfd")
        result["bfd"] = [switch(pe, build, ce, far, some, cut(middle, pe)) for _ in range(turns)]
    ce = Space("s")
    near, far, middle = paths("s")
    with ce, near, far, middle:
        some = circuits(ce, near, count)
        pe = SignalledPe(near, build, count)
        for what in ("session", "status"):
            result[what] = [switch(pe, build, ce, far, some, pe.tell(what)) for _ in range(turns)]
    return result


class HeardPe(SignalledPe):
    """On a kernel of any kind: it does not come to frames, but to what l2vpnd says, which is read as fibd reads it."""

    def wait(self, active):
        def asked_for():
            out = self.space.run(os.path.join(self.build, "bin", "l2vpnctl"), "-r", self.space.folder, "--json", "display", "mpls", "l2vc", check=False)
            rows = json.loads(out) if out.startswith("[") else []
            return len(rows) == 2 * self.count and all(r.get("session") and r.get("remote_label") for r in rows)

        until(asked_for, f"{self.count} pseudowires to each PE", LIMIT_S, 0.2)
        time.sleep(REST_S)

    def decided(self, what):
        """Seconds from ldpd's rows until the last of l2vpnd's was read."""
        begun = self.tell(what)(False)
        ended = self.said("circuits")
        self.tell(what)(True)
        self.said("circuits")
        time.sleep(REST_S)
        return ended - begun


def decisions(build, count, turns):
    near, far, middle = paths("h")
    with near, far, middle:
        links(near, "bridge", range(count))
        pe = HeardPe(near, build, count, "heard")
        return {what: [pe.decided(what) for _ in range(turns)] for what in ("session", "status")}


# --- all ---


def both(build, rounds):
    return {"frames": [frames(build) for _ in range(rounds)], "switches": {str(count): switches(build, count, rounds) for count in COUNTS}}


def cost_figures(got, where):
    def mid(key):
        return statistics.median(r[key] for r in got)

    result = []
    for size_name, size in SIZES.items():
        for way, words in (("in", "into a pseudowire"), ("out", "out of a pseudowire")):
            routed, nothing = mid(f"routed {way} {size_name}"), mid(f"nothing in {size_name}")
            for name, word in (("cw", "with a control word"), ("no cw", "without a control word")):
                ours, what = mid(f"{name} {way} {size_name}"), f"{size_name} frames {words} {word}{where}, beside routed packets"
                result += [figure(f"{what}", "frames/s", {"penult": 1 / ours, "raw": 1 / routed}, "more"),
                           figure(f"{what}", "Gbit/s", {"penult": size * 8e-9 / ours, "raw": size * 8e-9 / routed}, "more"),
                           figure(f"{what}: processor for one, without the sender's", "us",
                                  {"penult": (ours - nothing) * 1e6, "raw": (routed - nothing) * 1e6})]
    return result


def switch_figures(count, got, where):
    what = f"{count} pseudowires to one of two PEs{where}"
    return [figure(f"{what}: from the loss of its LSP to the last by the secondary", "ms", {"penult": statistics.median(r["time"] for r in got["lsp"]) * 1e3}),
            figure(f"{what}: from the moment that BFD finds it dead to the last by the secondary", "ms",
                   {"penult": statistics.median(r["time"] for r in got["bfd"]) * 1e3}),
            figure(f"{what}: messages to the kernel for that", "", {"penult": max(r["to_gate"] for r in got["lsp"] + got["bfd"])}),
            figure(f"{what}: all messages, with those for control channels behind it", "", {"penult": max(r["messages"] for r in got["lsp"] + got["bfd"])}),
            figure(f"{what}: from the row that says its LDP session is lost to the last by the secondary", "ms",
                   {"penult": statistics.median(r["time"] for r in got["session"]) * 1e3}),
            figure(f"{what}: from the rows that say their circuits are down there to the last by the secondary", "ms",
                   {"penult": statistics.median(r["time"] for r in got["status"]) * 1e3}),
            figure(f"{what}: messages to the kernel for each of these two", "", {"penult": max(r["to_gate"] for r in got["session"] + got["status"])}),
            figure(f"{what}: all messages, until all is written", "", {"penult": max(r["messages"] for r in got["session"] + got["status"])}),
            figure(f"{what}: one such message alone, by a bare writer", "ms", {"penult": got["yardstick"] * 1e3})]


def run(build, rounds=3):
    got, where = with_mpls(lambda: both(build, rounds), __file__, build, rounds, limit_s=6 * LIMIT_S)
    figures = cost_figures(got["frames"], where)
    for count, result in got["switches"].items():
        figures += switch_figures(int(count), result, where)
    for count in COUNTS:
        what, heard = f"{count} pseudowires to one of two PEs", decisions(build, count, rounds)
        figures += [figure(f"{what}: from {said} to the last of what l2vpnd makes of it at its reader", "ms", {"penult": statistics.median(heard[key]) * 1e3})
                    for key, said in (("session", "the row that says its LDP session is lost"), ("status", "the rows that say their circuits are down there"))]
    return figures


if __name__ == "__main__":
    print(json.dumps(both(sys.argv[1], int(sys.argv[2]))))
