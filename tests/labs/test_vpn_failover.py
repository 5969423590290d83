"""A thousand prefixes of a VPN behind two provider edges: whatever is lost, the kernel's group of next hops is what changes, and no route."""
import os
import re
import struct
import subprocess
import threading

import pytest
from penult import Capture, Lab, Topology, answered, wait_for
from penultlab.capture import ETH_P_IP, Pacer, label_stack
from penultlab.nodes import spawn

pytestmark = pytest.mark.mpls

HERE = os.path.dirname(os.path.realpath(__file__))
TABLE = {"VPNA": "1001", "VPNB": "1002"}
MANY = [f"172.16.{i >> 8}.{i & 255}/32" for i in range(1000)]
TARGET, TARGET6, HOST = "172.16.0.1", "2001:db8:22::1", "192.168.1.2"
PE = {"PE2": "2.2.2.2", "PE3": "3.3.3.3"}
PACE_US = 4000


def statics(gateway):
    return "".join(f"ip route-static vpn-instance VPNA {p.split('/')[0]} 255.255.255.255 {gateway}\n" for p in MANY)


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "vpn-failover")), build)
    try:
        for pe, gateway in (("PE2", "10.2.1.2"), ("PE3", "10.3.1.2")):
            lab.edit(pe, lambda text, g=gateway: text.replace("#\nreturn", f"#\n{statics(g)}#\nreturn"))
        lab.up()
        for line in ("-6 address add 2001:db8:1::2/64 dev eth0 nodad", "-6 route add default via 2001:db8:1::1"):
            lab.run("H1", "ip", *line.split())
        settled(lab)
        yield lab
        lab.finish()
    finally:
        lab.close()


# --- what kernels have ---


def kernel_routes(lab, router="PE1", vrf="VPNA"):
    """{prefix: its next hop object} of ours in an instance."""
    text = lab.run(router, "ip", "route", "show", "table", TABLE[vrf], "proto", "201").stdout
    return dict(re.findall(r"^(172\.16\.\S+) nhid (\d+)", text, re.M))


def labels_of(lab, pe):
    """The labels that lead to the instance of a PE, as the others have them: those of its routes in BGP."""
    rows = lab.rows("PE1", "display", "bgp", "vpnv4", "all", "routing-table", f"{TARGET}/32")
    return {p["label"] for r in rows for p in r["paths"] if p["next_hop"] == PE[pe]}


def pushed(lab, router="PE1", prefix=TARGET):
    """The label stacks that the route to a prefix pushes, a list for each next hop that is used; those of less weight stand by."""
    text = lab.run(router, "ip", "-6" if ":" in prefix else "-4", "-d", "route", "show", prefix, "table", TABLE["VPNA"]).stdout
    hops = [(int(m.group(1)) if (m := re.search(r"weight (\d+)", line)) else 1, re.search(r"encap mpls +(\S+)|$", line).group(1))
            for line in text.splitlines() if " via " in line or " encap " in line]
    return [[int(n) for n in stack.split("/")] if stack else [] for weight, stack in hops if weight == max(w for w, _ in hops)]


def way(lab, router="PE1", prefix=TARGET):
    """Over which PEs the kernel sends packets to it."""
    return [pe for pe in PE if pushed(lab, router, prefix) and {s[-1] if s else None for s in pushed(lab, router, prefix)} <= labels_of(lab, pe)]


def leads(lab, pe, timeout=120):
    wait_for(lambda: way(lab) == [pe], f"PE1 to send by {pe}", timeout, last=lambda: (pushed(lab), {p: labels_of(lab, p) for p in PE}))


def paths(lab):
    rows = lab.rows("PE1", "display", "bgp", "vpnv4", "all", "routing-table", f"{TARGET}/32")
    return [(p["next_hop"], p["best"], p["backup"], p["unused"]) for r in rows if r["vrf"] == "VPNA" for p in r["paths"]]


def settled(lab):
    """PE2 is used and PE3 stands by, for all of them."""
    want = [("2.2.2.2", True, False, ""), ("3.3.3.3", False, True, "")]
    wait_for(lambda: paths(lab) == want, "one way, and a backup", 180, last=lambda: paths(lab))
    wait_for(lambda: len(kernel_routes(lab)) == len(MANY) and len(set(kernel_routes(lab).values())) == 1, "a thousand routes with one fate", 120,
             last=lambda: (len(kernel_routes(lab)), set(kernel_routes(lab).values())))
    leads(lab, "PE2")
    wait_for(lambda: len(kernel_routes(lab, "PE2")) == len(MANY), "PE2's own", 120)


