"""Control channels of pseudowires in the kernel: what a daemon sends on one router's vccv0 comes out of another's, whole, by each form
of RFC 5085 5.1; customers never see it, and their frames go on as ever. What l2vpnd would say is said by a stand-in."""
import os
import socket
import struct
import subprocess
import tempfile

import pytest
from penult import Capture, Lab, Topology, wait_for
from penultlab.capture import ETH_P_MPLS, Pinger, label_stack
from penultlab.net import inside
from test_circuits import AC, CORE, FAR, MAC, Feed, answers, circuit, filters, ready

pytestmark = pytest.mark.mpls

HERE = os.path.dirname(os.path.realpath(__file__))
OURS, FAR_LABEL = 524288, 600002  # labels that PE1 and PE2 have given
ASSOCIATED = bytes.fromhex("10000021")  # IPv4 on an associated channel
PAYLOAD = bytes(range(256)) * 3
FORMS = {"associated channel": ("cw cc1", 1), "router alert": ("cw cc2", 2), "TTL": ("cw cc3", 3),
         "router alert, no control word": ("cc2", 2), "TTL, no control word": ("cc3", 3)}


def say(lab, words, routers=("PE1", "PE2")):
    lab.turn += 1
    for router, path in (("PE1", f"2.2.2.2 100 {FAR_LABEL} {OURS}"), ("PE2", f"1.1.1.1 100 {OURS} {FAR_LABEL}")):
        if router in routers:
            lab.feeds[router].say(f"{AC} 0 {lab.turn}, {path} {words}")


def stand(lab, routers=("PE1", "PE2")):
    for router in routers:
        ready(lab, router)
        wait_for(lambda r=router: circuit(lab, r)["paths"][0]["channel"], f"{router}'s control channel", 60,
                 last=lambda r=router: circuit(lab, r))


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "circuits")), build)
    try:
        lab.up()
        lab.run("H2", "ip", "link", "set", "eth0", "address", MAC)
        lab.feeds = {router: Feed(lab, router) for router in ("PE1", "PE2")}
        lab.turn = 0
        say(lab, "cw")
        for router in lab.feeds:
            ready(lab, router)
        answers(lab, FAR)
        yield lab
        lab.finish()
    finally:
        lab.close()


@pytest.fixture(params=FORMS)
def form(lab, request):
    words, number = FORMS[request.param]
    say(lab, words)
    stand(lab)
    return words, number


def send(lab, router, device, *frames):
    with inside(lab.net.namespace(router)), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_MPLS)) as s:
        s.bind((device, 0))
        for frame in frames:
            s.send(frame)


def entry(label, ttl=255, bottom=True):
    return struct.pack("!I", label << 12 | bottom << 8 | ttl)


def on_vccv0(label, payload):
    """As a daemon writes it; nobody cares for MAC addresses."""
    return bytes.fromhex("020000000001020000000002") + struct.pack("!H", ETH_P_MPLS) + entry(label) + payload


def payloads(words, mark):
    """What has no control word begins with the nibble of an IP packet."""
    return (ASSOCIATED if "cw" in words else b"\x45\x00\x00\x00") + mark + PAYLOAD


def arrived(frames, label, payload):
    """Frames on vccv0 with that label alone before the payload."""
    return [f for f in frames if (s := label_stack(f)) and s[0] == [label] and f[s[1]:] == payload]


def tshark(frames, *fields):
    with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
        f.flush()
        words = [word for field in fields for word in ("-e", field)]
        p = subprocess.run(["tshark", "-n", "-r", f.name, "-T", "fields", *words], capture_output=True, text=True, check=True)
    return [tuple(line.split("\t")) for line in p.stdout.splitlines()]


def tunnel_label(lab):
    return int(lab.pushes("PE1", "2.2.2.2")[0].split("/")[0])


def test_what_is_sent_on_one_vccv0_comes_out_of_the_other_and_of_no_circuit(lab, form):
    words, number = form
    there, back = payloads(words, b"there"), payloads(words, b"back")
    before = circuit(lab, "PE2")["paths"][0]
    with Capture(lab, "PE2", device="vccv0") as far, Capture(lab, "PE1", device="vccv0") as near, \
            Capture(lab, "H2", "eth0") as site, Capture(lab, "H1", "eth0") as own_site, Capture(lab, "PE1", CORE) as wire:
        send(lab, "PE1", "vccv0", on_vccv0(OURS, there))
        send(lab, "PE2", "vccv0", on_vccv0(FAR_LABEL, back))
        wait_for(lambda: arrived(far.frames, FAR_LABEL, there), "the packet on PE2's vccv0", 30, last=lambda: [f.hex() for f in far.frames])
        wait_for(lambda: arrived(near.frames, OURS, back), "the packet on PE1's vccv0", 30, last=lambda: [f.hex() for f in near.frames])
        answers(lab, FAR)
    assert len(arrived(far.stop(), FAR_LABEL, there)) == 1 and len(arrived(near.stop(), OURS, back)) == 1
    for customer in (site, own_site):
        assert not [f for f in customer.stop() if PAYLOAD[:64] in f]
    sent = [f for f in wire.stop() if there in f]
    assert len(sent) == 1
    tunnel = tunnel_label(lab)
    labels, ttls = {1: ((tunnel, FAR_LABEL), "255"), 2: ((tunnel, 1, FAR_LABEL), "255"), 3: ((tunnel, FAR_LABEL), "1")}[number]
    channel = "0x0021" if "cw" in words else ""
    decoded = tshark(sent, "mpls.label", "mpls.bottom", "mpls.ttl", "pwach.channel_type")
    assert decoded == [(",".join(str(label) for label in labels), ",".join(["0"] * (len(labels) - 1) + ["1"]),
                        ",".join(["255"] * (len(labels) - 1) + [ttls]), channel)], decoded
    assert circuit(lab, "PE2")["paths"][0]["channel_packets"] == before["channel_packets"] + 1
