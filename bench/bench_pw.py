"""Signalling of pseudowires: many of them over one LDP session, ours beside two of FRR's. What they are for is in the place of l2vpnd: bench/pw_feed.

As with labels of prefixes the session's bytes on the wire tell when its connection begins and when the last mapping has gone.
"""
import os
import re
import statistics
import subprocess
import threading
import time

from bench_ldp import QUIET_S, Tap
from common import Space, cable, children, figure, frr_ldpd, rss, sh

COUNTS = [int(n) for n in os.environ.get("BENCH_PWS", "1000,2000,10000").split(",")]
FRR_MOST = 2000  # it takes memory by the square: 4.3 GB for these
LSRS = ("1.1.1.1", "2.2.2.2")
FIRST_LABELS = (100000, 200000)  # of a range that nobody else gives labels from
FEW, GROUP_SIZE, FAULT = 10, 100, 6
LEAST_BYTES = 40  # of a mapping
LIMIT_S = 120
QUIET = open(os.devnull, "w", encoding="ascii")


def ground(name):
    """Two routers on a link, that know where the other's loopback is."""
    spaces = Space(name + "1"), Space(name + "2")
    cable(spaces[0], "eth0", "10.0.12.1/24", spaces[1], "eth0", "10.0.12.2/24")
    for i, space in enumerate(spaces):
        space.ip("addr", "add", LSRS[i] + "/32", "dev", "lo")
        space.ip("route", "add", LSRS[1 - i], "via", f"10.0.12.{2 - i}")
    return spaces


def ran(pids):
    """Seconds for which all their threads have had a processor, to the microsecond."""
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def rest(pids):
    """Until they have nothing more to do."""
    used = -1.0
    while ran(pids) - used > 0.002:
        used = ran(pids)
        time.sleep(QUIET_S)


