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


def seen_by(lab, host, payload, say_it):
    """How often a site gets a frame that ends so, by the time that what was sent after it has arrived."""
    with Capture(lab, host, "eth0") as site:
        say_it()
        answers(lab, FAR)
    return len([f for f in site.stop() if f.endswith(payload)])


def from_p(lab, *words_before_payload):
    """A frame as P forwards it to PE2: the stack and what is behind it."""
    mac = {router: bytes.fromhex(lab.json(router, "ip", "-j", "link", "show", device)[0]["address"].replace(":", ""))
           for router, device in (("P", "ge0-2-0"), ("PE2", "ge0-1-0"))}
    return mac["PE2"] + mac["P"] + struct.pack("!H", ETH_P_MPLS) + b"".join(words_before_payload)


def test_without_a_channel_the_associated_one_is_dropped_and_counted(lab):
    say(lab, "cw")
    for router in lab.feeds:
        ready(lab, router)
    before, payload = circuit(lab, "PE2")["paths"][0], ASSOCIATED + b"nobody listens" + PAYLOAD
    assert not before["channel"]
    assert seen_by(lab, "H2", PAYLOAD, lambda: send(lab, "P", "ge0-2-0", from_p(lab, entry(FAR_LABEL), payload))) == 0
    after = circuit(lab, "PE2")["paths"][0]
    assert after["channel_packets"] == before["channel_packets"] + 1
    for stack in (entry(FAR_LABEL), entry(0, bottom=False) + entry(FAR_LABEL)):
        assert seen_by(lab, "H2", PAYLOAD, lambda s=stack: send(lab, "P", "ge0-2-0", from_p(lab, s, payload))) == 0
    assert lab.run("PE2", "ip", "link", "show", "vccv0", check=False).returncode, "nobody needs it"


@pytest.mark.parametrize("words, first", [("", b"\x10\x00\x00\x00\x99\x01"), ("cc2", b"\x10\x00\x00\x00\x99\x01"), ("cw", b"\x10\x00\x00\x00\x99\x01")])
def test_a_customers_frame_may_begin_with_any_nibble(lab, words, first):
    say(lab, words)
    for router in lab.feeds:
        ready(lab, router)
    frame = first + bytes.fromhex("020000000902") + b"\x99\x99" + PAYLOAD
    assert seen_by(lab, "H2", PAYLOAD, lambda: send(lab, "H1", "eth0", frame)) == 1


@pytest.mark.parametrize("how", ["explicit-null", "non-null"])
def test_each_form_is_received_beneath_the_tunnels_label_too(lab, how):
    """An explicit null is in the filters; any other label the kernel's routing takes off, and the rest comes from lo."""
    say(lab, "cw cc1")
    stand(lab)
    outer = b""
    lab.reconfigure("PE2", lambda text: text.replace("#\nmpls\n", f"#\nmpls\n label advertise {how}\n", 1), ["ldpd"])
    try:
        def label():
            routes = lab.run("P", "ip", "-M", "route", "show").stdout
            return next((int(line.split(" as to ")[1].split()[0]) for line in routes.splitlines() if " as to " in line and "ge0-2-0" in line), None)

        wait_for(lambda: label() is not None and (label() == 0) == (how == "explicit-null"), "the label that P swaps to", 60, last=label)
        outer = entry(label(), bottom=False)
        for number, stack in enumerate((entry(FAR_LABEL), entry(1, bottom=False) + entry(FAR_LABEL), entry(FAR_LABEL, ttl=1))):
            payload = payloads("cw" if number == 0 else "", b"%d" % number)
            with Capture(lab, "PE2", device="vccv0") as far, Capture(lab, "H2", "eth0") as site:
                send(lab, "P", "ge0-2-0", from_p(lab, outer, stack, payload))
                wait_for(lambda p=payload: arrived(far.frames, FAR_LABEL, p), f"form {number + 1}", 30, last=lambda: [f.hex() for f in far.frames])
            assert not [f for f in site.stop() if PAYLOAD in f]
    finally:
        lab.reconfigure("PE2", lambda text: text.replace(f" label advertise {how}\n", ""), ["ldpd"])
        wait_for(lambda: label() is None, "P to pop again", 60, last=label)


def passes(lab, mark=b"passes"):
    """A packet from PE1's vccv0 to PE2's."""
    payload = ASSOCIATED + mark + PAYLOAD
    with Capture(lab, "PE2", device="vccv0") as far:
        send(lab, "PE1", "vccv0", on_vccv0(OURS, payload))
        wait_for(lambda: arrived(far.frames, FAR_LABEL, payload), "the packet", 30)


