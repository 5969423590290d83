"""Pseudowires in the kernel: customers' frames over LSPs of LDP, with what l2vpnd would say said by a stand-in."""
import os
import re
import socket
import struct
import subprocess
import threading
import time

import pytest
from penult import Capture, Lab, Topology, wait_for
from penultlab.capture import ETH_P_ALL, ETH_P_MPLS, Pinger, label_stack
from penultlab.net import inside

pytestmark = pytest.mark.mpls

HERE = os.path.dirname(os.path.realpath(__file__))
AC, CORE = "GigabitEthernet0/3/0", "GigabitEthernet0/1/0"
FAR = "192.168.9.2"
# VC 100 is the primary between PE1 and PE2, VC 200 the secondary between PE1 and PE3.
TO2, TO3 = "2.2.2.2 100 600002 524288 cw", "3.3.3.3 200 600003 524289 cw"
FROM2, FROM3 = "1.1.1.1 100 524288 600002 cw", "1.1.1.1 200 524289 600003 cw"
MANY = 300
MAC = "02:00:00:00:09:02"


class Feed:
    """What l2vpnd would say to a router's fibd."""

    def __init__(self, lab, router):
        self.popen = lab.popen(router, [os.path.join(lab.build, "bin", "circuit_feed"), lab.run_dir(router)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def say(self, line):
        self.popen.stdin.write(f"{line}\n")
        self.popen.stdin.flush()
        assert self.popen.stdout.readline() == "done\n"


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "circuits")), build)
    try:
        lab.up()
        for host in ("H2", "H3"):
            lab.run(host, "ip", "link", "set", "eth0", "address", MAC)
        lab.feeds = {router: Feed(lab, router) for router in ("PE1", "PE2", "PE3")}
        lab.feeds["PE1"].say(f"{AC} 0 1, {TO2}, {TO3}")
        lab.feeds["PE2"].say(f"{AC} 0 1, {FROM2}")
        lab.feeds["PE3"].say(f"{AC} 0 1, {FROM3}")
        lab.turn = 1
        for router in lab.feeds:
            ready(lab, router)
        answers(lab, FAR)
        yield lab
        lab.finish()
    finally:
        lab.close()


class Monitor:
    """What a router's kernel says of its filters and actions."""

    def __init__(self, lab, router):
        self.lines = []
        self.popen = lab.popen(router, ["stdbuf", "-oL", "tc", "monitor"], stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=lambda: self.lines.extend(iter(self.popen.stdout.readline, "")), daemon=True)
        self.thread.start()

        def hears():  # what is done for it alone
            lab.run(router, "tc", "actions", "replace", "action", "gact", "pass", "index", "77")
            return [line for line in self.lines if "index 77" in line]

        wait_for(hears, "the monitor", last=lambda: self.lines)
        lab.run(router, "tc", "actions", "del", "action", "gact", "index", "77", check=False)

    def stop(self):
        self.popen.terminate()
        self.thread.join(30)
        last = max(i for i, line in enumerate(self.lines) if "index 77" in line)
        return "".join(self.lines[last + 1:])


def circuit(lab, router, interface=AC):
    rows = lab.rows(router, "display", "mpls", "circuit", "interface", interface)
    return rows[0] if rows else None


def ready(lab, router, interface=AC):
    """All that is wanted was seen in the kernel."""
    def is_so():
        c = circuit(lab, router, interface)
        return c and not c["trouble"] and all(p["sends"] and p["receives"] for p in c["paths"])

    wait_for(is_so, f"{router}'s circuit on {interface}", 180, last=lambda: circuit(lab, router, interface))


def active(lab, index, router="PE1"):
    wait_for(lambda: (c := circuit(lab, router)) and c["active"] == index, f"path {index} to be active", 60, last=lambda: circuit(lab, router))


def begin_turn(lab, index):
    lab.turn += 1
    lab.feeds["PE1"].say(f"{AC} {index} {lab.turn}, {TO2}, {TO3}")
    wait_for(lambda: circuit(lab, "PE1")["turn"] == lab.turn, "the turn", last=lambda: circuit(lab, "PE1"))
    active(lab, index)


