"""LDP with IPv6 over real sockets, beside IPv4 and alone (RFC 7552)."""
import re

import pytest
from penult import bindings, uids, wait_for

FAR = {"R1": "R2", "R2": "R1"}
LSR = {"R1": "1.1.1.1", "R2": "2.2.2.2"}
LOOPBACK = {"R1": "2001:db8::1", "R2": "2001:db8::2"}


def session(lab, router):
    return next((s for s in lab.sessions(router) if s["state"] == "OPERATIONAL"), {"peer_address": "", "uid": 0})


def wait_over(lab, address):
    """Until both have the one session, over addresses of that form."""
    for router in FAR:
        wait_for(lambda r=router: re.match(address, session(lab, r)["peer_address"]) and session(lab, r)["label_exchange_done"],
                 f"a session of {router} over {address}", last=lambda r=router: lab.sessions(r))


def has_both(lab, router):
    got = bindings(lab, router)
    return (f"{LSR[FAR[router]]}/32", LSR[FAR[router]]) in got, (f"{LOOPBACK[FAR[router]]}/128", LSR[FAR[router]]) in got


@pytest.fixture
def change(dual):
    def edit(old, new, routers=("R1", "R2")):
        for router in routers:
            dual.reconfigure(router, lambda text: text.replace(old, new), ["ldpd"])

    return edit


def test_one_session_over_ipv6_with_labels_of_both_families(dual):
    wait_over(dual, "2001:db8::")
    for router in FAR:
        assert len(dual.sessions(router)) == 1
        assert session(dual, router)["min_ttl"] == 255
        wait_for(lambda r=router: has_both(dual, r) == (True, True), "labels of both families", last=lambda r=router: bindings(dual, r))
        sources = {a["source"] for a in dual.rows(router, "display", "mpls", "ldp", "adjacency")}
        assert len(sources) == 2 and any(s.startswith("fe80::") for s in sources) and any(s.startswith("10.0.12.") for s in sources), sources


def test_with_ipv4_preferred_by_both_the_session_goes_over_it_and_carries_both(dual, change):
    wait_over(dual, "2001:db8::")
    change("mpls ldp\n#", "mpls ldp\n transport-preference ipv4\n#")
    wait_over(dual, r"\d+\.")
    for router in FAR:
        wait_for(lambda r=router: has_both(dual, r) == (True, True), "labels of both families", last=lambda r=router: bindings(dual, r))


def test_ipv6_alone_needs_no_ipv4_at_all(dual, change):
    wait_over(dual, "2001:db8::")
    change(" mpls ldp\n mpls ldp ipv6", " mpls ldp ipv6")
    for router in FAR:
        wait_for(lambda r=router: has_both(dual, r) == (False, True), "IPv6's labels alone", 120, last=lambda r=router: bindings(dual, r))
    wait_over(dual, "2001:db8::")


def test_a_password_protects_a_session_over_ipv6(dual, change):
    wait_over(dual, "2001:db8::")
    before = {r: session(dual, r)["uid"] for r in FAR}
    change("mpls ldp\n#", "mpls ldp\n md5-password plain 2.2.2.2 orange\n#", ["R1"])
    change("mpls ldp\n#", "mpls ldp\n md5-password plain 1.1.1.1 orange\n#", ["R2"])
    for router in FAR:
        wait_for(lambda r=router: session(dual, r)["uid"] > before[r], f"a new session of {router}", last=lambda r=router: dual.sessions(r))
        assert session(dual, router)["password"] == "own"
        assert session(dual, router)["peer_address"].startswith("2001:db8::")


def test_a_killed_ldpd_gets_its_ipv6_labels_back(dual):
    wait_over(dual, "2001:db8::")
    own = {fec: label for (fec, peer), label in bindings(dual, "R1").items() if peer == "0.0.0.0"}
    assert f"{LOOPBACK['R2']}/128" in own
    dual.restart("R1", "ldpd")
    wait_over(dual, "2001:db8::")
    dual.wait_recovered("R1")
    assert {fec: label for (fec, peer), label in bindings(dual, "R1").items() if peer == "0.0.0.0"} == own
    assert uids(dual, "R2")


def test_what_hinders_ipv6_on_an_interface_is_shown(dual):
    wait_over(dual, "2001:db8::")
    dual.run("R1", "ip", "-6", "addr", "flush", "dev", "ge0-1-0", "scope", "link")
    wait_for(lambda: "IPv6: the interface has no IPv6 link-local address" in dual.ctl("R1", "display", "mpls", "ldp", "interface"), "the reason",
             last=lambda: dual.ctl("R1", "display", "mpls", "ldp", "interface"))
