"""LSP ping through a pseudowire's control channel: l2vpnd's sockets, its command, and what others read in its packets.

helper/vccv_feed.c stands for fibd and ldpd, and a pair of devices of the test's own for fibd's vccv0: what l2vpnd sends there
the test takes from the other end, and carries to the other router under the label that this one gave.
"""
import contextlib
import os
import re
import select
import signal
import socket
import struct
import subprocess
import threading

import pytest
from penult import Lab, Topology, inside, wait_for

HERE = os.path.dirname(os.path.realpath(__file__))
ADDRESS = {"R1": "10.0.12.1", "R2": "10.0.12.2"}
OTHER = {"R1": "R2", "R2": "R1"}
MPLS = 0x8847
WORD, ALERT = 1, 2
PING = ("ping", "vc", "ethernet", "100", "-m", "1")
WHOLE = re.compile(r"""PW Ping FEC 128 PSEUDOWIRE\. Type = ethernet, ID = 100: 100  data bytes, press CTRL_C to break
((?:    Reply from 10\.0\.12\.2: bytes=100 Sequence=\d time=(?:<1|\d+) ms\n){5})
  --- FEC 128 PSEUDOWIRE\. Type = ethernet, ID = 100 ping statistics ---
    5 packet\(s\) transmitted
    5 packet\(s\) received
    0\.00% packet loss
round-trip min/avg/max = (?:<1|\d+)/(?:<1|\d+)/(?:<1|\d+) ms

""")


class Router:
    """A router without its fibd and ldpd: vccv0 and vccv1, and the feed."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.feed = lab.popen(name, [os.path.join(lab.build, "tests", "helper", "vccv_feed"), "-r", lab.run_dir(name)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lab.run(name, "ip", "address", "add", ADDRESS[name] + "/24", "dev", "ge0-1-0")
        self.make_device()
        self.hear()

    def make_device(self):
        self.lab.run(self.name, "ip", "link", "add", "vccv0", "type", "veth", "peer", "name", "vccv1")
        for device in ("vccv0", "vccv1"):
            self.lab.run(self.name, "ip", "link", "set", device, "up", "addrgenmode", "none", "arp", "off")
        self.say("device")

    def say(self, line):
        self.feed.stdin.write(line + "\n")
        self.feed.stdin.flush()
        assert self.feed.stdout.readline() == "done\n"

    def hear(self, cc=7, cv=2, word="cw"):
        """What the other end has told."""
        self.say(f"end 4000 {cc} {cv} {word}")

    def vc(self):
        rows = self.lab.rows(self.name, "display", "mpls", "l2vc")
        return rows[0] if rows else {}

    def wait_channel(self, channel):
        wait_for(lambda: self.vc().get("control_channel") == channel, f"control channel {channel}", last=self.vc)

    def far_end(self):
        """fibd's end of the devices."""
        with inside(self.lab.namespace(self.name)):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(MPLS))
            s.bind(("vccv1", MPLS))
        s.settimeout(30)
        return s

    def command(self, *words):
        return [os.path.join(self.lab.build, "bin", "l2vpnctl"), "-r", self.lab.run_dir(self.name), *words]

    def ping(self, *words):
        return self.lab.run(self.name, *self.command(*words), check=False, timeout=60)


class Tunnel:
    """Carries frames from one router to the other, as two kernels with an LSP between them would."""

    def __init__(self, routers, lost=lambda frame: False, relabel=lambda label: label):
        self.routers, self.lost, self.relabel = routers, lost, relabel
        self.frames = []
        self.ends = {name: r.far_end() for name, r in routers.items()}
        self.labels = {name: r.vc()["local_label"] for name, r in routers.items()}
        self.wake, self.stop = os.pipe()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def carry(self, name):
        frame = self.ends[name].recv(65536)
        entry, = struct.unpack("!I", frame[14:18])
        assert entry >> 12 == self.labels[name] and entry & 0x100, "our label, and nothing behind it"
        self.frames.append(frame)
        if self.lost(frame):
            return
        label = self.relabel(self.labels[OTHER[name]])
        self.ends[OTHER[name]].send(frame[:14] + struct.pack("!I", label << 12 | 0x100 | 1) + frame[18:])

    def run(self):
        names = {s: n for n, s in self.ends.items()}
        while True:
            ready, _, _ = select.select([self.wake, *names], [], [])
            if self.wake in ready:
                return
            for s in ready:
                self.carry(names[s])

    def close(self):
        os.close(self.stop)
        self.thread.join()
        os.close(self.wake)
        for s in self.ends.values():
            s.close()


@pytest.fixture
def routers(build):
    with Lab(Topology(os.path.join(HERE, "labs", "vccv")), build) as lab:
        made = {name: Router(lab, name) for name in ("R1", "R2")}
        for r in made.values():
            r.wait_channel(WORD)
        yield made


