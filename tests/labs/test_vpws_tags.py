"""Subinterfaces that fibd makes, as circuits of pseudowires that l2vpnd asks for: frames with their tags, or with others."""
import os
import subprocess

import pytest
from penult import Lab, Topology, wait_for

pytestmark = pytest.mark.mpls

HERE = os.path.dirname(os.path.realpath(__file__))
TAGS = {10: {"H1": 10, "H2": 10}, 20: {"H1": 21, "H2": 22}}  # of the customer's networks 192.168.N.0/24 at each site


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "vpws-tags")), build)
    try:
        lab.up()
        for net, tags in TAGS.items():
            for host, tag in tags.items():
                lab.run(host, "ip", "link", "add", "link", "eth0", "name", f"v{net}", "type", "vlan", "id", str(tag))
                lab.run(host, "ip", "addr", "add", f"192.168.{net}.{host[1]}/24", "dev", f"v{net}")
                lab.run(host, "ip", "link", "set", f"v{net}", "up")
        for router in ("PE1", "PE2"):
            wait_for(lambda r=router: [v["up"] for v in vcs(lab, r)] == [True, True], f"{router}'s pseudowires", 180,
                     last=lambda r=router: [(v["vc_id"], v["trouble"]) for v in vcs(lab, r)])
        yield lab
        lab.finish()
    finally:
        lab.close()


def vcs(lab, router):
    return lab.rows(router, "display", "mpls", "l2vc")


def test_each_subinterface_is_a_device_with_its_tag_and_the_operators_name(lab):
    text = lab.run("PE1", "ip", "-d", "link", "show", "ge0-3-0.21").stdout
    assert "vlan protocol 802.1Q id 21" in text and "alias GigabitEthernet0/3/0.8" in text, text


def test_types_follow_from_what_was_said(lab):
    assert {v["vc_id"]: v["type"] for v in vcs(lab, "PE1")} == {7: 4, 8: 5}


@pytest.mark.parametrize("net", TAGS)
def test_the_customers_frames_come_out_with_the_tag_of_their_site(lab, net):
    p = lab.run("H1", "ping", "-c", "5", "-i", "0.3", "-W", "5", f"192.168.{net}.2", check=False)
    assert " 0% packet loss" in p.stdout, p.stdout


STREAM = 4 << 20  # bytes
SENDER = """
import hashlib, random, socket, sys
data = random.Random(7).randbytes(int(sys.argv[2]))
s = socket.create_connection((sys.argv[1], 9000), timeout=120)
s.sendall(data)
s.shutdown(socket.SHUT_WR)
got = b""
while (part := s.recv(4096)):
    got += part
print(got.decode() == hashlib.sha256(data).hexdigest())
"""
RECEIVER = """
import hashlib, socket
s = socket.create_server(("0.0.0.0", 9000))
print("listening", flush=True)
c, _ = s.accept()
c.settimeout(120)
h = hashlib.sha256()
while (part := c.recv(1 << 16)):
    h.update(part)
c.sendall(h.hexdigest().encode())
"""


