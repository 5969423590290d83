"""A virtual link with Debian's FRR (RFC 2328 section 15): its packets pass a router that is no part of it."""
import os

import pytest
from penult import Lab, Topology, wait_for

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")


def routes(lab, router):
    """{prefix: (kind, cost)} as OSPF has found them."""
    return {r["prefix"]: (r["kind"], r["cost"]) for r in lab.rows(router, "display", "ospf", "routing")}


@pytest.fixture(scope="module")
def lab(build):
    with Lab(Topology(os.path.join(LABS, "ospf-vlink")), build) as lab:
        wait_for(lambda: "3.3.3.3/32" in routes(lab, "R1"), "R1's route to area 2", 120,
                 last=lambda: (routes(lab, "R1"), lab.rows("R2", "display", "ospf", "peer"), lab.rows("R2", "display", "ospf", "interface")))
        yield lab


def test_both_ends_are_full(lab):
    ours = [n for n in lab.rows("R2", "display", "ospf", "peer") if n["interface"] == "Virtual link to 3.3.3.3"]
    assert [(n["state"], n["area"]) for n in ours] == [("NB_FULL", "0.0.0.0")], ours
    theirs = lab.vtysh("F3", "show ip ospf neighbor")
    assert any("2.2.2.2" in line and "Full" in line and "VLINK" in line for line in theirs.splitlines()), theirs


def test_the_far_area_is_reached_and_reaches(lab):
    assert routes(lab, "R1")["3.3.3.3/32"][0] == "INTER"
    wait_for(lambda: lab.run("R1", "ping", "-c", "1", "-W", "1", "-I", "1.1.1.1", "3.3.3.3", check=False).returncode == 0, "R1 to reach F3")


def test_without_a_way_through_the_transit_area_it_is_down_and_comes_back(lab):
    up, down = (f" {word}\n ip address 10.0.25.5" for word in ("undo shutdown", "shutdown"))
    lab.reconfigure("R5", lambda text: text.replace(up, down), ["fibd", "igpd"])
    wait_for(lambda: "3.3.3.3/32" not in routes(lab, "R1"), "R1 without the route", 60, last=lambda: routes(lab, "R1"))
    lab.reconfigure("R5", lambda text: text.replace(down, up), ["fibd", "igpd"])
    wait_for(lambda: "3.3.3.3/32" in routes(lab, "R1"), "its return", 60, last=lambda: (routes(lab, "R1"), lab.rows("R2", "display", "ospf", "peer")))
