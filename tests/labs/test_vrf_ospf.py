"""An OSPF process in a VPN instance beside one in the public network, with the same prefix behind both."""
import os

import pytest
from penult import Lab, Topology, wait_for
from test_vrf import ip, make_vrf

HERE = os.path.dirname(os.path.realpath(__file__))
PUBLIC, VPN = 254, 1001
VIA = {PUBLIC: "10.0.12.2", VPN: "10.0.13.2"}


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "vrf-ospf")), build)
    try:
        lab.up(start=False)
        make_vrf(lab, "VPNA", VPN, "ge0-2-0")
        lab.start_all()
        leads(lab, PUBLIC, "ge0-1-0")
        leads(lab, VPN, "ge0-2-0")
        yield lab
    finally:
        lab.close()


def devices(lab, table, prefix="2.2.2.2"):
    return [(r["gateway"], r["dev"]) for r in lab.json("R1", "ip", "-j", "route", "show", prefix, "table", str(table))]


def leads(lab, table, device):
    wait_for(lambda: devices(lab, table) == [(VIA[table], device)], f"2.2.2.2 by {device} in table {table}", 90,
             last=lambda: (devices(lab, table), lab.rows("R1", "display", "ospf", "peer")))


def test_each_process_finds_its_own_neighbor_and_its_own_routes(lab):
    peers = {(n["process"], n["router"]) for n in lab.rows("R1", "display", "ospf", "peer")}
    assert peers == {(1, "22.0.0.1"), (2, "23.0.0.1")}, peers
    assert devices(lab, PUBLIC, "22.0.0.1") and not devices(lab, VPN, "22.0.0.1")
    assert devices(lab, VPN, "23.0.0.1") and not devices(lab, PUBLIC, "23.0.0.1")
    told = {(x["process"], x["router"]) for x in lab.rows("R1", "display", "ospf", "lsdb")}
    assert not {(1, "23.0.0.1"), (2, "22.0.0.1")} & told, told
    text = lab.ctl("R1", "display", "ip", "routing-table", "vpn-instance", "VPNA")
    assert "23.0.0.1/32" in text and "OSPF" in text and "22.0.0.1/32" not in text, text


@pytest.mark.parametrize("where, who", [((), "22.0.0.1"), (("ip", "vrf", "exec", "VPNA"), "23.0.0.1")], ids=["public", "VPNA"])
def test_packets_reach_whom_they_are_for(lab, where, who):
    def answered():
        return " 0% packet loss" in lab.run("R1", *where, "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", who, check=False).stdout
    wait_for(answered, f"answers from {who}")


def test_an_interface_that_leaves_the_instance_leaves_its_process(lab):
    ip(lab, "link", "set", "ge0-2-0", "nomaster")
    wait_for(lambda: devices(lab, VPN) == [], "no route in the instance", 60, last=lambda: devices(lab, VPN))
    ip(lab, "link", "set", "ge0-2-0", "master", "VPNA")
    leads(lab, VPN, "ge0-2-0")
    leads(lab, PUBLIC, "ge0-1-0")


def test_a_killed_igpd_moves_no_route_of_either(lab):
    lab.kill("R1", "igpd")
    for table, device in ((PUBLIC, "ge0-1-0"), (VPN, "ge0-2-0")):
        leads(lab, table, device)
    lab.start("R1", "igpd")
    wait_for(lambda: sum(n["state"] == "NB_FULL" for n in lab.rows("R1", "display", "ospf", "peer")) == 2, "both neighbors", 90,
             last=lambda: lab.rows("R1", "display", "ospf", "peer"))
    for table, device in ((PUBLIC, "ge0-1-0"), (VPN, "ge0-2-0")):
        leads(lab, table, device)
