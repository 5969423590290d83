"""The story of labs/l3vpn-bfd: reference 002, from routers that find each other to a path that dies while everybody keeps his carrier.

What is claimed is read from kernels, from captured frames, and from numbered packets that run all the time in both directions.
"""
import re

from penultlab import vm
from penultlab.capture import Capture, Pacer, count_loss, sent_more, stacks_to
from penultlab.net import wait_for
from penultlab.teller import Teller

PES = {"PE1": "2.2.2.2", "PE2": "3.3.3.3", "PE3": "4.4.4.4"}
CE1, CE2 = "1.1.1.1", "10.3.1.2"
TABLE = 1001  # the first VRF that fibd makes
KILLED = ["fibd", "ldpd", "bfdd", "igpd", "l3vpnd"]
PACKETS = 500
# An emulated machine stands still for longer than 30 ms now and then, and all its routers with it. BFD rightly calls that a dead
# path; so there it is given more time than the reference gives it; how late the sender of the packets itself was is said with what was lost.
EMULATED = vm.inside()
BFD_MS = 500 if EMULATED else 10
PACE_US = 1000
CUT_MS = 3 * BFD_MS + (1000 if EMULATED else 20)  # detection, and what the machine takes to act


def peers(lab, router):
    return lab.rows(router, "display", "bgp", "vpnv4", "all", "peer")


def bgp_up(lab, router, count):
    wait_for(lambda: len([p for p in lab.rows(router, "display", "bgp", "peer") + peers(lab, router) if p["state"] == "ESTABLISHED"]) >= count,
             f"{router}'s {count} BGP session(s)", 180, last=lambda: peers(lab, router))


def sessions(lab, router):
    return lab.rows(router, "display", "bfd", "session", "all")


def bfd_up(lab):
    for router, count in (("PE1", 1), ("PE2", 1), ("CE1", 2)):
        wait_for(lambda r=router, n=count: [s["state"] for s in sessions(lab, r)] == ["UP"] * n, f"BFD of {router}", 120,
                 last=lambda r=router: sessions(lab, r))


def paths(lab, router, prefix=CE1, table=TABLE):
    """How a kernel sends packets of the instance: [(gateway, device, labels)], in order."""
    text = lab.run(router, "ip", "-d", "route", "show", prefix, "table", str(table)).stdout
    found = []
    parts = re.split(r"nexthop ", text)[1:] if "nexthop " in text else [text]
    weights = [int(m.group(1)) if (m := re.search(r"weight (\d+)", part)) else 1 for part in parts]
    for part, weight in zip(parts, weights):
        if " via " not in " " + part or weight < max(weights):  # those of less weight stand by
            continue
        labels = re.search(r"encap mpls +(\S+)", part)
        found.append((re.search(r"via (?:inet\d? )?(\S+)", part).group(1), re.search(r"dev (\S+)", part).group(1),
                      labels.group(1) if labels else None))
    return sorted(found)


def leads(lab, router, want, prefix=CE1):
    """want: the devices that packets leave by, in order."""
    return wait_for(lambda: [d for _, d, _ in paths(lab, router, prefix)] == want and paths(lab, router, prefix), f"{router} to reach {prefix} by {want}",
                    90, last=lambda: paths(lab, router, prefix))


def both_ways(lab):
    """Numbered packets: from CE2 to CE1's loopback, and back from there."""
    return {"CE2 to CE1": Pacer(lab, "CE2", "CE1", CE1, bind=CE2, interval_us=PACE_US),
            "CE1 to CE2": Pacer(lab, "CE1", "CE2", CE2, bind=CE1, interval_us=PACE_US)}


def more_is_sent(lab, count=PACKETS):
    sent_more(lab, "CE2", "ge0-1-0", count)


def none_lost(t, pacers, what):
    count_loss(t, pacers, 0, what, with_lateness=EMULATED)


def start(lab, t):
    t.step("Five routers start from the files of the reference. OSPF, LDP, BGP and BFD find their neighbours.")
    for router in ("PE1", "PE2", "CE1") if EMULATED else ():
        lab.edit(router, lambda text: re.sub(r"^(bfd \S+ bind .*)$", rf"\1\n min-tx-interval {BFD_MS}\n min-rx-interval {BFD_MS}", text, flags=re.M))
    if EMULATED:
        t.say(f"    (BFD at {BFD_MS} ms instead of 10: this machine is emulated, and stands still for longer than 30 ms at times)")
    lab.start_all()
    for pe in PES:
        bgp_up(lab, pe, 2)
    bgp_up(lab, "CE2", 1)
    bfd_up(lab)
    t.show(lab.ctl("PE1", "display", "mpls", "ldp", "session"), "PE1: ")
    t.show(lab.ctl("PE1", "display", "bgp", "vpnv4", "all", "peer"), "PE1: ")
    t.show(lab.ctl("PE1", "display", "ip", "vpn-instance", "verbose"), "PE1: ")


