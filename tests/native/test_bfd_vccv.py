"""BFD over pseudowires' control channels, RFC 5885: two bfdds with a core between them that changes labels as fibd's filters do,
and a peer of the test's own for what no good one sends."""
import os
import select
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest
from penult import Lab, Topology, wait_for
from penultlab.net import inside

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
ETH_P_MPLS = 0x8847
IP, ACH = 0x04, 0x10
ADDRESS = {"R1": "1.1.1.1", "R2": "2.2.2.2"}
OTHER = {"R1": "R2", "R2": "R1"}
LABEL = {"R1": 524288, "R2": 600000}  # of the first pseudowire; the others' are counted on
DOWN, INIT, UP = 1, 2, 3


def label(frame):
    return struct.unpack("!I", frame[14:18])[0] >> 12


class Core:
    """What fibd and the network do: vccv1 of each router, and frames between them with the other end's label."""

    def __init__(self, lab):
        self.lab, self.sockets, self.lost, self.frames = lab, {}, set(), []
        self.wake, self.waker = os.pipe()
        for router in ADDRESS:
            self.make(router)
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def make(self, router):
        """Its device, and what stands behind it; a new one has another number."""
        def ip(*words):
            self.lab.run(router, "ip", *words)
        ip("link", "add", "vccv0", "type", "veth", "peer", "name", "vccv1")
        for end in ("vccv0", "vccv1"):
            ip("link", "set", end, "arp", "off", "addrgenmode", "none")
            ip("link", "set", end, "up")
        with inside(self.lab.net.namespace(router)):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_MPLS))
            s.bind(("vccv1", ETH_P_MPLS))
        self.sockets[router] = s

    def remove(self, router):
        self.sockets.pop(router).close()
        self.lab.run(router, "ip", "link", "del", "vccv0")

    def number(self, router):
        return self.lab.json(router, "ip", "-j", "link", "show", "vccv0")[0]["ifindex"]

    def _carry(self):
        while True:
            ready = select.select([*self.sockets.values(), self.wake], [], [], 0.02)[0]
            if self.wake in ready:
                return
            for router, s in list(self.sockets.items()):
                if s in ready:
                    self._forward(router, s)

    def _forward(self, router, s):
        try:
            frame = s.recv(2048)
            pw, other = label(frame) - LABEL[router], OTHER[router]
            self.frames.append((time.time(), router, frame))
            if (router, pw) not in self.lost and other in self.sockets:
                self.give(other, LABEL[other] + pw, frame[18:])
        except OSError:
            return  # a device that is going

    def give(self, router, label, rest, ttl=1, bottom=1):
        """To a router, as if it came with this label of its own."""
        head = b"\x02\0\0\0\0\x09\x02\0\0\0\0\x08" + struct.pack("!HI", ETH_P_MPLS, label << 12 | bottom << 8 | ttl)
        self.sockets[router].send(head + rest)

    def close(self):
        os.write(self.waker, b".")
        self.thread.join()
        for s in self.sockets.values():
            s.close()
        for descriptor in (self.wake, self.waker):
            os.close(descriptor)


class Feed:
    """l2vpnd's part: what is asked for."""

    def __init__(self, lab, router):
        self.router = router
        program = os.path.join(lab.build, "tests", "helper", "watch_feed")
        self.process = lab.popen(router, [program, "-r", lab.run_dir(router)], stdin=subprocess.PIPE, text=True)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def want(self, ifindex, form, word=True, pw=0, ms=50):
        self.say(f"want {ADDRESS[OTHER[self.router]]} {ADDRESS[self.router]} {ifindex} {LABEL[self.router] + pw} {form} {ms} 3{' cw' if word else ''}")

    def unwant(self, ifindex, pw=0):
        self.say(f"unwant {ADDRESS[OTHER[self.router]]} {ADDRESS[self.router]} {ifindex} {LABEL[self.router] + pw}")


@pytest.fixture
def lab(build):
    with Lab(Topology(os.path.join(LABS, "bfd-vccv")), build) as lab:
        yield lab


@pytest.fixture
def core(lab):
    core = Core(lab)
    yield core
    core.close()


@pytest.fixture
def feeds(lab):
    return {router: Feed(lab, router) for router in ADDRESS}


def sessions(lab, router):
    """{pseudowire: row}"""
    rows = lab.rows(router, "display", "bfd", "session", "all")
    return {r["vccv_label"] - LABEL[router]: r for r in rows if r.get("vccv_label")}


def wait_state(lab, state, pws=(0,), routers=("R1", "R2")):
    def there():
        now = {r: sessions(lab, r) for r in routers}
        return all(set(pws) <= set(now[r]) and all(now[r][p]["state"] == state for p in pws) for r in routers) and now
    return wait_for(there, f"pseudowires {pws} to be {state}", last=lambda: {r: sessions(lab, r) for r in routers})