@contextlib.contextmanager
def tunnel(routers, **kw):
    t = Tunnel(routers, **kw)
    try:
        yield t
    finally:
        t.close()


def decoded(frames, path, *filters):
    """What tshark reads in Ethernet frames; `filters`: which of them it is to find."""
    with open(path, "wb") as f:
        f.write(struct.pack("!IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            f.write(struct.pack("!IIII", 0, 0, len(frame), len(frame)) + frame)
    p = subprocess.run(["tshark", "-n", "-r", path, "-V", *filters], capture_output=True, text=True, check=True, timeout=60)
    return p.stdout


@pytest.mark.parametrize("mode", ["2", "3", "4"])
@pytest.mark.parametrize("channel", [WORD, ALERT])
def test_two_ends_answer_each_other(routers, channel, mode, tmp_path):
    if channel == ALERT:
        for r in routers.values():
            r.hear(word="")
            r.wait_channel(ALERT)
    with tunnel(routers) as t:
        p = routers["R1"].ping(*PING, "reply-mode", mode)
    assert (p.returncode, p.stderr) == (0, "") and WHOLE.fullmatch(p.stdout), (p, p.stdout)
    assert [int(n) for n in re.findall(r"Sequence=(\d)", p.stdout)] == [1, 2, 3, 4, 5]
    assert len(t.frames) == (10 if mode == "4" else 5)
    rows = routers["R2"].lab.rows("R2", "display", "mpls", "l2vpn", "vccv", "statistics")
    assert [(r["vc_id"], r["answered"], r["refused"], r["malformed"]) for r in rows] == [(100, 5, 0, 0)], rows
    routers["R2"].lab.ctl("R2", "reset", "mpls", "l2vpn", "vccv", "statistics")
    assert [r["answered"] for r in routers["R2"].lab.rows("R2", "display", "mpls", "l2vpn", "vccv", "statistics")] == [0]
    text = decoded(t.frames, str(tmp_path / "frames.pcap"))
    assert text.count("Multiprotocol Label Switching Echo") == len(t.frames), text
    assert text.count("Message Type: MPLS Echo Request (1)") == 5
    assert text.count("Message Type: MPLS Echo Reply (2)") == len(t.frames) - 5
    assert "Malformed" not in text and "Bad checksum" not in text and "incorrect" not in text, text
    assert text.count("FEC 128 Pseudowire") >= len(t.frames)
    first = text[:text.find("Frame 2:")]
    for line in ("Sender's PE Address: 10.0.12.1", "Remote PE Address: 10.0.12.2", "VC ID: 100", "Encapsulation: Ethernet (5)",
                 "Router Alert", "Time to Live: 1", "Destination Address: 127.0.0.1"):
        assert line in first, first
    assert ("Channel Type: IPv4 packet (0x0021)" in first) == (channel == WORD), first


def test_replies_by_udp_have_the_option_that_is_asked_for(routers, tmp_path):
    with inside(routers["R2"].lab.namespace("R2")):
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        link.bind(("ge0-1-0", 0x0800))
    link.settimeout(30)
    with inside(routers["R1"].lab.namespace("R1")):
        heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        heard.bind(("ge0-1-0", 0x0800))
    heard.settimeout(30)
    for mode in ("2", "3"):
        with tunnel(routers):
            assert routers["R1"].ping(*PING, "-c", "1", "reply-mode", mode).returncode == 0
        frame = heard.recv(2000)
        assert frame[14] == (0x45 if mode == "2" else 0x46), frame.hex()
        text = decoded([frame], str(tmp_path / "frame.pcap"))
        assert "Source Port: 3503" in text and "Message Type: MPLS Echo Reply (2)" in text and "Time to Live: 255" in text, text
        assert ("Router Alert" in text) == (mode == "3")
    link.close()
    heard.close()


def test_what_is_lost_times_out_and_is_counted(routers):
    count = iter(range(100))
    with tunnel(routers, lost=lambda frame: next(count) % 2 == 0):
        p = routers["R1"].ping(*PING, "-c", "4", "-t", "300")
    assert p.returncode == 0, p
    assert re.findall(r"    (Request time out|Reply)", p.stdout) == ["Request time out", "Reply"] * 2, p
    assert "4 packet(s) transmitted\n    2 packet(s) received\n    50.00% packet loss\n" in p.stdout, p
    with tunnel(routers, lost=lambda frame: True):
        p = routers["R1"].ping(*PING, "-c", "2", "-t", "100")
    assert p.returncode == 1 and "100.00% packet loss\n\n" in p.stdout, p


def test_another_pseudowires_label_is_told_by_the_other_end(routers):
    with tunnel(routers, relabel=lambda label: label + 1):
        p = routers["R1"].ping(*PING, "-c", "1")
    assert p.returncode == 1 and "return code 11: it has no such label" in p.stdout and "1 of them refused" in p.stdout, p


def test_a_long_echo_goes_through_or_says_why_not(routers):
    with tunnel(routers) as t:
        p = routers["R1"].ping(*PING, "-c", "1", "-s", "1400", "reply-mode", "4")
        assert p.returncode == 0 and "bytes=1400" in p.stdout, p
        assert [len(f) for f in t.frames] == [1400 + 14 + 4 + 4 + 24 + 8, 1400 + 14 + 4 + 4 + 20 + 8]
        p = routers["R1"].ping(*PING, "-c", "1", "-s", "1480")
        assert p.returncode == 1 and p.stderr == "l2vpnctl: the echo cannot be sent: Message too long\n", p


def test_who_cannot_be_pinged_is_said(routers):
    r = routers["R1"]
    for words, text in (
        (("vlan", "100"), "there is no vlan pseudowire with VC ID 100"),
        (("ethernet", "100", "remote", "9.9.9.9"), "there is no ethernet pseudowire with VC ID 100 to 9.9.9.9"),
        (("ethernet", "100", "label-alert"), "the control channel to 10.0.12.2 is not the router alert label but the control word"),
    ):
        p = r.ping("ping", "vc", *words)
        assert (p.returncode, p.stderr) == (1, f"l2vpnctl: {text}\n") and "transmitted" not in p.stdout, p
    r.hear(0, 0)
    r.wait_channel(0)
    assert r.ping(*PING).stderr == "l2vpnctl: 10.0.12.2 told no VCCV\n"
    r.hear()
    r.wait_channel(WORD)
    r.say("channel off")
    wait_for(lambda: r.ping(*PING).stderr == "l2vpnctl: the control channel to 10.0.12.2 was not seen in the kernel yet\n", "a channel that is not there")
    shown = r.lab.ctl("R1", "display", "mpls", "l2vc", "verbose")
    assert "VCCV in use           : control word: lsp-ping\n" in shown, shown


def test_a_device_made_anew_is_used_again(routers):
    with tunnel(routers):
        assert routers["R1"].ping(*PING).returncode == 0
    for r in routers.values():
        r.lab.run(r.name, "ip", "link", "delete", "vccv0")
    for r in routers.values():
        r.say("device")
    r = routers["R1"]
    wait_for(lambda: r.ping(*PING).stderr == "l2vpnctl: fibd has no device vccv0 for control channels yet\n", "the device to be missed")
    for r in routers.values():
        r.make_device()
    with tunnel(routers):
        wait_for(lambda: routers["R1"].ping(*PING, "-t", "500", "reply-mode", "4").returncode == 0, "a ping by the new devices")


def test_l2vpnd_serves_others_while_a_ping_waits_and_an_interrupt_ends_it(routers):
    r = routers["R1"]
    with tunnel(routers, lost=lambda frame: True) as t:
        ping = r.lab.popen("R1", r.command(*PING, "-t", "1000"), stdout=subprocess.PIPE, text=True)
        wait_for(lambda: t.frames, "an echo")
        assert r.vc()["control_channel"] == WORD
        ping.send_signal(signal.SIGINT)
        out, _ = ping.communicate(timeout=30)
    assert ping.returncode == 1 and "1 packet(s) transmitted\n    0 packet(s) received\n" in out, out


def test_strangers_packets_are_answered_or_dropped_as_they_deserve(routers):
    """From the channel: a request cut short is malformed, BFD and what is not for us wake nobody. From the network: nothing."""
    r = routers["R1"]
    label = r.vc()["local_label"]
    with tunnel(routers) as t:
        assert routers["R2"].ping(*PING, "-c", "1", "reply-mode", "4").returncode == 0
    request = t.frames[0]
    head = request[:14] + struct.pack("!I", label << 12 | 0x100 | 1)
    good = head + request[18:]
    end = r.far_end()
    with inside(r.lab.namespace("R2")), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(request[54:], (ADDRESS["R1"], 3503))  # by UDP, without a label
    end.send(good[:20] + b"\0\7" + b"\x20\x40\x03\x18" + bytes(20))  # BFD of its own
    for size in range(14, len(good), 7):
        end.send(good[:size])
    end.send(good[:30] + b"\0\0" + good[32:])  # the header's checksum
    end.send(good)
    reply = end.recv(65536)
    assert reply[14:18] == struct.pack("!I", label << 12 | 0x100 | 255), reply.hex()
    message = reply[18 + 4 + 20 + 8:]
    assert message[4:8] == bytes((2, 4, 3, 1)) and message[8:16] == request[62:70], (reply.hex(), request.hex())
    end.setblocking(False)
    with pytest.raises(BlockingIOError):
        end.recv(65536)
    end.close()
