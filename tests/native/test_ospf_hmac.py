"""OSPF authenticated by HMAC-SHA (RFC 5709) with Debian's BIRD: every digest, a wrong secret, a new key."""
import os

import pytest
from penult import Lab, Topology, wait_for

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
DIGESTS = {1: "sha1", 2: "sha256", 3: "sha384", 4: "sha512"}


def states(lab):
    """{interface: state of the neighbour there}"""
    return {n["interface"]: n["state"] for n in lab.rows("R1", "display", "ospf", "peer")}


def refused(lab, port):
    row = [i for i in lab.rows("R1", "display", "ospf", "interface") if i["name"] == f"GigabitEthernet0/{port}/0"][0]
    return {r["reason"]: r["count"] for r in row["refused"]}


def full(lab, port):
    return states(lab).get(f"GigabitEthernet0/{port}/0") == "NB_FULL"


@pytest.fixture(scope="module")
def lab(build):
    with Lab(Topology(os.path.join(LABS, "ospf-hmac")), build) as lab:
        wait_for(lambda: "2.2.2.2/32" in lab.run("B2", "ip", "-br", "address").stdout, "B2's loopback")
        lab.restart("B2", "bird")
        wait_for(lambda: all(full(lab, p) for p in DIGESTS), "a neighbour on each link", 60, last=lambda: states(lab))
        yield lab


@pytest.mark.parametrize("port", DIGESTS, ids=DIGESTS.values())
def test_packets_pass_with_each_digest_and_none_is_refused(lab, port):
    assert full(lab, port) and not refused(lab, port), refused(lab, port)


def test_a_wrong_secret_ends_the_adjacency_and_is_told(lab):
    lab.reconfigure("R1", lambda text: text.replace("plain secret-2", "plain wrong"), ["igpd"])
    wait_for(lambda: not full(lab, 2), "the end of the adjacency", 30, last=lambda: states(lab))
    wait_for(lambda: refused(lab, 2), "the refusals", 30)
    assert full(lab, 1) and full(lab, 3) and full(lab, 4), states(lab)
    lab.reconfigure("R1", lambda text: text.replace("plain wrong", "plain secret-2"), ["igpd"])
    wait_for(lambda: full(lab, 2), "its return", 30, last=lambda: states(lab))
