"""Pseudowires that are watched: their far ends by BFD over several hops, and themselves on their control channels, by BFD and by `ping vc`. What
is dead is left at once, in the kernel and in the displays; what that costs is counted in packets, one each millisecond, both ways."""
import contextlib
import os
import re

import pytest
from paced import Pacers
from penult import Lab, Topology, wait_for
from penultlab.capture import Capture, label_stack

pytestmark = pytest.mark.mpls

HERE = os.path.dirname(os.path.realpath(__file__))
H1, H2 = "192.168.9.1", "192.168.9.2"
WIRE = "pe1-pe2"
# From the word of BFD until frames go by the other pseudowire: as CUT_MS of labs/vpws-secondary, in the emulated machine.
SWITCH_MS = 400
# They go back as soon as the primary is good (`immediately`): PE2 has to hear of that meanwhile, and stands still with the machine now and then.
RETURN_MS = 100


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "vpws-bfd")), build)
    try:
        lab.up()
        for host, other, address in (("H1", "H2", H2), ("H2", "H1", H1)):
            # What ARP loses while a pseudowire is broken would count as well.
            mac = lab.json(other, "ip", "-j", "link", "show", "eth0")[0]["address"]
            lab.run(host, "ip", "neigh", "replace", address, "lladdr", mac, "nud", "permanent", "dev", "eth0")
        wait_for(lambda: [v["up"] for v in vcs(lab)] == [True, True], "PE1's pseudowires", 180, last=lambda: [(v["vc_id"], v["trouble"]) for v in vcs(lab)])
        wait_for(lambda: [s["verdict"] for s in sessions(lab)] == ["ALIVE"] * 4, "PE1's sessions", 60, last=lambda: sessions(lab))
        yield lab
        lab.finish()
    finally:
        lab.close()


def vcs(lab):
    return lab.rows("PE1", "display", "mpls", "l2vc")


def sessions(lab):
    return lab.rows("PE1", "display", "bfd", "session", "all")


def service(lab):
    return lab.rows("PE1", "display", "mpls", "l2vpn", "service-name")[0]


def answers(lab):
    p = lab.run("H1", "ping", "-c", "5", "-i", "0.3", "-W", "5", "192.168.9.2", check=False)
    assert " 0% packet loss" in p.stdout, p.stdout


def carries(lab, role):
    wait_for(lambda: service(lab).get("carries") and service(lab).get("active", "PRIMARY") == role, f"the {role} pseudowire to carry frames", 60, last=lambda: service(lab))


def test_there_is_one_session_for_each_far_end_from_our_lsr_id(lab):
    rows = [r for r in sessions(lab) if not r["vccv_label"]]
    assert {r["peer"] for r in rows} == {"2.2.2.2", "3.3.3.3"}, rows
    assert all(r["source"] == "1.1.1.1" and r["multihop"] and r["clients"] == ["l2vpnd"] and r["min_tx_us"] == 300000 and r["multiplier"] == 5 for r in rows), rows
    answers(lab)


def detect_ms(lab, label=None):
    """How long BFD waits for a packet of PE2's, as agreed: over several hops, or on the pseudowire with this label of ours."""
    row = next(r for r in sessions(lab) if (r["vccv_label"] == label if label else r["peer"] == "2.2.2.2" and not r["vccv_label"]))
    return row["detect_us"] / 1000


@pytest.fixture
def pacers(lab):
    """Numbered packets both ways, begun and ended by the test."""
    with Pacers(lab, ("H1", H1), ("H2", H2)) as pacers:
        yield pacers


def test_a_far_end_that_is_dead_is_left_and_gone_back_to(lab, pacers):
    """Its bfdd is away, and that is all: no frame need be lost."""
    carries(lab, "PRIMARY")
    pacers.begin()
    lab.kill("PE2", "bfdd")
    try:
        carries(lab, "SECONDARY")
        pacers.lost(RETURN_MS, "when BFD said so")
        assert service(lab)["switch_reason"] == "BFD says that 2.2.2.2 is dead", service(lab)
        dead = next(v for v in vcs(lab) if v["vc_id"] == 100)
        assert not dead["up"] and not dead["alive"] and dead["local_status"] & 0x18 == 0x18, dead
        answers(lab)
        pacers.begin()
    finally:
        lab.start("PE2", "bfdd")
    carries(lab, "PRIMARY")
    pacers.lost(RETURN_MS, "in the return")
    answers(lab)