def refused(lab, router):
    rows = lab.rows(router, "display", "bfd", "statistics")
    return {r["reason"]: int(r["count"]) for row in rows for r in row.get("refused", ())}


def decoded(core, router, fields):
    """What a router has sent, as tshark reads it."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, sender, frame in list(core.frames):
            if sender == router:
                f.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)) + frame)
        f.flush()
        argv = ["tshark", "-r", f.name, "-T", "fields", *(w for field in fields for w in ("-e", field)), "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
        p = subprocess.run(argv, capture_output=True, text=True, check=True)
    return [tuple(line.split("\t")) for line in p.stdout.splitlines()]


FORMS = [
    (ACH, True, {("524288", "1", "0x0007", "", "", "", "", "", "0x03")}),
    (IP, True, {("524288", "1", "0x0021", "127.0.0.1", "255", "3784", "1", "1", "0x03")}),
    (IP, False, {("524288", "1", "", "127.0.0.1", "255", "3784", "1", "1", "0x03")}),
]


@pytest.mark.parametrize("form, word, seen", FORMS)
def test_a_session_of_each_form_comes_up_and_is_what_it_says(lab, core, feeds, form, word, seen):
    for router in ADDRESS:
        feeds[router].want(core.number(router), form, word)
    row = wait_state(lab, "UP")["R1"][0]
    assert row["vccv_encapsulation"] == form and row["interface"] == "vccv0" and row["peer"] == "2.2.2.2" and row["clients"] == ["l2vpnd"], row
    assert row["verdict"] == "ALIVE" and not row.get("trouble"), row
    wait_for(lambda: sessions(lab, "R1")[0]["detect_us"] == 150000, "three times 50 ms", last=lambda: sessions(lab, "R1"))
    core.frames.clear()
    wait_for(lambda: sum(router == "R1" for _, router, _ in core.frames) > 10, "some frames of R1")
    fields = ["mpls.label", "mpls.bottom", "pwach.channel_type", "ip.dst", "ip.ttl", "udp.dstport", "ip.checksum.status", "udp.checksum.status", "bfd.sta"]
    assert set(decoded(core, "R1", fields)) == seen
    text = lab.ctl("R1", "display", "bfd", "session", "all", "verbose")
    assert "(VCCV) State : Up" in text and f"VCCV Encapsulation     : {'PW-ACH' if form == ACH else 'IP/UDP'}\n" in text and "VCCV Label             : 524288 " in text, text


def test_what_is_lost_on_one_pseudowire_is_no_others_loss(lab, core, feeds):
    for router in ADDRESS:
        for pw, (form, word) in enumerate([(ACH, True), (IP, False), (ACH, True)]):
            feeds[router].want(core.number(router), form, word, pw, 200)
    wait_state(lab, "UP", (0, 1, 2))
    core.lost.add(("R2", 1))
    wait_state(lab, "DOWN", (1,))
    assert sessions(lab, "R1")[1]["verdict"] == "DEAD" and sessions(lab, "R1")[1]["diag"] == 1 and sessions(lab, "R2")[1]["diag"] == 3
    core.lost.clear()
    now = wait_state(lab, "UP", (0, 1, 2))
    assert all(now[r][pw]["downs"] == (pw == 1) for r in ADDRESS for pw in (0, 1, 2)), now


def test_another_device_is_heard_and_sent_by(lab, core, feeds):
    for router in ADDRESS:
        feeds[router].want(core.number(router), ACH)
    wait_state(lab, "UP")
    old = core.number("R1")
    core.remove("R1")
    row = wait_for(lambda: sessions(lab, "R1")[0].get("trouble") and sessions(lab, "R1")[0], "R1 to miss it", last=lambda: sessions(lab, "R1"))
    assert row["trouble"] == "its control channel's device is not there" and row["verdict"] == "UNKNOWN", row
    feeds["R1"].unwant(old)
    core.make("R1")
    assert core.number("R1") != old
    feeds["R1"].want(core.number("R1"), ACH)
    wait_state(lab, "UP")
    core.lab.run("R1", "ip", "link", "set", "vccv0", "down")
    wait_state(lab, "DOWN")
    core.lab.run("R1", "ip", "link", "set", "vccv0", "up")
    wait_state(lab, "UP")


def test_who_is_no_longer_asked_says_goodbye(lab, core, feeds):
    for router in ADDRESS:
        feeds[router].want(core.number(router), ACH)
    wait_state(lab, "UP")
    feeds["R1"].unwant(core.number("R1"))
    wait_for(lambda: sessions(lab, "R2")[0]["verdict"] == "UNWATCHED", "R2 to hear of it", last=lambda: sessions(lab, "R2"))
    wait_for(lambda: not sessions(lab, "R1"), "R1's session to be gone")
    feeds["R1"].want(core.number("R1"), ACH)
    wait_state(lab, "UP")


def test_a_bfdd_that_is_killed_comes_back_on_the_same_channel(lab, core, feeds):
    for router in ADDRESS:
        feeds[router].want(core.number(router), IP)
    wait_state(lab, "UP")
    lab.kill("R1", "bfdd")
    wait_state(lab, "DOWN", routers=("R2",))
    lab.start("R1", "bfdd")
    wait_state(lab, "UP")


# --- a peer of the test's own ---

def bfd(state, yours, mine=77):
    return struct.pack("!BBBBIIIII", 0x20, state << 6, 3, 24, mine, yours, 1000000, 1000000, 0)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def with_ip(payload, ttl=255, to="127.0.0.1", port=3784, damage=0):
    addresses = socket.inet_aton("2.2.2.2") + socket.inet_aton(to)
    udp = struct.pack("!HHHH", 49152, port, 8 + len(payload), 0) + payload
    check = checksum(addresses + struct.pack("!HH", 17, len(udp)) + udp) ^ damage
    head = struct.pack("!BBHHHBBH", 0x45, 0xc0, 20 + len(udp), 1, 0x4000, ttl, 17, 0) + addresses
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp[:6] + struct.pack("!H", check) + udp[8:]


def channel(kind, payload, first=0x10):
    return struct.pack("!BBH", first, 0, kind) + payload


def test_only_what_comes_on_its_own_channel_in_its_own_form_is_taken(lab, core, feeds):
    core.lost |= {("R1", 0), ("R1", 1)}
    feeds["R1"].want(core.number("R1"), ACH, True, 0)
    feeds["R1"].want(core.number("R1"), IP, False, 1)
    own = wait_state(lab, "DOWN", (0, 1), ("R1",))["R1"]
    wait_for(lambda: {label(frame) for _, router, frame in list(core.frames) if router == "R1"} >= {LABEL["R1"], LABEL["R1"] + 1}, "R1 to speak, and so to hear, on both")
    unheard = [  # not BFD's, or damaged: nobody counts it
        (0, channel(0x0021, with_ip(bfd(DOWN, 0), port=3503))),
        (0, channel(0x0008, bfd(DOWN, 0))),
        (0, channel(0x0007, bfd(DOWN, 0), first=0x11)),
        (0, channel(0x0007, bfd(DOWN, 0), first=0x00)),
        (1, with_ip(bfd(DOWN, 0), to="10.0.0.1")),
        (1, with_ip(bfd(DOWN, 0), damage=1)),
    ]
    strange = [  # BFD's, and not this session's: {reason: how many}
        (7, channel(0x0007, bfd(DOWN, 0)), "no such session"),
        (0, channel(0x0021, with_ip(bfd(DOWN, 0))), "no such session"),
        (1, channel(0x0007, bfd(DOWN, 0)), "no such session"),
        (0, channel(0x0007, bfd(DOWN, 4711)), "no such session"),
        (1, with_ip(bfd(DOWN, 0), ttl=254), "TTL too low"),
        (1, with_ip(bfd(DOWN, own[0]["local"])), "wrong interface or address"),
        (0, channel(0x0007, bfd(DOWN, own[1]["local"])), "wrong interface or address"),
    ]
    for pw, rest in unheard:
        core.give("R1", LABEL["R1"] + pw, rest)
    core.give("R1", LABEL["R1"], channel(0x0007, bfd(DOWN, 0)), bottom=0)
    for pw, rest, _ in strange:
        core.give("R1", LABEL["R1"] + pw, rest)
    wait_for(lambda: sum(refused(lab, "R1").values()) >= len(strange), "all to be counted", last=lambda: refused(lab, "R1"))
    assert refused(lab, "R1") == {reason: sum(r == reason for *_, r in strange) for *_, reason in strange}
    assert {pw: s["state"] for pw, s in sessions(lab, "R1").items()} == {0: "DOWN", 1: "DOWN"}
    # And what is right: with padding as a short frame has it, with either header, from any address.
    core.give("R1", LABEL["R1"], channel(0x0007, bfd(DOWN, 0)) + bytes(14))
    wait_state(lab, "INIT", (0,), ("R1",))
    core.give("R1", LABEL["R1"], channel(0x0007, bfd(INIT, own[0]["local"])))
    wait_state(lab, "UP", (0,), ("R1",))
    core.give("R1", LABEL["R1"] + 1, with_ip(bfd(DOWN, 0)))
    wait_state(lab, "INIT", (1,), ("R1",))
    core.give("R1", LABEL["R1"] + 1, channel(0x0021, with_ip(bfd(UP, own[1]["local"]))))
    wait_state(lab, "UP", (1,), ("R1",))