class Monitor:
    """What a router's kernel says of its next hops and of an instance's routes, in order."""

    def __init__(self, lab, router):
        self.lines = []
        self.popen = spawn(lab.namespace(router), ["ip", "-4", "-rc", str(16 << 20), "monitor", "nexthop", "route", "label"], stdout=subprocess.PIPE, text=True)
        lab.spawned.append(self.popen)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        wait_for(lambda: self._listens(lab, router), "the monitor", last=lambda: (self.popen.poll(), self.lines))

    def _listens(self, lab, router):
        """It does when it repeats what is done for it alone."""
        for verb in ("add", "del"):
            lab.run(router, "ip", "route", verb, "blackhole", "198.51.100.1")
        return [line for line in self.lines if "198.51.100.1" in line]

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line)

    def stop(self):
        """(messages of next hops before the first of a route to any of MANY, how many of these were deletions of routes)"""
        self.popen.terminate()
        self.thread.join(30)
        routes = [number for number, line in enumerate(self.lines) if "172.16." in line]
        before = [line for line in self.lines[:routes[0] if routes else None] if line.startswith("[NEXTHOP]")]
        return before, [line for line in self.lines if "Deleted" in line and "172.16." in line]


def received(lab):
    return lab.json("CE2", "ip", "-j", "-s", "link", "show", "ge0-2-0")[0]["stats64"]["rx"]["packets"]


def moved(lab, lose, to="PE3"):
    """Has something lost under traffic, and checks how the kernel went over: by groups, and its routes stayed where they were."""
    settled(lab)
    before, monitor, pacer = kernel_routes(lab), Monitor(lab, "PE1"), Pacer(lab, "H1", "CE2", TARGET, interval_us=PACE_US)
    at = received(lab)
    lose()
    leads(lab, to)
    wait_for(lambda: received(lab) >= at + 100, "packets by the other way")
    groups, deleted = monitor.stop()
    sender, receiver = pacer.stop()
    assert 1 <= len(groups) <= 6, (groups, monitor.lines[:12])
    assert not deleted, deleted[:5]
    assert set(before) == set(kernel_routes(lab))
    assert receiver["last"] > sender["sent"] - 100, (sender, receiver)


# --- tests ---


def test_a_provider_edge_that_the_igp_loses_costs_one_group(lab):
    try:
        moved(lab, lambda: lab.net.cut("p-s"))
    finally:
        lab.net.cut("p-s", mended=True)
    settled(lab)


def test_an_lsp_that_is_lost_costs_one_group(lab):
    """The route of the IGP stays; packets with a label would get lost."""
    link = "10.0.29.9 255.255.255.0\n ospf network-type p2p\n ospf timer hello 1\n ospf timer dead 40\n mpls\n"
    try:
        moved(lab, lambda: lab.reconfigure("P", lambda text: text.replace(link + " mpls ldp\n", link), ["ldpd"]))
        assert lab.run("PE1", "ip", "route", "show", PE["PE2"]).stdout, "the IGP still leads there"
    finally:
        lab.reconfigure("P", lambda text: text.replace(link, link + " mpls ldp\n"), ["ldpd"])
    settled(lab)


def test_bfd_over_several_hops_finds_a_path_that_is_dead_in_the_middle(lab):
    timers = "min-tx-interval 1000 min-rx-interval 1000 detect-multiplier 3"  # the machine is emulated, and stands still at times
    ends = (("PE1", PE["PE2"]), ("PE2", "1.1.1.1"))

    def state():
        return [s["state"] for s in lab.rows("PE1", "display", "bfd", "session", "all")]

    try:
        for pe, peer in ends:
            line = f" peer {peer} connect-interface LoopBack1\n"
            lab.reconfigure(pe, lambda text, p=peer, at=line: text.replace(at, f"{at} peer {p} bfd enable\n peer {p} bfd {timers}\n"), ["l3vpnd"])
        wait_for(lambda: state() == ["UP"], "the session", 60, last=state)
        moved(lab, lambda: lab.net.unplug("S", "p1"))
        assert [n["state"] for n in lab.rows("P", "display", "ospf", "peer")] == ["NB_FULL"] * 3, "the IGP has not noticed"
    finally:
        lab.net.unplug("S", "p1", again=True)
        for pe, _ in ends:
            lab.reconfigure(pe, lambda text: re.sub(r" peer \S+ bfd .*\n", "", text), ["l3vpnd"])
    wait_for(lambda: not state(), "its end", last=state)
    settled(lab)


