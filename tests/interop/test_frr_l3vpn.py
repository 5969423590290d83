"""RFC 4364 with Debian's FRR as the other provider edge: what both say, what both kernels do, and what is on the wires."""
import os
import re

import pytest
from frr import configure
from penult import Capture, Lab, Topology, answered, wait_for
from penultlab.capture import Pacer, sent_more

pytestmark = pytest.mark.mpls

HERE = os.path.dirname(os.path.realpath(__file__))
TABLE, RD, TARGET = "1001", {"PE1": "100:1", "PE2": "100:2"}, "111:1"
SITE = {"CE1": ("11.0.0.1", "11.0.0.2", "2001:db8:11::1"), "CE2": ("22.0.0.1", "22.0.0.2", "2001:db8:22::1")}
OWN, FAR = {"PE1": "CE1", "PE2": "CE2"}, {"PE1": "CE2", "PE2": "CE1", "CE1": "CE2", "CE2": "CE1"}
PACE_US, PACKETS = 4000, 250


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "frr-l3vpn")), build)
    try:
        lab.up(start=False)
        for line in (f"link add VPNA type vrf table {TABLE}", "link set VPNA up", "link set eth3 master VPNA"):
            lab.run("PE2", "ip", *line.split())
        lab.start_all()
        whole(lab)
        yield lab
        lab.finish()
    finally:
        lab.close()


# --- what routers say ---


def family(prefix):
    return "-6" if ":" in prefix else "-4"


def host(prefix):
    return f"{prefix}/{128 if ':' in prefix else 32}"


def has_route(lab, node, prefix):
    return bool(lab.run(node, "ip", family(prefix), "route", "show", prefix).stdout)


def reached(lab):
    """What the sites do not know of each other."""
    return {(ce, prefix) for ce in SITE for prefix in SITE[FAR[ce]] if not has_route(lab, ce, prefix)}


def at_us(lab, prefix, rd=RD["PE2"]):
    """PE1's paths to a destination of VPNv4 or VPNv6."""
    rows = lab.rows("PE1", "display", "bgp", "vpnv6" if ":" in prefix else "vpnv4", "all", "routing-table", host(prefix))
    return next((r["paths"] for r in rows if r["rd"] == rd), [])


def at_frr(lab, prefix, rd=RD["PE1"]):
    """PE2's only path to one of ours, as FRR writes it."""
    words = "ipv6" if ":" in prefix else "ipv4"
    return lab.vtysh("PE2", f"show bgp {words} vpn {host(prefix)} json").get(rd, {}).get("paths", [{}])[0]


def instance_label(lab):
    families = lab.rows("PE1", "display", "ip", "vpn-instance", "verbose")[0]["families"]
    return {f["label"] for f in families}.pop()


def pushed(lab, pe, prefix):
    """The labels that a PE's kernel pushes in the instance, outermost first."""
    text = lab.run(pe, "ip", family(prefix), "-d", "route", "show", prefix, "table", TABLE).stdout
    labels = re.search(r"encap mpls +(\S+)", text)
    return [int(label) for label in labels.group(1).split("/")] if labels else []


def popped(lab, pe):
    """Labels behind which a PE's kernel looks into the instance."""
    return {label for label, entry in lab.mpls_routes(pe).items() if entry.get("dev") == "VPNA"}


def whole(lab):
    wait_for(lambda: not reached(lab), "both sites to know each other", 120, last=lambda: reached(lab))
    for pe in RD:
        wait_for(lambda p=pe: len(pushed(lab, p, SITE[FAR[p]][0])) == 2, f"two labels at {pe}", last=lambda p=pe: pushed(lab, p, SITE[FAR[p]][0]))


def both_ways(lab):
    return [Pacer(lab, ce, FAR[ce], SITE[FAR[ce]][0], bind=SITE[ce][0], interval_us=PACE_US) for ce in SITE]


def more_is_sent(lab):
    sent_more(lab, "CE1", "eth1", PACKETS)


def nothing_was_lost(pacers):
    for pacer in pacers:
        sender, receiver = pacer.stop()
        assert sender["sent"] >= PACKETS and receiver["received"] == sender["sent"] and receiver["lost"] == 0, (sender, receiver)


# --- tests ---


@pytest.mark.parametrize("of", [0, 2], ids=["vpnv4", "vpnv6"])
def test_each_has_the_others_routes_with_distinguisher_target_and_label(lab, of):
    theirs, ours = SITE["CE2"][of], SITE["CE1"][of]
    path = at_us(lab, theirs)[0]
    assert path["best"] and path["internal"] and path["next_hop"] == "3.3.3.3" and path["as_path"] == "65002", path
    assert TARGET in path["extended_communities"] and path["label"] in popped(lab, "PE2"), (path, lab.mpls_routes("PE2"))
    path = at_frr(lab, ours)
    assert path["valid"] and path["aspath"]["string"] == "65001" and path["locPrf"] == 100, path
    assert path["extendedCommunity"]["string"] == f"RT:{TARGET}" and {path["remoteLabel"]} == {instance_label(lab)} == popped(lab, "PE1"), path


