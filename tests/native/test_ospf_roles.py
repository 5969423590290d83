"""R1 as DR, BDR and neither on a link with Debian's FRR and BIRD (RFC 2328 section 9.4): all see the same, and all is reached."""
import os

import pytest
from penult import Lab, Topology, wait_for
from penultlab import nodes

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
R1, F3, NOBODY = "10.0.0.1", "10.0.0.3", None


@pytest.fixture(scope="module")
def lab(build):
    with Lab(Topology(os.path.join(LABS, "ospf-roles")), build) as lab:
        wait_for(lambda: "4.4.4.4/32" in lab.run("B4", "ip", "-br", "address").stdout, "B4's loopback")
        lab.restart("B4", "bird")
        yield lab


def ours(lab):
    i = [i for i in lab.rows("R1", "display", "ospf", "interface") if i["name"] == "GigabitEthernet0/1/0"][0]
    return i["dr"], i["bdr"], i["state"]


def theirs(lab):
    i = lab.vtysh("F3", "show ip ospf interface eth1 json")
    i = i.get("interfaces", i)["eth1"]
    none = ("0.0.0.0", "")
    dr, bdr = i.get("drAddress", ""), i.get("bdrAddress", "")
    return None if dr in none else dr, None if bdr in none else bdr


def all_see(lab, dr, bdr, state):
    wait_for(lambda: ours(lab) == (dr, bdr, state) and theirs(lab) == (dr, bdr), f"DR {dr} and BDR {bdr} to be seen by both", 60,
             last=lambda: (ours(lab), theirs(lab)))
    for router, address in (("R1", "3.3.3.3"), ("R1", "4.4.4.4"), ("F3", "1.1.1.1"), ("B4", "1.1.1.1")):
        wait_for(lambda r=router, a=address: lab.run(r, "ping", "-c", "1", "-W", "1", a, check=False).returncode == 0, f"{router} to reach {address}", 60)
    networks = {(x["id"], x["router"]) for x in lab.rows("R1", "display", "ospf", "lsdb") if x["type"] == 2 and not x["flushed"]}
    assert networks == {(dr, {R1: "1.1.1.1", F3: "3.3.3.3"}[dr])}, "the DR alone tells of the link"


def our_priority(lab, priority):
    lab.reconfigure("R1", lambda text: "".join(f" ospf dr-priority {priority}\n" if "dr-priority" in line else line for line in text.splitlines(True)), ["igpd"])


def their_priority(lab, priority):
    commands = ("configure terminal", "interface eth1", f"ip ospf priority {priority}")
    lab.run("F3", "vtysh", "-N", nodes.frr_space(lab, "F3"), *[word for c in commands for word in ("-c", c)])


def test_we_are_dr_and_frr_is_bdr(lab):
    all_see(lab, R1, F3, "IF_DR")


def test_we_step_down_and_are_neither(lab):
    our_priority(lab, 0)
    all_see(lab, F3, NOBODY, "IF_OTHER")


def test_we_become_bdr_beside_frr_the_dr(lab):
    our_priority(lab, 200)  # the highest, but late
    all_see(lab, F3, R1, "IF_BACKUP")


def test_as_bdr_we_take_over_when_frr_steps_down(lab):
    their_priority(lab, 0)
    all_see(lab, R1, NOBODY, "IF_DR")
