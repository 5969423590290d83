"""Interfaces and addresses that come and go, LDP that is switched on and off, graceful restart (RFC 3478)."""
import struct

import ldp
from penultlab.net import ip

A, B = "198.51.100.1/32", "198.51.100.2/32"


def both_active(router):
    router.wait(lambda: router.rows("display", "mpls", "ldp", "interface"), lambda rows: [r["active"] for r in rows] == [True, True],
                "Hellos on both links again")


def test_a_link_that_fails_takes_the_sessions_that_had_only_it(router):
    only, both = router.peer(link=2).operational().quiet(), router.peer().operational().quiet()
    both.hello_from(2)
    router.wait(lambda: router.adjacencies(both.lsr), lambda rows: len(rows) == 2, "the second adjacency")
    ip("-n", router.inside, "link", "set", "eth1", "down")
    try:
        router.wait(lambda: router.session(only.lsr), lambda s: s is None or s["state"] == "NON_EXISTENT", "the session's end")
        assert len(router.adjacencies(both.lsr)) == 1
        both.is_operational()
    finally:
        ip("-n", router.inside, "link", "set", "eth1", "up")
    both_active(router)


def test_an_interface_without_an_address_is_not_active_and_is_again_with_one(router):
    peer = router.peer(link=2).operational().quiet()
    router.configure(drop=[" ip address 10.13.0.1 255.255.0.0"])
    rows = router.wait(lambda: router.rows("display", "mpls", "ldp", "interface"), lambda rows: not rows[1]["active"], "the interface's rest")
    assert rows[0]["active"] and rows[1]["inactive"] == "the interface has no IPv4 address"
    row = router.session(peer.lsr)
    assert row is None or row["state"] == "NON_EXISTENT"
    router.reload(router.text)
    both_active(router)
    peer.hello()
    peer.heard()


def test_an_interface_that_the_operator_takes_away_says_goodbye(router):
    on_it, elsewhere = router.peer(link=2).operational().quiet(), router.peer().operational().quiet()
    on = "interface GigabitEthernet0/2/0"
    head, _, tail = router.text.partition(on)
    router.changed = True
    router.reload(head + on + tail.replace(" mpls ldp\n", "", 1))
    on_it.expect_end("shutdown")
    elsewhere.is_operational()
    router.reload(router.text)
    both_active(router)


def test_ldp_that_is_switched_off_says_goodbye_to_everybody_and_forgets_them(router):
    peers = [router.peer().operational().quiet(), router.peer(link=2).operational().quiet()]
    peers[0].say(ldp.MAPPING, ldp.fec(ldp.prefix("198.51.100.1/32")), ldp.label(1000))
    peers[0].fence()
    lines = router.text.split("\n")
    lines.remove("mpls ldp")  # the one of the system view
    router.changed = True
    router.reload("\n".join(lines))
    for p in peers:
        p.expect_end("shutdown")
    assert router.bindings(peers[0].lsr) == {} and router.rows("display", "mpls", "ldp", "adjacency") == []
    router.reload(router.text)
    both_active(router)
    peers[0].operational().quiet()


# --- neighbours that restart ---


def restarter(router, reconnect_ms=60000, recovery_ms=60000):
    """A peer that says it forwards on while it is away, with labels for A and B and the address of their next hop."""
    peer = router.peer()
    come_back(peer, reconnect_ms, recovery_ms)
    for k, fec in enumerate((A, B)):
        router.route(fec, peer.source)
        router.wait(lambda f=fec: router.hops(f), bool, "the route")
        peer.say(ldp.MAPPING, ldp.fec(ldp.prefix(fec)), ldp.label(1000 + k))
    peer.say(ldp.ADDRESS, ldp.address_list(peer.source))
    peer.fence()
    assert router.hops(A) == {peer.source: 1000} and router.hops(B) == {peer.source: 1001}
    return peer


def come_back(peer, reconnect_ms=60000, recovery_ms=60000):
    peer.operational(more=ldp.tlv(0x8503, struct.pack("!HHII", 1, 0, reconnect_ms, recovery_ms)) + ldp.tlv(0x8603, b"\x80"))


def kept(router, peer):
    return {fec: (row["label"], row["stale"]) for fec, row in router.bindings(peer.lsr).items()}


def test_the_labels_of_a_peer_that_restarts_are_kept_used_and_confirmed_or_swept(router):
    peer = restarter(router)
    peer.tcp.close()
    router.wait(lambda: router.session(peer.lsr), lambda s: s["peer_restarting"], "the wait for the peer")
    assert kept(router, peer) == {A: (1000, True), B: (1001, True)}
    assert router.hops(A) == {peer.source: 1000} and router.hops(B) == {peer.source: 1001}, "packets go on"
    come_back(peer)
    assert router.hops(A) == {peer.source: 1000}
    peer.say(ldp.ADDRESS, ldp.address_list(peer.source))
    peer.say(ldp.MAPPING, ldp.fec(ldp.prefix(A)), ldp.label(1000))
    peer.say(ldp.NOTIFICATION, ldp.status(ldp.STATUS["end of lib"]), ldp.fec(ldp.typed_wildcard()))
    peer.fence()
    assert kept(router, peer) == {A: (1000, False)}, "what it did not tell again is gone"
    assert router.hops(A) == {peer.source: 1000} and router.hops(B) == {peer.source: None}
    assert not router.session(peer.lsr)["peer_restarting"]


def test_a_peer_that_does_not_come_back_in_its_time_loses_its_labels(router):
    peer = restarter(router, reconnect_ms=1000)
    peer.tcp.close()
    router.wait(lambda: router.bindings(peer.lsr), lambda rows: rows == {}, "the end of the wait")
    assert router.hops(A) == {peer.source: None}


def test_a_peer_that_says_goodbye_loses_its_labels_at_once(router):
    peer = restarter(router)
    peer.say(ldp.NOTIFICATION, ldp.status(ldp.FATAL | ldp.STATUS["shutdown"]))
    peer.expect_close()
    peer.expect_down()
    assert router.bindings(peer.lsr) == {} and router.hops(A) == {peer.source: None}


def test_a_peer_that_makes_a_fatal_error_loses_its_labels_at_once(router):
    peer = restarter(router)
    peer.say(ldp.MAPPING, ldp.fec(ldp.prefix(A)), ldp.label(1 << 20))
    peer.expect_end("malformed tlv value")
    assert router.bindings(peer.lsr) == {} and router.hops(A) == {peer.source: None}


def test_a_peer_that_comes_back_without_graceful_restart_starts_from_nothing(router):
    peer = restarter(router)
    peer.tcp.close()
    router.wait(lambda: router.session(peer.lsr), lambda s: s["peer_restarting"], "the wait for the peer")
    peer.operational()
    peer.fence()
    assert router.bindings(peer.lsr) == {} and router.hops(A) == {peer.source: None}
