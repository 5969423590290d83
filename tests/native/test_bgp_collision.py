"""Connections that collide (RFC 4271 6.8): both call at the same time, again and again, and exactly one session stays."""
import pytest
from bgp import OURS, BgpLab, router, wait_for
from bgp_speakers import Bird, Frr

TIMES = 5


def connections(lab):
    """TCP connections of BGP that R1 has."""
    return [line.split()[3:5] for line in lab.run("R1", "ss", "-Htn", "state", "established", "( sport = :179 or dport = :179 )").stdout.splitlines()]


@pytest.fixture(params=[(k, low) for k in (Bird, Frr) for low in (True, False)],
                ids=[f"{k.kind}-{'lower' if low else 'higher'}-id" for k in (Bird, Frr) for low in (True, False)])
def lab(request, build, tmp_path):
    kind, low = request.param
    s = kind(2, 65002)
    if low:
        s.id = "1.0.0.1"  # below R1's
    with BgpLab(tmp_path, build, [s], router(65001, [s], "network 192.0.2.0 255.255.255.0")) as lab:
        lab.wait_up(s)
        yield lab


def test_exactly_one_session_stays(lab):
    s = next(iter(lab.speakers.values()))
    s.announce("10.2.1.0/24")
    lab.wait_path(s, "10.2.1.0/24")
    for _ in range(TIMES):
        ups = lab.peer(s)["ups"]
        both_again(lab, s)
        lab.wait_peer(s, lambda r, n=ups: r["state"] == "ESTABLISHED" and r["ups"] > n, "a new session")
        lab.wait_told(s, "192.0.2.0/24")
        lab.wait_path(s, "10.2.1.0/24")
        wait_for(lambda: len(connections(lab)) == 1, "one connection", last=lambda: connections(lab))
        row = lab.peer(s)
        assert row["state"] == "ESTABLISHED", row
    # It lives on: what is said on it is heard, on both sides.
    s.announce("10.2.2.0/24")
    lab.wait_path(s, "10.2.2.0/24")
    assert len(connections(lab)) == 1 and lab.state(s) == "ESTABLISHED"


def both_again(lab, s):
    """Both ends give the session up, and both call at once."""
    if isinstance(s, Bird):
        s.birdc("restart", "r1")
    else:
        s.vtysh(f"clear bgp {OURS}")
    lab.ctl("R1", "reset", "bgp", s.address)


def test_both_begin_at_the_same_time(lab):
    """R1's l3vpnd and the speaker are both started anew."""
    s = next(iter(lab.speakers.values()))
    for _ in range(2):
        lab.kill("R1", "l3vpnd")
        s.kill()
        s.start()
        lab.start("R1", "l3vpnd")
        lab.wait_up(s)
        lab.wait_told(s, "192.0.2.0/24")
        wait_for(lambda: len(connections(lab)) == 1, "one connection", last=lambda: connections(lab))
        assert lab.state(s) == "ESTABLISHED"
