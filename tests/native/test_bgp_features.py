"""Large AS numbers, reflection, several paths, long messages, silence and limits, with speakers of Debian."""
import signal

import pytest
from bgp import BgpLab, router, wait_for
from bgp_speakers import Bird, Exabgp, Frr, Gobgp, Openbgpd

LARGE = 4200000001


@pytest.mark.parametrize("kinds", [(Frr, Bird), (Gobgp, Openbgpd)], ids=["frr-bird", "gobgp-openbgpd"])
def test_as_numbers_of_four_bytes(build, tmp_path, kinds):
    """R1's own, and a peer's."""
    speakers = [kinds[0](2, LARGE + 1, peer_as=LARGE), kinds[1](3, 65003, peer_as=LARGE)]
    with BgpLab(tmp_path, build, speakers, router(LARGE, speakers, "network 192.0.2.0 255.255.255.0")) as lab:
        lab.wait_all_up()
        for s in speakers:
            assert lab.peer(s)["remote_as"] == s.asn and lab.peer(s)["local_as"] == LARGE
            assert lab.wait_told(s, "192.0.2.0/24")["path"] == str(LARGE)
        speakers[0].announce("10.2.1.0/24")
        assert lab.wait_path(speakers[0], "10.2.1.0/24")["as_path"] == str(LARGE + 1)
        assert str(LARGE + 1) in lab.ctl("R1", "display", "bgp", "peer") and str(LARGE + 1) in lab.ctl("R1", "display", "bgp", "routing-table")


def test_an_as_in_two_parts_is_the_same(build, tmp_path):
    s = Bird(2, 65002, peer_as=LARGE)
    config = router(LARGE, [s]).replace(f"bgp {LARGE}", f"bgp {LARGE >> 16}.{LARGE & 0xffff}")
    with BgpLab(tmp_path, build, [s], config) as lab:
        lab.wait_up(s)


@pytest.fixture(scope="module")
def cluster(build, tmp_path_factory):
    """R1 reflects between clients GoBGP, BIRD and FRR, and OpenBGPD, which is none."""
    speakers = [k(i + 2, 65001) for i, k in enumerate([Gobgp, Bird, Frr, Openbgpd])]
    view = "\n".join(f"peer {s.address} reflect-client" for s in speakers[:3]) + "\nreflector cluster-id 9.9.9.9"
    with BgpLab(tmp_path_factory.mktemp("cluster"), build, speakers, router(65001, speakers, views={"ipv4": view})) as lab:
        lab.wait_all_up()
        yield lab


@pytest.mark.parametrize("index", range(4), ids=["gobgp", "bird", "frr", "openbgpd-no-client"])
def test_what_is_reflected_says_where_it_comes_from(cluster, index):
    lab, speakers = cluster, list(cluster.speakers.values())
    source, prefix = speakers[index], f"10.{index + 2}.7.0/24"
    source.announce(prefix)
    lab.wait_path(source, prefix)
    wait_for(lambda: [p for p in lab.paths(prefix) if not p["unused"]], "fibd to resolve next hops", last=lambda: lab.paths(prefix))
    for other in speakers:
        if other is source:
            continue
        route = lab.wait_told(other, prefix)
        assert route["originator"] == source.id and "9.9.9.9" in str(route["clusters"]), (other.name, route)
        assert route["next_hop"] == source.address and route["path"] == "" and route["local_pref"] == 100, (other.name, route)
    assert [row["client"] for row in map(lab.peer, speakers)] == [True, True, True, False]
    source.withdraw(prefix)
    for other in speakers:
        if other is not source:
            lab.wait_not_told(other, prefix)


def test_what_is_no_clients_goes_to_no_other_who_is_none(build, tmp_path):
    speakers = [Gobgp(2, 65001), Bird(3, 65001), Frr(4, 65001)]
    view = {"ipv4": "peer 10.0.0.4 reflect-client"}
    with BgpLab(tmp_path, build, speakers, router(65001, speakers, views=view)) as lab:
        lab.wait_all_up()
        speakers[0].announce("10.2.8.0/24")
        lab.wait_path(speakers[0], "10.2.8.0/24")
        wait_for(lambda: [p for p in lab.paths("10.2.8.0/24") if not p["unused"]], "fibd to resolve next hops", last=lambda: lab.paths("10.2.8.0/24"))
        lab.wait_told(speakers[2], "10.2.8.0/24")
        assert speakers[1].told("10.2.8.0/24") is None


