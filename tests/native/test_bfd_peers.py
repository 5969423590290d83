"""BFD with Debian's FRR and BIRD: sessions, timers, losses and returns, as both ends tell them."""
import os

import pytest
from penult import Lab, Topology, wait_for
from penultlab.nodes import frr_space

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
FRR, BIRD = {"frr_single", "frr_multi", "frr_six"}, {"bird_single", "bird_multi", "bird_six"}


def sessions(lab):
    return {s["name"]: s for s in lab.rows("R1", "display", "bfd", "session", "all")}


def wait_all(lab, names, state):
    def there():
        now = sessions(lab)
        return names <= set(now) and all(now[n]["state"] == state for n in names) and now
    return wait_for(there, f"{', '.join(sorted(names))} to be {state}", 60, last=lambda: {n: s["state"] for n, s in sessions(lab).items()})


def of_frr(lab):
    """{peer: its row} as FRR tells it."""
    return {p["peer"]: p for p in lab.vtysh("F2", "show bfd peers json") or []}


@pytest.fixture
def lab(build):
    with Lab(Topology(os.path.join(LABS, "bfd-peers")), build) as lab:
        # BIRD does not try again to bind an address that was not there when it began.
        wait_for(lambda: "3.3.3.3/32" in lab.run("B3", "ip", "-br", "address").stdout, "B3's loopback")
        lab.restart("B3", "bird")
        wait_all(lab, FRR | BIRD, "UP")
        yield lab


def test_both_ends_agree_on_state_discriminators_and_timers(lab):
    wait_for(lambda: all(s["detect_us"] == 600000 for s in sessions(lab).values()), "3 x 200 ms to detect, everywhere", last=lambda: sessions(lab))
    ours = sessions(lab)
    by_address = {"frr_single": "10.0.12.1", "frr_multi": "1.1.1.1", "frr_six": "2001:db8:12::1"}
    for name, address in by_address.items():
        row = wait_for(lambda a=address: of_frr(lab).get(a), f"FRR's peer {address}")
        assert row["status"] == "up" and row["id"] == ours[name]["remote"] and row["remote-id"] == ours[name]["local"], (row, ours[name])
        assert row["remote-transmit-interval"] == 200 and row["remote-detect-multiplier"] == 3, row
    assert {n: ours[n]["authentication"] for n in BIRD} == {"bird_single": "meticulous-sha1", "bird_multi": "keyed-md5", "bird_six": "meticulous-sha1"}


@pytest.mark.parametrize("port, lost, kept", [("p2", FRR, BIRD), ("p3", BIRD, FRR)])
def test_a_cut_path_is_found_by_both_ends_and_no_other_session_flaps(lab, port, lost, kept):
    before = sessions(lab)
    lab.net.unplug("S", port)
    wait_all(lab, lost, "DOWN")
    if lost == FRR:
        wait_for(lambda: all(p["status"] == "down" for p in of_frr(lab).values()), "FRR's end down", last=lambda: of_frr(lab))
    lab.net.unplug("S", port, again=True)
    after = wait_all(lab, lost | kept, "UP")
    assert {n: after[n]["downs"] - before[n]["downs"] for n in lost | kept} == {**dict.fromkeys(lost, 1), **dict.fromkeys(kept, 0)}


def test_an_end_that_is_switched_off_is_told_as_such_both_ways(lab):
    lab.reconfigure("R1", lambda text: text.replace("bfd frr_single bind peer-ip 10.0.12.2 interface GigabitEthernet0/1/0 source-ip 10.0.12.1 auto\n",
                                                    "bfd frr_single bind peer-ip 10.0.12.2 interface GigabitEthernet0/1/0 source-ip 10.0.12.1 auto\n shutdown\n"), ["bfdd"])
    wait_for(lambda: of_frr(lab)["10.0.12.1"]["status"] == "down" and of_frr(lab)["10.0.12.1"]["remote-diagnostic"] == "administratively down",
             "FRR is told why", last=lambda: of_frr(lab)["10.0.12.1"])
    words = [w for line in ("configure terminal", "bfd", "peer 1.1.1.1 multihop local-address 2.2.2.2", "shutdown") for w in ("-c", line)]
    lab.run("F2", "vtysh", "-N", frr_space(lab, "F2"), *words)
    row = wait_for(lambda: sessions(lab)["frr_multi"]["state"] == "DOWN" and sessions(lab)["frr_multi"], "FRR's shutdown is seen")
    assert row["remote_state"] == "ADMIN_DOWN" and row["verdict"] == "UNWATCHED", row