def test_both_displays_say_what_the_kernels_have(lab):
    whole(lab)
    ours, theirs = SITE["CE1"][0], SITE["CE2"][0]
    row = next(r for r in lab.rows("PE1", "display", "ip", "routing-table", "vpn-instance", "VPNA") if r["prefix"] == host(theirs))
    hop = row["entries"][0]["next_hops"][0]
    assert row["installed"] and row["entries"][0]["protocol"] == "IBGP" and hop["address"] == "3.3.3.3", row
    assert hop["labels"] == pushed(lab, "PE1", theirs) and hop["labels"][1] == at_us(lab, theirs)[0]["label"], (hop, pushed(lab, "PE1", theirs))
    row = lab.vtysh("PE2", f"show ip route vrf VPNA {host(ours)} json")[host(ours)][0]
    labels = next(n["labels"] for n in row["nexthops"] if n.get("fib"))
    assert row["installed"] and labels == pushed(lab, "PE2", ours) and labels[1] == instance_label(lab), (row, pushed(lab, "PE2", ours))


def test_packets_bear_two_labels_and_one_on_the_last_hop_and_none_is_lost(lab):
    whole(lab)
    there, back = pushed(lab, "PE1", SITE["CE2"][0]), pushed(lab, "PE2", SITE["CE1"][0])
    with Capture(lab, "PE1", "GigabitEthernet0/1/0") as near, Capture(lab, "P", "eth2") as far:
        answered(lab, "CE1", SITE["CE2"][0], "-I", SITE["CE1"][0])
        pacers = both_ways(lab)
        more_is_sent(lab)
        nothing_was_lost(pacers)
        near.stop()
        far.stop()
    stacks = {(w, to): set(map(tuple, c.stacks(SITE[to][0]))) for w, c in (("near", near), ("far", far)) for to in SITE}
    assert stacks == {("near", "CE2"): {tuple(there)}, ("far", "CE2"): {(there[1],)}, ("far", "CE1"): {tuple(back)}, ("near", "CE1"): {(back[1],)}}, stacks


def test_ipv6_sites_meet_over_the_ipv4_core(lab):
    """RFC 4659. FRR 8.4 cannot send in that direction: it gives the kernel an IPv4 next hop for an IPv6 route, which the kernel
    refuses. The route that FRR means is put in by hand, with an IPv6 gateway."""
    whole(lab)
    ours, theirs = SITE["CE1"][2], SITE["CE2"][2]
    wait_for(lambda: pushed(lab, "PE1", theirs), "PE1's route", last=lambda: at_us(lab, theirs))
    there = pushed(lab, "PE1", theirs)
    back = [pushed(lab, "PE2", SITE["CE1"][0])[0], at_frr(lab, ours)["remoteLabel"]]
    assert there == [pushed(lab, "PE1", SITE["CE2"][0])[0], at_us(lab, theirs)[0]["label"]]
    gateway = lab.json("P", "ip", "-j", "-6", "address", "show", "dev", "eth2", "scope", "link")[0]["addr_info"][0]["local"]
    by_hand = ["ip", "-6", "route", "replace", ours, "table", TABLE, "encap", "mpls", "/".join(map(str, back)), "via", gateway, "dev", "eth1"]
    lab.run("PE2", *by_hand)
    try:
        answered(lab, "CE1", theirs, "-I", ours)
        with Capture(lab, "PE1", "GigabitEthernet0/1/0") as near:
            answered(lab, "CE1", theirs, "-I", ours)
            near.stop()
    finally:
        lab.run("PE2", *["del" if word == "replace" else word for word in by_hand])
    assert set(map(tuple, near.stacks(theirs))) == {tuple(there)} and set(map(tuple, near.stacks(ours))) == {(back[1],)}


def test_what_a_site_takes_back_is_gone_everywhere_and_nothing_else(lab):
    whole(lab)
    ours, theirs = SITE["CE1"], SITE["CE2"]
    where = ("router bgp 65001", "address-family ipv4 unicast")
    configure(lab, *where, f"no network {host(ours[1])}", node="CE1")
    wait_for(lambda: not has_route(lab, "CE2", ours[1]), "CE2 to forget it")
    assert not pushed(lab, "PE2", ours[1]) and not at_frr(lab, ours[1]) and pushed(lab, "PE2", ours[0])
    line = f"  network {theirs[1]} 255.255.255.255\n"
    lab.reconfigure("CE2", lambda text: text.replace(line, ""), ["l3vpnd"])
    wait_for(lambda: not has_route(lab, "CE1", theirs[1]), "CE1 to forget it")
    assert not pushed(lab, "PE1", theirs[1]) and not at_us(lab, theirs[1]) and pushed(lab, "PE1", theirs[0])
    configure(lab, *where, f"network {host(ours[1])}", node="CE1")
    lab.reconfigure("CE2", lambda text: text.replace("  network 22.0.0.1", line + "  network 22.0.0.1"), ["l3vpnd"])
    whole(lab)