@contextlib.contextmanager
def lossy(lab):
    """What is on the line loses labelled packets and those of BFD over several hops, in both directions at one moment. LDP and OSPF pass, and so
    does the carrier."""
    shared = "action gact index 1"  # of all filters: one message changes it
    filters = [f"filter add dev {device} ingress pref {pref} protocol {kind} flower {key} {shared}" for device in lab.net.wire(WIRE)
               for pref, kind, key in ((1, "mpls_uc", ""), (2, "ip", "ip_proto udp dst_port 4784"))]
    lines = [f"qdisc add dev {device} clsact" for device in lab.net.wire(WIRE)] + ["actions add action gact ok index 1"] + filters
    lab.run("wires", "sh", "-c", "printf '%b' \"$1\" | tc -batch -", "sh", "\\n".join(lines) + "\\n")
    lab.run("wires", "tc", "actions", "replace", "action", "gact", "drop", "index", "1")
    try:
        yield
    finally:
        for device in lab.net.wire(WIRE):
            lab.run("wires", "tc", "qdisc", "del", "dev", device, "clsact")
        lab.run("wires", "tc", "actions", "flush", "action", "gact")


def test_a_far_end_that_only_bfd_finds_dead_is_left_within_the_detection_time(lab, pacers):
    """The detection time begins with the last packet of BFD's that came through (RFC 5880 6.8.4), and frames are lost no earlier than that. Both ends
    find out; which of them is the first, and whether PE1 hears it from its own BFD or from PE2, is chance."""
    carries(lab, "PRIMARY")
    detect = detect_ms(lab)
    assert detect == 1500
    pacers.begin()
    with lossy(lab):
        carries(lab, "SECONDARY")
        lost = pacers.lost(detect + SWITCH_MS, "until BFD said so")
        assert all(ms > detect / 2 for ms in lost.values()), f"somebody else saw it first: {lost}"
        assert service(lab)["switch_reason"] in ("BFD says that 2.2.2.2 is dead", "2.2.2.2 says: fault of its tunnel"), service(lab)
        dead = wait_for(lambda: next((v for v in vcs(lab) if v["vc_id"] == 100 and not v["alive"]), None), "BFD's word in the display", 60)
        assert dead["session"] and dead["lsp"] and not dead["up"] and dead["local_status"] & 0x18 == 0x18, dead
        pacers.begin()
    carries(lab, "PRIMARY")
    pacers.lost(RETURN_MS, "in the return")


# --- control channels ---


def on_channel(frames, label, kind):
    """Of these frames those on the associated channel of the pseudowire with this label at the bottom."""
    found = []
    for frame in frames:
        labels, at = label_stack(frame) or ([], 0)
        if labels and labels[-1] == label and frame[at:at + 4] == bytes.fromhex("1000") + kind.to_bytes(2, "big"):
            found.append(frame)
    return found


def ping(lab, vc_id, *words):
    return lab.run("PE1", os.path.join(lab.build, "bin", "l2vpnctl"), "-r", lab.run_dir("PE1"), "ping", "vc", "ethernet", str(vc_id), *words, check=False)


@pytest.mark.parametrize("mode", [2, 4], ids=["by UDP", "by the control channel"])
@pytest.mark.parametrize("peer, vc_id", [("2.2.2.2", 100), ("3.3.3.3", 200)], ids=["primary", "secondary"])
def test_each_pseudowire_answers_pings_on_its_control_channel(lab, peer, vc_id, mode):
    vc = next(v for v in vcs(lab) if v["vc_id"] == vc_id)
    with Capture(lab, "PE1", vc["out_interface"]) as wire, Capture(lab, "H2", "eth0") as customer:
        text = ping(lab, vc_id, "-c", "3", "-t", "10000", "reply-mode", str(mode), "remote", peer).stdout
    assert len(re.findall(rf"^    Reply from {re.escape(peer)}: bytes=100 Sequence=\d time=", text, re.M)) == 3 and "0.00% packet loss" in text, text
    assert len(on_channel(wire.frames, vc["remote_label"], 0x0021)) == 3, [f.hex() for f in wire.frames]
    assert len(on_channel(wire.frames, vc["local_label"], 0x0021)) == (3 if mode == 4 else 0)
    assert not [f for f in customer.frames if len(f) > 14 and f[12:14] not in (b"\x08\x06", b"\x86\xdd")], "the customer sees nothing of it"


