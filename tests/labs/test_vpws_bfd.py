"""Far ends of pseudowires that BFD watches because l2vpnd asks for it: one that is dead is left at once, in the kernel and in the displays."""
import os

import pytest
from penult import Lab, Topology, wait_for

pytestmark = pytest.mark.mpls

HERE = os.path.dirname(os.path.realpath(__file__))


@pytest.fixture(scope="module")
def lab(build):
    lab = Lab(Topology(os.path.join(HERE, "vpws-bfd")), build)
    try:
        lab.up()
        wait_for(lambda: [v["up"] for v in vcs(lab)] == [True, True], "PE1's pseudowires", 180, last=lambda: [(v["vc_id"], v["trouble"]) for v in vcs(lab)])
        wait_for(lambda: [s["verdict"] for s in sessions(lab)] == ["ALIVE", "ALIVE"], "PE1's sessions", 60, last=lambda: sessions(lab))
        yield lab
        lab.finish()
    finally:
        lab.close()


def vcs(lab):
    return lab.rows("PE1", "display", "mpls", "l2vc")


def sessions(lab):
    return lab.rows("PE1", "display", "bfd", "session", "all")


def service(lab):
    return lab.rows("PE1", "display", "mpls", "l2vpn", "service-name")[0]


def answers(lab):
    p = lab.run("H1", "ping", "-c", "5", "-i", "0.3", "-W", "5", "192.168.9.2", check=False)
    assert " 0% packet loss" in p.stdout, p.stdout


def carries(lab, role):
    wait_for(lambda: service(lab).get("carries") and service(lab).get("active", "PRIMARY") == role, f"the {role} pseudowire to carry frames", 60, last=lambda: service(lab))


def test_there_is_one_session_for_each_far_end_from_our_lsr_id(lab):
    rows = sessions(lab)
    assert {r["peer"] for r in rows} == {"2.2.2.2", "3.3.3.3"}, rows
    assert all(r["source"] == "1.1.1.1" and r["multihop"] and r["clients"] == ["l2vpnd"] and r["min_tx_us"] == 300000 and r["multiplier"] == 5 for r in rows), rows
    answers(lab)


def test_a_far_end_that_is_dead_is_left_and_gone_back_to(lab):
    carries(lab, "PRIMARY")
    lab.kill("PE2", "bfdd")
    try:
        carries(lab, "SECONDARY")
        assert service(lab)["switch_reason"] == "BFD says that 2.2.2.2 is dead", service(lab)
        dead = next(v for v in vcs(lab) if v["vc_id"] == 100)
        assert not dead["up"] and not dead["alive"] and dead["local_status"] & 0x18 == 0x18, dead
        answers(lab)
    finally:
        lab.start("PE2", "bfdd")
    carries(lab, "PRIMARY")
    answers(lab)
