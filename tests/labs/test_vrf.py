"""VPN instances: static routes in the table of a VRF device, and a BFD session within it that they follow."""
import os

import pytest
from penult import Lab, Topology, next_hops, wait_for

HERE = os.path.dirname(os.path.realpath(__file__))
FIRST, SECOND = "10.0.12.2", "10.1.12.2"


def ip(lab, *words):
    lab.run("R1", "ip", *words)


def make_vrf(lab, name, table, *devices):
    ip(lab, "link", "add", name, "type", "vrf", "table", str(table))
    ip(lab, "link", "set", name, "up")
    for device in devices:
        ip(lab, "link", "set", device, "master", name)


@pytest.fixture
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "vrf")), build)
    try:
        lab.up(start=False)
        make_vrf(lab, "VPNA", 1001, "ge0-1-0", "ge0-2-0")
        lab.start_all()
        wait_for(lambda: session(lab)["state"] == "UP", "R1's session in the VPN instance", last=lambda: session(lab))
        leads(lab, FIRST)
        yield lab
    finally:
        lab.close()


def session(lab):
    return lab.rows("R1", "display", "bfd", "session", "all")[0]


def gateways(lab, table):
    routes = lab.json("R1", "ip", "-j", "route", "show", "2.2.2.2", "table", str(table))
    return [h["gateway"] for r in routes for h in next_hops(r)]


def leads(lab, to, table=1001):
    wait_for(lambda: gateways(lab, table) == [to], f"2.2.2.2 by {to} in table {table}", last=lambda: gateways(lab, table))


def pings(lab, *where):
    out = ""

    def all_of_them():
        nonlocal out
        out = lab.run("R1", *where, "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", "2.2.2.2", check=False).stdout
        return " 0% packet loss" in out
    wait_for(all_of_them, "answers from 2.2.2.2", last=lambda: out)


def test_routes_sessions_and_packets_are_in_the_instance(lab):
    row = session(lab)
    assert row["vrf"] == "VPNA" and row["downs"] == 0, row
    assert gateways(lab, 254) == ["10.9.12.2"], "the public network has a route of its own to that prefix"
    text = lab.ctl("R1", "display", "ip", "routing-table", "vpn-instance", "VPNA")
    assert "Routing Table: VPNA" in text and "2.2.2.2/32" in text and FIRST in text and "10.9.12.2" not in text, text
    assert FIRST not in lab.ctl("R1", "display", "ip", "routing-table")
    pings(lab, "ip", "vrf", "exec", "VPNA")
    with open(lab.log("R1", "fibd"), encoding="utf-8") as f:
        assert "static routes of vpn-instance VPNB wait: there is no VRF device of that name" in f.read()


def test_a_dead_path_moves_the_instances_route_alone(lab):
    lab.net.unplug("S", "p2")
    leads(lab, SECOND)
    assert gateways(lab, 254) == ["10.9.12.2"]
    pings(lab, "ip", "vrf", "exec", "VPNA")
    lab.net.unplug("S", "p2", again=True)
    leads(lab, FIRST)


def test_an_instance_that_comes_later_and_daemons_that_die_find_their_routes(lab):
    make_vrf(lab, "VPNB", 1002)
    ip(lab, "link", "set", "ge0-1-0", "master", "VPNB")
    leads(lab, FIRST, 1002)
    leads(lab, SECOND)
    assert "is not in this VPN instance" in session(lab)["trouble"], session(lab)
    ip(lab, "link", "set", "ge0-1-0", "master", "VPNA")
    leads(lab, FIRST)
    wait_for(lambda: session(lab)["state"] == "UP", "the session again", last=lambda: session(lab))
    for daemon in ("fibd", "bfdd"):
        lab.kill("R1", daemon)
        leads(lab, FIRST)
        lab.start("R1", daemon)
    wait_for(lambda: session(lab)["state"] == "UP", "the session after its daemon's death", last=lambda: session(lab))
    leads(lab, FIRST)
