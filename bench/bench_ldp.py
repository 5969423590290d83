"""ldpd: sessions and labels between two routers, ours beside two of FRR's. All processes of each are counted."""
import os
import re
import socket
import statistics
import struct
import threading
import time

from common import Space, There, cable, children, cpu, figure, frr_ldpd, rss, sh

COUNTS = [int(n) for n in os.environ.get("BENCH_FECS", "10000,100000").split(",")]
QUIET_S, ETH_P_ALL, ETH_P_IP, SO_RCVBUFFORCE, SO_TIMESTAMPNS = 0.5, 3, 0x0800, 33, 35


def fecs(count):
    for i in range(count):
        yield f"100.{i >> 16}.{i >> 8 & 255}.{i & 255}"


def ground(name, count):
    """Two routers on a link, each with a loopback and with host routes of somebody else's that point at the other."""
    a, b = Space(name + "1"), Space(name + "2")
    cable(a, "eth0", "10.0.12.1/24", b, "eth0", "10.0.12.2/24")
    for space, own, other, via in ((a, "1.1.1.1", "2.2.2.2", "10.0.12.2"), (b, "2.2.2.2", "1.1.1.1", "10.0.12.1")):
        space.ip("addr", "add", own + "/32", "dev", "lo")
        batch = os.path.join(space.folder, "routes")
        with open(batch, "w", encoding="ascii") as f:
            f.write(f"route add {other} via {via}\n" + "".join(f"route add {x} via {via} proto static metric 20\n" for x in fecs(count)))
        space.ip("-batch", batch)
    return a, b


def wire(space):
    """Bytes of the LDP session so far, both ways; 0 when there is none."""
    out = space.run("ss", "-tinH", "( sport = :646 or dport = :646 )", check=False)
    return sum(int(n) for n in re.findall(r"bytes_(?:sent|received):(\d+)", out))


class Tap:
    """Looks on as LDP's TCP connection goes over a link."""

    def __init__(self, space, device):
        with There(space):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.socket.bind((device, ETH_P_ALL))
        self.socket.settimeout(QUIET_S)
        self.ahead = time.time() - time.monotonic()

    def packet(self):
        """The next one, where it came from, and when it went over the link: it may have waited here for long."""
        packet, told, _, where = self.socket.recvmsg(1 << 16, 64)
        seconds, ns = struct.unpack("=qq", told[0][2])
        return packet, where, seconds + ns / 1e9 - self.ahead

    def exchange(self, least, timeout=120.0):
        """(when a connection was begun, when its last data were sent), by the clock; over when nothing was sent for a while."""
        begun, last, total, limit = None, 0.0, 0, time.monotonic() + timeout
        while time.monotonic() < limit:
            try:
                packet, where, at = self.packet()
            except TimeoutError:
                if begun and total >= least:
                    return begun, last
                continue
            head = (packet[0] & 15) * 4
            if where[1] != ETH_P_IP or packet[9] != socket.IPPROTO_TCP or 646 not in struct.unpack_from("!HH", packet, head):
                continue
            if packet[head + 13] & 18 == 2:  # SYN
                begun, total = at, 0
            size = struct.unpack_from("!H", packet, 2)[0] - head - (packet[head + 12] >> 4) * 4
            if size > 100:  # more than a Keepalive
                total, last = total + size, at
        raise RuntimeError(f"only {total} bytes of {least} were exchanged")


class Work:
    """Looks on as processes work: when they had the processor last, before all of them were idle for a while."""

    def __init__(self, pids):
        self.pids, self.samples, self.done = pids, [], threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self):
        while not self.done.wait(0.01):
            self.samples.append((time.monotonic(), sum(cpu(p) for p in self.pids)))

    def end(self):
        time.sleep(QUIET_S)
        while self.samples[-1][1] - self._before(QUIET_S) > 0.02:  # a Keepalive costs a tick at most
            time.sleep(0.05)
        self.done.set()
        self.thread.join()
        idle = self.samples[-1][1] - 0.02
        return next(t for t, used in self.samples if used >= idle)

    def _before(self, span):
        limit = self.samples[-1][0] - span
        return next(used for t, used in reversed(self.samples) if t <= limit)


