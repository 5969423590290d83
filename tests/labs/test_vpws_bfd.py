"""Pseudowires that are watched: their far ends by BFD over several hops, and themselves on their control channels, by BFD and by `ping vc`. What
is dead is left at once, in the kernel and in the displays."""
import os
import re

import pytest
from penult import Lab, Topology, wait_for
from penultlab.capture import Capture, Pacer, count_loss, label_stack, sent_more

pytestmark = pytest.mark.mpls

HERE = os.path.dirname(os.path.realpath(__file__))


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "vpws-bfd")), build)
    try:
        lab.up()
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


def test_a_far_end_that_is_dead_is_left_and_gone_back_to(lab):
    carries(lab, "PRIMARY")
    lab.kill("PE2", "bfdd")
    try:
        carries(lab, "SECONDARY")
        assert service(lab)["switch_reason"] == "BFD says that 2.2.2.2 is dead", service(lab)
        dead = next(v for v in vcs(lab) if v["vc_id"] == 100)
        assert not dead["up"] and not dead["alive"] and dead["local_status"] & 0x18 == 0x18, dead
        answers(lab)
    finally:
        lab.start("PE2", "bfdd")
    carries(lab, "PRIMARY")
    answers(lab)


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


def test_a_pseudowire_that_is_broken_where_nobody_else_looks_is_left(lab):
    """LDP, the LSP and the far end are well: what PE2 would receive of this pseudowire alone is thrown away."""
    carries(lab, "PRIMARY")
    label = next(v["remote_label"] for v in vcs(lab) if v["vc_id"] == 100)
    lab.run("PE2", "tc", "filter", "add", "block", "20100", "pref", "1", "protocol", "mpls_uc", "flower", "mpls_label", str(label), "action", "drop")
    try:
        carries(lab, "SECONDARY")
        assert "BFD on its control channel says it is dead" in service(lab)["switch_reason"], service(lab)
        broken = next(v for v in vcs(lab) if v["vc_id"] == 100)
        assert not broken["up"] and broken["alive"] and broken["lsp"] and not broken["vccv_alive"], broken
        answers(lab)
    finally:
        lab.run("PE2", "tc", "filter", "del", "block", "20100", "pref", "1")
    carries(lab, "PRIMARY")
    answers(lab)


# --- bfdd itself ---


def counted(ok, text):
    assert ok, text


class Counted:
    check = staticmethod(counted)


def test_a_router_whose_bfdd_is_killed_goes_on_both_ways(lab):
    """The far ends hear nothing of it and say so. It knows why, and they have no other way to it."""
    carries(lab, "PRIMARY")
    switches = service(lab)["switches"]
    pacers = {"H1 to H2": Pacer(lab, "H1", "H2", "192.168.9.2"), "H2 to H1": Pacer(lab, "H2", "H1", "192.168.9.1")}
    sent_more(lab, "H1", "eth0", 500)
    lab.kill("PE1", "bfdd")
    wait_for(lambda: [v["remote_status"] & 0x18 for v in vcs(lab)] == [0x18, 0x18], "both far ends to say that they hear nothing", 60, last=lambda: vcs(lab))
    sent_more(lab, "H1", "eth0", 2000)
    here, there = vcs(lab)[0], lab.rows("PE2", "display", "mpls", "l2vc")[0]
    assert here["up"] and "disregarded" in here["warning"], here
    assert not there["up"] and there["active"] and there["trouble"], there
    lab.start("PE1", "bfdd")
    wait_for(lambda: [(v["remote_status"], v["vccv_alive"]) for v in vcs(lab)] == [(0, True)] * 2, "BFD to be well again", 120, last=lambda: vcs(lab))
    wait_for(lambda: lab.rows("PE2", "display", "mpls", "l2vc")[0]["up"], "PE2's pseudowire", 60)
    sent_more(lab, "H1", "eth0", 2000)
    count_loss(Counted, pacers, 0, "while PE1 was without bfdd")
    assert service(lab)["switches"] == switches, service(lab)
