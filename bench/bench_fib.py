"""fibd: many routes into the kernel and out again, beside FRR's zebra and beside the kernel's own rate."""
import os
import socket
import statistics
import struct
import subprocess
import threading
import time

from common import Space, There, cable, cpu, figure, no_namespace_is_being_removed, rss, sh, threads, until

COUNT = int(os.environ.get("BENCH_ROUTES", "200000"))


def addresses(count):
    for i in range(count):
        yield f"100.{i >> 16}.{i >> 8 & 255}.{i & 255}"


def progress(space, pid, base, target, timeout=180.0):
    """(seconds from 10 % to 90 %, seconds until all) of routes coming (target > base) or going."""
    marks, start = {}, time.monotonic()
    down = target < base
    total = abs(target - base)
    while True:
        done = abs(space.routes(pid) - base) if not down else base - space.routes(pid)
        now = time.monotonic()
        if done >= total * 0.1:
            marks.setdefault(10, (now, done))
        if done >= total * 0.9:
            marks.setdefault(90, (now, done))
        if done >= total:
            break
        if now - start > timeout:
            raise RuntimeError(f"{done} of {total} routes after {timeout:.0f} s\n{threads(pid)}\nremoving namespaces: {not no_namespace_is_being_removed()}")
        time.sleep(0.02)
    (t0, n0), (t1, n1) = marks[10], marks[90]
    rate = (n1 - n0) / (t1 - t0) if t1 > t0 and n1 > n0 else total / max(now - start, 1e-9)
    return rate, time.monotonic() - start


def ground(name):
    space, other = Space(name), Space(name + "-far")
    cable(space, "eth0", "10.0.0.1/24", other, "eth0", "10.0.0.2/24")
    cable(space, "eth1", "10.0.1.1/24", other, "eth1", "10.0.1.2/24")
    return space, other


def raw(build):
    space, other = ground("raw")
    with space, other:
        space.ip("nexthop", "add", "id", "6", "via", "10.0.0.2", "dev", "eth0")
        space.ip("nexthop", "add", "id", "7", "group", "6")  # as ours: what moves routes in one step
        p = space.popen([os.path.join(build, "bench", "raw_routes"), str(COUNT)], stdin=subprocess.PIPE)
        result = {}
        base = space.routes(p.pid)
        for what, start, end in (("add", base, base + COUNT), ("delete", base + COUNT, base)):
            p.stdin.write(b"\n")
            p.stdin.flush()
            result[what], _ = progress(space, p.pid, start, end)
        p.stdin.close()
        p.wait(30)
    return result


def ours(build):
    space, other = ground("ours")
    with space, other:
        head = "sysname B\n#\n"
        small, large = os.path.join(space.folder, "small.conf"), os.path.join(space.folder, "large.conf")
        with open(small, "w", encoding="ascii") as f:
            f.write(head + "return\n")
        with open(large, "w", encoding="ascii") as f:
            f.write(head + "".join(f"ip route-static {a} 32 10.0.0.2\n" for a in addresses(COUNT)) + "return\n")
        live = os.path.join(space.folder, "router.conf")
        sh("cp", small, live)
        fibd = space.popen([os.path.join(build, "bin", "fibd"), "-c", live, "-r", space.folder], stderr=open(os.devnull, "w", encoding="ascii"))
        until(lambda: os.path.exists(os.path.join(space.folder, "fibd.bus")), "fibd")
        until(lambda: space.run(os.path.join(build, "bin", "penult"), "-r", space.folder, "display", "current-configuration", check=False), "fibd's answer")
        base, before, used = space.routes(fibd.pid), rss(fibd.pid), cpu(fibd.pid)
        load = [os.path.join(build, "bin", "penult"), "-r", space.folder, "-c", live, "load"]
        start = time.monotonic()
        p = space.popen([*load, large], stderr=open(os.devnull, "w", encoding="ascii"))
        rate, _ = progress(space, fibd.pid, base, base + COUNT)
        whole = time.monotonic() - start
        p.wait(60)
        time.sleep(0.5)
        result = {"add": rate, "whole": whole, "cpu": cpu(fibd.pid) - used, "bytes": (rss(fibd.pid) - before) / COUNT}
        p = space.popen([*load, small], stderr=open(os.devnull, "w", encoding="ascii"))
        result["delete"], _ = progress(space, fibd.pid, base + COUNT, base)
        p.wait(60)
    return result