def pair(lab, router="PE1"):
    return [lab.json(router, "ip", "-j", "-d", "-s", "link", "show", device)[0] for device in ("vccv0", "vccv1")]


def test_the_interfaces_say_nothing_by_themselves(lab):
    say(lab, "cw")
    wait_for(lambda: lab.run("PE1", "ip", "link", "show", "vccv0", check=False).returncode, "the pair to go", 30)
    say(lab, "cw cc1")
    stand(lab)
    for link in pair(lab):
        assert "NOARP" in link["flags"] and "UP" in link["flags"] and link["linkinfo"]["info_kind"] == "veth", link
        assert not lab.json("PE1", "ip", "-j", "address", "show", "dev", link["ifname"])[0]["addr_info"]
        assert link["stats64"]["tx"]["packets"] == 0, link
    passes(lab)


def test_a_channel_that_comes_and_goes_loses_no_frame_of_the_customers(lab):
    say(lab, "cw")
    ping = Pinger(lab, "H1", FAR, interval=0.02)
    for words in ("cw cc1", "cw cc3", "cw", "cw cc2"):
        say(lab, words)
        if "cc" in words:
            stand(lab)
        at = ping.replies()
        wait_for(lambda a=at: ping.replies() >= a + 10, "pings", last=ping.replies)
    sent, lost = ping.stop()
    assert not lost, (sent, lost)


def everything(lab, router):
    return filters(lab, router) + lab.run(router, "tc", "filter", "show", "dev", "vccv1", "ingress", check=False).stdout


def test_a_fibd_that_is_killed_keeps_the_channel_and_what_is_there(lab):
    say(lab, "cw cc1")
    stand(lab)
    before, links = everything(lab, "PE1"), [link["ifindex"] for link in pair(lab)]
    assert before.count("vccv1") >= 6, before
    ping = Pinger(lab, "H1", FAR, interval=0.02)
    lab.kill("PE1", "fibd")
    wait_for(lambda: ping.replies() >= 50, "pings while it is dead", last=ping.replies)
    passes(lab, b"while it is dead")
    lab.start("PE1", "fibd")
    stand(lab)
    sent, lost = ping.stop()
    assert not lost, (sent, lost)
    assert everything(lab, "PE1") == before, "not one was written anew"
    assert [link["ifindex"] for link in pair(lab)] == links
    passes(lab, b"after it")


@pytest.mark.parametrize("harm", ["link del vccv0", "link del vccv1", "link set vccv0 down", "link set vccv1 down", "link set vccv0 netns 1",
                                  "tc qdisc del dev vccv1 clsact", "tc filter del block 20100 pref 20118", "tc filter del block 20100 chain 20100",
                                  "tc filter del block 20100 pref 20113", "tc filter del block 20100 chain 20100 pref 20116"])
def test_what_somebody_takes_away_is_mended(lab, harm):
    def whole():
        links = lab.json("PE1", "ip", "-j", "link", "show")
        up = sorted(link["ifname"] for link in links if link["ifname"] in ("vccv0", "vccv1") and "LOWER_UP" in link["flags"])
        text = everything(lab, "PE1")
        return up, text.count("mirred"), text.count("goto chain"), text.count("Redirect to device vccv1")

    say(lab, "cw cc1")
    stand(lab)
    before, words = whole(), harm.split()
    lab.run("PE1", *(words if words[0] == "tc" else ["ip", *words]))
    wait_for(lambda: whole() == before, "all to be as it was", 30, last=whole)
    stand(lab)
    passes(lab)


def test_it_follows_the_lsp(lab):
    say(lab, "cw cc1")
    stand(lab)
    lab.net.cut("p-pe2")
    try:
        wait_for(lambda: not circuit(lab, "PE1")["paths"][0]["channel"], "the LSP to be lost", 120, last=lambda: circuit(lab, "PE1"))
    finally:
        lab.net.cut("p-pe2", mended=True)
    stand(lab)
    passes(lab)


def test_nothing_is_left_when_all_circuits_are_gone(lab):
    for router in lab.feeds:
        lab.feeds[router].say(f"gone {AC}")
    for router in lab.feeds:
        wait_for(lambda r=router: lab.run(r, "ip", "link", "show", "vccv0", check=False).returncode, "the pair to go", 30)
        wait_for(lambda r=router: "20100" not in lab.run(r, "tc", "qdisc", "show").stdout, "the block to go", 30)
        assert "gact" not in lab.run(router, "tc", "actions", "list", "action", "gact").stdout
