"""labs/vpws-secondary beyond its story: every kind of frame, the failures that it does not tell of, the other policies of return, the modes of
redundancy, a bypass, local switching, and a carrier that follows."""
import contextlib
import importlib.util
import os
import socket

import pytest
from paced import Checks, Pacers
from penult import Capture, Lab, LabError, Topology, wait_for
from penultlab.net import inside

pytestmark = pytest.mark.mpls

FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "labs", "vpws-secondary")
spec = importlib.util.spec_from_file_location("vpws_story", os.path.join(FOLDER, "story.py"))
tale = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tale)

REROUTE = " mpls l2vpn reroute delay 10 resume 0\n"
SECONDARY = " mpls l2vc 3.3.3.3 200 control-word secondary\n"
# Lines that the story does not need: one from PE3 to each customer's own router for local switching, and a third one to the switch.
MORE = ["link PE3 GigabitEthernet0/4/0 CE1 eth1", "link PE3 GigabitEthernet0/5/0 CE2 eth1", "link PE3 GigabitEthernet0/6/0 S p4"]
# What an emulated machine may lose of frames that nobody drops, for it stands still now and then: as the story has it.
NONE_MS = 100 if tale.EMULATED else 0


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(FOLDER, MORE), build)
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
            tale.more_is_sent(lab, 1000)
            assert tale.service(lab)["active"] == "SECONDARY" and not tale.service(lab)["wait_s"], tale.service(lab)  # nothing is waited for
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


# --- other rules, each for one test ---


@contextlib.contextmanager
def configured(lab, **edits):
    """Routers' configurations are others for a while: {router: edit(text) -> text}."""
    daemons, before = ["fibd", "l2vpnd"], {}
    try:
        for router, edit in edits.items():
            before[router] = lab.reconfigure(router, edit, daemons)
        yield
    finally:
        for router, text in before.items():
            lab.reconfigure(router, lambda _, text=text: text, daemons)


def rules(*lines):
    """PE1's, in the place of the policy of return that the story has."""
    return lambda text: text.replace(REROUTE, "".join(f" {line}\n" for line in lines))


def with_interface(name, *lines):
    """Further lines before the loopback, for an interface that the story does not have."""
    view = "".join(f"{line}\n" for line in (f"interface {name}", " undo shutdown", *lines, "#"))
    return lambda text: text.replace("interface LoopBack1\n", f"{view}interface LoopBack1\n")


@pytest.fixture
def pacers(lab):
    with Pacers(lab, ("CE1", tale.CE1), ("CE2", tale.CE2)) as pacers:
        yield pacers


def far_line(lab, good):
    """PE3's line to the customer's switch is lost, or good again."""
    lab.run("S", "ip", "link", "set", "p3", "up" if good else "down")


def vc(lab, router, vc_id):
    return tale.vcs(lab, router).get(vc_id, {})


def wait_vc(lab, router, vc_id, **fields):
    wait_for(lambda: fields.items() <= vc(lab, router, vc_id).items(), f"{router}'s pseudowire {vc_id} to have {fields}", 60,
             last=lambda: vc(lab, router, vc_id))


def copies(lab, source, sink):
    """How many frames arrive for each that is sent to all: one for each pseudowire whose both ends forward."""
    count, frame = 20, b"\xff" * 6 + bytes.fromhex("0200000000aa88b5") + b"penult" * 8
    with Capture(lab, sink, device="eth0") as wire:
        with inside(lab.net.namespace(source)), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind(("eth0", 0))
            for _ in range(count):
                s.send(frame)
        answers(lab, tale.CE2)  # behind them
    arrived = sum(f[:len(frame)] == frame for f in wire.frames)
    assert arrived % count == 0, arrived
    return arrived // count