def answers(lab, address, *more, source="H1"):
    out = ""

    def all_of_them():
        nonlocal out
        out = lab.run(source, "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", *more, address, check=False).stdout
        return " 0% packet loss" in out

    wait_for(all_of_them, f"answers from {address}", 30, last=lambda: out)


def received(lab, host):
    return lab.json(host, "ip", "-j", "-s", "link", "show", "eth0")[0]["stats64"]["rx"]["packets"]


def tunnel_label(lab, router, prefix):
    return int(lab.pushes(router, prefix)[0].split("/")[0])


# --- frames ---


def test_a_frame_has_the_tunnels_label_the_pseudowires_and_a_control_word(lab):
    with Capture(lab, "PE1", CORE) as capture:
        answers(lab, FAR)
    tunnel = tunnel_label(lab, "PE1", "2.2.2.2")
    stacks = [(label_stack(f), f) for f in capture.stop() if struct.unpack("!H", f[12:14])[0] == ETH_P_MPLS]
    sent = [(s, f) for s, f in stacks if s and s[0] == [tunnel, 600002]]
    back = [(s, f) for s, f in stacks if s and s[0] == [524288]]  # P pops for us
    assert len(sent) >= 3 and len(back) >= 3, [s for s, _ in stacks]
    for (labels, at), frame in sent + back:
        assert frame[at:at + 4] == bytes(4), "the control word"
        bottom = struct.unpack("!I", frame[at - 4:at])[0]
        assert bottom & 0xff in (255, 254, 253)
        assert frame[at + 4 + 12:at + 4 + 14] in (b"\x08\x00", b"\x08\x06", b"\x86\xdd"), "the customer's own frame"
    assert not [s for s, _ in stacks if s and 600003 in s[0]], "the second carries nothing"
    mine = lab.json("PE1", "ip", "-j", "link", "show", "ge0-1-0")[0]["address"]
    assert all(f[6:12] == bytes.fromhex(mine.replace(":", "")) for _, f in sent)


def test_full_size_frames_ipv6_and_vlan_tags_pass(lab):
    answers(lab, FAR, "-M", "do", "-s", "1472")
    for host, last in (("H1", 1), ("H2", 2)):
        lab.run(host, "ip", "-6", "address", "add", f"2001:db8:9::{last}/64", "dev", "eth0", "nodad")
        lab.run(host, "ip", "link", "add", "link", "eth0", "name", "eth0.5", "type", "vlan", "id", "5")
        lab.run(host, "ip", "address", "add", f"192.168.5.{last}/24", "dev", "eth0.5")
        lab.run(host, "ip", "link", "set", "eth0.5", "up")
    answers(lab, "2001:db8:9::2")
    answers(lab, "192.168.5.2", "-M", "do", "-s", "1472")


@pytest.mark.parametrize("name, to, payload", [("STP", "01:80:c2:00:00:00", b"\x00\x26\x42\x42\x03" + bytes(38)),
                                               ("LLDP", "01:80:c2:00:00:0e", b"\x88\xcc" + bytes(46)),
                                               ("another's", "02:00:00:00:77:77", b"\x99\x99" + bytes(46))])
def test_frames_that_a_bridge_would_keep_pass_too(lab, name, to, payload):
    frame = bytes.fromhex(to.replace(":", "")) + bytes.fromhex("020000000901") + payload
    with Capture(lab, "H2", "eth0") as capture:
        with inside(lab.net.namespace("H1")), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as s:
            s.bind(("eth0", 0))
            s.send(frame)
        wait_for(lambda: [f for f in capture.frames if f[:len(frame)] == frame], f"the {name} frame")


LLDP = bytes.fromhex("0180c200000e") + bytes.fromhex("020000000901") + b"\x88\xcc" + bytes(46)
LLDP_FAR = bytes.fromhex("0180c2000000") + LLDP[6:]  # to the nearest customer bridge
PDELAY = LLDP[:12] + b"\x88\xf7" + bytes(46)  # LLDP's address, and not LLDP
STP = bytes.fromhex("0180c2000000") + bytes.fromhex("020000000901") + b"\x00\x26\x42\x42\x03" + bytes(38)


def guards(lab, router="PE1"):
    return {g["protocol"]: g for g in circuit(lab, router)["guards"]}


