"""An OSPF process in a VPN instance beside one in the public network, with the same addresses in both."""
import os

import pytest
from penult import Lab, Topology, next_hops, wait_for
from test_vrf import ip

HERE = os.path.dirname(os.path.realpath(__file__))
PUBLIC, VPN = 254, 1001


@pytest.fixture(scope="module")
def lab(build):
    with Lab(Topology(os.path.join(HERE, "vrf-ospf")), build) as lab:
        leads(lab, PUBLIC, "ge0-1-0")
        leads(lab, VPN, "ge0-2-0")
        yield lab


def devices(lab, table, prefix="2.2.2.2"):
    routes = lab.json("R1", "ip", "-j", "route", "show", prefix, "table", str(table))
    return [(h["gateway"], h["dev"]) for r in routes for h in next_hops(r)]


def leads(lab, table, device):
    wait_for(lambda: devices(lab, table) == [("10.0.12.2", device)], f"2.2.2.2 by {device} in table {table}", 90,
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


def test_the_instance_is_a_vrf_device_that_nothing_leaves_by_chance(lab):
    device = lab.json("R1", "ip", "-j", "-d", "link", "show", "VPNA")[0]
    assert device["linkinfo"]["info_kind"] == "vrf" and device["linkinfo"]["info_data"]["table"] == VPN and "UP" in device["flags"], device
    lost = lab.run("R1", "ip", "vrf", "exec", "VPNA", "ping", "-n", "-c", "1", "-W", "1", "22.0.0.1", check=False)
    assert "No route to host" in lost.stderr, lost  # R2's second loopback: reached from the public network alone
    for family in ("-4", "-6"):
        out = lab.run("R1", "ip", family, "route", "show", "table", str(VPN)).stdout
        assert "unreachable default" in out and "metric 4278198272" in out, out


def test_an_interface_that_leaves_the_instance_leaves_its_process(lab):
    bound = " ip binding vpn-instance VPNA\n"
    lab.reconfigure("R1", lambda text: text.replace(bound, "").replace("10.0.12.1 255.255.255.0\n ospf timer hello 1\n#\ninterface LoopBack1",
                                                                      "10.0.13.1 255.255.255.0\n ospf timer hello 1\n#\ninterface LoopBack1"), ["fibd", "igpd"])
    wait_for(lambda: devices(lab, VPN) == [], "no route in the instance", 60, last=lambda: devices(lab, VPN))
    leads(lab, PUBLIC, "ge0-1-0")
    lab.reconfigure("R1", lambda text: text.replace(" ip address 10.0.13.1", bound + " ip address 10.0.12.1"), ["fibd", "igpd"])
    leads(lab, VPN, "ge0-2-0")
    leads(lab, PUBLIC, "ge0-1-0")


@pytest.mark.parametrize("daemon", ["fibd", "igpd"])
def test_a_killed_daemon_moves_no_route_of_either(lab, daemon):
    lab.kill("R1", daemon)
    for table, device in ((PUBLIC, "ge0-1-0"), (VPN, "ge0-2-0")):
        leads(lab, table, device)
    lab.start("R1", daemon)
    wait_for(lambda: sum(n["state"] == "NB_FULL" for n in lab.rows("R1", "display", "ospf", "peer")) == 2, "both neighbors", 90,
             last=lambda: lab.rows("R1", "display", "ospf", "peer"))
    for table, device in ((PUBLIC, "ge0-1-0"), (VPN, "ge0-2-0")):
        leads(lab, table, device)