def test_the_bypass_carries_what_neither_of_the_others_can(lab, pacers):
    at_home(lab)
    bypass = "GigabitEthernet0/6/0"
    here = rules("mpls l2vpn reroute immediately resume 0", "mpls l2vc 3.3.3.3 300 control-word bypass")
    with configured(lab, PE1=here, PE3=with_interface(bypass, " mpls l2vc 1.1.1.1 300 control-word")):
        wait_vc(lab, "PE1", 300, up=True, active=False, role="BYPASS")
        lab.net.cut("pe2-s")
        try:
            tale.on(lab, "SECONDARY", "frames to go to PE3")
            before = tale.sent_by(lab, 300)
            pacers.begin()
            assert tale.sent_by(lab, 300) == before == 0, "of two backups that are good the secondary is used"
            far_line(lab, False)
            tale.on(lab, "BYPASS", "frames to go to PE3 by the third pseudowire")
            pacers.lost(tale.CUT_MS, "when the secondary was lost as well")
            assert tale.service(lab)["switch_reason"] == "3.3.3.3 says: fault of its attachment circuit", tale.service(lab)
            assert tale.sent_by(lab, 300) > 400 and vc(lab, "PE1", 300)["active"]
            pacers.begin()
            far_line(lab, True)
            tale.on(lab, "SECONDARY", "frames to leave the bypass for the secondary")
            assert "better backup than the bypass" in tale.service(lab)["switch_reason"], tale.service(lab)
        finally:
            far_line(lab, True)
            lab.net.cut("pe2-s", mended=True)
        tale.on(lab, "PRIMARY", "frames to go back to PE2")
        pacers.lost(NONE_MS, "when better ones were good again")
    wait_for(lambda: 300 not in tale.vcs(lab), "the end of the bypass", 60)


def test_a_masters_word_opens_one_end_and_shuts_the_other(lab, pacers):
    """In mode frr nobody is told which pseudowire is used, and PE3 sends what its customer sends; a master has it wait (RFC 6870 5.1)."""
    at_home(lab)
    assert copies(lab, "CE2", "CE1") == 2
    with configured(lab, PE1=rules("mpls l2vpn redundancy master", "mpls l2vpn reroute immediately")):
        wait_vc(lab, "PE3", 200, up=False, remote_status=0x20, trouble="1.1.1.1 says: standby")
        assert vc(lab, "PE1", 200)["up"] and vc(lab, "PE2", 100)["up"]
        assert copies(lab, "CE2", "CE1") == 1
        pacers.begin()
        lab.net.cut("pe2-s")
        try:
            tale.on(lab, "SECONDARY", "frames to go to PE3")
            pacers.lost(tale.CUT_MS, "in the failure")
            wait_vc(lab, "PE3", 200, up=True, remote_status=0)
            wait_vc(lab, "PE2", 100, up=False, remote_status=0x20)
            pacers.begin()
        finally:
            lab.net.cut("pe2-s", mended=True)
        tale.on(lab, "PRIMARY", "frames to go back to PE2")
        pacers.lost(tale.CUT_MS, "until PE2 had heard that its customer's frames may go")
        wait_vc(lab, "PE3", 200, up=False, remote_status=0x20)
        assert copies(lab, "CE2", "CE1") == 1
    wait_vc(lab, "PE3", 200, up=True, remote_status=0)


def test_the_end_that_a_master_tells_goes_where_the_master_goes(lab, pacers):
    """PE2 has two pseudowires to PE1 and says which one is used. In mode independent PE1 may ask for the other, in mode slave it may not. Frames are
    taken from both pseudowires, so none is lost, whichever end is the first."""
    at_home(lab)
    two, mode = " mpls l2vc {} {} control-word{}\n", " mpls l2vpn redundancy {}\n"
    to_secondary = ("switch", "mpls", "l2vpn", "service-name", "gold", "secondary")
    with configured(lab, PE1=lambda text: rules("mpls l2vpn redundancy independent")(text.replace(SECONDARY, two.format("2.2.2.2", 101, " secondary"))),
                    PE2=lambda text: text.replace(two.format("1.1.1.1", 100, ""), two.format("1.1.1.1", 100, "") + two.format(
                        "1.1.1.1", 101, " secondary") + mode.format("master"))):
        wait_vc(lab, "PE2", 101, up=True, active=False)
        wait_vc(lab, "PE1", 101, up=False, good=False, remote_status=0x20, trouble="2.2.2.2 says: standby")
        tale.on(lab, "PRIMARY", "frames to go by the first")
        pacers.begin()
        lab.ctl("PE1", *to_secondary)
        tale.on(lab, "SECONDARY", "frames to go by the second")
        wait_for(lambda: tale.service(lab, "PE2")["active"] == "SECONDARY", "those of PE2 as well", 60)
        assert tale.service(lab, "PE2")["switch_reason"] == "1.1.1.1 has asked for it", tale.service(lab, "PE2")
        wait_vc(lab, "PE1", 100, up=False, remote_status=0x20)
        wait_vc(lab, "PE1", 101, up=True, remote_status=0, local_status=0)  # it does not ask any more
        before = tale.sent_by(lab, 100)
        pacers.more()
        assert tale.sent_by(lab, 100) == before
        lab.reconfigure("PE1", lambda text: text.replace(mode.format("independent"), mode.format("slave")), ["l2vpnd"])
        wait_for(lambda: tale.service(lab)["mode"] == "SLAVE", "the other mode", 60)
        with pytest.raises(LabError, match="in redundancy mode slave the other end decides"):
            lab.ctl("PE1", *to_secondary[:-1], "primary")
        lab.ctl("PE2", *to_secondary[:-1], "primary")
        tale.on(lab, "PRIMARY", "frames to go by the first again")
        pacers.lost(NONE_MS, "when the master moved them and back")
    tale.both_up(lab)