def test_a_link_to_the_site_that_is_lost_leads_by_the_other_provider_edge(lab):
    """PE3's route stands by in the group of PE2's static ones, so none of these is lost with the link."""
    settled(lab)
    pacer, monitor = Pacer(lab, "H1", "CE2", TARGET, interval_us=PACE_US), Monitor(lab, "PE2")
    try:
        at = received(lab)
        lab.net.cut("pe2-ce2")
        wait_for(lambda: way(lab, "PE2") == ["PE3"] and len(kernel_routes(lab, "PE2")) == len(MANY), "PE2 to use PE3", 120,
                 last=lambda: (pushed(lab, "PE2"), len(kernel_routes(lab, "PE2"))))
        leads(lab, "PE3")
        wait_for(lambda: received(lab) >= at + 100, "packets by the other way")
        wait_for(lambda: len(kernel_routes(lab)) == len(MANY), "all at PE1", 120)
    finally:
        lab.net.cut("pe2-ce2", mended=True)
    deleted = monitor.stop()[1]
    assert not deleted, deleted[:5]
    sender, receiver = pacer.stop()
    assert receiver["last"] > sender["sent"] - 100, (sender, receiver)
    settled(lab)


def test_instances_of_one_router_reach_each_other_by_their_targets(lab):
    answered(lab, "H1", "192.168.2.2")
    answered(lab, "H2", HOST)
    rows = lab.rows("PE1", "display", "ip", "routing-table", "vpn-instance", "VPNB")
    assert "192.168.1.0/24" in {r["prefix"] for r in rows if r["installed"]}, rows
    assert not kernel_routes(lab, vrf="VPNB"), "it does not import what comes from the other PEs"
    text = lab.run("PE1", "ip", "route", "show", "192.168.2.0/24", "table", TABLE["VPNA"]).stdout
    assert "ge0-4-0" in text or "VPNB" in text, text


def test_ipv6_sites_with_static_routes_meet(lab):
    answered(lab, "H1", TARGET6)
    assert [len(stack) for stack in pushed(lab, prefix=TARGET6)] == [2], pushed(lab, prefix=TARGET6)
    assert pushed(lab, prefix=TARGET6)[0][0] == pushed(lab)[0][0]


# --- how labels are given, and what TTLs they have ---


def apply_label(lab, pe, mode):
    def edit(text):
        text = re.sub(r"  apply-label .*\n", "", text)
        return text.replace(" ipv4-family\n  route-disting", f" ipv4-family\n  apply-label {mode}\n  route-disting", 1)

    lab.reconfigure(pe, edit, ["l3vpnd"])


def instance_labels(lab, pe):
    return {label for label, entry in lab.mpls_routes(pe).items() if entry.get("dev") == "VPNA"}


def test_with_a_label_for_each_route_each_has_a_way_of_its_own(lab):
    """Routes that were brought in are looked up in the instance whatever their label; straight to the site go those of peers there."""
    settled(lab)
    try:
        apply_label(lab, "PE2", "per-route")
        wait_for(lambda: len(instance_labels(lab, "PE2")) >= len(MANY), "a label for each", 120, last=lambda: len(instance_labels(lab, "PE2")))
        wait_for(lambda: len(set(kernel_routes(lab).values())) == len(MANY), "a thousand ways at PE1", 120, last=lambda: len(set(kernel_routes(lab).values())))
        leads(lab, "PE2")
        answered(lab, "H1", TARGET)
    finally:
        apply_label(lab, "PE2", "per-instance")
    wait_for(lambda: len(instance_labels(lab, "PE2")) == 1, "one for all", 120, last=lambda: len(instance_labels(lab, "PE2")))
    settled(lab)
    answered(lab, "H1", TARGET)


def ttls(frames):
    """(TTL of each label, TTL of the packet) of the packets from H1."""
    found = set()
    for frame in frames:
        stack = label_stack(frame)
        if stack and (stack[0] or struct.unpack("!H", frame[12:14])[0] == ETH_P_IP) and frame[stack[1]] >> 4 == 4 \
                and frame[stack[1] + 12:stack[1] + 16] == bytes(map(int, HOST.split("."))):
            found.add((tuple(frame[17 + 4 * i] for i in range(len(stack[0]))), frame[stack[1] + 8]))
    return found


