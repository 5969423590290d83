"""The backbone of reference 002 from nothing to complete LSPs: three routers with OSPF and LDP on three links, ours beside FRR's.

Label entries take a kernel with MPLS; see bench_labels.py. The reference's own settings are used, so DR elections wait for 40 s.
"""
import json
import os
import statistics
import sys
import time

from bench_labels import Labels
from common import Space, cable, figure, sh, until, with_mpls

LOOPBACKS = ("2.2.2.2", "3.3.3.3", "4.4.4.4")
# (router, device, address) at both ends
LINKS = (((0, "eth0", "11.11.11.1"), (2, "eth0", "11.11.11.2")), ((1, "eth0", "22.22.22.1"), (2, "eth1", "22.22.22.2")),
         ((0, "eth1", "33.33.33.1"), (1, "eth1", "33.33.33.2")))
LIMIT_S = 300


def ends(router):
    return [(device, address) for link in LINKS for r, device, address in link if r == router]


def ground(name):
    spaces = [Space(f"{name}{i}") for i in range(3)]
    for (a, da, na), (b, db, nb) in LINKS:
        cable(spaces[a], da, na + "/24", spaces[b], db, nb + "/24")
    for space, own in zip(spaces, LOOPBACKS):
        space.ip("addr", "add", own + "/32", "dev", "lo")
        space.run("sh", "-c", "echo 1048575 > /proc/sys/net/mpls/platform_labels; for f in /proc/sys/net/mpls/conf/*/input; do echo 1 > $f; done")
    return spaces


def is_whole(spaces, labels, protocol):
    """Each has a route to the others' loopbacks, and a label for each, which it pops: they are neighbours of one another."""
    return all(label.count() >= 2 and all(other in space.ip("route", "show", "proto", protocol) for other in LOOPBACKS if other != own)
               for space, label, own in zip(spaces, labels, LOOPBACKS))


def measured(spaces, protocol, start):
    labels, begin = [Labels(s) for s in spaces], time.monotonic()
    start()
    try:
        until(lambda: is_whole(spaces, labels, protocol), "complete LSPs", LIMIT_S, 0.1)
    except RuntimeError as e:
        raise RuntimeError(f"{e}: " + "; ".join(f"{label.count()} labels, {s.ip('route')}" for s, label in zip(spaces, labels))) from e
    return time.monotonic() - begin


def ours(build):
    spaces = ground("ours")

    def start():
        for i, (space, own) in enumerate(zip(spaces, LOOPBACKS)):
            conf = os.path.join(space.folder, "router.conf")
            with open(conf, "w", encoding="ascii") as f:
                f.write(f"mpls lsr-id {own}\n#\nmpls\n#\nmpls ldp\n#\n")
                f.write("".join(f"interface {d}\n undo shutdown\n ip address {a} 24\n mpls\n mpls ldp\n#\n" for d, a in ends(i)))
                f.write("ospf 1\n area 0.0.0.0\n" + "".join(f"  network {a.rsplit('.', 1)[0]}.0 0.0.0.255\n" for _, a in ends(i)))
                f.write(f"  network {own} 0.0.0.0\n#\nreturn\n")
            for daemon in ("fibd", "ldpd", "igpd"):
                log = open(os.path.join(space.folder, daemon + ".log"), "w", encoding="ascii")
                space.popen([os.path.join(build, "bin", daemon), "-c", conf, "-r", space.folder], stderr=log)

    try:
        return measured(spaces, "201", start)
    finally:
        for space in spaces:
            space.close()


def frr(_):
    spaces = ground("frr")
    runs = [os.path.join("/var/run/frr", space.name) for space in spaces]

    def start():
        quiet = open(os.devnull, "w", encoding="ascii")
        files = {}
        for i, (space, own, run) in enumerate(zip(spaces, LOOPBACKS, runs)):
            os.makedirs(run, exist_ok=True)
            sh("chown", "frr:frr", "/var/run/frr", run)
            nets = "".join(f" network {a.rsplit('.', 1)[0]}.0/24 area 0\n" for _, a in ends(i))
            files[i] = {"zebra": "", "ospfd": f"router ospf\n ospf router-id {own}\n{nets} network {own}/32 area 0\n",
                        "ldpd": f"mpls ldp\n router-id {own}\n address-family ipv4\n  discovery transport-address {own}\n"
                                "  label local allocate host-routes\n" + "".join(f"  interface {d}\n" for d, _ in ends(i))}
            for daemon, text in files[i].items():
                with open(os.path.join(space.folder, f"{daemon}.conf"), "w", encoding="ascii") as f:
                    f.write(text)
            space.popen(["/usr/lib/frr/zebra", "-N", space.name, "-f", os.path.join(space.folder, "zebra.conf")], stdout=quiet, stderr=quiet)
        for space, run in zip(spaces, runs):
            until(lambda r=run: os.path.exists(os.path.join(r, "zserv.api")), "zebra")
            for daemon in ("ospfd", "ldpd"):
                space.popen([f"/usr/lib/frr/{daemon}", "-N", space.name, "-f", os.path.join(space.folder, f"{daemon}.conf")], stdout=quiet, stderr=quiet)

    try:
        return measured(spaces, "ospf", start)
    finally:
        for space, run in zip(spaces, runs):
            space.close()
            sh("rm", "-rf", run)


def both(build, rounds):
    got = {"penult": [], "frr": []}
    for _ in range(rounds):
        got["penult"].append(ours(build))
        got["frr"].append(frr(build))
    return got


def run(build, rounds=3):
    got, where = with_mpls(lambda: both(build, rounds), __file__, build, rounds, limit_s=3 * rounds * LIMIT_S)
    return [figure(f"the backbone of reference 002{where}: from the daemons' start to complete LSPs", "s",
                   {who: statistics.median(values) for who, values in got.items()})]


if __name__ == "__main__":
    print(json.dumps(both(sys.argv[1], int(sys.argv[2]))))