def measure(spaces, start, reset, count):
    """Runs the daemons and looks on: seconds to the session, and to the last label; when the session is reset, from its new connection to
    the last label and until all have worked it off; CPU, memory."""
    tap, t0 = Tap(spaces[0], "eth0"), time.monotonic()
    pids = start()
    begun, end = tap.exchange(2 * count * 24)
    result = {"session": begun - t0, "whole": end - t0, "cpu": sum(cpu(p) for p in pids)}
    time.sleep(1)
    work = Work(pids)
    reset()
    begun, end = tap.exchange(2 * count * 24)
    return {**result, "again": end - begun, "worked": work.end() - begun, "memory": sum(rss(p) for p in pids)}


def nothing(spaces, count, result):
    pass


def ours(build, count, measure=measure, after=nothing):
    a, b = ground("ours", count)
    with a, b:

        def start():
            pids = []
            for space, own, address in ((a, "1.1.1.1", "10.0.12.1"), (b, "2.2.2.2", "10.0.12.2")):
                conf = os.path.join(space.folder, "router.conf")
                with open(conf, "w", encoding="ascii") as f:
                    f.write(f"mpls lsr-id {own}\n#\nmpls ldp\n#\ninterface eth0\n ip address {address} 24\n mpls\n mpls ldp\n#\nreturn\n")
                for daemon in ("fibd", "ldpd"):
                    p = space.popen([os.path.join(build, "bin", daemon), "-c", conf, "-r", space.folder], stderr=open(os.devnull, "w", encoding="ascii"))
                    pids.append(p.pid)
            return pids

        def reset():
            a.run(os.path.join(build, "bin", "ldpctl"), "-r", a.folder, "reset", "mpls", "ldp")

        result = measure((a, b), start, reset, count)
        for space in (a, b):
            out = space.run(os.path.join(build, "bin", "ldpctl"), "-r", space.folder, "display", "mpls", "ldp", "session", "verbose")
            sent, received = map(int, re.search(r"Label Mapping +(\d+) +(\d+)", out).groups())
            if sent < count or received < count:
                raise RuntimeError(f"only {sent} labels told and {received} learned of {count}")
        after((a, b), count, result)
    return result


def frr(_, count, measure=measure, after=nothing):
    a, b = ground("frr", count)
    runs = []
    with a, b:

        def start():
            pids = []
            for space, own in ((a, "1.1.1.1"), (b, "2.2.2.2")):
                ids, run = frr_ldpd(space, f"mpls ldp\n router-id {own}\n address-family ipv4\n  discovery transport-address {own}\n  interface eth0\n")
                pids += ids
                runs.append(run)
            time.sleep(0.3)
            return pids + children(pids)

        def reset():
            a.run("vtysh", "-N", a.name, "-c", "clear mpls ldp neighbor")

        result = measure((a, b), start, reset, count)
        after((a, b), count, result)
    for run in runs:
        sh("rm", "-rf", run)
    return result


def run(build, rounds=3):
    figures = []
    for count in COUNTS:
        got = {"penult": [], "frr": []}
        for _ in range(rounds):
            got["penult"].append(ours(build, count))
            got["frr"].append(frr(build, count))
        mid = {who: {k: statistics.median(r[k] for r in results) for k in results[0]} for who, results in got.items()}

        def of(key, scale=1.0, mid=mid):
            return {w: mid[w][key] * scale for w in ("penult", "frr")}

        figures += [
            figure(f"{count} FECs: from the daemons' start to the session", "s", of("session")),
            figure(f"{count} FECs: from the daemons' start to the last label, both ways", "s", of("whole")),
            figure(f"{count} FECs: from a reset session's new connection to the last label, both ways", "s", of("again")),
            figure(f"{count} FECs: the same until all processes have worked it off", "s", of("worked")),
            figure(f"{count} FECs: CPU, all processes of both routers", "s", of("cpu")),
            figure(f"{count} FECs: memory, all processes of both routers", "MB", of("memory", 1e-6)),
        ]
    return figures
