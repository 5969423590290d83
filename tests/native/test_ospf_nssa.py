"""NSSAs with Debian's FRR (RFC 3101): each side as the border router that translates, and as the boundary router inside."""
import os

import pytest
from penult import Lab, Topology, wait_for

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")


def routes(lab, router):
    """{prefix: (kind, cost)} as OSPF has found them."""
    return {r["prefix"]: (r["kind"], r["cost"]) for r in lab.rows(router, "display", "ospf", "routing")}


def frr(lab, router):
    """{prefix: gateways} of FRR's kernel."""
    rows = lab.json(router, "ip", "-j", "-4", "route")
    return {r["dst"]: sorted(h["gateway"] for h in r.get("nexthops", [r]) if "gateway" in h) for r in rows}


def lsas(lab, router, kind):
    return {(x["id"], x["router"]) for x in lab.rows(router, "display", "ospf", "lsdb") if x["type"] == kind and not x["flushed"]}


@pytest.fixture(scope="module")
def lab(build):
    with Lab(Topology(os.path.join(LABS, "ospf-nssa")), build) as lab:
        wait_for(lambda: {"22.0.0.0/8", "55.0.0.0/8", "5.5.5.5/32", "2.2.2.2/32"} <= set(routes(lab, "R3")), "R3's routes", 90, last=lambda: routes(lab, "R3"))
        yield lab


def test_the_adjacency_with_md5_is_full_and_refuses_another_key(lab):
    """The key of R1's end is changed: nothing of F2 is taken any more, and it is told why; with the old one all is well again."""
    def neighbors():
        return [n["state"] for n in lab.rows("R1", "display", "ospf", "peer") if n["router"] == "2.2.2.2"]

    assert neighbors() == ["NB_FULL"]
    before = lab.reconfigure("R1", lambda text: text.replace("plain secret", "plain another"), ["igpd"])
    wait_for(lambda: neighbors() == [], "R1 to lose F2", 30, last=neighbors)
    interface = [i for i in lab.rows("R1", "display", "ospf", "interface", "verbose") if i["name"] == "GigabitEthernet0/2/0"][0]
    assert interface["authentication"] == "md5" and interface["refused"], interface
    lab.reconfigure("R1", lambda text: before, ["igpd"])
    wait_for(lambda: neighbors() == ["NB_FULL"] and "22.0.0.0/8" in routes(lab, "R3"), "F2 again", 60, last=neighbors)


def test_we_translate_what_frr_imports(lab):
    assert routes(lab, "R3")["22.0.0.0/8"] == ("EXTERNAL_2", 40)
    assert ("22.0.0.0", "1.1.1.1") in lsas(lab, "R3", 5), "R1 tells it, not F2"
    assert ("22.0.0.0", "2.2.2.2") in lsas(lab, "R1", 7)
    wait_for(lambda: frr(lab, "F4").get("22.0.0.0/8") == ["10.0.34.3"], "F4's route to what F2 imports", last=lambda: frr(lab, "F4"))


def test_frr_translates_what_we_import(lab):
    theirs = lab.vtysh("F4", "show ip ospf route json")["55.0.0.0/8"]
    assert (theirs["type2cost"], theirs["tag"]) == (30, 7), "as R5 imports it"
    assert routes(lab, "R3")["55.0.0.0/8"][0] == "EXTERNAL_2"  # FRR 8.4 translates it with a metric of its own
    assert ("55.0.0.0", "4.4.4.4") in lsas(lab, "R3", 5), "F4 tells it, not R5"
    assert ("55.0.0.0", "5.5.5.5") in lsas(lab, "R5", 7)
    wait_for(lambda: "55.0.0.0/8" in routes(lab, "R1"), "R1's route", last=lambda: routes(lab, "R1"))


def test_inside_there_is_a_default_route_and_nothing_from_outside(lab):
    wait_for(lambda: frr(lab, "F2").get("default") == ["10.0.12.1"], "F2's default route from R1", last=lambda: frr(lab, "F2"))
    wait_for(lambda: "0.0.0.0/0" in routes(lab, "R5"), "R5's default route from F4", last=lambda: routes(lab, "R5"))
    assert "55.0.0.0/8" not in frr(lab, "F2") and "22.0.0.0/8" not in routes(lab, "R5")
    assert not {x for x in lsas(lab, "R5", 5) if x[1] != "5.5.5.5"}, "no AS-external-LSAs come into an NSSA"


def test_all_reach_what_is_imported(lab):
    """22.0.0.1 is an address that F2 answers for once it has it; the packets' way there and back is by OSPF alone."""
    lab.run("F2", "ip", "address", "add", "22.0.0.1/32", "dev", "lo")
    lab.run("R5", "ip", "address", "add", "55.0.0.1/32", "dev", "lo")
    wait_for(lambda: lab.run("R5", "ping", "-c", "1", "-W", "1", "-I", "5.5.5.5", "22.0.0.1", check=False).returncode == 0, "R5 to reach 22.0.0.1")
    wait_for(lambda: lab.run("F2", "ping", "-c", "1", "-W", "1", "-I", "2.2.2.2", "55.0.0.1", check=False).returncode == 0, "F2 to reach 55.0.0.1")


def test_the_end_of_an_import_is_told_on(lab):
    lab.reconfigure("R5", lambda text: text.replace("ip route-static 55.0.0.0 255.0.0.0 NULL0\n", ""), ["fibd"])
    wait_for(lambda: "55.0.0.0/8" not in routes(lab, "R3"), "R3 without it", last=lambda: routes(lab, "R3"))
