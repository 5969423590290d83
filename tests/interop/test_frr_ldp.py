"""LDP with Debian's FRR in the middle of the path."""
import story
from penultlab.capture import Capture
from penultlab.frr import vtysh
from penultlab.net import wait_for


def session_with_frr(lab, router):
    return next(s for s in lab.sessions(router) if s["peer"] == "2.2.2.2")


def frr_binding(lab, prefix, peer):
    """(FRR's own label, the label the peer told it) for a prefix, as FRR shows them."""
    rows = vtysh(lab, "F2", "show mpls ldp binding json")["bindings"]
    for b in rows:
        if b["prefix"] == prefix and b["neighborId"] == peer:
            return b["localLabel"], b["remoteLabel"]
    return None


def own_label(lab, router, prefix):
    rows = lab.ctl(router, "show", "mpls", "ldp", "bindings", json_rows=True)
    return next((r["label"] for r in rows if r["fec"] == prefix and r["peer"] == "0.0.0.0"), None)


def label_of(lab, router, prefix, peer):
    rows = lab.ctl(router, "show", "mpls", "ldp", "bindings", json_rows=True)
    return next((r["label"] for r in rows if r["fec"] == prefix and r["peer"] == peer), None)


def test_the_session_comes_up_in_both_roles(lab):
    assert session_with_frr(lab, "R1")["role"] == "PASSIVE", "FRR's transport address is greater than R1's"
    assert session_with_frr(lab, "R3")["role"] == "ACTIVE", "R3's is greater than FRR's"
    neighbours = vtysh(lab, "F2", "show mpls ldp neighbor json")["neighbors"]
    assert {n["neighborId"]: n["state"] for n in neighbours} == {"1.1.1.1": "OPERATIONAL", "3.3.3.3": "OPERATIONAL"}


def test_both_sides_tell_the_same_labels(lab):
    def agree():
        for router, peer in (("R1", "1.1.1.1"), ("R3", "3.3.3.3")):
            for fec in ("1.1.1.1/32", "3.3.3.3/32", "4.4.4.4/32"):
                seen = frr_binding(lab, fec, peer)
                if not seen:
                    return False
                ours, theirs = own_label(lab, router, fec), label_of(lab, router, fec, "2.2.2.2")
                text = {3: "imp-null", None: "-"}
                if seen != (text.get(theirs, str(theirs)), text.get(ours, str(ours))):
                    return False
        return True

    wait_for(agree, "equal bindings on both sides", last=lambda: vtysh(lab, "F2", "show mpls ldp binding"))


def test_packets_are_forwarded_with_labels_both_ways(lab):
    wait_for(lambda: lab.pushes("R1", "4.4.4.4") and lab.pushes("R4", "1.1.1.1"), "labels at both ends")

    def answered():
        return " 0% packet loss" in lab.run("H1", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", "192.168.4.2", check=False).stdout

    wait_for(answered, "a ping through FRR")
    with Capture(lab, "R1", "ge0-1-0") as near, Capture(lab, "R3", "ge0-1-0") as far:
        lab.run("H1", "ping", "-n", "-c", "5", "-i", "0.2", "-W", "2", "192.168.4.2")
        near, far = near.stop(), far.stop()
    there = label_of(lab, "R1", "4.4.4.4/32", "2.2.2.2")
    assert story.labelled(near, "192.168.4.2") and all(s == [there] for s in story.labelled(near, "192.168.4.2")), "R1 pushes FRR's label"
    swapped = own_label(lab, "R3", "4.4.4.4/32")
    assert story.labelled(far, "192.168.4.2") and all(s == [swapped] for s in story.labelled(far, "192.168.4.2")), "FRR swaps to R3's label"
    back = label_of(lab, "R3", "1.1.1.1/32", "2.2.2.2")
    assert story.labelled(far, "192.168.1.2") and all(s == [back] for s in story.labelled(far, "192.168.1.2")), "R3 swaps to FRR's label"


def test_a_restart_of_ldpd_beside_frr_brings_the_session_back(lab):
    before = session_with_frr(lab, "R1")["uid"]
    lab.kill("R1", "ldpd")
    lab.start("R1", "ldpd")
    lab.wait_sessions("R1", 1)
    assert before
    wait_for(lambda: frr_binding(lab, "1.1.1.1/32", "1.1.1.1"), "R1's binding at FRR again")