def speak_bgp(space, count, to="10.0.0.1", next_hop="10.0.0.2"):
    """A BGP speaker that announces the routes to FRR: its static routes are too slow to read to measure zebra by them."""

    def message(kind, body):
        return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body

    with space:
        s = space.socket()
    s.settimeout(30)
    for _ in range(100):
        try:
            s.connect((to, 179))
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    s.sendall(message(1, struct.pack("!BHHIB", 4, 65002, 180, 0x0a000002, 0)) + message(4, b""))
    s.recv(4096)
    attributes = b"\x40\x01\x01\x00" + b"\x40\x02\x04\x02\x01" + struct.pack("!H", 65002) + b"\x40\x03\x04" + socket.inet_aton(next_hop)
    updates, nlri = [], b""
    for a in addresses(count):
        nlri += b"\x20" + socket.inet_aton(a)
        if len(nlri) > 4000:
            updates.append(message(2, struct.pack("!HH", 0, len(attributes)) + attributes + nlri))
            nlri = b""
    if nlri:
        updates.append(message(2, struct.pack("!HH", 0, len(attributes)) + attributes + nlri))
    return s, updates


def frr(_):
    space, other = ground("frr")
    with space, other:
        name = space.name
        run = os.path.join("/var/run/frr", name)
        os.makedirs(run, exist_ok=True)
        sh("chown", "frr:frr", "/var/run/frr", run)
        conf, empty = os.path.join(space.folder, "bgpd.conf"), os.path.join(space.folder, "zebra.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write("router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.2 passive\n")
        open(empty, "w", encoding="ascii").close()
        quiet = open(os.devnull, "w", encoding="ascii")
        zebra = space.popen(["/usr/lib/frr/zebra", "-N", name, "-f", empty], stdout=quiet, stderr=quiet)
        until(lambda: os.path.exists(os.path.join(run, "zserv.api")), "zebra")
        bgpd = space.popen(["/usr/lib/frr/bgpd", "-N", name, "-f", conf], stdout=quiet, stderr=quiet)
        time.sleep(2)  # until it listens and knows the interfaces
        s, updates = speak_bgp(There(other), COUNT)
        base, before, used = space.routes(zebra.pid), rss(zebra.pid), cpu(zebra.pid)
        start = time.monotonic()
        sender = threading.Thread(target=s.sendall, args=(b"".join(updates),), daemon=True)
        sender.start()
        rate, _ = progress(space, zebra.pid, base, base + COUNT, 60)
        whole = time.monotonic() - start
        time.sleep(0.5)
        result = {"add": rate, "whole": whole, "cpu": cpu(zebra.pid) - used, "bytes": (rss(zebra.pid) - before) / COUNT}
        s.close()  # and with the session all of it goes
        result["delete"], _ = progress(space, zebra.pid, base + COUNT, base, 60)
        bgpd.kill()
        bgpd.wait(30)
    sh("rm", "-rf", run)
    return result


def run(build, rounds=3):
    got = {"penult": [], "frr": [], "raw": []}
    for _ in range(rounds):
        for who, what in (("raw", raw), ("penult", ours), ("frr", frr)):
            got[who].append(what(build))
    mid = {who: {k: statistics.median(r[k] for r in results) for k in results[0]} for who, results in got.items()}
    return [
        figure(f"{COUNT} routes into the kernel", "routes/s", {w: mid[w]["add"] for w in ("penult", "frr", "raw")}, "more"),
        figure(f"{COUNT} routes removed", "routes/s", {w: mid[w]["delete"] for w in ("penult", "frr", "raw")}, "more"),
        figure(f"{COUNT} routes, from the file (FRR: from BGP) to the last", "s", {w: mid[w]["whole"] for w in ("penult", "frr")}),
        figure("CPU of the daemon that programs them", "s", {w: mid[w]["cpu"] for w in ("penult", "frr")}),
        figure("memory per route in it", "bytes", {w: mid[w]["bytes"] for w in ("penult", "frr")}),
    ]
