"""LDP with Debian's FRR in the middle of the path."""
import pytest
from penult import Capture, bindings, uids, wait_for

pytestmark = pytest.mark.mpls

LAB, SESSIONS = "frr-ldp", {"R1": 1, "R3": 2, "R4": 1}
F2 = "2.2.2.2"
FECS = [f"{n}.{n}.{n}.{n}/32" for n in (1, 2, 3, 4)]
TEXT = {3: "imp-null", None: "-"}  # how FRR writes labels


def frr_bindings(lab, peer):
    """{prefix: (FRR's own label, the label the peer told it)} as FRR shows them."""
    rows = lab.vtysh("F2", "show mpls ldp binding json").get("bindings", [])
    return {b["prefix"]: (b["localLabel"], b["remoteLabel"]) for b in rows if b["neighborId"] == peer}


def agree(lab, router, peer):
    ours, seen = bindings(lab, router), frr_bindings(lab, peer)
    pairs = {fec: tuple(TEXT.get(label, str(label)) for label in (ours.get((fec, F2)), ours.get((fec, "0.0.0.0")))) for fec in FECS}
    return pairs == {fec: seen.get(fec) for fec in FECS} and all("-" not in pair for pair in pairs.values())


def forwards(lab):
    """Labels pushed at both ends, and a ping through."""
    wait_for(lambda: lab.pushes("R1", "4.4.4.4") and lab.pushes("R4", "1.1.1.1"), "labels at both ends")
    out = ""

    def answered():
        nonlocal out
        out = lab.run("H1", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", "192.168.4.2", check=False).stdout
        return " 0% packet loss" in out

    wait_for(answered, "a ping through FRR", last=lambda: out)


def test_the_session_comes_up_in_both_roles(lab):
    roles = {r: next(s for s in lab.sessions(r) if s["peer"] == F2)["role"] for r in ("R1", "R3")}
    assert roles == {"R1": "PASSIVE", "R3": "ACTIVE"}, "the greater transport address is active"
    neighbours = lab.vtysh("F2", "show mpls ldp neighbor json")["neighbors"]
    assert {n["neighborId"]: n["state"] for n in neighbours} == {"1.1.1.1": "OPERATIONAL", "3.3.3.3": "OPERATIONAL"}


@pytest.mark.parametrize("router, peer", [("R1", "1.1.1.1"), ("R3", "3.3.3.3")])
def test_both_sides_tell_the_same_labels(lab, router, peer):
    wait_for(lambda: agree(lab, router, peer), f"equal bindings on {router} and FRR",
             last=lambda: (bindings(lab, router), lab.vtysh("F2", "show mpls ldp binding")))


def test_packets_are_forwarded_with_labels_both_ways(lab):
    forwards(lab)
    with Capture(lab, "R1", "GigabitEthernet0/1/0") as near, Capture(lab, "R3", "GigabitEthernet0/1/0") as far:
        lab.run("H1", "ping", "-n", "-c", "5", "-i", "0.2", "-W", "2", "192.168.4.2")
    r1, r3 = bindings(lab, "R1"), bindings(lab, "R3")
    assert near.stacks("192.168.4.2") == [[r1["4.4.4.4/32", F2]]] * 5, "R1 pushes FRR's label"
    assert far.stacks("192.168.4.2") == [[r3["4.4.4.4/32", "0.0.0.0"]]] * 5, "FRR swaps it for R3's label"
    assert far.stacks("192.168.1.2") == [[r3["1.1.1.1/32", F2]]] * 5, "R3 swaps for FRR's label"
    assert near.stacks("192.168.1.2") == [[]] * 5, "FRR pops before R1, which asked for it"


@pytest.mark.parametrize("router, peer", [("R1", "1.1.1.1"), ("R3", "3.3.3.3")])
def test_a_restart_of_ldpd_beside_frr_brings_session_labels_and_forwarding_back(lab, router, peer):
    before = {fec: label for (fec, p), label in bindings(lab, router).items() if p == "0.0.0.0"}
    lab.restart(router, "ldpd")
    lab.wait_sessions(router, SESSIONS[router])
    lab.wait_recovered(router)
    wait_for(lambda: agree(lab, router, peer), f"equal bindings on {router} and FRR",
             last=lambda: (bindings(lab, router), lab.vtysh("F2", "show mpls ldp binding")))
    assert {fec: label for (fec, p), label in bindings(lab, router).items() if p == "0.0.0.0"} == before
    forwards(lab)


def test_a_restart_of_frrs_ldpd_brings_sessions_labels_and_forwarding_back(lab):
    before = {r: uids(lab, r)[F2] for r in ("R1", "R3")}
    lab.restart("F2", "ldpd")
    for router in ("R1", "R3"):
        wait_for(lambda: [s for s in lab.sessions(router) if s["peer"] == F2 and s["state"] == "OPERATIONAL" and s["uid"] > before[router]],
                 f"a new session of {router} with FRR", 120, last=lambda: lab.sessions(router))
    for router, peer in (("R1", "1.1.1.1"), ("R3", "3.3.3.3")):
        wait_for(lambda: agree(lab, router, peer), f"equal bindings on {router} and FRR", 120,
                 last=lambda: (bindings(lab, router), lab.vtysh("F2", "show mpls ldp binding")))
    forwards(lab)
