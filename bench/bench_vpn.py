"""Fail-over of VPN prefixes to the PE that stands by: does it take longer the more of them are behind the one that is lost?

With labels, where the kernel has them, and in the public network, where everything else is the same.
"""
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

from bench_bfd import QUIET, Frr, paths, take_out
from bench_fib import speak_bgp
from common import Notices, There, cable, figure, until, with_mpls

COUNTS = [int(n) for n in os.environ.get("BENCH_VPN", "1,10000,100000").split(",")]
VPN, PE = "red", "1.1.1.1"
LIMIT_S = 600  # for the routes to come, in the emulated machine
TURNS = 3  # away and back, in each of the rounds
REST_S = 2  # whatever is still being done
BFD_MS = 100  # the emulated machine stands still now and then
GROUP_NEXTHOP, GROUP_ROUTE = 1 << 31, 1 << 6  # RTMGRP of RTNLGRP_NEXTHOP (32) and RTNLGRP_IPV4_ROUTE (7)
RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEXTHOP, NHA_GROUP = 24, 25, 104, 2
NLM_F_REQUEST, RTA_DST = 1, 1
PREFIXES = 100  # the first byte of all their addresses


def moved(space, build, count, vpn, link):
    """A process that ends when all prefixes leave by a link. It has begun to ask."""
    p = space.popen([os.path.join(build, "bench", "moved"), str(count), vpn, link], stdout=subprocess.PIPE, text=True)
    p.stdout.readline()
    return p


def at(process):
    """When they had all moved."""
    limit = threading.Timer(LIMIT_S, process.kill)
    limit.start()
    line = process.stdout.readline()
    limit.cancel()
    process.wait()
    if not line:
        raise RuntimeError(f"waited {LIMIT_S} s for the routes to move")
    return float(line.split()[2])


def changed_groups(notices):
    """Changes of groups before the first of a prefix's route, which the kernel tells, too, where a group moves few of them."""
    found = 0
    for kind, message in notices.messages():
        attribute = 16 + (12 if kind < RTM_NEWNEXTHOP else 8)  # behind a rtmsg or a nhmsg
        while attribute < len(message):
            length, what = struct.unpack_from("=HH", message, attribute)
            if kind == RTM_NEWNEXTHOP:
                found += what == NHA_GROUP
            elif kind in (RTM_NEWROUTE, RTM_DELROUTE) and what == RTA_DST and message[attribute + 4] == PREFIXES:
                return found
            attribute += (length + 3) & ~3
    return found


class Pe:
    """fibd in a namespace, and those who tell it of prefixes behind two PEs."""

    def __init__(self, space, build, count, vpn, watched=False, session=""):
        self.space, self.build, self.count, self.vpn = space, build, count, vpn
        conf = os.path.join(space.folder, "router.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write("sysname P\n#\n" + (f"ip vpn-instance {vpn}\n ipv4-family\n  route-distinguisher 100:1\n#\nmpls lsr-id 9.9.9.9\n#\nmpls\n#\n" if vpn != "-" else "")
                    + ("bfd\n#\n" if watched else "") + session + "return\n")
        for daemon in ("fibd", "bfdd") if watched else ("fibd",):
            self.log = open(os.path.join(space.folder, daemon + ".log"), "w", encoding="ascii")
            self.fibd = space.popen([os.path.join(build, "bin", daemon), "-c", conf, "-r", space.folder], stderr=self.log)
        self.feed = space.popen([os.path.join(build, "bench", "vpn_feed"), space.folder, str(count), vpn, "eth0", "eth1", *(["bfd"] if watched else [])],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1)
        if watched:
            self.said("bfd alive")
        if vpn != "-":
            until(lambda: f" {vpn}:" in space.ip("link"), "the VRF")
        at(self.asked("eth0"))
        time.sleep(REST_S)

    def asked(self, link):
        return moved(self.space, self.build, self.count, self.vpn, link)

    def said(self, what):
        """The time that the feeder's next such line has."""
        limit = threading.Timer(LIMIT_S, self.feed.kill)
        limit.start()
        try:
            for line in self.feed.stdout:
                if line.startswith(what):
                    return float(line.split()[-1])
        finally:
            limit.cancel()
        raise RuntimeError(f"no `{what}` within {LIMIT_S} s, or before the end of vpn_feed")

    def round(self, act):
        """Seconds until they have moved, from what `act` returns; and how many groups were changed. Away and back."""
        result = {}
        for way, link, on in (("away", "eth1", False), ("back", "eth0", True)):
            notices, asking = Notices(self.space, GROUP_NEXTHOP | GROUP_ROUTE), self.asked(link)
            began = act(on)
            result[way] = at(asking) - began
            time.sleep(REST_S)
            result["groups " + way] = changed_groups(notices)
        return result

    def tell(self, what):
        def act(on):
            self.feed.stdin.write(f"{what} {'on' if on else 'off'}\n")
            return self.said("done")
        return act


def far_end(space, build, session, timers=""):
    conf = os.path.join(space.folder, "router.conf")
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"sysname F\n#\nbfd\n#\nbfd s bind peer-ip 10.0.0.1 {session} auto\n{timers}#\nreturn\n")
    for daemon in ("fibd", "bfdd"):
        space.popen([os.path.join(build, "bin", daemon), "-c", conf, "-r", space.folder], stderr=QUIET)


def cut(middle, pe):
    """The link in the middle of the first path: what is returned is when BFD found it."""
    def act(on):
        if on:
            middle.ip("link", "set", "p1", "master", "br0")
        else:
            take_out(middle, "p1")()
        return pe.said("bfd alive" if on else "bfd dead")
    return act


