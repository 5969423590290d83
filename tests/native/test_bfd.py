"""BFD between two routers of ours, over real sockets."""
import pytest
from penult import Lab, Topology, wait_for
import os

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
FAR = {"R1": "R2", "R2": "R1"}


def session(lab, router):
    rows = lab.rows(router, "display", "bfd", "session", "all")
    return rows[0] if rows else {"state": "", "ups": 0, "downs": 0}


def wait_state(lab, router, state):
    return wait_for(lambda: session(lab, router)["state"] == state and session(lab, router), f"{router}'s session to be {state}",
                    last=lambda: session(lab, router))


@pytest.fixture
def lab(build):
    with Lab(Topology(os.path.join(LABS, "bfd")), build) as lab:
        for router in FAR:
            wait_state(lab, router, "UP")
        yield lab


def change(lab, router, *lines):
    """The router's session with lines more."""
    lab.reconfigure(router, lambda text: text.replace(" auto\n", " auto\n" + "".join(f" {line}\n" for line in lines)), ["bfdd"])


def test_sessions_come_up_with_negotiated_discriminators_and_quick_timers(lab):
    for router in FAR:
        s = wait_for(lambda r=router: session(lab, r)["detect_us"] == 30000 and session(lab, r), "30 ms to detect", last=lambda r=router: session(lab, r))
        assert s["local"] == s["remote"] == 8192 and s["tx_us"] == 10000


def test_a_cut_path_with_carrier_is_found_and_its_return_too(lab):
    lab.net.unplug("S", "p2")
    for router in FAR:
        assert wait_state(lab, router, "DOWN")["diag"] in (1, 3)  # its own detection time, or the other end said so
    assert "Control Detection Time Expired" in lab.ctl("R1", "display", "bfd", "session", "all", "verbose")
    lab.net.unplug("S", "p2", again=True)
    for router in FAR:
        wait_state(lab, router, "UP")


def test_timers_change_without_a_flap(lab):
    downs = {r: session(lab, r)["downs"] for r in FAR}
    change(lab, "R1", "min-tx-interval 50", "min-rx-interval 100", "detect-multiplier 5")
    wait_for(lambda: session(lab, "R1")["tx_us"] == 50000 and session(lab, "R1")["rx_us"] == 100000, "the new timers", last=lambda: session(lab, "R1"))
    wait_for(lambda: session(lab, "R2")["detect_us"] == 250000, "five times 50 ms at the other end", last=lambda: session(lab, "R2"))
    assert {r: session(lab, r)["downs"] for r in FAR} == downs


def test_shutdown_is_told_to_the_other_end_as_what_it_is(lab):
    change(lab, "R1", "shutdown")
    wait_state(lab, "R1", "ADMIN_DOWN")
    s = wait_for(lambda: session(lab, "R2")["state"] == "DOWN" and session(lab, "R2"), "R2's end down")
    assert s["remote_state"] == "ADMIN_DOWN" and s["verdict"] == "UNWATCHED", s


@pytest.mark.parametrize("kind", ["simple", "md5", "meticulous-md5", "sha1", "meticulous-sha1"])
def test_a_key_on_both_ends(lab, kind):
    change(lab, "R1", f"authentication {kind} key-id 1 plain orange")
    wait_for(lambda: session(lab, "R1")["state"] == "DOWN", "the end without the other's key", last=lambda: session(lab, "R1"))
    change(lab, "R2", f"authentication {kind} key-id 1 plain orange")
    for router in FAR:
        wait_state(lab, router, "UP")
    assert "orange" not in lab.ctl("R1", "display", "bfd", "session", "all", "verbose")


def test_a_killed_bfdd_comes_back_with_its_sessions(lab):
    lab.kill("R1", "bfdd")
    wait_state(lab, "R2", "DOWN")
    lab.start("R1", "bfdd")
    for router in FAR:
        wait_state(lab, router, "UP")
