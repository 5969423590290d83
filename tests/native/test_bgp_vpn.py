"""VPN routes with GoBGP, BIRD and FRR: distinguishers, targets, labels and prefixes, of IPv4 and IPv6; route refresh; IPv6 unicast.

There is no MPLS and no VRF here, so R1 uses none of them, and has none of its own to tell: that is for a machine that has
both. R1 keeps all that it hears (`undo policy vpn-target`).
"""
import re

import pytest
from bgp import BgpLab, router, wait_for
from bgp_speakers import Bird, Exabgp, Frr, Gobgp, Openbgpd

KINDS = [Gobgp, Bird, Frr]
FAMILIES = ("ipv4", "vpnv4", "vpnv6")
PREFIXES = {"vpnv4": "172.16.{}.0/24", "vpnv6": "2001:db8:{}::/48"}
KEEP = "undo policy vpn-target"


@pytest.fixture(scope="module")
def lab(build, tmp_path_factory):
    speakers = [k(i + 2, 65001, FAMILIES) for i, k in enumerate(KINDS)]
    with BgpLab(tmp_path_factory.mktemp("vpn"), build, speakers, router(65001, speakers, views={"vpnv4": KEEP, "vpnv6": KEEP})) as lab:
        lab.wait_all_up()
        yield lab


@pytest.fixture(params=KINDS, ids=[k.kind for k in KINDS])
def speaker(request, lab):
    return next(s for s in lab.speakers.values() if isinstance(s, request.param))


@pytest.fixture(params=["vpnv4", "vpnv6"])
def family(request):
    return request.param


def test_all_families_are_agreed(lab, speaker):
    row = lab.wait_up(speaker, "VPNV4")
    assert {f["family"] for f in row["families"] if f["agreed"]} == {"IPV4", "VPNV4", "VPNV6"}, row


def test_a_vpn_route_comes_whole_and_goes(lab, speaker, family):
    rd, target, label = f"65001:{speaker.number}", f"65001:{100 + speaker.number}", 1000 * speaker.number + len(family)
    prefix = PREFIXES[family].format(speaker.number)
    speaker.announce_vpn(prefix, rd, target, label, family)
    p = lab.wait_path(speaker, prefix, family.upper(), rd)
    assert p["label"] == label and re.search(rf"RT\W+{target}\b", p["extended_communities"]) and p["internal"], p
    # Over an IPv4 session IPv6 routes have an IPv4 next hop, unless it says another.
    assert p["next_hop"] in (speaker.address, f"10.0.0.1{speaker.number}", f"fd00::1{speaker.number}", f"fd00::{speaker.number}"), p
    assert not p["best"] and p["unused"], p
    text = lab.ctl("R1", "display", "bgp", family, "all", "routing-table", prefix)
    assert f"Route Distinguisher: {rd}" in text and f"Label: {label}" in text and re.search(rf"RT\W+{target}\b", text), text
    speaker.withdraw_vpn(prefix, rd, target, label, family)
    lab.wait_no_path(speaker, prefix, family.upper(), rd)


def test_the_same_prefix_with_two_distinguishers_is_two_routes(lab, speaker):
    for k in (1, 2):
        speaker.announce_vpn("172.31.0.0/16", f"65001:{speaker.number}{k}", "65001:9", 500 + 10 * speaker.number + k)
    for k in (1, 2):
        p = lab.wait_path(speaker, "172.31.0.0/16", "VPNV4", f"65001:{speaker.number}{k}")
        assert p["label"] == 500 + 10 * speaker.number + k, p


@pytest.mark.parametrize("speaker", [Gobgp, Bird], ids=["gobgp", "bird"], indirect=True)  # FRR refuses to change it
def test_a_label_that_changes_replaces_the_old_one(lab, speaker):
    rd = f"65001:4{speaker.number}"
    for label in (700, 800):
        speaker.announce_vpn("172.30.0.0/16", rd, "65001:9", label + speaker.number)
        lab.wait_path(speaker, "172.30.0.0/16", "VPNV4", rd, good=lambda p, n=label + speaker.number: p["label"] == n)
    assert len(lab.paths("172.30.0.0/16", "VPNV4", rd)) == 1