@pytest.mark.parametrize("kind", [Bird, Gobgp, Exabgp], ids=lambda k: k.kind)
def test_several_paths_to_one_destination(build, tmp_path, kind):
    """RFC 7911: they are told apart by their identifiers."""
    s = kind(2, 65001, add_path=True, ours=["listen-only"])
    view = {"ipv4": f"peer {s.address} capability-advertise add-path receive"}
    with BgpLab(tmp_path, build, [s], router(65001, [s], views=view)) as lab:
        row = lab.wait_up(s)
        assert "add-path receive" in row["capabilities"], row
        two_paths(s)
        def both():
            paths = [p for p in lab.paths("10.2.9.0/24") if p["peer"] == s.address]
            return len(paths) == 2 and len({p["id"] for p in paths}) == 2 and {p["med"] for p in paths} == {10, 20}
        wait_for(both, "two paths", last=lambda: lab.paths("10.2.9.0/24"))


def two_paths(s):
    if isinstance(s, Exabgp):
        for n in (1, 2):
            s.announce("10.2.9.0/24", med=10 * n, more=f" path-information 0.0.0.{n}")
    elif isinstance(s, Bird):
        for n in (1, 2):  # two protocols, one table
            s.put(f"10.2.9.0/24 {n}", "ipv4", "10.2.9.0/24 blackhole", [f"bgp_med = {10 * n};"])
    else:
        for n in (1, 2):
            s.gobgp("global", "rib", "add", "-a", "ipv4", "10.2.9.0/24", "identifier", str(n), "med", str(10 * n), "nexthop", s.address)


@pytest.fixture
def trio(build, tmp_path):
    speakers = [k(i + 2, 65002 + i, hold=6) for i, k in enumerate([Gobgp, Bird, Frr])]
    with BgpLab(tmp_path, build, speakers, router(65001, speakers)) as lab:
        lab.wait_all_up()
        yield lab


def test_a_peer_that_falls_silent_is_dropped_and_comes_back(trio):
    """Frozen, not dead: its kernel goes on, and its hold time decides. Without graceful restart its routes go at once."""
    lab = trio
    for s in lab.speakers.values():
        assert lab.peer(s)["hold_s"] == 6 and lab.peer(s)["keepalive_s"] == 2
        s.announce(f"10.{s.number}.1.0/24")
        lab.wait_path(s, f"10.{s.number}.1.0/24")
    for s in lab.speakers.values():
        s.process.signal(signal.SIGSTOP)
    try:
        for s in lab.speakers.values():
            row = lab.wait_peer(s, lambda r: r["state"] != "ESTABLISHED", "the end of its hold time")
            assert row["last_error"] == "hold timer expired" and row["last_error_sent"], row
    finally:
        for s in lab.speakers.values():
            s.process.signal(signal.SIGCONT)
    for s in lab.speakers.values():
        lab.wait_peer(s, lambda r: r["state"] == "ESTABLISHED" and r["ups"] == 2, "a new session")
        lab.wait_path(s, f"10.{s.number}.1.0/24", good=lambda p: not p["stale"])


def test_too_many_prefixes_end_the_session_of_the_one_who_tells_them(build, tmp_path):
    speakers = [Frr(2, 65002), Bird(3, 65003)]
    view = {"ipv4": "\n".join(f"peer {s.address} route-limit 2" for s in speakers)}
    with BgpLab(tmp_path, build, speakers, router(65001, speakers, views=view)) as lab:
        lab.wait_all_up()
        for k in (1, 2, 3):
            speakers[0].announce(f"10.2.{k}.0/24")
        row = lab.wait_peer(speakers[0], lambda r: r["state"] != "ESTABLISHED", "the end")
        assert "maximum number of prefixes" in row["last_error"] and row["last_error_sent"], row
        wait_for(lambda: "Maximum Number of Prefixes Reached" in speakers[0].vtysh("show bgp neighbors 10.0.0.1"), "FRR to know why",
                 last=lambda: speakers[0].vtysh("show bgp neighbors 10.0.0.1"))
        assert lab.state(speakers[1]) == "ESTABLISHED"


def test_long_messages_are_agreed_with_frr_and_bird(build, tmp_path):
    frr, bird = Frr(2, 65002), Bird(3, 65003)
    bird.more = "enable extended messages on;"
    with BgpLab(tmp_path, build, [frr, bird], router(65001, [frr, bird], "network 192.0.2.0 255.255.255.0")) as lab:
        lab.wait_all_up()
        for s in (frr, bird):
            assert "extended messages" in lab.peer(s)["capabilities"], (s.name, lab.peer(s))
        many = [f"65003:{i}" for i in range(1500)]  # more than the 4096 bytes of the old limit
        bird.announce("10.3.1.0/24", communities=many)
        p = lab.wait_path(bird, "10.3.1.0/24")
        assert len(p["communities"].split()) == 1500
