"""ldpd and fibd beside Debian's BIRD: OSPF's routes get labels, and stay BIRD's."""
import pytest
from penult import Capture, wait_for

pytestmark = pytest.mark.mpls

LAB, SESSIONS = "bird-ospf", {"R1": 1, "R2": 2, "R3": 1}


def routes(lab, router, prefix):
    return lab.run(router, "ip", "route", "show", prefix).stdout


def labelled(lab):
    """The labels from R1 to R3 and back, once both ways are whole."""
    def both():
        ways = lab.follow("3.3.3.3", "R1", "R2"), lab.follow("1.1.1.1", "R3", "R2")
        return ways if all(ways) else None

    return wait_for(both, "labelled ways to both loopbacks", 120, last=lambda: (routes(lab, "R1", "3.3.3.3"), routes(lab, "R3", "1.1.1.1"), lab.mpls_routes("R2")))


def test_routes_of_ospf_get_labels_by_routes_of_ours_and_stay_birds(lab):
    there, back = labelled(lab)
    for router, prefix, label in (("R1", "3.3.3.3", there[0]), ("R3", "1.1.1.1", back[0])):
        text = routes(lab, router, prefix)
        assert f"encap mpls  {label} " in text and "proto 201" in text, text
        assert [line for line in text.splitlines() if "proto bird metric 32" in line and "encap" not in line], text


def test_pings_over_ospfs_routes_are_labelled(lab):
    there, back = labelled(lab)
    with Capture(lab, "R2", "GigabitEthernet0/1/0") as capture:
        out = lab.run("R1", "ping", "-n", "-I", "1.1.1.1", "-c", "3", "-i", "0.2", "-W", "2", "3.3.3.3", check=False).stdout
    assert " 0% packet loss" in out, out
    assert capture.stacks("3.3.3.3") == [there] * 3, "R2 pops"
    assert capture.stacks("1.1.1.1") == [[]] * 3, "R2 popped the reply's"


def test_the_display_shows_birds_route_as_the_chosen_one(lab):
    labelled(lab)
    row = lab.rows("R1", "display", "ip", "routing-table", "3.3.3.3")[0]
    assert row["entries"][0]["foreign"], row


def test_without_bird_labels_and_routes_go_and_come_back_with_it(lab):
    labelled(lab)
    lab.daemons["R1", "bird"].stop()
    wait_for(lambda: not routes(lab, "R1", "3.3.3.3"), "R1 without a route to R3", 120, last=lambda: routes(lab, "R1", "3.3.3.3"))
    lab.start("R1", "bird")
    labelled(lab)
