"""A next hop that stands by in its group: when a cable is cut the kernel moves to it by itself, whether fibd lives or not."""
import os
import subprocess
import threading

import pytest
from penult import Lab, Topology, wait_for
from penultlab.capture import Pacer
from penultlab.net import ip

HERE = os.path.dirname(os.path.realpath(__file__))
FIRST, SECOND, FAR = "10.0.12.2", "10.1.12.2", "192.168.2.2"
MANY = 1100      # more than what fibd has moved quietly: else the kernel repeats each route when fibd sets its group right
PACE_US = 1000
LOST_MS = 50     # what was under way on the cable and in the queues of an emulated machine; what that stood still comes on top


@pytest.fixture(scope="module")
def lab(build):
    with Lab(Topology(os.path.join(HERE, "standby")), build) as lab:
        lines = "".join(f"ip route-static 20.{i >> 8}.{i & 255}.0 24 {gateway}{preference}\n"
                        for i in range(MANY) for gateway, preference in ((FIRST, ""), (SECOND, " preference 80")))
        lab.reconfigure("R1", lambda text: text.replace("#\nreturn", f"#\n{lines}#\nreturn"), ["fibd"])
        wait_for(lambda: len(routes(lab)) == MANY, "all routes", last=lambda: len(routes(lab)))
        leads(lab, FIRST)
        yield lab


def routes(lab):
    return lab.run("R1", "ip", "route", "show", "root", "20.0.0.0/8").stdout.split("\n20.")


def group(lab):
    return lab.json("R1", "ip", "-j", "-d", "route", "show", "192.168.2.0/24")[0]["nhid"]


def gateway_of(lab, number):
    return lab.json("R1", "ip", "-j", "nexthop", "show", "id", str(number))[0]["gateway"]


def in_use(lab):
    """Where the kernel's buckets of the group lead."""
    try:
        buckets = lab.json("R1", "ip", "-j", "nexthop", "bucket", "show", "id", str(group(lab)))
        return sorted({gateway_of(lab, b["bucket"]["nhid"]) for b in buckets})
    except (IndexError, KeyError):
        return []


def members(lab):
    return [(gateway_of(lab, m["id"]), m.get("weight", 1)) for m in lab.json("R1", "ip", "-j", "nexthop", "show", "id", str(group(lab)))[0]["group"]]


def leads(lab, to, stands_by=True):
    want = [(to, 255)] + ([(SECOND if to == FIRST else FIRST, 1)] if stands_by else [])
    wait_for(lambda: in_use(lab) == [to], f"packets to leave by {to}", last=lambda: in_use(lab))
    wait_for(lambda: members(lab) == want, f"the group to be {want}", last=lambda: members(lab))


def mend(lab):
    """The far end first: else the first ARP request finds nobody, and it takes a second until the next one."""
    wires, (near, far) = lab.net.namespace("wires"), lab.net.wire("first")
    ip("-n", wires, "link", "set", far, "up")
    wait_for(lambda: "LOWER_UP" in lab.json("R2", "ip", "-j", "link", "show", "ge0-1-0")[0]["flags"], "the far end's carrier")
    ip("-n", wires, "link", "set", near, "up")


class Watch:
    """What happens to the routes and to numbered packets meanwhile."""

    def __init__(self, lab):
        self.lab, self.lines = lab, []
        self.monitor = lab.popen("R1", ["ip", "-4", "monitor", "route"], stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=lambda: self.lines.extend(self.monitor.stdout), daemon=True)
        self.thread.start()
        self.pacer = Pacer(lab, "H1", "H2", FAR, interval_us=PACE_US)
        lab.run("H1", "sleep", "0.5")

    def stop(self):
        """What was lost, in ms, and how much may be; no route of ours may have been told of."""
        self.lab.run("H1", "sleep", "0.5")
        sent, received = self.pacer.stop()
        self.monitor.terminate()
        self.monitor.wait(30)
        self.thread.join(30)
        told = [line for line in self.lines if " 20." in f" {line}" or "192.168.2.0" in line]
        assert not told, told[:5]
        assert sent["refused"] == 0, sent
        assert received["twice"] == 0 and received["received"] > 500, received
        print(f"{sent} {received}")
        return received["lost"] * PACE_US / 1000, LOST_MS + sent["late_max_us"] / 1000


def test_a_cut_cable_moves_no_route_and_its_return_loses_nothing(lab):
    before, watch = group(lab), Watch(lab)
    lab.net.cut("first")
    leads(lab, SECOND, stands_by=False)
    lost_ms, most_ms = watch.stop()
    assert lost_ms <= most_ms
    assert group(lab) == before and len(routes(lab)) == MANY
    watch = Watch(lab)
    mend(lab)
    leads(lab, FIRST)
    assert watch.stop()[0] == 0
    assert group(lab) == before and len(routes(lab)) == MANY


def test_a_cable_that_is_cut_while_fibd_is_dead_moves_all_the_same(lab):
    before = group(lab)
    lab.kill("R1", "fibd")
    watch = Watch(lab)
    lab.net.cut("first")
    wait_for(lambda: in_use(lab) == [SECOND], "packets to leave by the second cable", last=lambda: in_use(lab))
    lost_ms, most_ms = watch.stop()
    assert lost_ms <= most_ms
    assert group(lab) == before and len(routes(lab)) == MANY
    watch = Watch(lab)
    lab.start("R1", "fibd")
    leads(lab, SECOND, stands_by=False)
    mend(lab)
    leads(lab, FIRST)
    assert watch.stop()[0] == 0
    assert group(lab) == before and len(routes(lab)) == MANY
