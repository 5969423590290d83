"""labs/vpws-secondary beyond its story: every kind of frame, the failures that it does not tell of, and the other policies of return."""
import importlib.util
import os

import pytest
from penult import Lab, Topology, wait_for

pytestmark = pytest.mark.mpls

FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "labs", "vpws-secondary")
spec = importlib.util.spec_from_file_location("vpws_story", os.path.join(FOLDER, "story.py"))
tale = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tale)

REROUTE = " mpls l2vpn reroute delay 10 resume 0\n"


class Checks:
    @staticmethod
    def check(ok, text):
        assert ok, text


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(FOLDER), build)
    try:
        lab.up()
        tale.both_up(lab)
        tale.on(lab, "PRIMARY", "frames to go to PE2")
        for host, last in (("CE1", 1), ("CE2", 2)):
            lab.run(host, "ip", "-6", "address", "add", f"2001:db8:9::{last}/64", "dev", "eth0", "nodad")
            lab.run(host, "ip", "link", "add", "link", "eth0", "name", "eth0.5", "type", "vlan", "id", "5")
            lab.run(host, "ip", "address", "add", f"192.168.5.{last}/24", "dev", "eth0.5")
            lab.run(host, "ip", "link", "set", "eth0.5", "up")
        yield lab
        lab.finish()
    finally:
        lab.close()


def answers(lab, address, *more):
    out = ""

    def all_of_them():
        nonlocal out
        out = lab.run("CE1", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", *more, address, check=False).stdout
        return " 0% packet loss" in out

    wait_for(all_of_them, f"answers from {address}", 60, last=lambda: out)


def by_hand(lab, target):
    lab.ctl("PE1", "switch", "mpls", "l2vpn", "service-name", "gold", target)
    tale.on(lab, target.upper(), f"frames to go to the {target}")


def at_home(lab):
    """Both pseudowires are up, and frames go by the primary."""
    tale.both_up(lab)
    if tale.service(lab)["active"] != "PRIMARY":
        by_hand(lab, "primary")


@pytest.mark.parametrize("target", ["primary", "secondary"])
def test_every_kind_of_frame_passes(lab, target):
    at_home(lab)
    if target == "secondary":
        by_hand(lab, target)
    for host in ("CE1", "CE2"):
        lab.run(host, "ip", "neigh", "flush", "dev", "eth0")  # ARP has to pass as well
    answers(lab, tale.CE2, "-M", "do", "-s", "1472")
    answers(lab, "2001:db8:9::2", "-M", "do", "-s", "1452")
    answers(lab, "192.168.5.2", "-M", "do", "-s", "1472")
    at_home(lab)


def test_a_session_that_is_lost_moves_frames_though_the_lsp_is_there(lab):
    at_home(lab)
    pacers = tale.both_ways(lab)
    tale.more_is_sent(lab)
    switches = int(tale.service(lab)["switches"])
    lab.ctl("PE2", "reset", "mpls", "ldp", "peer", "1.1.1.1")
    wait_for(lambda: int(tale.service(lab)["switches"]) > switches, "a switch", 60, last=lambda: tale.service(lab))
    assert "2.2.2.2" in tale.service(lab)["switch_reason"], tale.service(lab)
    tale.on(lab, "SECONDARY", "frames to go to PE3")
    tale.more_is_sent(lab)
    tale.count_loss(Checks, pacers, tale.CUT_MS, "when the session was lost")
    tale.on(lab, "PRIMARY", "frames to go back to PE2")


def test_a_line_lost_here_is_told_both_other_ends_and_moves_nothing(lab):
    at_home(lab)
    switches = tale.service(lab)["switches"]
    lab.run("CE1", "ip", "link", "set", "eth0", "down")
    try:
        for router in ("PE2", "PE3"):
            wait_for(lambda r=router: [int(v["remote_status"]) & 0x6 for v in lab.rows(r, "display", "mpls", "l2vc")] == [0x6], f"{router} to hear of it", 60)
    finally:
        lab.run("CE1", "ip", "link", "set", "eth0", "up")
    tale.both_up(lab)
    tale.on(lab, "PRIMARY", "frames to go to PE2")
    assert tale.service(lab)["switches"] == switches
    answers(lab, tale.CE2)


@pytest.mark.parametrize("policy", ["immediately resume 0", "never"])
def test_frames_return_as_the_policy_says(lab, policy):
    at_home(lab)
    lab.reconfigure("PE1", lambda text: text.replace(REROUTE, f" mpls l2vpn reroute {policy}\n"), ["l2vpnd"])
    pacers = None
    try:
        lab.net.cut("pe2-s")
        tale.on(lab, "SECONDARY", "frames to go to PE3")
        pacers = tale.both_ways(lab)
        tale.more_is_sent(lab)
        lab.net.cut("pe2-s", mended=True)
        tale.both_up(lab)
        if policy == "never":
            wait_for(lambda: tale.service(lab)["state"] == "STAYING", "frames to stay", 60, last=lambda: tale.service(lab))
            tale.more_is_sent(lab, 8000)
            assert tale.service(lab)["active"] == "SECONDARY", tale.service(lab)
            by_hand(lab, "primary")
        tale.on(lab, "PRIMARY", "frames to go back to PE2")
        tale.more_is_sent(lab)
        tale.count_loss(Checks, pacers, 100 if tale.EMULATED else 0, "in the return")
        pacers = None
    finally:
        for pacer in (pacers or {}).values():
            pacer.stop()
        lab.reconfigure("PE1", lambda text: text.replace(f" mpls l2vpn reroute {policy}\n", REROUTE), ["l2vpnd"])


@pytest.mark.parametrize("daemon", tale.KILLED)
def test_a_daemon_of_the_other_end_that_is_killed_loses_no_frame(lab, daemon):
    at_home(lab)
    pacers = tale.both_ways(lab)
    tale.more_is_sent(lab, 300)
    lab.kill("PE2", daemon)
    tale.more_is_sent(lab, 300)
    lab.start("PE2", daemon)
    wait_for(lambda: [v["up"] for v in lab.rows("PE2", "display", "mpls", "l2vc")] == [True], "PE2's pseudowire", 240)
    tale.both_up(lab)
    assert tale.service(lab)["active"] == "PRIMARY", tale.service(lab)
    tale.more_is_sent(lab)
    tale.count_loss(Checks, pacers, 0, f"while PE2 was without {daemon}")