def labelled(build, count, turns):
    near, far, middle = paths("v")
    with near, far, middle:
        far.ip("address", "add", PE + "/32", "dev", "lo")
        far_end(far, build, f"source-ip {PE}", f" min-tx-interval {BFD_MS}\n min-rx-interval {BFD_MS}\n")
        pe = Pe(near, build, count, VPN, True)
        return {"row": [pe.round(pe.tell("lsp")) for _ in range(turns)], "bfd": [pe.round(cut(middle, pe)) for _ in range(turns)]}


def plain(build, count, turns):
    result = {}
    near, far, middle = paths("p")
    with near, far, middle:
        pe = Pe(near, build, count, "-")
        result["row"] = [pe.round(pe.tell("igp")) for _ in range(turns)]
    near, far, middle = paths("b")
    with near, far, middle:
        session = "bfd s bind peer-ip 10.0.0.2 interface eth0 source-ip 10.0.0.1 auto\n#\n"
        far_end(far, build, "interface eth0 source-ip 10.0.0.2")
        pe = Pe(near, build, count, "-", True, f"ip route-static {PE} 32 10.0.0.2 track bfd-session s\n#\n{session}")
        result["bfd"] = [pe.round(cut(middle, pe)) for _ in range(turns)]
    return result


def remove(space, address):
    """Returns a function that removes the route to a host, and what it returns is the time before."""
    with There(space):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    body = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 254, 0, 0, 0, 0) + struct.pack("=HH4s", 8, RTA_DST, socket.inet_aton(address))

    def act():
        began = time.monotonic()
        netlink.send(struct.pack("=IHHII", 16 + len(body), RTM_DELROUTE, NLM_F_REQUEST, 1, 0) + body)
        netlink.close()
        return began
    return act


def frr(build, count, turns):
    """Its bgpd has all prefixes from two neighbours, with the PEs as next hops, and the better of the two is lost."""
    near, far, middle = paths("f")
    with near, far, middle:
        for address, via in ((PE, "10.0.0.2"), ("2.2.2.2", "10.0.1.2")):
            near.ip("route", "add", address, "via", via, "proto", "static", "metric", "20")
        lines, ends = "router bgp 65001\n no bgp ebgp-requires-policy\n", []
        for i, next_hop in enumerate((PE, "2.2.2.2")):
            cable(near, f"eth{2 + i}", f"10.{2 + i}.0.1/24", far, f"eth{2 + i}", f"10.{2 + i}.0.2/24")
            peer = f"10.{2 + i}.0.2"
            lines += f" neighbor {peer} remote-as 65002\n neighbor {peer} passive\n neighbor {peer} disable-connected-check\n neighbor {peer} weight {200 - i}\n"
            ends.append((f"10.{2 + i}.0.1", next_hop))
        router, sessions = Frr(near, "", bgpd=lines), []
        try:
            time.sleep(REST_S)  # until it listens and knows the interfaces
            for to, next_hop in ends:
                s, updates = speak_bgp(There(far), count, to, next_hop)
                sessions.append(s)
                threading.Thread(target=s.sendall, args=(b"".join(updates),), daemon=True).start()
            results = []
            for _ in range(turns):
                at(moved(near, build, count, "-", "eth0"))
                time.sleep(2 * REST_S)
                asking = moved(near, build, count, "-", "eth1")
                began = remove(near, PE)()
                result = {"away": at(asking) - began}
                time.sleep(2 * REST_S)
                asking, began = moved(near, build, count, "-", "eth0"), time.monotonic()
                near.ip("route", "add", PE, "via", "10.0.0.2", "proto", "static", "metric", "20")
                result["back"] = at(asking) - began
                results.append(result)
            return results
        finally:
            for s in sessions:
                s.close()
            router.close()


def with_labels(build, count, turns):
    return with_mpls(lambda: labelled(build, count, turns), __file__, build, count, turns, limit_s=3 * LIMIT_S, megabytes=6144)


def middle_of(results, key):
    return statistics.median(r[key] for r in results)


def figures_of(what, got, others):
    result = []
    for event, way, text in (("row", "away", others["lost"]), ("bfd", "away", "from the moment that BFD finds it dead to the last on the other"),
                             ("row", "back", others["back"]), ("bfd", "back", "from the moment that BFD finds it alive to the last on it again")):
        values = {who: middle_of(r[event], way) * 1000 for who, r in got.items() if event in r}
        result.append(figure(f"{what}: {text}", "ms", values))
    result.append(figure(f"{what}: groups that are changed for that", "", {"penult": max(r["groups away"] for e in got["penult"].values() for r in e)}))
    return result


def run(build, rounds=3):
    figures, turns = [], TURNS * rounds
    for count in COUNTS:
        got = {"penult": plain(build, count, turns), "frr": {"row": frr(build, count, rounds)}}
        figures += figures_of(f"{count} prefixes behind one of two routers", got, {
            "lost": "from the loss of the route to it to the last on the other", "back": "from the return of that route to the last on it again"})
    for count in COUNTS:
        got, where = with_labels(build, count, turns)
        figures += figures_of(f"{count} VPN prefixes behind one of two PEs{where}", {"penult": got}, {
            "lost": "from the loss of its LSP to the last on the other", "back": "from the return of its LSP to the last on it again"})
    return figures


if __name__ == "__main__":
    print(json.dumps(labelled(sys.argv[1], *map(int, sys.argv[2:]))))
