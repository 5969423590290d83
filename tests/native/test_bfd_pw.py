"""BFD to the far ends of pseudowires: what l2vpnd asks for, and that it is nobody else's wish."""
import os

import pytest
from penult import Lab, Topology, wait_for

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")


@pytest.fixture
def lab(build):
    with Lab(Topology(os.path.join(LABS, "pw-bfd")), build) as lab:
        yield lab


def session(lab, router="R1"):
    """The only one; nothing when there is none."""
    rows = lab.rows(router, "display", "bfd", "session", "all")
    assert len(rows) < 2, rows
    return rows[0] if rows else {}


def wait_session(lab, what, holds, router="R1"):
    return wait_for(lambda: (row := session(lab, router)) and holds(row) and row, what, last=lambda: session(lab, router))


def without(*names):
    """The configuration without the pseudowires of these templates."""
    return lambda text: "".join(line + "\n" for line in text.splitlines() if not any(f"mpls l2vc pw-template {n} " in line for n in names))


def test_all_pseudowires_to_a_far_end_share_one_session_from_our_lsr_id_with_the_quickest_timers(lab):
    row = wait_session(lab, "both ends to be Up", lambda r: r["state"] == "UP" and r["detect_us"] == 300000)
    assert row["multihop"] and row["peer"] == "2.2.2.2" and row["source"] == "1.1.1.1" and row["clients"] == ["l2vpnd"], row
    assert (row["min_tx_us"], row["min_rx_us"], row["multiplier"]) == (100000, 100000, 3), row
    assert all(vc["bfd"] for vc in lab.rows("R1", "display", "mpls", "l2vc"))
    for router in ("R1", "R2"):
        lab.reconfigure(router, without("QUICK"), ["l2vpnd"])
    row = wait_session(lab, "the slow one's timers", lambda r: r["min_tx_us"] == 400000 and r["detect_us"] == 5 * 400000)
    assert row["downs"] == 0 and row["min_rx_us"] == 300000 and row["multiplier"] == 5, row
    lab.reconfigure("R1", without("SLOW"), ["l2vpnd"])
    wait_for(lambda: not session(lab), "nobody to want it", last=lambda: session(lab))
    wait_session(lab, "R2 to hear of it", lambda r: r["verdict"] == "UNWATCHED", "R2")


def test_an_l2vpnd_that_is_killed_takes_no_session_along(lab):
    before = wait_session(lab, "both ends to be Up", lambda r: r["state"] == "UP")
    lab.kill("R1", "l2vpnd")
    lab.start("R1", "l2vpnd")
    wait_for(lambda: lab.rows("R1", "display", "mpls", "l2vc"), "l2vpnd to be back")
    after = session(lab)
    assert after["local"] == before["local"] and after["downs"] == 0 and after["state"] == "UP", after
