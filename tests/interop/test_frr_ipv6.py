"""LDP with IPv6 beside IPv4 (RFC 7552), Debian's FRR in the middle."""
import pytest
from frr import configure, session, wait_session
from penult import Capture, bindings, wait_for

pytestmark = pytest.mark.mpls

LAB, SESSIONS = "frr-ldp6", {"R1": 1, "R3": 1}
NUMBER = {"R1": 1, "R3": 3}
FAR = {"R1": "R3", "R3": "R1"}


def fecs(router):
    n = NUMBER[router]
    return f"{n}.{n}.{n}.{n}/32", f"2001:db8::{n}/128"


def wait_labels(lab):
    """Until FRR has told labels for the far router's loopbacks of both families, and the kernel pushes them."""
    for router in FAR:
        for fec in fecs(FAR[router]):
            wait_for(lambda r=router, f=fec: (bindings(lab, r).get((f, "2.2.2.2")) or 0) >= 16, f"FRR's label for {fec} at {router}", 120,
                     last=lambda r=router: bindings(lab, r))
            wait_for(lambda r=router, f=fec: pushes(lab, r, f) == [str(bindings(lab, r)[f, "2.2.2.2"])], f"the push of it at {router}",
                     last=lambda r=router, f=fec: (pushes(lab, r, f), bindings(lab, r)))


def pushes(lab, router, prefix):
    out = lab.run(router, "ip", "-6" if ":" in prefix else "-4", "route", "show", prefix).stdout.split()
    return [after for word, after in zip(out, out[2:]) if word == "encap"]


def wait_answer(lab, router, family):
    own, far = (fecs(r)[family].split("/")[0] for r in (router, FAR[router]))
    out = ""

    def answered():
        nonlocal out
        out = lab.run(router, "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", "-I", own, far, check=False).stdout
        return " 0% packet loss" in out

    wait_for(answered, f"answers to {router} from {far}", last=lambda: out)


def test_the_session_goes_over_ipv6_and_carries_both_families(lab):
    for router in FAR:
        assert session(lab, router)["peer_address"] == "2001:db8::2", lab.sessions(router)
        assert session(lab, router)["min_ttl"] == 255
    wait_labels(lab)
    told = {b["prefix"]: b["remoteLabel"] for b in lab.vtysh("F2", "show mpls ldp binding json")["bindings"] if b["neighborId"] == "1.1.1.1"}
    assert told["2001:db8::1/128"] == told["1.1.1.1/32"] == "imp-null", told


@pytest.mark.parametrize("family", [0, 1], ids=["ipv4", "ipv6"])
def test_packets_are_labelled_both_ways(lab, family):
    wait_labels(lab)
    wait_answer(lab, "R1", family)
    wait_answer(lab, "R3", family)
    label = bindings(lab, "R1")[fecs("R3")[family], "2.2.2.2"]
    with Capture(lab, "R1", "GigabitEthernet0/1/0") as capture:
        wait_answer(lab, "R1", family)
        stacks = capture.stacks(fecs("R3")[family].split("/")[0])
    assert [label] in stacks, stacks


def test_a_restart_of_ldpd_keeps_labels_of_both_families(lab):
    wait_labels(lab)
    before = {f: bindings(lab, "R1")[f, "0.0.0.0"] for f in fecs("R3")}
    lab.restart("R1", "ldpd")
    wait_session(lab, "R1")
    lab.wait_recovered("R1")
    wait_labels(lab)
    assert {f: bindings(lab, "R1")[f, "0.0.0.0"] for f in fecs("R3")} == before


def test_with_frr_preferring_ipv4_there_is_a_session_only_when_we_do_too(lab):
    configure(lab, "mpls ldp", "dual-stack transport-connection prefer ipv4")
    wait_for(lambda: session(lab, "R1")["state"] != "OPERATIONAL", "the end of the session", last=lambda: lab.sessions("R1"))
    wait_for(lambda: "see transport-preference" in lab.daemons["R1", "ldpd"].text(), "the reason in R1's log")
    for router in FAR:
        lab.reconfigure(router, lambda text: text.replace("mpls ldp\n#", "mpls ldp\n transport-preference ipv4\n#", 1), ["ldpd"])
        wait_session(lab, router)
        # Where FRR has not forgotten the neighbour meanwhile, it connects from the address of before.
        assert session(lab, router)["peer_address"] in ("2.2.2.2", "2001:db8::2")
    wait_labels(lab)