class Feed:
    """bench/pw_feed beside a router's ldpd, and what it has said."""

    def __init__(self, space, build, i, count, group=0):
        self.process = space.popen([os.path.join(build, "bench", "pw_feed"), space.folder, LSRS[1 - i], str(count), str(FIRST_LABELS[i]), str(group)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=QUIET, text=True, bufsize=1)
        self.said, self.heard = [(0, 0, 0.0)], threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            _, agreed, faulty, at = line.split()
            with self.heard:
                self.said.append((int(agreed), int(faulty), float(at)))
                self.heard.notify_all()

    def when(self, agreed, faulty, since=0.0):
        """When so many were agreed on, and faulty at the other end, as it says now; `since`: no earlier, for it may have been so all the time."""
        with self.heard:
            if not self.heard.wait_for(lambda: self.said[-1][:2] == (agreed, faulty), LIMIT_S):
                raise RuntimeError(f"{agreed} pseudowires, {faulty} of them faulty, were waited for {LIMIT_S:.0f} s: {self.said[-1]}")
            return max(self.said[-1][2], since)

    def status(self, number):
        self.process.stdin.write(f"{number}\n")


def measure(spaces, start, reset, count):
    """Seconds to the last mapping from the daemons' start, and from a reset session's new connection; CPU until all are idle again; memory."""
    tap, t0 = Tap(spaces[0], "eth0"), time.monotonic()
    pids = start()
    _, end = tap.exchange(2 * count * LEAST_BYTES, LIMIT_S)
    rest(pids)
    result = {"whole": end - t0, "cpu": ran(pids)}
    before = ran(pids)
    reset()
    begun, end = tap.exchange(2 * count * LEAST_BYTES, LIMIT_S)
    rest(pids)
    result.update(again=end - begun, begun=begun)
    return {**result, "cpu again": ran(pids) - before, "memory": sum(rss(p) for p in pids)}


def ours(build, count, group=0):
    spaces, feeds, pids = ground("ours"), [], []
    with spaces[0], spaces[1]:

        def start():
            for i, space in enumerate(spaces):
                conf = os.path.join(space.folder, "router.conf")
                with open(conf, "w", encoding="ascii") as f:
                    f.write(f"mpls lsr-id {LSRS[i]}\n#\nmpls ldp\n#\ninterface eth0\n ip address 10.0.12.{i + 1} 24\n mpls\n mpls ldp\n#\nreturn\n")
                for daemon in ("fibd", "ldpd"):
                    pids.append(space.popen([os.path.join(build, "bin", daemon), "-c", conf, "-r", space.folder], stderr=QUIET).pid)
                feeds.append(Feed(space, build, i, count, group))
            return pids

        def reset():
            for feed in feeds:
                feed.when(count, 0)
            spaces[0].run(os.path.join(build, "bin", "ldpctl"), "-r", spaces[0].folder, "reset", "mpls", "ldp")

        result = measure(spaces, start, reset, count)
        result["agreed again"] = max(f.when(count, 0, result["begun"]) for f in feeds) - result["begun"]
        for key, number in (("fault", FAULT), ("well", 0)):
            t0 = time.monotonic()
            feeds[0].status(number)
            result[key] = feeds[1].when(count, count if number else 0, t0) - t0
    return result


def frr_conf(i, count):
    members = "".join(f" member pseudowire mpw{n}\n  neighbor lsr-id {LSRS[1 - i]}\n  pw-id {n}\n !\n" for n in range(1, count + 1))
    return (f"mpls ldp\n router-id {LSRS[i]}\n address-family ipv4\n  discovery transport-address {LSRS[i]}\n  interface eth0\n !\n !\n!\n"
            f"l2vpn PW type vpls\n{members}")


def frr(count):
    spaces, runs = ground("frr"), []
    with spaces[0], spaces[1]:

        def start():
            pids = []
            for i, space in enumerate(spaces):
                ids, run = frr_ldpd(space, frr_conf(i, count))
                pids += ids
                runs.append(run)
            time.sleep(0.3)
            return pids + children(pids)

        def reset():
            out = spaces[0].run("vtysh", "-N", spaces[0].name, "-c", "show l2vpn atom binding json")
            labels = len(re.findall(r'"remoteLabel":[0-9"]+', out))
            if labels < count:
                raise RuntimeError(f"FRR has {labels} labels of {count}")
            spaces[0].run("vtysh", "-N", spaces[0].name, "-c", "clear mpls ldp neighbor")

        result = measure(spaces, start, reset, count)
    for run in runs:
        sh("rm", "-rf", run)
    return result


def of_all(results):
    return {key: statistics.median(r[key] for r in results) for key in results[0]}


def per_pw(results, few, count):
    """Bytes for one at both ends."""
    return (results["memory"] - few["memory"]) / (count - FEW)


def run(build, rounds=3):
    figures, few = [], {"penult": ours(build, FEW), "frr": frr(FEW)}
    for count in COUNTS:
        got = {"penult": of_all([ours(build, count) for _ in range(rounds)])}
        grouped = of_all([ours(build, count, GROUP_SIZE) for _ in range(rounds)])
        if count <= FRR_MOST:
            got["frr"] = frr(count)

        def of(key, got=got):
            return {who: result[key] for who, result in got.items()}

        what = f"{count} pseudowires over one session"
        figures += [
            figure(f"{what}: from the daemons' start to the last mapping, both ways", "s", of("whole")),
            figure(f"{what}: from a reset session's new connection to the last mapping, both ways", "ms", {w: v * 1e3 for w, v in of("again").items()}),
            figure(f"{what}: the same until both ends say that all are agreed on", "ms", {"penult": got["penult"]["agreed again"] * 1e3}),
            figure(f"{what}: CPU from the start, all processes of both routers", "s", of("cpu")),
            figure(f"{what}: CPU for a reset session, all processes of both routers", "ms", {w: v * 1e3 for w, v in of("cpu again").items()}),
            figure(f"{what}: memory for one, all processes of both routers", "bytes", {who: per_pw(r, few[who], count) for who, r in got.items()}),
            figure(f"{what}: all have a fault, until the other end's rows say so", "ms", {"penult": got["penult"]["fault"] * 1e3}),
            figure(f"{what}: the same in groups of {GROUP_SIZE}", "ms", {"penult": grouped["fault"] * 1e3}),
        ]
    return figures
