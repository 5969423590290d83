"""OSPF with Debian's FRR and BIRD: neighbours, databases and routes, as both ends tell them."""
import os
import subprocess

import pytest
from penult import Lab, Topology, wait_for

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
LOOPBACKS = {"R1": "1.1.1.1", "R2": "2.2.2.2", "F3": "3.3.3.3", "B4": "4.4.4.4"}


def neighbors(lab, router):
    """{router ID on the link: state}"""
    return {(n["router"], n["interface"]): n["state"] for n in lab.rows(router, "display", "ospf", "peer")}


def routes(lab, router):
    """{prefix: (kind, cost)} as OSPF has found them."""
    return {r["prefix"]: (r["kind"], r["cost"]) for r in lab.rows(router, "display", "ospf", "routing")}


def kernel(lab, router, prefix):
    """Where the kernel sends packets for a prefix."""
    rows = lab.json(router, "ip", "-j", "route", "show", prefix)
    return sorted(h["gateway"] for r in rows for h in r.get("nexthops", [r]) if "gateway" in h)


@pytest.fixture(scope="module")
def lab(build):
    with Lab(Topology(os.path.join(LABS, "ospf-peers")), build) as lab:
        wait_for(lambda: "4.4.4.4/32" in lab.run("B4", "ip", "-br", "address").stdout, "B4's loopback")
        lab.restart("B4", "bird")
        for router in ("R1", "R2"):
            others = {f"{a}/32" for r, a in LOOPBACKS.items() if r != router}
            wait_for(lambda r=router, o=others: o <= set(routes(lab, r)), f"{router} to have found {', '.join(sorted(others))}", 90,
                     last=lambda r=router: (routes(lab, r), neighbors(lab, r)))
        yield lab


def test_everybody_reaches_everybody(lab):
    for a in LOOPBACKS:
        for b, address in LOOPBACKS.items():
            if a != b:
                wait_for(lambda f=a, t=address, s=LOOPBACKS[a]: lab.run(f, "ping", "-c", "1", "-W", "1", "-I", s, t, check=False).returncode == 0,
                         f"{a} to reach {b}", 60)


def test_our_routes_are_in_the_kernel_with_the_preference_of_ospf(lab):
    assert kernel(lab, "R1", "3.3.3.3") == ["10.0.0.3"]
    assert kernel(lab, "R1", "4.4.4.4") == ["10.0.0.4"]
    row = lab.rows("R1", "display", "ip", "routing-table", "3.3.3.3/32")[0]
    best = row["entries"][0]
    assert row["installed"] and best["protocol"] == "OSPF" and best["preference"] == 10 and not best["inactive"], row


def test_what_frr_redistributes_is_external(lab):
    wait_for(lambda: "33.0.0.0/8" in routes(lab, "R1"), "the external route", last=lambda: routes(lab, "R1"))
    assert routes(lab, "R1")["33.0.0.0/8"] == ("EXTERNAL_2", 20)
    wait_for(lambda: kernel(lab, "R1", "33.0.0.0/8") == ["10.0.0.3"], "it is in the kernel", last=lambda: kernel(lab, "R1", "33.0.0.0/8"))


def test_frr_sees_us_as_full_and_agrees_on_the_designated_routers(lab):
    def agreed():
        theirs = lab.vtysh("F3", "show ip ospf neighbor json")["neighbors"]
        states = {router: rows[0]["state"] if "state" in rows[0] else rows[0]["nbrState"] for router, rows in theirs.items()}
        ours = [i for i in lab.rows("R1", "display", "ospf", "interface") if i["name"] == "GigabitEthernet0/1/0"][0]
        roles = {"10.0.0.1": "1.1.1.1", "10.0.0.2": "2.2.2.2", "10.0.0.4": "4.4.4.4"}
        expected = {r: ("Full/DR" if a == ours["dr"] else "Full/Backup" if a == ours["bdr"] else "2-Way/DROther") for a, r in roles.items()}
        if "10.0.0.3" in (ours["dr"], ours["bdr"]):
            expected = {r: s.replace("2-Way", "Full") for r, s in expected.items()}
        return states == expected or (states, expected)
    wait_for(lambda: agreed() is True, "both ends agree", 60, last=agreed)


