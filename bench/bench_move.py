"""Many routes over one next hop that moves to another link: how long until the kernel sends them all there, beside FRR."""
import os
import socket
import statistics
import struct
import threading
import time

from bench_fib import COUNT, addresses, ground, progress, speak_bgp
from common import There, cable, figure, sh, until

NEXT_HOP = "9.9.9.9"  # of all routes; somebody else's route to it leads over eth0, then over eth1
SAMPLES = 64
RTM_NEWROUTE, RTM_GETROUTE, RTA_DST, RTA_OIF = 24, 26, 1, 4


def lead_to_next_hop(space, verb, via):
    space.ip("route", verb, NEXT_HOP, "via", via, "proto", "static", "metric", "20")


def oif(netlink, address):
    """The interface by which the kernel sends a packet to an address. Asked without the lock that changes are made under."""
    body = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 0, 0, 0, 0, 0) + struct.pack("=HH4s", 8, RTA_DST, socket.inet_aton(address))
    netlink.send(struct.pack("=IHHII", 16 + len(body), RTM_GETROUTE, 1, 1, 0) + body)
    answer = netlink.recv(4096)
    at, end = 16 + 12, struct.unpack_from("=I", answer)[0]
    while struct.unpack_from("=H", answer, 4)[0] == RTM_NEWROUTE and at < end:
        size, kind = struct.unpack_from("=HH", answer, at)
        if kind == RTA_OIF:
            return struct.unpack_from("=I", answer, at + 4)[0]
        at += (size + 3) & ~3
    return 0


def moved(space):
    """Seconds from the change of the next hop's route until all samples leave by the new way."""
    every = [a for i, a in enumerate(addresses(COUNT)) if i % (COUNT // SAMPLES) == 0 or i == COUNT - 1]
    with There(space):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        old, new = (socket.if_nametoindex(d) for d in ("eth0", "eth1"))
    with netlink:
        until(lambda: all(oif(netlink, a) == old for a in every), "all routes over eth0")
        time.sleep(1)  # whatever is still being done
        start = time.monotonic()
        lead_to_next_hop(space, "replace", "10.0.1.2")
        until(lambda: all(oif(netlink, a) == new for a in every), "all routes over eth1", every=0.0005)
        return time.monotonic() - start


def ours(build):
    space, other = ground("ours")
    with space, other:
        lead_to_next_hop(space, "add", "10.0.0.2")
        live = os.path.join(space.folder, "router.conf")
        with open(live, "w", encoding="ascii") as f:
            f.write("sysname B\n#\n" + "".join(f"ip route-static {a} 32 {NEXT_HOP}\n" for a in addresses(COUNT)) + "return\n")
        fibd = space.popen([os.path.join(build, "bin", "fibd"), "-c", live, "-r", space.folder], stderr=open(os.devnull, "w", encoding="ascii"))
        until(lambda: space.routes(fibd.pid) >= COUNT, "the routes")
        return moved(space)


def frr(_):
    space, other = ground("frr")
    with space, other:
        lead_to_next_hop(space, "add", "10.0.0.2")
        cable(space, "eth2", "10.0.2.1/24", other, "eth2", "10.0.2.2/24")
        name = space.name
        run = os.path.join("/var/run/frr", name)
        os.makedirs(run, exist_ok=True)
        sh("chown", "frr:frr", "/var/run/frr", run)
        files = {"zebra": "", "bgpd": "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.2.2 remote-as 65002\n neighbor 10.0.2.2 passive\n"
                         " neighbor 10.0.2.2 disable-connected-check\n"}
        quiet = open(os.devnull, "w", encoding="ascii")
        for daemon, text in files.items():
            conf = os.path.join(space.folder, f"{daemon}.conf")
            with open(conf, "w", encoding="ascii") as f:
                f.write(text)
            p = space.popen([f"/usr/lib/frr/{daemon}", "-N", name, "-f", conf], stdout=quiet, stderr=quiet)
            if daemon == "zebra":
                zebra = p
                until(lambda: os.path.exists(os.path.join(run, "zserv.api")), "zebra")
        time.sleep(2)  # until it listens and knows the interfaces
        s, updates = speak_bgp(There(other), COUNT, "10.0.2.1", NEXT_HOP)
        base = space.routes(zebra.pid)
        threading.Thread(target=s.sendall, args=(b"".join(updates),), daemon=True).start()
        progress(space, zebra.pid, base, base + COUNT, 60)
        result = moved(space)
        s.close()
    sh("rm", "-rf", run)
    return result


def run(build, rounds=3):
    got = {"penult": [], "frr": []}
    for _ in range(rounds):
        got["penult"].append(ours(build))
        got["frr"].append(frr(build))
    return [figure(f"{COUNT} routes over one next hop: from its move to the last of them", "s",
                   {who: statistics.median(values) for who, values in got.items()})]