def test_protocols_that_are_dropped_end_here_and_a_restart_changes_nothing(lab):
    marks = iter(range(1, 256))

    def arrive(*frames):
        """Which of these come out at the other end: they leave in this order, and one that is of no protocol leaves last."""
        mark = bytes.fromhex("020000007777") + bytes.fromhex("020000000901") + b"\x99\x99" + bytes([next(marks)]) * 46
        with Capture(lab, "H2", "eth0") as capture:
            with inside(lab.net.namespace("H1")), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as s:
                s.bind(("eth0", 0))
                for frame in (*frames, mark):
                    s.send(frame)
            wait_for(lambda: [f for f in capture.frames if f[:len(mark)] == mark], "the last frame")
        return [frame for frame in frames if any(f[:len(frame)] == frame for f in capture.frames)]

    def in_front():
        return "".join(f for f in re.split("^(?=filter )", filters(lab, "PE1"), flags=re.M) if " pref 2009" in f)

    def say(bits):
        lab.feeds["PE1"].say(f"{AC} 0 {lab.turn} drop={bits}, {TO2}, {TO3}")
        wait_for(lambda: len(guards(lab)) == bin(bits).count("1") and all(g["stands"] for g in guards(lab).values()), f"guards {bits}",
                 last=lambda: circuit(lab, "PE1"))

    every = [LLDP, LLDP_FAR, PDELAY, STP]
    assert arrive(*every) == every
    # Somebody else's, in the place of a guard that nobody wants.
    theirs = "dev ge0-3-0 ingress protocol arp pref 20090".split()
    lab.run("PE1", "tc", "filter", "add", *theirs, "flower", "arp_tip", "1.2.3.4", "action", "pass")
    say(8)
    try:
        assert arrive(*every) == [PDELAY, STP]
        wait_for(lambda: guards(lab)["lldp"]["packets"] == 2, "the count", last=lambda: guards(lab))
        assert "Drops lldp: yes, 2 frames" in lab.ctl("PE1", "display", "mpls", "circuit", "verbose")
        before = in_front()
        assert before.count("pref 20093 flower chain 0 handle 0x1") == 1, before
        lab.kill("PE1", "fibd")
        assert arrive(*every) == [PDELAY, STP]
        lab.start("PE1", "fibd")
        ready(lab, "PE1")
        wait_for(lambda: guards(lab).get("lldp", {}).get("stands"), "the guard to be known again", last=lambda: circuit(lab, "PE1"))
        assert in_front() == before, "it is the same filter, with the same actions"
        assert arrive(*every) == [PDELAY, STP]
        wait_for(lambda: guards(lab)["lldp"]["packets"] == 6, "the count to go on", last=lambda: guards(lab))
        say(24)
        assert arrive(*every) == [PDELAY]
        assert guards(lab)["stp"]["packets"] == 1
        say(16)
        assert arrive(*every) == [LLDP, LLDP_FAR, PDELAY]
    finally:
        say(0)
    assert arrive(*every) == every
    assert "pref 20090 " in lab.run("PE1", "tc", "filter", "show", "dev", "ge0-3-0", "ingress").stdout
    lab.run("PE1", "tc", "filter", "del", *theirs)
    answers(lab, FAR)


def test_the_host_of_the_attachment_circuit_sees_nothing(lab):
    """Not even while nothing can be sent."""
    lab.feeds["PE1"].say(f"{AC} 0 {lab.turn}, {TO2} off, {TO3} off")
    try:
        wait_for(lambda: circuit(lab, "PE1")["active"] not in (0, 1), "nobody to send", last=lambda: circuit(lab, "PE1"))
        lab.run("PE1", "ip", "address", "add", "192.168.9.99/24", "dev", "ge0-3-0")
        at = received(lab, "H2")
        lab.run("H1", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "1", "192.168.9.99", check=False)
        out = lab.run("H1", "ip", "neigh", "show", "192.168.9.99").stdout
        assert "lladdr" not in out, out
        assert received(lab, "H2") <= at + 2
    finally:
        lab.run("PE1", "ip", "address", "del", "192.168.9.99/24", "dev", "ge0-3-0", check=False)
        begin_turn(lab, 0)
    answers(lab, FAR)