@pytest.mark.parametrize("mode, on_the_wire", [("pipe", ((255, 255), 63)), ("uniform", ((63, 63), 63))])
def test_the_network_is_one_hop_or_each_router_counts(lab, mode, on_the_wire):
    settled(lab)
    for pe in ("PE1", "PE2", "PE3"):
        lab.reconfigure(pe, lambda text: re.sub(r"  ttl-mode .*\n", "", text).replace("  route-disting", f"  ttl-mode {mode}\n  route-disting"), ["l3vpnd"])
    wait_for(lambda: ("ttl-propogate disabled" in lab.run("PE2", "ip", "-M", "route").stdout) == (mode == "pipe"), f"{mode} in PE2's kernel",
             last=lambda: lab.mpls_routes("PE2"))
    wait_for(lambda: ("ttl 255" in lab.run("PE1", "ip", "nexthop").stdout) == (mode == "pipe"), f"{mode} in PE1's kernel")
    leads(lab, "PE2")
    with Capture(lab, "PE1", "GigabitEthernet0/1/0") as core, Capture(lab, "CE2", "GigabitEthernet0/1/0") as site:
        answered(lab, "H1", TARGET, "-t", "64")
        near, far = ttls(core.stop()), ttls(site.stop())
    assert near == {on_the_wire}, near
    assert far == {((), 62)}, far  # the kernel does not bring the outer label's TTL to the inner one
    # A packet that one router of the core would let die passes unseen, or does not pass.
    out = lab.run("H1", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-t", "2", TARGET, check=False).stdout
    assert ("bytes from" in out) == (mode == "pipe"), out


def test_an_instance_takes_no_more_routes_than_its_limit(lab):
    settled(lab)

    def row():
        return lab.rows("PE1", "display", "ip", "vpn-instance", "verbose", "VPNB")[0]["families"][0]

    limit, few, all_of_them = "  routing-table limit 500 80\n", "  vpn-target 111:9 import", "  vpn-target 111:9 111:1 import"
    lab.reconfigure("PE1", lambda text: text.replace(few, limit + few, 1), ["l3vpnd"])
    lab.reconfigure("PE1", lambda text: text.replace(limit + few, limit + all_of_them, 1), ["l3vpnd"])
    wait_for(lambda: row()["over_limit"], "the limit", 60, last=row)
    wait_for(lambda: len(kernel_routes(lab, vrf="VPNB")) > 480, "as many as it allows", 60, last=lambda: len(kernel_routes(lab, vrf="VPNB")))
    assert row()["limit"] == 500 and len(kernel_routes(lab, vrf="VPNB")) <= 500, row()
    lab.reconfigure("PE1", lambda text: text.replace(limit, ""), ["l3vpnd"])
    wait_for(lambda: len(kernel_routes(lab, vrf="VPNB")) == len(MANY) and not row()["over_limit"], "all of them", 60, last=row)
    lab.reconfigure("PE1", lambda text: text.replace(all_of_them, few), ["l3vpnd"])
    wait_for(lambda: not kernel_routes(lab, vrf="VPNB"), "none of them", 60)


# --- ping and tracert ---


def fibctl(lab, node, *words):
    return lab.run(node, os.path.join(lab.build, "bin", "fibctl"), "-r", lab.run_dir(node), *words, check=False)


PING = (r"PING {0}: 56  data bytes, press CTRL_C to break\n(    Reply from {0}: bytes=56 Sequence=\d ttl=\d+ time=(<1|\d+) ms\n){{3}}\n"
        r"  --- {0} ping statistics ---\n    3 packet\(s\) transmitted\n    3 packet\(s\) received\n    0\.00% packet loss\n"
        r"round-trip min/avg/max = (<1|\d+)/(<1|\d+)/(<1|\d+) ms\n\n")
TIMES = r" (<1|\d+) ms  (<1|\d+) ms  (<1|\d+) ms\n"


IN_VPNA = ("-vpn-instance", "VPNA")


@pytest.mark.parametrize("where, target", [(IN_VPNA, HOST), (IN_VPNA, TARGET), ((), PE["PE2"]), (IN_VPNA, TARGET6)], ids=["site", "far", "public", "ipv6"])
def test_ping_asks_in_the_instance(lab, where, target):
    leads(lab, "PE2")
    p = fibctl(lab, "PE1", "ping", *where, "-c", "3", target)
    assert p.returncode == 0 and re.fullmatch(PING.format(re.escape(target)), p.stdout), p


def test_what_is_in_no_table_is_told(lab):
    p = fibctl(lab, "PE1", "ping", "-c", "1", "-vpn-instance", "VPNC", HOST)
    assert p.returncode and "there is no VPN instance VPNC here" in p.stderr, p
    p = fibctl(lab, "PE1", "ping", "-c", "1", HOST)
    assert p.returncode and "Reply from" not in p.stdout, "the public network does not lead there"


def test_tracert_shows_the_way_in_the_instance(lab):
    head = " traceroute to  {0}({0}), max hops: 30 ,packet length: 40\n"
    p = fibctl(lab, "PE1", "tracert", "-vpn-instance", "VPNA", HOST)
    assert p.returncode == 0 and p.stdout.startswith(head.format(HOST)) and re.search(f" 1 {re.escape(HOST)}{TIMES}$", p.stdout), p
    p = fibctl(lab, "CE2", "tracert", HOST)
    assert p.returncode == 0 and p.stdout.startswith(head.format(HOST)), p
    assert re.search(r" 1 10\.3\.1\.1" + TIMES, p.stdout) and re.search(rf" \d {re.escape(HOST)}{TIMES}$", p.stdout), p
    p = fibctl(lab, "PE1", "tracert", PE["PE2"])
    assert p.returncode == 0 and re.search(rf" \d {re.escape(PE['PE2'])}{TIMES}$", p.stdout), p