def balanced(lab, t):
    t.step("PE3 has two ways to CE1, with a label each, and uses both.")
    leads(lab, "PE3", ["ge0-1-0", "ge0-2-0"])
    leads(lab, "PE1", ["ge0-3-0"])
    leads(lab, "PE2", ["ge0-3-0"])
    wait_for(lambda: paths(lab, "CE2", CE1, "main"), "CE2 to know CE1", 90)
    t.show(lab.ctl("PE3", "display", "ip", "routing-table", "vpn-instance", "VPNA"), "PE3: ")
    t.show(lab.run("PE3", "ip", "route", "show", CE1, "table", str(TABLE)).stdout, "PE3: ")
    rows = [r for r in lab.rows("PE3", "display", "ip", "routing-table", "vpn-instance", "VPNA") if r["prefix"] == f"{CE1}/32"]
    hops = sorted(h["address"] for r in rows for h in r["entries"][0]["next_hops"])
    t.check(hops == ["2.2.2.2", "3.3.3.3"], f"two internal routes to {CE1}/32, by {hops}")
    labels = {d: push for _, d, push in paths(lab, "PE3")}
    t.check(all(labels.values()), f"each pushes the label that its PE has given: {labels}")
    wires = {"ge0-1-0": Capture(lab, "PE3", "GigabitEthernet0/1/0"), "ge0-2-0": Capture(lab, "PE3", "GigabitEthernet0/2/0")}
    traced(lab, t)
    pacers = both_ways(lab)
    more_is_sent(lab)
    none_lost(t, pacers, "in peace")
    for device, wire in wires.items():
        wire.stop()
        stacks = set(map(tuple, stacks_to(wire.frames, CE1)))
        want = tuple(int(label) for label in labels[device].split("/"))
        t.check(stacks == {want}, f"on the wire of {device} every packet to {CE1} carries {sorted(stacks)}")


def traced(lab, t):
    """The way from CE2, with the AS that BGP has the route to a hop from. The PE where packets leave the core is no hop on Linux: its
    VRF device sends what it takes out of a label as if it were its own."""
    text = lab.ctl("CE2", "tracert", CE1)
    t.show(text, "CE2: ")
    t.check(re.search(r"^ 1 10\.3\.1\.1 [\d<]", text, re.M) and re.search(rf"^ 2 {re.escape(CE1)} < AS=100 > [\d<]", text, re.M),
            f"the way from CE2 to {CE1} is by PE3, into AS 100")


def cut(lab, t):
    t.step("The path between CE1 and PE1 dies in the middle: both keep their carrier, and only BFD can tell.")
    pacers = both_ways(lab)
    more_is_sent(lab)
    lab.net.unplug("S1", "p1")
    leads(lab, "PE1", ["ge0-2-0"])
    leads(lab, "PE3", ["ge0-2-0"])
    wait_for(lambda: [g for g, _, _ in paths(lab, "CE1", "default", "main")] == ["10.2.1.2"], "CE1 to use PE2 alone", 60,
             last=lambda: paths(lab, "CE1", "default", "main"))
    more_is_sent(lab)
    count_loss(t, pacers, CUT_MS, "in the failure", with_lateness=EMULATED)
    t.show(lab.ctl("PE1", "display", "bfd", "session", "all"), "PE1: ")
    t.show(lab.ctl("PE1", "display", "ip", "routing-table", "vpn-instance", "VPNA"), "PE1: ")
    t.check([s["state"] for s in sessions(lab, "PE1")] == ["DOWN"], "PE1's session is Down")
    t.check(len(paths(lab, "PE3")) == 1, f"PE3 keeps one path: {paths(lab, 'PE3')}")
    traced(lab, t)


def back(lab, t):
    t.step("The path is mended.")
    pacers = both_ways(lab)
    more_is_sent(lab)
    lab.net.unplug("S1", "p1", again=True)
    bfd_up(lab)
    leads(lab, "PE1", ["ge0-3-0"])
    leads(lab, "PE3", ["ge0-1-0", "ge0-2-0"])
    wait_for(lambda: len(paths(lab, "CE1", "default", "main")) == 2, "CE1 to use both", 60)
    more_is_sent(lab)
    none_lost(t, pacers, "in the return")


def killed(lab, t, pe):
    t.step(f"On {pe} every daemon is killed in its turn (kill -9), and started again, under traffic.")
    pacers = both_ways(lab)
    for daemon in KILLED:
        if (pe, daemon) not in lab.daemons:
            continue
        more_is_sent(lab, 300)
        lab.kill(pe, daemon)
        more_is_sent(lab, 300)
        lab.start(pe, daemon)
        settled(lab)
    more_is_sent(lab)
    none_lost(t, pacers, f"while {pe} was without one daemon after the other")


def settled(lab):
    for pe in PES:
        bgp_up(lab, pe, 2)
        lab.wait_sessions(pe, 2, 120)
    bfd_up(lab)
    leads(lab, "PE3", ["ge0-1-0", "ge0-2-0"])


def tell(lab, quiet=False):
    t = Teller(quiet)
    start(lab, t)
    balanced(lab, t)
    cut(lab, t)
    back(lab, t)
    for pe in ("PE1", "PE2"):
        killed(lab, t, pe)
    return t.end()
