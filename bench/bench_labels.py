"""Label entries in the kernel: from the session to the last entry of both routers, ours beside FRR's.

That takes a kernel with MPLS, so where this one has none it runs in the labs' virtual machine. Its processor is emulated: every
figure is many times what hardware takes, for both alike.
"""
import json
import os
import socket
import statistics
import struct
import sys
import time

import bench_ldp
from common import There, cpu, figure, has_mpls, rss, until, with_mpls

COUNTS = [int(n) for n in os.environ.get("BENCH_LABELS", "10000,100000").split(",")]
SMALL = 10000  # FECs; larger counts take the emulated machine minutes, and an hour to take a link down under next hop objects
MEGABYTES = 8192  # of that machine: zebra needs more than 4 GB for 100,000
LIMIT_S = 600  # for one router pair in the emulated machine
AF_MPLS, RTM_GETROUTE, NLM_F_REQUEST, NLM_F_DUMP, NLMSG_DONE = 28, 26, 1, 0x300, 3


class Labels:
    """Counts the incoming labels of a namespace."""

    def __init__(self, space):
        with There(space):
            self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)

    def count(self):
        self.netlink.send(struct.pack("=IHHII", 28, RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + struct.pack("=BBBBBBBBI", AF_MPLS, *[0] * 8))
        found = 0
        while True:
            answer, at = self.netlink.recv(1 << 20), 0
            while at < len(answer):
                size, kind = struct.unpack_from("=IH", answer, at)
                if kind == NLMSG_DONE:
                    return found
                found, at = found + 1, at + ((size + 3) & ~3)


def measure(spaces, start, _, count):
    for space in spaces:
        space.run("sh", "-c", "echo 1048575 > /proc/sys/net/mpls/platform_labels; for f in /proc/sys/net/mpls/conf/*/input; do echo 1 > $f; done")
    labels, t0 = [Labels(s) for s in spaces], time.monotonic()
    pids = start()
    begin = t0 + until(lambda: bench_ldp.wire(spaces[0]) > 1000, "the session", every=0.05)
    until(lambda: all(x.count() >= count for x in labels), "all labels in both kernels", timeout=LIMIT_S, every=0.2)
    whole = time.monotonic() - begin
    time.sleep(1)
    return {"labels": whole, "cpu": sum(cpu(p) for p in pids), "memory": sum(rss(p) for p in pids)}


def link_down(spaces, count, result):
    if count <= SMALL:
        start = time.monotonic()
        spaces[0].ip("link", "set", "eth0", "down")
        result["down"] = time.monotonic() - start


def both(build, count, rounds):
    return {who: [router(build, count, measure, link_down) for _ in range(rounds)] for who, router in (("penult", bench_ldp.ours), ("frr", bench_ldp.frr))}


def run(build, rounds=3):
    figures = []
    for count in COUNTS:
        times = rounds if has_mpls() or count <= SMALL else 1
        got, where = with_mpls(lambda c=count, n=times: both(build, c, n), __file__, build, count, times, limit_s=3 * times * LIMIT_S, megabytes=MEGABYTES)
        mid = {who: {k: statistics.median(r[k] for r in results) for k in results[0]} for who, results in got.items()}
        what = f"{count} FECs, kernel with MPLS{where}: "
        figures += [figure(what + "from the session to the last label entry of both", "s", {w: mid[w]["labels"] for w in mid}),
                    figure(what + "CPU, all processes of both routers", "s", {w: mid[w]["cpu"] for w in mid}),
                    figure(what + "memory, all processes of both routers", "MB", {w: mid[w]["memory"] * 1e-6 for w in mid})]
        if count <= SMALL:
            figures.append(figure(what + "a link goes down, until another route can be changed", "s", {w: mid[w]["down"] for w in mid}))
    return figures


if __name__ == "__main__":
    print(json.dumps(both(sys.argv[1], *map(int, sys.argv[2:]))))