def test_a_refresh_brings_everything_once_more(lab, speaker):
    """`refresh bgp`: the session stays, and End-of-RIB or not, nothing is lost."""
    rd = f"65001:5{speaker.number}"
    speaker.announce_vpn("172.29.0.0/16", rd, "65001:9", 900 + speaker.number)
    lab.wait_path(speaker, "172.29.0.0/16", "VPNV4", rd)
    before = lab.peer(speaker)
    lab.ctl("R1", "refresh", "bgp", speaker.address, "import")
    after = lab.wait_peer(speaker, lambda r: r["received"]["update"] > before["received"]["update"], "its routes again")
    assert after["sent"]["refresh"] == before["sent"]["refresh"] + 3 and after["ups"] == before["ups"], after
    assert lab.path(speaker, "172.29.0.0/16", "VPNV4", rd)


def test_nothing_is_kept_that_no_instance_imports(lab, speaker):
    """`policy vpn-target`, the default; what was dropped is asked for again when it is undone."""
    rd = f"65001:6{speaker.number}"
    speaker.announce_vpn("172.28.0.0/16", rd, "65001:9", 950 + speaker.number)
    lab.wait_path(speaker, "172.28.0.0/16", "VPNV4", rd)
    before = lab.configure(lambda text: text.replace(f"  {KEEP}\n", ""))
    lab.wait_no_path(speaker, "172.28.0.0/16", "VPNV4", rd)
    lab.configure(lambda text: before)
    lab.wait_path(speaker, "172.28.0.0/16", "VPNV4", rd)
    assert lab.state(speaker) == "ESTABLISHED"


# --- IPv6 unicast, over IPv6 ---


@pytest.fixture(scope="module")
def six(build, tmp_path_factory):
    speakers = [k(i + 2, 65002 + i, ("ipv6",), v6=True, passive=k is not Exabgp) for i, k in enumerate([*KINDS, Openbgpd, Exabgp])]
    view = {"ipv6": "network 2001:db8:1:: 48"}
    with BgpLab(tmp_path_factory.mktemp("six"), build, speakers, router(65001, speakers, views=view)) as lab:
        lab.wait_all_up()
        yield lab


@pytest.mark.parametrize("kind", [*KINDS, Openbgpd, Exabgp], ids=lambda k: k.kind)
def test_ipv6_routes_go_both_ways(six, kind):
    lab, speaker = six, next(s for s in six.speakers.values() if isinstance(s, kind))
    prefix = f"2001:db8:{speaker.number}0::/48"
    speaker.announce(prefix, med=50, communities=["64999:7"], path=[64999], family="ipv6")
    p = lab.wait_path(speaker, prefix, "IPV6")
    assert p["as_path"] == speaker.own_path([64999]) and p["med"] == 50 and p["communities"] == "64999:7" and p["next_hop"] == speaker.address, p
    route = lab.wait_told(speaker, "2001:db8:1::/48", family="ipv6")
    assert route["path"] == "65001" and route["next_hop"] == "fd00::1", route
    speaker.withdraw(prefix, family="ipv6")
    lab.wait_no_path(speaker, prefix, "IPV6")


def test_ipv6_routes_reach_the_other_peers(six):
    first = next(iter(six.speakers.values()))
    first.announce("2001:db8:99::/48", path=[64999], family="ipv6")
    six.wait_path(first, "2001:db8:99::/48", "IPV6")
    wait_for(lambda: any(p["unused"] == "" for p in six.paths("2001:db8:99::/48", "IPV6")), "fibd to resolve next hops",
             last=lambda: six.paths("2001:db8:99::/48", "IPV6"))
    for other in six.speakers.values():
        if other is not first:
            route = six.wait_told(other, "2001:db8:99::/48", family="ipv6")
            assert route["path"] == "65001 65002 64999" and route["next_hop"] in ("fd00::1", "fd00::2"), (other.name, route)
