"""Graceful restart (RFC 4724) with BIRD, GoBGP and FRR: R1 helps those who restart, and is helped."""
import signal

import pytest
from bgp import BgpLab, router, wait_for
from bgp_speakers import Bird, Frr, Gobgp

KINDS = [Gobgp, Bird, Frr]
RESTART_S = 10  # what they ask R1 to wait


@pytest.fixture
def lab(request, build, tmp_path):
    kind, families = request.param
    speaker = kind(2, 65002, families, restart_s=RESTART_S, hold=9)
    views = {"ipv4": "network 192.0.2.0 255.255.255.0", "vpnv4": "undo policy vpn-target"}
    if "vpnv4" not in families:
        del views["vpnv4"]
    with BgpLab(tmp_path, build, [speaker], router(65001, [speaker], views=views)) as lab:
        lab.wait_up(speaker)
        yield lab


def each(families=("ipv4",)):
    return pytest.mark.parametrize("lab", [(k, families) for k in KINDS], ids=[k.kind for k in KINDS], indirect=True)


def only(lab):
    return next(iter(lab.speakers.values()))


def stale(p):
    return p["stale"]


def come_and_be_ended(lab, s):
    """Its End-of-RIB has come too."""
    return lab.wait_peer(s, lambda r: r["state"] == "ESTABLISHED" and all(f["ended"] for f in r["families"] if f["agreed"]), "End-of-RIB")


@each()
def test_routes_of_a_peer_that_dies_stay_until_its_time_is_over(lab):
    s = only(lab)
    s.announce("10.2.1.0/24")
    lab.wait_path(s, "10.2.1.0/24")
    row = come_and_be_ended(lab, s)
    assert row["graceful_restart"] and row["restart_s"] == RESTART_S and "graceful restart" in row["capabilities"], row
    s.kill()
    lab.wait_path(s, "10.2.1.0/24", good=stale)
    row = lab.wait_peer(s, lambda r: r["state"] != "ESTABLISHED", "its loss")
    assert row["families"][0]["stale"] and row["families"][0]["received"] >= 1, row
    assert "S" in next(line for line in lab.ctl("R1", "display", "bgp", "routing-table").splitlines() if "10.2.1.0/24" in line)
    lab.wait_no_path(s, "10.2.1.0/24")
    assert not lab.peer(s)["families"][0]["stale"]


@each()
def test_what_a_peer_says_again_stays_and_the_rest_goes(lab):
    s = only(lab)
    for prefix in ("10.2.1.0/24", "10.2.2.0/24"):
        s.announce(prefix)
        lab.wait_path(s, prefix)
    come_and_be_ended(lab, s)
    s.kill()
    lab.wait_path(s, "10.2.1.0/24", good=stale)
    comes_back_with(lab, s, "10.2.1.0/24")
    lab.wait_up(s)
    # Whether it says that its kernel has kept its routes is its own affair; if not, they go at once.
    lab.wait_path(s, "10.2.1.0/24", good=lambda p: not p["stale"])
    lab.wait_no_path(s, "10.2.2.0/24")
    assert lab.peer(s)["ups"] == 2


def comes_back_with(lab, s, prefix):
    """It has one route now; what it was told at runtime it has forgotten."""
    if isinstance(s, Bird):
        s.routes = {k: v for k, v in s.routes.items() if k == prefix}
        lab.write(s.folder, f"{s.name}.bird", s.text())
    s.start()
    if not isinstance(s, Bird):
        s.announce(prefix)


@each(("ipv4", "vpnv4"))
def test_vpn_routes_stay_too(lab):
    s = only(lab)
    s.announce_vpn("172.16.0.0/16", "65002:1", "65002:1", 500)
    lab.wait_path(s, "172.16.0.0/16", "VPNV4", "65002:1")
    come_and_be_ended(lab, s)
    s.kill()
    lab.wait_path(s, "172.16.0.0/16", "VPNV4", "65002:1", good=stale)
    lab.wait_no_path(s, "172.16.0.0/16", "VPNV4", "65002:1")


@each()
def test_a_peer_that_stops_for_good_is_forgotten(lab):
    """Frozen, it loses the session when its hold time is over (RFC 8538: its routes stay); thawed, it begins anew."""
    s = only(lab)
    s.announce("10.2.1.0/24")
    lab.wait_path(s, "10.2.1.0/24")
    come_and_be_ended(lab, s)
    s.process.signal(signal.SIGSTOP)
    try:
        row = lab.wait_peer(s, lambda r: r["state"] != "ESTABLISHED", "the end of its hold time")
        assert row["last_error"] == "hold timer expired" and row["last_error_sent"], row
        assert lab.wait_path(s, "10.2.1.0/24")["stale"]
    finally:
        s.process.signal(signal.SIGCONT)
    lab.wait_peer(s, lambda r: r["state"] == "ESTABLISHED" and r["ups"] == 2, "a new session")
    lab.wait_path(s, "10.2.1.0/24", good=lambda p: not p["stale"])


@each()
def test_our_routes_stay_with_a_peer_while_we_restart(lab):
    """R1's l3vpnd is killed: the peer keeps what it has, marked or not, and never loses it; then it is told all once more."""
    s = only(lab)
    lab.wait_told(s, "192.0.2.0/24")
    s.announce("10.2.1.0/24")
    wait_for(lambda: [p for p in lab.paths("10.2.1.0/24") if not p["unused"]], "R1 to use a route of its", last=lambda: lab.paths("10.2.1.0/24"))
    wait_for(lambda: lab.json("R1", "ip", "-j", "route", "show", "10.2.1.0/24"), "fibd to have it in the kernel")
    come_and_be_ended(lab, s)
    lab.kill("R1", "l3vpnd")
    gone_down(lab, s)
    assert s.told("192.0.2.0/24"), "the peer has dropped our route"
    lab.start("R1", "l3vpnd")

    def back():
        assert s.told("192.0.2.0/24"), "the peer has dropped our route"
        return "the restart is over" in lab.bgp_log()
    wait_for(back, "the restart to be over", last=lambda: (lab.peer(s), lab.bgp_log()[-1500:]))
    lab.wait_told(s, "192.0.2.0/24", good=lambda r: not r["stale"])
    assert "the restart is over: all peers have told what they have" in lab.bgp_log()
    if not isinstance(s, Frr):
        assert lab.json("R1", "ip", "-j", "route", "show", "10.2.1.0/24"), "our kernel has lost its route"
    # For two minutes FRR says that it restarts itself; such a peer is not waited for (RFC 4724 4.1), and speaks a second later.
    wait_for(lambda: lab.json("R1", "ip", "-j", "route", "show", "10.2.1.0/24"), "the route in our kernel")


def gone_down(lab, s):
    """The peer has seen the end of the session."""
    down = {"gobgp": lambda: "ESTABLISHED" not in s.gobgp("neighbor").upper().replace("ESTABL ", "ESTABLISHED"),
            "bird": lambda: "Established" not in s.birdc("show", "protocols", "r1"),
            "frr": lambda: "Established" not in s.vtysh("show bgp neighbors 10.0.0.1")}[s.kind]
    wait_for(down, f"{s.name} to see the end", 30)
