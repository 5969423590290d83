"""BGP with each speaker of Debian: routes and their attributes both ways, whoever calls, in our AS and across its border."""
import pytest
from bgp import BgpLab, router, wait_for
from bgp_speakers import Bird, Exabgp, Frr, Gobgp, Openbgpd

KINDS = [Gobgp, Bird, Frr, Openbgpd, Exabgp]
IDS = [k.kind for k in KINDS]
TOLD = "network 192.0.2.0 255.255.255.0\nimport-route static med 77"


@pytest.fixture(scope="module")
def external(build, tmp_path_factory):
    """Each in its own AS, and waiting for R1's call."""
    speakers = [k(i + 2, 65002 + i, passive=True) for i, k in enumerate(KINDS)]
    with BgpLab(tmp_path_factory.mktemp("external"), build, speakers, router(65001, speakers, TOLD)) as lab:
        lab.wait_all_up()
        yield lab


@pytest.fixture(scope="module")
def internal(build, tmp_path_factory):
    """All in R1's AS, and R1 waits for their calls."""
    speakers = [k(i + 2, 65001, ours=["listen-only"]) for i, k in enumerate(KINDS)]
    with BgpLab(tmp_path_factory.mktemp("internal"), build, speakers, router(65001, speakers, TOLD)) as lab:
        lab.wait_all_up()
        yield lab


@pytest.fixture(params=["external", "internal"])
def lab(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=KINDS, ids=IDS)
def speaker(request, lab):
    return next(s for s in lab.speakers.values() if isinstance(s, request.param))


def test_the_session_is_as_configured(lab, speaker):
    row = lab.wait_up(speaker)
    assert row["remote_as"] == speaker.asn and row["router_id"] == speaker.id and row["ups"] == 1, row
    assert row["hold_s"] == 90 and "4-octet AS" in row["capabilities"] and "route refresh" in row["capabilities"], row
    assert row["families"][0]["family"] == "IPV4" and row["families"][0]["agreed"], row


def test_what_it_announces_arrives_with_its_attributes(lab, speaker):
    prefix = f"10.{speaker.number}.1.0/24"
    speaker.announce(prefix, med=50, communities=["64999:7", "64999:8"], large=["64999:1:2"], path=[64999])
    p = lab.wait_path(speaker, prefix)
    assert p["as_path"] == speaker.own_path([64999]) and p["origin"] == "i", p
    assert p["has_med"] and p["med"] == 50 and p["next_hop"] == speaker.address and p["internal"] is not speaker.external, p
    assert p["communities"] == "64999:7 64999:8" and p["large_communities"] == "64999:1:2", p
    assert p["local_pref"] == 100, p


def test_what_it_withdraws_goes_and_the_rest_stays(lab, speaker):
    going, staying = f"10.{speaker.number}.2.0/24", f"10.{speaker.number}.3.0/24"
    for prefix in (going, staying):
        speaker.announce(prefix)
    for prefix in (going, staying):
        lab.wait_path(speaker, prefix)
    speaker.withdraw(going)
    lab.wait_no_path(speaker, going)
    assert lab.path(speaker, staying) and lab.peer(speaker)["ups"] == 1
    speaker.announce(going)
    lab.wait_path(speaker, going)


def test_it_has_our_routes_with_their_attributes(lab, speaker):
    network, brought = lab.wait_told(speaker, "192.0.2.0/24"), lab.wait_told(speaker, "203.0.113.0/24")
    for route in (network, brought):
        assert route["path"] == ("65001" if speaker.external else ""), route
        assert route["next_hop"] == "10.0.0.1" and not route["communities"], route
        assert speaker.external or route["local_pref"] == 100, route
    assert brought["med"] == 77, brought


def test_it_hears_of_our_withdrawal(lab):
    for speaker in lab.speakers.values():
        lab.wait_told(speaker, "192.0.2.0/24")
    before = lab.configure(lambda text: text.replace("ip route-static 192.0.2.0 255.255.255.0 NULL0\n", ""))
    for speaker in lab.speakers.values():
        lab.wait_not_told(speaker, "192.0.2.0/24")
        assert speaker.told("203.0.113.0/24"), speaker.name
    lab.configure(lambda text: before)
    for speaker in lab.speakers.values():
        lab.wait_told(speaker, "192.0.2.0/24")


def test_what_one_tells_reaches_the_others(external):
    """With our AS before, their communities, and without their MED (RFC 4271 5.1.4)."""
    lab, first = external, next(iter(external.speakers.values()))
    first.announce("10.99.0.0/16", med=5, communities=["64999:9"], path=[64999])
    lab.wait_path(first, "10.99.0.0/16")
    wait_for(lambda: lab.answers_about_next_hops(), "fibd to resolve next hops", last=lambda: lab.paths("10.99.0.0/16"))
    for other in lab.speakers.values():
        if other is not first:
            route = lab.wait_told(other, "10.99.0.0/16")
            assert route["path"] == "65001 65002 64999" and route["communities"] == ["64999:9"] and not route["med"], (other.name, route)
            # A link that all are on: who is nearer to the destination is told as the next hop, or we are (5.1.3).
            assert route["next_hop"] in ("10.0.0.2", "10.0.0.1"), route
    first.withdraw("10.99.0.0/16")
    for other in lab.speakers.values():
        if other is not first:
            lab.wait_not_told(other, "10.99.0.0/16")


def test_what_they_announce_is_counted(lab, speaker):
    wait_for(lambda: lab.peer(speaker)["families"][0]["received"] == sum(1 for r in lab.rows("R1", "display", "bgp", "routing-table")
                                                                       for p in r["paths"] if p["peer"] == speaker.address),
             "the count of prefixes", last=lambda: lab.peer(speaker))
    assert lab.peer(speaker)["families"][0]["received"] >= 3
