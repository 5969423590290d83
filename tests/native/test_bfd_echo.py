"""The echo function of BFD: packets to ourselves that the other end's kernel sends back."""
import os
import re

import pytest
from penult import Lab, Topology, wait_for
from penultlab.nodes import frr_space

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
SIX = """#
bfd six bind peer-ipv6 2001:db8:12::{far} interface GigabitEthernet0/1/0 source-ipv6 2001:db8:12::{own} auto
 min-tx-interval 50
 min-rx-interval 50
 echo-interval 50
 echo-passive min-rx-interval 50
#
return
"""


def session(lab, router, name=None):
    rows = [r for r in lab.rows(router, "display", "bfd", "session", "all") if name in (None, r["name"])]
    return rows[0] if rows else {"state": "", "echoing": False}


def counters(lab, router, name=None):
    return next(c for c in lab.rows(router, "display", "bfd", "statistics", "session", "all") if name in (None, c["name"]))


def wait_echoes(lab, router, name=None):
    return wait_for(lambda: session(lab, router, name)["echoing"] and session(lab, router, name), f"echoes of {router} to come back",
                    last=lambda: (session(lab, router, name), counters(lab, router, name), lab.ctl(router, "display", "bfd", "statistics")))


def change(lab, router, *lines):
    lab.reconfigure(router, lambda text: text.replace(" auto\n", " auto\n" + "".join(f" {line}\n" for line in lines)), ["bfdd"])


def forward(lab, router, on):
    lab.run(router, "sh", "-c", f"echo {on:d} > /proc/sys/net/ipv4/ip_forward")


@pytest.fixture
def lab(build):
    with Lab(Topology(os.path.join(LABS, "bfd")), build) as lab:
        for router in ("R1", "R2"):
            wait_for(lambda r=router: session(lab, r)["state"] == "UP", f"{router}'s session")
        yield lab


def test_echoes_find_a_path_that_no_longer_forwards(lab):
    change(lab, "R1", "echo-interval 50")
    change(lab, "R2", "echo-passive min-rx-interval 50")
    wait_echoes(lab, "R1")
    assert "Asynchronous Mode With Echo Function" in lab.ctl("R1", "display", "bfd", "session", "all", "verbose")
    assert re.search(r"Echo Passive +: Enable", lab.ctl("R2", "display", "bfd", "session", "all", "verbose"))
    wait_for(lambda: session(lab, "R2")["tx_us"] == 1000000, "control packets to be slow", last=lambda: session(lab, "R2"))
    wait_for(lambda: counters(lab, "R1")["echo_received"] > 20, "echoes counted", last=lambda: counters(lab, "R1"))
    forward(lab, "R2", False)
    wait_for(lambda: session(lab, "R1")["downs"] >= 1, "the failure", last=lambda: session(lab, "R1"))
    with open(lab.log("R1", "bfdd"), encoding="utf-8") as f:
        assert "Echo Function Failed" in f.read()
    forward(lab, "R2", True)
    wait_echoes(lab, "R1")


def test_a_neighbour_that_sends_nothing_back_is_not_taken_for_dead(lab):
    forward(lab, "R2", False)
    change(lab, "R2", "echo-passive min-rx-interval 50")
    change(lab, "R1", "echo-interval 50")
    wait_for(lambda: counters(lab, "R1")["echo_sent"] > 5, "a few tries", last=lambda: counters(lab, "R1"))
    s = session(lab, "R1")
    assert s["state"] == "UP" and s["downs"] == 0 and not s["echoing"], s


def test_echoes_over_ipv6(lab):
    for own, router in enumerate(("R1", "R2"), 1):
        lab.run(router, "ip", "address", "add", f"2001:db8:12::{own}/64", "dev", "ge0-1-0", "nodad")
        lab.reconfigure(router, lambda text, o=own: text.replace("#\nreturn\n", SIX.format(own=o, far=3 - o)), ["bfdd"])
    for router in ("R1", "R2"):
        wait_echoes(lab, router, "six")


def test_echoes_with_frr_both_ways(build):
    with Lab(Topology(os.path.join(LABS, "bfd-peers")), build) as lab:
        lab.reconfigure("R1", lambda text: text.replace("bfd frr_single bind peer-ip 10.0.12.2 interface GigabitEthernet0/1/0 source-ip 10.0.12.1 auto\n",
                        "bfd frr_single bind peer-ip 10.0.12.2 interface GigabitEthernet0/1/0 source-ip 10.0.12.1 auto\n"
                        " echo-interval 50\n echo-passive min-rx-interval 50\n"), ["bfdd"])
        lines = ("configure terminal", "bfd", "peer 10.0.12.1 interface eth1", "echo-mode", "echo transmit-interval 50", "echo receive-interval 50")
        lab.run("F2", "vtysh", "-N", frr_space(lab, "F2"), *[w for line in lines for w in ("-c", line)])
        wait_echoes(lab, "R1", "frr_single")

        def theirs():
            rows = lab.vtysh("F2", "show bfd peers counters json") or []
            return next((r for r in rows if r["peer"] == "10.0.12.1"), {"echo-packet-input": 0})
        wait_for(lambda: theirs()["echo-packet-input"] > 10, "FRR's own echoes sent back by our kernel", last=theirs)
        s = session(lab, "R1", "frr_single")
        assert s["state"] == "UP" and s["downs"] == 0, s