def test_databases_are_equal(lab):
    def equal():
        one, two = ({(x["type"], x["id"], x["router"], x["sequence"]) for x in lab.rows(r, "display", "ospf", "lsdb") if not x["flushed"]} for r in ("R1", "R2"))
        text = lab.run("F3", "vtysh", "-N", lab.namespace("F3").replace(".", "-"), "-c", "show ip ospf database json", check=False).stdout
        return one == two and all(x[2] in text for x in one) or (one ^ two)
    wait_for(lambda: equal() is True, "R1's and R2's databases are equal", 60, last=equal)


def test_what_an_lsa_says_is_displayed_as_frr_reads_it(lab):
    for router in ("1.1.1.1", "3.3.3.3"):
        ours = lab.ctl("R1", "display", "ospf", "lsdb", "router", router)
        assert ours.count("  Type      : Router\n") == 1 and f"Adv rtr   : {router}\n" in ours, ours
        theirs = lab.vtysh("F3", f"show ip ospf database router {router}")
        mine = sorted(line.split(": ")[1] for line in ours.splitlines() if "* Link ID" in line)
        other = sorted(line.rsplit(": ", 1)[1].strip() for line in theirs.splitlines() if "(Link ID)" in line)
        assert mine == other, (ours, theirs)
    ours = lab.ctl("R1", "display", "ospf", "lsdb", "ase", "33.0.0.0")
    assert "Metric    : 20" in ours and "E type    : 2" in ours and "Net mask  : 255.0.0.0" in ours, ours


def bfd(lab):
    """{neighbour: what BFD says} on the LAN"""
    return {n["router"]: n["bfd"] for n in lab.rows("R1", "display", "ospf", "peer") if n["interface"] == "GigabitEthernet0/1/0"}


def test_a_lost_link_moves_the_route_and_back(lab):
    wait_for(lambda: kernel(lab, "R1", "2.2.2.2") == ["10.0.0.2"], "the cheaper link", last=lambda: kernel(lab, "R1", "2.2.2.2"))
    # FRR and BIRD do not speak BFD here: that it never came up with them says nothing of their path.
    wait_for(lambda: bfd(lab) == {"2.2.2.2": "up", "3.3.3.3": "not up", "4.4.4.4": "not up"}, "BFD with R2", last=lambda: bfd(lab))
    lab.net.unplug("S", "p2")
    wait_for(lambda: "BFD says that the path to 2.2.2.2 on GigabitEthernet0/1/0 is dead" in lab.daemons["R1", "igpd"].text(), "BFD to tell", 30)
    wait_for(lambda: kernel(lab, "R1", "2.2.2.2") == ["10.0.12.2"], "the other link", 60, last=lambda: kernel(lab, "R1", "2.2.2.2"))
    lab.net.unplug("S", "p2", again=True)
    wait_for(lambda: kernel(lab, "R1", "2.2.2.2") == ["10.0.0.2"], "the cheaper link again", 60, last=lambda: kernel(lab, "R1", "2.2.2.2"))