def test_a_ping_through_a_pseudowire_that_is_not_there_says_so(lab):
    p = ping(lab, 999, "remote", "2.2.2.2")
    assert p.returncode == 1 and "999" in p.stderr, p


def test_each_pseudowire_has_a_session_on_its_control_channel(lab):
    labels = {v["local_label"]: v for v in vcs(lab)}
    rows = [r for r in sessions(lab) if r["vccv_label"]]
    assert {r["vccv_label"] for r in rows} == set(labels), rows
    assert all(r["vccv_encapsulation"] == 0x10 and r["clients"] == ["l2vpnd"] for r in rows), rows
    assert all(v["vccv_bfd"] and v["vccv_alive"] for v in labels.values()), labels


def test_a_pseudowire_that_is_broken_where_nobody_else_looks_is_left(lab, pacers):
    """LDP, the LSP and the far end are well: what PE2 would receive of this pseudowire alone is thrown away. PE2 is the first to know, and tells;
    of what comes back nothing need be lost but what PE2 does not send any more until PE1 has gone over."""
    carries(lab, "PRIMARY")
    label, ours = next((v["remote_label"], v["local_label"]) for v in vcs(lab) if v["vc_id"] == 100)
    detect = detect_ms(lab, ours)
    assert detect == 3000
    pacers.begin()
    lab.run("PE2", "tc", "filter", "add", "block", "20100", "pref", "1", "protocol", "mpls_uc", "flower", "mpls_label", str(label), "action", "drop")
    try:
        carries(lab, "SECONDARY")
        lost = pacers.lost({"H1 to H2": detect + SWITCH_MS, "H2 to H1": SWITCH_MS}, "until BFD said so")
        assert lost["H1 to H2"] > detect / 2, f"somebody else saw it first: {lost}"
        assert "BFD on its control channel says it is dead" in service(lab)["switch_reason"], service(lab)
        broken = next(v for v in vcs(lab) if v["vc_id"] == 100)
        assert not broken["up"] and broken["alive"] and broken["lsp"] and not broken["vccv_alive"], broken
        answers(lab)
        pacers.begin()
    finally:
        lab.run("PE2", "tc", "filter", "del", "block", "20100", "pref", "1")
    carries(lab, "PRIMARY")
    pacers.lost(RETURN_MS, "in the return")
    answers(lab)


# --- bfdd itself ---


def test_a_router_whose_bfdd_is_killed_goes_on_both_ways(lab, pacers):
    """The far ends hear nothing of it and say so. It knows why, and they have no other way to it."""
    carries(lab, "PRIMARY")
    switches = service(lab)["switches"]
    pacers.begin()
    lab.kill("PE1", "bfdd")
    wait_for(lambda: [v["remote_status"] & 0x18 for v in vcs(lab)] == [0x18, 0x18], "both far ends to say that they hear nothing", 60, last=lambda: vcs(lab))
    pacers.more(2000)
    here, there = vcs(lab)[0], lab.rows("PE2", "display", "mpls", "l2vc")[0]
    assert here["up"] and "disregarded" in here["warning"], here
    assert not there["up"] and there["active"] and there["trouble"], there
    lab.start("PE1", "bfdd")
    wait_for(lambda: [(v["remote_status"], v["vccv_alive"]) for v in vcs(lab)] == [(0, True)] * 2, "BFD to be well again", 120, last=lambda: vcs(lab))
    wait_for(lambda: lab.rows("PE2", "display", "mpls", "l2vc")[0]["up"], "PE2's pseudowire", 60)
    pacers.more(2000)
    pacers.lost(0, "while PE1 was without bfdd")
    assert service(lab)["switches"] == switches, service(lab)
