"""Subinterfaces that fibd makes, as circuits of pseudowires that l2vpnd asks for: frames with their tags, or with others."""
import os

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


def test_a_subinterface_that_nobody_configures_any_more_is_removed(lab):
    lab.reconfigure("PE1", lambda text: text.replace("interface GigabitEthernet0/3/0.8\n undo shutdown\n vlan-type dot1q 21\n mpls l2vc 2.2.2.2 8 raw\n#\n", ""),
                    ["l2vpnd", "fibd"])
    wait_for(lambda: lab.run("PE1", "ip", "link", "show", "ge0-3-0.21", check=False).returncode != 0, "the device to be gone", 60)
    assert [v["vc_id"] for v in vcs(lab, "PE1")] == [7]
