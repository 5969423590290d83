"""ldpd and fibd with routes of others: OSPF by Debian's BIRD beside our daemons, and by FRR's ospfd at the end of the line."""
import pytest
from penult import Capture, wait_for

pytestmark = pytest.mark.mpls

LAB, SESSIONS = "ospf", {"R1": 1, "R2": 2, "R3": 2}


def routes(lab, router, prefix):
    return lab.run(router, "ip", "route", "show", prefix).stdout


def labelled(lab):
    """The labels from R1 to F4 and back, once both ways are whole."""
    def both():
        ways = lab.follow("4.4.4.4", "R1", "R2", "R3"), lab.follow("1.1.1.1", "F4", "R3", "R2")
        return ways if all(ways) else None

    return wait_for(both, "labelled ways to both loopbacks", 120,
                    last=lambda: (routes(lab, "R1", "4.4.4.4"), routes(lab, "F4", "1.1.1.1"), lab.mpls_routes("R2"), lab.mpls_routes("R3")))


def test_routes_of_ospf_get_labels_by_routes_of_ours_and_stay_birds(lab):
    label = labelled(lab)[0][0]
    text = routes(lab, "R1", "4.4.4.4")
    assert f"encap mpls  {label} " in text and "proto 201" in text, text
    assert [line for line in text.splitlines() if "proto bird metric 32" in line and "encap" not in line], text


def test_pings_over_ospfs_routes_are_labelled_between_bird_and_frr(lab):
    there, back = labelled(lab)
    with Capture(lab, "R2", "GigabitEthernet0/1/0") as near, Capture(lab, "R3", "GigabitEthernet0/1/0") as far, \
            Capture(lab, "R3", "GigabitEthernet0/2/0") as last:
        out = lab.run("R1", "ping", "-n", "-I", "1.1.1.1", "-c", "3", "-i", "0.2", "-W", "2", "4.4.4.4", check=False).stdout
    assert " 0% packet loss" in out, out
    assert [c.stacks("4.4.4.4") for c in (near, far, last)] == [[[there[0]]] * 3, [[there[1]]] * 3, [[]] * 3], "R3 pops before FRR"
    assert [c.stacks("1.1.1.1") for c in (last, far, near)] == [[[back[0]]] * 3, [[back[1]]] * 3, [[]] * 3], "FRR pushes R3's label"


def test_the_display_shows_birds_route_as_the_chosen_one(lab):
    labelled(lab)
    row = lab.rows("R1", "display", "ip", "routing-table", "4.4.4.4")[0]
    assert row["entries"][0]["foreign"], row


def test_without_bird_labels_and_routes_go_and_come_back_with_it(lab):
    labelled(lab)
    lab.daemons["R1", "bird"].stop()
    wait_for(lambda: not routes(lab, "R1", "4.4.4.4"), "R1 without a route to F4", 120, last=lambda: routes(lab, "R1", "4.4.4.4"))
    lab.start("R1", "bird")
    labelled(lab)