def test_a_failure_shorter_than_the_hold_off_moves_nothing_and_a_longer_one_does(lab, pacers):
    at_home(lab)
    hold_ms = 5000
    mac = lab.json("CE2", "ip", "-j", "link", "show", "eth0")[0]["address"]
    with configured(lab, PE1=rules("mpls l2vpn holdoff 5", "mpls l2vpn reroute immediately resume 0")):
        wait_for(lambda: tale.service(lab)["hold_off_s"] == 5, "the hold-off", 60)
        before, switches = tale.sent_by(lab, 200), tale.service(lab)["switches"]
        lab.run("CE1", "ip", "neigh", "replace", tale.CE2, "lladdr", mac, "nud", "permanent", "dev", "eth0")  # ARP is no part of it
        try:
            pacers.begin()
            lab.net.cut("pe2-s")
            wait_for(lambda: tale.service(lab)["state"] == "HOLD_OFF", "PE1 to wait", 60, last=lambda: tale.service(lab))
            pacers.more(300)
            lab.net.cut("pe2-s", mended=True)
            tale.on(lab, "PRIMARY", "frames to go to PE2 again")
            wait_for(lambda: tale.service(lab)["state"] == "ON_PRIMARY", "the wait to be over", 60, last=lambda: tale.service(lab))
            lost = pacers.lost({"CE1 to CE2": hold_ms, "CE2 to CE1": tale.CUT_MS}, "while the primary was waited for")
            assert lost["CE1 to CE2"] > 200, "they waited for it"
            assert tale.sent_by(lab, 200) == before and tale.service(lab)["switches"] == switches
            pacers.begin()
            lab.net.cut("pe2-s")
            tale.on(lab, "SECONDARY", "frames to go to PE3")
            lost = pacers.lost({"CE1 to CE2": hold_ms + tale.CUT_MS, "CE2 to CE1": tale.CUT_MS}, "until the wait was over")
            assert lost["CE1 to CE2"] > hold_ms * 0.8, "it waited to the end"
            assert "was not back within 5 s: 2.2.2.2 says: fault of its attachment circuit" in tale.service(lab)["switch_reason"], tale.service(lab)
        finally:
            lab.net.cut("pe2-s", mended=True)
            lab.run("CE1", "ip", "neigh", "del", tale.CE2, "dev", "eth0")
        tale.on(lab, "PRIMARY", "frames to go back to PE2")


def test_the_secondarys_end_is_not_told_that_all_is_well_before_resume_is_over(lab, pacers):
    """Frames go back, and for so long PE3 holds that PE1 does not forward, and sends nothing of its customer's."""
    at_home(lab)
    with configured(lab, PE1=rules("mpls l2vpn reroute immediately resume 5")):
        lab.net.cut("pe2-s")
        try:
            tale.on(lab, "SECONDARY", "frames to go to PE3")
            wait_vc(lab, "PE3", 200, up=True, remote_status=0)
            pacers.begin()
        finally:
            lab.net.cut("pe2-s", mended=True)
        tale.on(lab, "PRIMARY", "frames to go back to PE2")
        wait_vc(lab, "PE3", 200, up=False, remote_status=1, trouble="1.1.1.1 says: not forwarding")
        resuming = tale.service(lab)
        assert resuming["state"] == "RESUME_WAIT" and resuming["wait_s"] == 5, resuming
        assert vc(lab, "PE2", 100)["up"]
        assert copies(lab, "CE2", "CE1") == 1
        wait_vc(lab, "PE3", 200, up=True, remote_status=0)
        assert tale.service(lab)["state"] == "ON_PRIMARY", tale.service(lab)
        pacers.lost(NONE_MS, "in the return")
        assert copies(lab, "CE2", "CE1") == 2