class Watch:
    """The kernel's notices of one route on routers, until asked."""

    def __init__(self, lab, routers, prefix):
        self.prefix = prefix
        self.running = {r: lab.popen(r, ["ip", "-4", "monitor", "route"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for r in routers}

    def notices(self):
        """{router: what was said of the prefix}"""
        said = {}
        for router, popen in self.running.items():
            popen.terminate()
            said[router] = [line for line in popen.communicate(timeout=30)[0].splitlines() if self.prefix in line]
        return said


def all_full(lab, router, count):
    """All neighbours that a router has are there again, as it and they tell it."""
    return sum(n["state"] == "NB_FULL" for n in lab.rows(router, "display", "ospf", "peer")) >= count


def calm(lab):
    """Nothing that was told lately waits to be acknowledged by anybody: FRR and BIRD help nobody who may have missed a change."""
    young = [x for r in ("R1", "R2") for x in lab.rows(r, "display", "ospf", "lsdb") if x["born"] and x["born"]["age_s"] < 3]
    waits = [n for r in ("R1", "R2") for n in lab.rows(r, "display", "ospf", "peer") if n["unacknowledged"] or n["requests"]]
    return not young and not waits or (young, waits)


def test_a_restart_of_igpd_moves_no_route_of_anybody(lab):
    """FRR, BIRD and R2 help (RFC 3623): the adjacencies are found anew, and nobody's route to R1 is touched."""
    full = [n for n in lab.rows("R1", "display", "ospf", "peer") if n["state"] == "NB_FULL"]
    wait_for(lambda: kernel(lab, "R1", "3.3.3.3") == ["10.0.0.3"], "all that was before to be over", 60)
    wait_for(lambda: calm(lab) is True, "calm", 60, last=lambda: calm(lab))
    watch = Watch(lab, ("R2", "F3", "B4"), "1.1.1.1")
    lab.kill("R1", "igpd")
    lab.start("R1", "igpd")
    wait_for(lambda: "the restart is over" in lab.daemons["R1", "igpd"].text(), "the end of the restart", 120, last=lambda: lab.rows("R1", "display", "ospf", "peer"))
    assert "all adjacencies are back" in lab.daemons["R1", "igpd"].text(), lab.daemons["R1", "igpd"].text()
    wait_for(lambda: all_full(lab, "R1", len(full)), "R1's neighbours", 60, last=lambda: lab.rows("R1", "display", "ospf", "peer"))
    said = watch.notices()
    assert not any(said.values()), said


def test_frr_that_restarts_keeps_our_routes_to_it(lab):
    """R1 and R2 help FRR: what leads to it and behind it stays as it is."""
    for router in ("R1", "R2"):
        wait_for(lambda r=router: kernel(lab, r, "33.0.0.0/8") == ["10.0.0.3"], f"{router}'s route", 60, last=lambda r=router: kernel(lab, r, "33.0.0.0/8"))
    wait_for(lambda: calm(lab) is True, "calm", 60, last=lambda: calm(lab))
    watch = Watch(lab, ("R1", "R2"), "3")
    lab.vtysh("F3", "graceful-restart prepare ip ospf")
    lab.kill("F3", "ospfd")
    wait_for(lambda: [n for n in lab.rows("R1", "display", "ospf", "peer") if n["router"] == "3.3.3.3" and n["helped_until"]], "R1 to help", 30,
             last=lambda: lab.rows("R1", "display", "ospf", "peer"))
    lab.start("F3", "ospfd")
    wait_for(lambda: [n for n in lab.rows("R1", "display", "ospf", "peer") if n["router"] == "3.3.3.3" and n["state"] == "NB_FULL" and not n["helped_until"]],
             "its return", 120, last=lambda: lab.rows("R1", "display", "ospf", "peer"))
    said = {r: [line for line in lines if "3.3.3.3 " in line or "33.0.0.0" in line] for r, lines in watch.notices().items()}
    assert not any(said.values()), said


@pytest.mark.parametrize("daemon", ["igpd", "fibd"])
def test_a_killed_daemon_takes_no_route_away(lab, daemon):
    def leads(what):
        """True when the route is the best one; while neighbours are found anew it may lead another way, but always somewhere."""
        now = kernel(lab, "R1", "3.3.3.3")
        assert now, f"{what}: the kernel has no route"
        return now == ["10.0.0.3"]
    wait_for(lambda: leads("before"), "all that was before to be over", 60, last=lambda: kernel(lab, "R1", "3.3.3.3"))
    lab.kill("R1", daemon)
    assert kernel(lab, "R1", "3.3.3.3") == ["10.0.0.3"]
    lab.start("R1", daemon)
    wait_for(lambda: leads("after") and "3.3.3.3/32" in routes(lab, "R1"), "it is back", 60, last=lambda: (kernel(lab, "R1", "3.3.3.3"), neighbors(lab, "R1")))