def test_a_label_for_each_next_hop_or_route_leads_frrs_packets_straight_to_the_site(lab):
    whole(lab)
    one, other = SITE["CE1"][:2]

    def told():
        """FRR's labels for the site's prefixes, where packets with them leave PE1 for the site."""
        straight = {label for label, entry in lab.mpls_routes("PE1").items() if entry.get("dev") == "ge0-3-0"}
        labels = [at_frr(lab, prefix).get("remoteLabel") for prefix in (one, other)]
        return labels if set(labels) <= straight and labels == [pushed(lab, "PE2", p)[-1] for p in (one, other)] else None

    for mode, count in (("per-nexthop", 1), ("per-route", 2)):
        line = f"  apply-label {mode}\n"
        lab.reconfigure("PE1", lambda text, at=line: re.sub(r"  apply-label .*\n", "", text).replace("  route-disting", at + "  route-disting", 1), ["l3vpnd"])
        wait_for(lambda n=count: told() and len(set(told())) == n, f"labels {mode}", last=lambda: (told(), lab.mpls_routes("PE1")))
        answered(lab, "CE2", other, "-I", SITE["CE2"][0])
    lab.reconfigure("PE1", lambda text: re.sub(r"  apply-label .*\n", "", text), ["l3vpnd"])
    wait_for(lambda: {at_frr(lab, prefix).get("remoteLabel") for prefix in (one, other)} == popped(lab, "PE1"), "one label again")
    whole(lab)


def test_without_our_l3vpnd_frr_keeps_its_routes_and_no_packet_is_lost(lab):
    whole(lab)
    label, pacers = instance_label(lab), both_ways(lab)
    more_is_sent(lab)
    lab.kill("PE1", "l3vpnd")
    wait_for(lambda: at_frr(lab, SITE["CE1"][0]).get("stale"), "FRR to call it stale", last=lambda: at_frr(lab, SITE["CE1"][0]))
    more_is_sent(lab)
    lab.start("PE1", "l3vpnd")
    wait_for(lambda: at_frr(lab, SITE["CE1"][0]).get("valid") and not at_frr(lab, SITE["CE1"][0]).get("stale"), "FRR to call it fresh", 120,
             last=lambda: at_frr(lab, SITE["CE1"][0]))
    wait_for(lambda: [p["best"] for p in at_us(lab, SITE["CE2"][0])] == [True], "PE1 to have FRR's again", last=lambda: at_us(lab, SITE["CE2"][0]))
    more_is_sent(lab)
    nothing_was_lost(pacers)
    assert instance_label(lab) == label == at_frr(lab, SITE["CE1"][0])["remoteLabel"]
    whole(lab)


def test_without_frrs_bgpd_its_routes_stay_as_it_asked_and_come_back(lab):
    whole(lab)
    theirs = SITE["CE2"][0]
    lab.kill("PE2", "bgpd")
    wait_for(lambda: [p["stale"] for p in at_us(lab, theirs)] == [True], "stale routes", last=lambda: at_us(lab, theirs))
    assert pushed(lab, "PE1", theirs) and has_route(lab, "CE1", theirs), "used until it is back, or its time is over"
    lab.start("PE2", "bgpd")
    wait_for(lambda: [p["stale"] for p in at_us(lab, theirs)] == [False], "fresh routes", 120, last=lambda: at_us(lab, theirs))
    whole(lab)
    answered(lab, "CE1", theirs, "-I", SITE["CE1"][0])


def test_a_bgpd_that_asked_for_nothing_takes_its_routes_with_it(lab):
    whole(lab)
    theirs = SITE["CE2"][0]
    configure(lab, "router bgp 100", "bgp graceful-restart-disable", node="PE2")
    lab.vtysh("PE2", "clear bgp *")

    def session():
        return [(p["state"], p["graceful_restart"]) for p in lab.rows("PE1", "display", "bgp", "vpnv4", "all", "peer") if p["address"] == "3.3.3.3"]

    wait_for(lambda: session() == [("ESTABLISHED", False)], "a session without", last=session)
    whole(lab)
    lab.kill("PE2", "bgpd")
    wait_for(lambda: not at_us(lab, theirs) and not pushed(lab, "PE1", theirs) and not has_route(lab, "CE1", theirs), "their end",
             last=lambda: (at_us(lab, theirs), pushed(lab, "PE1", theirs)))
    lab.start("PE2", "bgpd")
    whole(lab)
    answered(lab, "CE1", theirs, "-I", SITE["CE1"][0])