def has_carrier(lab, host):
    return "LOWER_UP" in lab.json(host, "ip", "-j", "link", "show", "eth0")[0]["flags"]


def test_the_customer_has_no_carrier_while_no_pseudowire_can_be_used(lab, pacers):
    """Veth interfaces do not let their carrier be switched: PE1's is taken down, and CE1 sees the same."""
    at_home(lab)
    with configured(lab, PE1=rules("mpls l2vpn trigger if-down", "mpls l2vpn reroute immediately resume 0")):
        wait_for(lambda: tale.service(lab)["carrier_follows"], "the rule", 60)
        pacers.begin()
        lab.net.cut("pe2-s")
        try:
            tale.on(lab, "SECONDARY", "frames to go to PE3")
            pacers.lost(tale.CUT_MS, "when one of two far lines was lost")
            assert has_carrier(lab, "CE1")
            far_line(lab, False)
            wait_for(lambda: not has_carrier(lab, "CE1"), "CE1 to lose its carrier", 60)
            row = lab.rows("PE1", "display", "mpls", "circuit", "interface", tale.AC)[0]
            assert row["held"] and row["up"], row
            assert {v["local_status"] for v in tale.vcs(lab).values()} == {0}, "what we do ourselves is no fault of the circuit"
            far_line(lab, True)
            wait_for(lambda: has_carrier(lab, "CE1"), "CE1 to have a carrier again", 60)
            tale.on(lab, "SECONDARY", "frames to go to PE3")
            answers(lab, tale.CE2)
        finally:
            far_line(lab, True)
            lab.net.cut("pe2-s", mended=True)
        tale.on(lab, "PRIMARY", "frames to go back to PE2")
    answers(lab, tale.CE2)


def test_two_circuits_of_one_router_are_switched_to_each_other(lab):
    first, second, one, two = "GigabitEthernet0/4/0", "GigabitEthernet0/5/0", "192.168.7.1", "192.168.7.2"
    for host, address in (("CE1", one), ("CE2", two)):
        lab.run(host, "ip", "address", "add", f"{address}/24", "dev", "eth1")

    def site():
        rows = lab.rows("PE3", "display", "mpls", "l2vpn", "service-name", "site")
        return rows[0] if rows else {}

    def passes():
        return " 0% packet loss" in lab.run("CE1", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", two, check=False).stdout

    def edit(text):
        text = with_interface(first, " mpls l2vpn service-name site")(with_interface(second)(text))
        return text.replace("interface LoopBack1\n", f"ccc site interface {first} out-interface {second}\n#\ninterface LoopBack1\n")

    with configured(lab, PE3=edit):
        wait_for(lambda: site().get("up"), "local switching to be up", 60, last=site)
        wait_for(passes, "frames from one to the other", 60, last=site)
        assert site()["local"] == second and site()["circuit_up"], site()
        with Pacers(lab, ("CE1", one), ("CE2", two), device="eth1") as pacers:
            pacers.begin()
            for daemon in ("l2vpnd", "fibd"):
                lab.kill("PE3", daemon)
                pacers.more(300)
                lab.start("PE3", daemon)
                wait_for(lambda: site().get("up"), "local switching to be up", 60, last=site)
            pacers.lost(0, "while PE3 was without one daemon and the other")
        lab.run("CE2", "ip", "link", "set", "eth1", "down")  # the other circuit's line
        wait_for(lambda: not site()["up"], "the service to be down", 60, last=site)
        assert site()["circuit_up"], site()
        lab.run("CE2", "ip", "link", "set", "eth1", "up")
        wait_for(lambda: site()["up"], "the service to be up again", 60, last=site)
        wait_for(passes, "frames from one to the other", 60, last=site)
    wait_for(lambda: not site(), "the end of local switching", 60)
    assert not passes()