@pytest.mark.parametrize("segments", [65535, 1])
@pytest.mark.parametrize("net", TAGS)
def test_a_stream_of_tcp_arrives_as_it_was_sent(lab, net, segments):
    """The kernel makes large segments of it. These links take them as they are; most cards do not where there are labels, and the
    kernel cuts them up."""
    def sent():
        return lab.json("PE1", "ip", "-j", "-s", "link", "show", "ge0-1-0")[0]["stats64"]["tx"]["packets"]

    for router in ("PE1", "PE2"):
        lab.run(router, "ip", "link", "set", "ge0-1-0", "gso_max_segs", str(segments))
    before = sent()
    receiver = lab.popen("H2", ["/usr/bin/python3", "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    assert receiver.stdout.readline() == "listening\n"
    p = lab.run("H1", "/usr/bin/python3", "-c", SENDER, f"192.168.{net}.2", str(STREAM), check=False, timeout=180)
    assert p.stdout == "True\n", (p.stdout, p.stderr)
    assert receiver.wait(60) == 0
    assert (sent() - before >= STREAM // 1500) == (segments == 1), sent() - before


def test_jumbo_frames_pass_where_the_core_has_room_and_else_the_display_warns(lab):
    def mtu(node, value, *devices):
        for device in devices:
            lab.run(node, "ip", "link", "set", device, "mtu", str(value))

    def pseudowire():
        return next(v for v in vcs(lab, "PE1") if v["vc_id"] == 7)

    for node in ("H1", "H2"):
        mtu(node, 8900, "eth0", "v10")
    for node in ("PE1", "PE2"):
        mtu(node, 8900, "ge0-3-0", "ge0-3-0.10")
    wait_for(lambda: (v := pseudowire())["up"] and v["local_mtu"] == v["remote_mtu"] == 8900, "both ends to have the MTU", 120, last=pseudowire)
    for node, far in (("H1", 2), ("H2", 1)):
        p = lab.run(node, "ping", "-n", "-M", "do", "-s", "8872", "-c", "3", "-i", "0.3", "-W", "5", f"192.168.10.{far}", check=False)
        assert " 0% packet loss" in p.stdout, p.stdout
    assert not pseudowire()["warning"], pseudowire()
    mtu("PE1", 8900, "ge0-1-0")
    # 14 bytes of Ethernet, a tag, a label (the tunnel's is gone at the penultimate hop) and a control word.
    says = "frames of 8900 bytes do not fit: GigabitEthernet0/1/0 has an MTU of 8900, which leaves 8874"
    try:
        wait_for(lambda: pseudowire()["warning"] == says, "the warning", last=pseudowire)
        assert pseudowire()["up"]
        assert f"warning               : {says}" in lab.ctl("PE1", "display", "mpls", "l2vc", "7")
    finally:
        mtu("PE1", 9000, "ge0-1-0")
    wait_for(lambda: not pseudowire()["warning"], "the warning to go", last=pseudowire)


def test_local_switching_says_whether_frames_go_and_why_they_do_not(lab):
    sites = {"a": "192.168.7.11", "b": "192.168.7.12"}
    lines = "#\nccc one interface aca out-interface acb\n#\ninterface aca\n l2protocol-tunnel lldp drop\n#\nreturn"

    def site(end, *argv, check=True):
        return lab.run("PE1", "ip", "netns", "exec", f"ce{end}", *argv, check=check)

    def ends():
        return [(v["interface"], v["up"], v["trouble"]) for v in lab.rows("PE1", "display", "ccc", "one")]

    def become(up, why):
        wait_for(lambda: ends() == [("aca", up, why), ("acb", up, why)], f"it to be {'up' if up else why}", 60, last=ends)

    for end, address in sites.items():
        lab.run("PE1", "ip", "link", "add", f"ac{end}", "type", "veth", "peer", "name", f"ce{end}")
        lab.run("PE1", "ip", "link", "set", f"ac{end}", "up")
        lab.run("PE1", "ip", "netns", "add", f"ce{end}")
        lab.run("PE1", "ip", "link", "set", f"ce{end}", "netns", f"ce{end}")
        site(end, "ip", "address", "add", f"{address}/24", "dev", f"ce{end}")
        site(end, "ip", "link", "set", f"ce{end}", "up")
    before = lab.reconfigure("PE1", lambda text: text.replace("#\nreturn", lines), ["l2vpnd"])
    try:
        become(True, "")
        p = site("a", "ping", "-n", "-c", "3", "-i", "0.3", "-W", "5", sites["b"], check=False)
        assert " 0% packet loss" in p.stdout, p.stdout
        assert "    dropped protocols   : lldp\n" in lab.ctl("PE1", "display", "ccc")
        site("b", "ip", "link", "set", "ceb", "down")
        become(False, "acb: it is down")
        site("b", "ip", "link", "set", "ceb", "up")
        become(True, "")
        with open(lab.log("PE1", "l2vpnd"), encoding="utf-8") as f:
            log = f.read()
        assert log.count("aca: ccc one to acb is up") == 2 and log.count("aca: ccc one to acb is down: acb: it is down") == 1, log
    finally:
        lab.reconfigure("PE1", lambda text: before, ["l2vpnd"])
        for end in sites:
            lab.run("PE1", "ip", "netns", "del", f"ce{end}", check=False)


def test_a_subinterface_that_nobody_configures_any_more_is_removed(lab):
    lab.reconfigure("PE1", lambda text: text.replace("interface GigabitEthernet0/3/0.8\n undo shutdown\n vlan-type dot1q 21\n mpls l2vc 2.2.2.2 8 raw\n#\n", ""),
                    ["l2vpnd", "fibd"])
    wait_for(lambda: lab.run("PE1", "ip", "link", "show", "ge0-3-0.21", check=False).returncode != 0, "the device to be gone", 60)
    assert [v["vc_id"] for v in vcs(lab, "PE1")] == [7]