def test_counters_count(lab):
    before = circuit(lab, "PE1")["paths"]
    answers(lab, FAR)
    after = circuit(lab, "PE1")["paths"]
    assert after[0]["sent_packets"] >= before[0]["sent_packets"] + 3 and after[0]["received_packets"] >= before[0]["received_packets"] + 3
    assert after[0]["sent_bytes"] > before[0]["sent_bytes"]
    assert after[1]["sent_packets"] == before[1]["sent_packets"]
    text = lab.ctl("PE1", "display", "mpls", "circuit", "verbose")
    assert "VC ID 100 to 2.2.2.2: active" in text and "VC ID 200 to 3.3.3.3: standby" in text, text


@pytest.mark.parametrize("how, labels", [("explicit-null", 1), ("non-null", 1)])
def test_labels_are_received_beneath_the_tunnels_too(lab, how, labels):
    """PE2 takes the tunnel's label off itself: an explicit null in the filter, any other in the kernel's routing."""
    def stacks():
        with Capture(lab, "PE2", CORE) as capture:
            lab.run("H1", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", FAR, check=False)
        return [s[0] for f in capture.stop() if (s := label_stack(f)) and 600002 in s[0]]

    lab.reconfigure("PE2", lambda text: text.replace("#\nmpls\n", f"#\nmpls\n label advertise {how}\n", 1), ["ldpd"])
    try:
        wait_for(lambda: (s := stacks()) and all(len(one) == 1 + labels and (one[0] == 0) == (how == "explicit-null") for one in s), how, 60, last=stacks)
        answers(lab, FAR, "-M", "do", "-s", "1472")
    finally:
        lab.reconfigure("PE2", lambda text: text.replace(f" label advertise {how}\n", ""), ["ldpd"])
    wait_for(lambda: (s := stacks()) and all(len(one) == 1 for one in s), "no label but the pseudowire's", 60, last=stacks)
    begin_turn(lab, 0)


# --- switches ---


def test_a_switch_back_and_forth_is_the_stand_ins_to_decide(lab):
    for index, host in ((1, "H3"), (0, "H2")):
        begin_turn(lab, index)
        at = received(lab, host)
        lab.run("H1", "ping", "-n", "-c", "5", "-i", "0.1", "-W", "1", FAR, check=False)
        assert received(lab, host) >= at + 3


def test_an_lsp_that_is_lost_leaves_for_the_second_and_its_return_changes_nothing(lab):
    begin_turn(lab, 0)
    monitor = Monitor(lab, "PE1")
    lab.net.cut("p-pe2")
    try:
        wait_for(lambda: circuit(lab, "PE1")["active"] == 1, "PE3", 120, last=lambda: circuit(lab, "PE1"))
        assert circuit(lab, "PE1")["moved_why"] == "the LSP to 2.2.2.2 is gone"
        at = received(lab, "H3")
        lab.run("H1", "ping", "-n", "-c", "5", "-i", "0.1", "-W", "1", FAR, check=False)
        assert received(lab, "H3") >= at + 3
        text = monitor.stop()
        assert text.count("Replaced action") == 1 and "filter" not in text, text
    finally:
        lab.net.cut("p-pe2", mended=True)
    wait_for(lambda: circuit(lab, "PE1")["paths"][0]["sends"], "the first path to be ready again", 180, last=lambda: circuit(lab, "PE1"))
    assert circuit(lab, "PE1")["active"] == 1
    begin_turn(lab, 0)
    answers(lab, FAR)


def test_bfd_over_several_hops_finds_a_provider_edge_that_is_dead(lab):
    """Its session has a source, which l2vpnd would ask for; here the configuration does. fibd means whatever session there is."""
    lab.turn += 1
    lab.feeds["PE1"].say(f"{AC} 0 {lab.turn}, {TO2} bfd, {TO3}")

    def state(router):
        return [s["state"] for s in lab.rows(router, "display", "bfd", "session", "all")]

    wait_for(lambda: state("PE1") == ["UP"], "the session", 60, last=lambda: state("PE1"))
    active(lab, 0)
    try:
        lab.kill("PE2", "bfdd")
        active(lab, 1)
        assert circuit(lab, "PE1")["moved_why"] == "BFD says that 2.2.2.2 is dead", circuit(lab, "PE1")
        assert not circuit(lab, "PE1")["paths"][0]["alive"]
        at = received(lab, "H3")
        lab.run("H1", "ping", "-n", "-c", "5", "-i", "0.1", "-W", "1", FAR, check=False)
        assert received(lab, "H3") >= at + 3
    finally:
        lab.start("PE2", "bfdd")
        wait_for(lambda: state("PE1") == ["UP"], "the session again", 60, last=lambda: state("PE1"))
        begin_turn(lab, 0)
    answers(lab, FAR)


def flags(lab, node, device):
    return lab.json(node, "ip", "-j", "link", "show", device)[0]["flags"]


def test_the_customer_loses_its_carrier_while_no_pseudowire_can_be_used_and_a_restart_keeps_it_so(lab):
    """A veth does not let its carrier be switched: the interface goes down instead, and comes back."""
    def customer(has):
        wait_for(lambda: ("LOWER_UP" in flags(lab, "H1", "eth0")) == has, f"H1's carrier {'back' if has else 'gone'}", 60,
                 last=lambda: circuit(lab, "PE1"))

    lab.turn += 1
    lab.feeds["PE1"].say(f"{AC} 0 {lab.turn} follows, {TO2}, {TO3}")
    wait_for(lambda: circuit(lab, "PE1")["turn"] == lab.turn, "the turn", last=lambda: circuit(lab, "PE1"))
    customer(True)
    lab.feeds["PE1"].say(f"{AC} 0 {lab.turn} follows, {TO2} off, {TO3} off")
    try:
        customer(False)
        assert "UP" not in flags(lab, "PE1", "ge0-3-0")
        c = circuit(lab, "PE1")
        assert c["up"] and not c["trouble"], "what we do ourselves is no fault"
        lab.kill("PE1", "fibd")
        lab.start("PE1", "fibd")
        wait_for(lambda: (c := circuit(lab, "PE1")) and len(c["paths"]) == 2 and all(p["receives"] and p["lsp"] for p in c["paths"]), "fibd to know",
                 120, last=lambda: circuit(lab, "PE1"))
        assert "LOWER_UP" not in flags(lab, "H1", "eth0")
        lab.feeds["PE1"].say(f"{AC} 0 {lab.turn} follows, {TO2}, {TO3}")
        customer(True)
        answers(lab, FAR)
    finally:
        begin_turn(lab, 0)
    answers(lab, FAR)


# --- restarts ---


def filters(lab, router):
    return lab.run(router, "tc", "filter", "show", "dev", "ge0-3-0", "ingress").stdout + lab.run(router, "tc", "filter", "show", "block", "20100").stdout


def test_a_fibd_that_is_killed_loses_no_frame_and_takes_over_what_is_there(lab):
    before = filters(lab, "PE1")
    assert before.count("mirred") >= 5, before
    ping = Pinger(lab, "H1", FAR, interval=0.02)
    lab.kill("PE1", "fibd")
    wait_for(lambda: ping.replies() >= 50, "pings while it is dead", last=ping.replies)
    lab.start("PE1", "fibd")
    ready(lab, "PE1")
    sent, lost = ping.stop()
    assert not lost, (sent, lost)
    assert filters(lab, "PE1") == before, "not one was written anew"
    assert circuit(lab, "PE1")["active"] == 0


def test_the_stand_in_may_die_and_its_rows_stay(lab):
    feed = lab.feeds["PE1"]
    ping = Pinger(lab, "H1", FAR, interval=0.02)
    feed.popen.kill()
    feed.popen.wait()
    wait_for(lambda: ping.replies() >= 20, "pings", last=ping.replies)
    lab.feeds["PE1"] = Feed(lab, "PE1")
    lab.feeds["PE1"].say(f"{AC} 0 {lab.turn}, {TO2}, {TO3}")
    ready(lab, "PE1")
    sent, lost = ping.stop()
    assert not lost, (sent, lost)


# --- other circuits ---


def test_what_somebody_else_has_put_there_stays(lab):
    lab.run("PE1", "tc", "filter", "add", "dev", "ge0-3-0", "ingress", "protocol", "arp", "pref", "5", "flower", "arp_tip", "1.2.3.4", "action", "pass")
    lab.run("PE1", "tc", "qdisc", "add", "dev", "lo", "root", "pfifo")
    begin_turn(lab, 1)
    begin_turn(lab, 0)
    assert "pref 5 " in lab.run("PE1", "tc", "filter", "show", "dev", "ge0-3-0", "ingress").stdout
    lab.run("PE1", "tc", "filter", "del", "dev", "ge0-3-0", "ingress", "pref", "5")


def test_filters_and_qdiscs_that_somebody_removes_come_back(lab):
    for line in ("filter del dev ge0-3-0 ingress", "qdisc del dev ge0-3-0 clsact", "qdisc del dev ge0-1-0 clsact"):
        lab.run("PE1", "tc", *line.split())
        wait_for(lambda: filters(lab, "PE1").count("mirred") >= 5, f"filters after {line}", 30, last=lambda: filters(lab, "PE1"))
        ready(lab, "PE1")
        answers(lab, FAR)


@pytest.mark.parametrize("tagged", [True, False])
def test_a_subinterface_keeps_its_tag_in_tagged_mode_and_raw_mode_does_without(lab, tagged):
    """VLAN 30 of H1 and VLAN 40 of H2: each end's own tag is what its site sees."""
    name, mode = AC + ".30", " tagged" if tagged else ""
    vlan = {"PE1": "30", "PE2": "40"}
    for router, host, last in (("PE1", "H1", 1), ("PE2", "H2", 2)):
        tag = vlan[router]
        lab.run(router, "ip", "link", "add", "link", "ge0-3-0", "name", "ge0-3-0.s", "type", "vlan", "id", tag)
        lab.run(router, "ip", "link", "set", "ge0-3-0.s", "alias", name)
        lab.run(router, "ip", "link", "set", "ge0-3-0.s", "up")
        lab.run(host, "ip", "link", "add", "link", "eth0", "name", "sub", "type", "vlan", "id", tag)
        lab.run(host, "ip", "address", "add", f"192.168.30.{last}/24", "dev", "sub")
        lab.run(host, "ip", "link", "set", "sub", "up")
        lab.feeds[router].say(f"gone {AC}")
    try:
        lab.feeds["PE1"].say(f"{name} 0 1{mode}, 2.2.2.2 300 600300 524300")
        lab.feeds["PE2"].say(f"{name} 0 1{mode}, 1.1.1.1 300 524300 600300")
        for router in vlan:
            ready(lab, router, name)
        with Capture(lab, "PE1", CORE) as capture:
            answers(lab, "192.168.30.2", "-M", "do", "-s", "1472")
        frames = [f for f in capture.stop() if (s := label_stack(f)) and s[0] and s[0][-1] in (600300, 524300)]
        types = {(s[0][-1], struct.unpack("!HH", f[s[1] + 12:s[1] + 16])) for f in frames if (s := label_stack(f))}
        if tagged:
            assert {(label, kind) for label, (kind, _) in types} == {(600300, 0x8100), (524300, 0x8100)}, types
            assert {(label, tag & 0xfff) for label, (_, tag) in types} == {(600300, 30), (524300, 40)}, types
        else:
            assert 0x8100 not in {kind for _, (kind, _) in types}, types
        mtu = circuit(lab, "PE1", name)["paths"][0]["mtu"]
        assert mtu == 9000 - 14 - 8 - (4 if tagged else 0)
    finally:
        for router, host in (("PE1", "H1"), ("PE2", "H2")):
            lab.feeds[router].say(f"gone {name}")
            lab.run(router, "ip", "link", "del", "ge0-3-0.s")
            lab.run(host, "ip", "link", "del", "sub")
        lab.feeds["PE2"].say(f"{AC} 0 1, {FROM2}")
        begin_turn(lab, 0)
    answers(lab, FAR)


def test_two_circuits_of_one_router_are_switched_to_each_other(lab):
    for end, last in (("a", 11), ("b", 12)):
        lab.run("PE3", "ip", "link", "add", f"ac{end}", "type", "veth", "peer", "name", f"ce{end}")
        lab.run("PE3", "ip", "link", "set", f"ac{end}", "up")
        lab.run("PE3", "ip", "netns", "add", f"ce{end}")
        lab.run("PE3", "ip", "link", "set", f"ce{end}", "netns", f"ce{end}")
        lab.run("PE3", "ip", "-n", f"ce{end}", "address", "add", f"192.168.7.{last}/24", "dev", f"ce{end}")
        lab.run("PE3", "ip", "-n", f"ce{end}", "link", "set", f"ce{end}", "up")
    try:
        lab.feeds["PE3"].say("aca 0 1 local=acb")
        lab.feeds["PE3"].say("acb 0 1 local=aca")

        def passes():
            return " 0% packet loss" in lab.run("PE3", "ip", "netns", "exec", "cea", "ping", "-c", "2", "-W", "1", "192.168.7.12", check=False).stdout

        wait_for(passes, "frames from one to the other", 30, last=lambda: circuit(lab, "PE3", "aca"))
    finally:
        for end in "ab":
            lab.feeds["PE3"].say(f"gone ac{end}")
            lab.run("PE3", "ip", "netns", "del", f"ce{end}", check=False)


def test_many_circuits_move_by_one_action(lab):
    lines = [f"link {what}" for i in range(MANY) for what in (f"add ac{i} type dummy", f"set ac{i} up")]
    lab.run("PE1", "sh", "-c", "printf '%b' \"$1\" | ip -batch -", "sh", "\\n".join(lines) + "\\n")
    start = time.monotonic()
    for i in range(MANY):
        lab.feeds["PE1"].say(f"ac{i} 0 1, 2.2.2.2 {i} {610000 + i} {530000 + i} cw, 3.3.3.3 {i} {620000 + i} {540000 + i} cw")

    def rows():
        return [r for r in lab.rows("PE1", "display", "mpls", "circuit") if r["interface"].startswith("ac")]

    def count(index):
        return sum(r["active"] == index and r["paths"][index]["sends"] for r in rows())

    try:
        wait_for(lambda: count(0) == MANY, "all of them", 120,
                 last=lambda: (count(0), [r for r in rows() if r["active"] != 0 or not r["paths"][0]["sends"]][:2]))
        print(f"{MANY} circuits after {time.monotonic() - start:.1f} s")
        monitor = Monitor(lab, "PE1")
        lab.net.cut("p-pe2")
        wait_for(lambda: count(1) == MANY, "all of them to have moved", 120, last=lambda: (count(0), count(1)))
        text = monitor.stop()
        assert text.count("Replaced action") == 1 and "filter" not in text, text[:3000]
    finally:
        lab.net.cut("p-pe2", mended=True)
        for i in range(MANY):
            lab.feeds["PE1"].say(f"gone ac{i}")
        lab.run("PE1", "sh", "-c", "printf '%b' \"$1\" | ip -batch -", "sh", "\\n".join(f"link del ac{i}" for i in range(MANY)) + "\\n")
    wait_for(lambda: not rows(), "their end", 60)
    wait_for(lambda: circuit(lab, "PE1")["paths"][0]["sends"], "the first path to be ready again", 180, last=lambda: circuit(lab, "PE1"))
    begin_turn(lab, 0)
    answers(lab, FAR)


def test_when_all_circuits_are_gone_nothing_of_ours_is_left(lab):
    lab.feeds["PE3"].say(f"gone {AC}")
    wait_for(lambda: "20100" not in lab.run("PE3", "tc", "qdisc", "show").stdout, "the block to go", 30,
             last=lambda: lab.run("PE3", "tc", "qdisc", "show").stdout)
    assert "mirred" not in lab.run("PE3", "tc", "filter", "show", "dev", "ge0-3-0", "ingress").stdout
    assert "gact" not in lab.run("PE3", "tc", "actions", "list", "action", "gact").stdout
    assert "PROMISC" not in lab.run("PE3", "ip", "link", "show", "ge0-3-0").stdout
    lab.feeds["PE3"].say(f"{AC} 0 2, {FROM3}")
    ready(lab, "PE3")
