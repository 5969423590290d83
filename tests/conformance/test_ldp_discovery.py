"""Discovery and transport, RFC 5036 sections 2.4, 2.5.1, 2.5.2, 3.5.2: who is heard, who connects, what ends with a Hello."""
import socket
import struct

import ldp
import pytest
from penultlab.net import inside

IP_RECVTTL = 12  # linux/in.h; Python has no name for it
TARGETED = "mpls ldp discovery targeted-hello accept\n"


# --- Hellos that come ---


def test_a_hello_makes_an_adjacency_and_a_neighbour_without_a_session(peer):
    peer.hello(hold=40)
    row = peer.heard()[0]
    assert (row["source"], row["transport"], row["hold_ms"]) == (peer.source, peer.transport, 40000)
    assert peer.wait_state("NON_EXISTENT")["role"] == "PASSIVE"


@pytest.mark.parametrize("said, agreed_ms", [(0, 15000), (7, 7000), (300, 300000), (0xffff, 0xffffffff)])
def test_the_lower_hold_time_counts_0_is_the_standard_one_and_all_ones_is_for_ever(peer, said, agreed_ms):
    peer.hello(hold=said)
    assert peer.heard()[0]["hold_ms"] == agreed_ms


def test_a_hello_without_a_transport_address_stands_for_its_source(peer):
    peer.hello(transport="")
    assert peer.heard()[0]["transport"] == peer.source
    peer.connect()
    peer.init()
    peer.expect(ldp.INITIALIZATION)


def test_each_hello_renews_the_hold_time_and_may_change_it(peer):
    peer.hello(hold=40)
    peer.heard()
    peer.hello(hold=50)
    peer.router.wait(lambda: peer.router.adjacencies(peer.lsr), lambda rows: rows[0]["hold_ms"] == 50000, "the new hold time")
    assert len(peer.router.adjacencies(peer.lsr)) == 1


def bad_hellos(lsr):
    common = ldp.common_hello(60)
    hello = ldp.message(ldp.HELLO, common)
    return {
        "version 2": ldp.pdu(lsr, hello, version=2),
        "a PDU length too small": ldp.pdu(lsr, hello, length=13),
        "a PDU length too great": ldp.pdu(lsr, hello, length=200),
        "bytes behind the PDU": ldp.pdu(lsr, hello) + b"\0",
        "no message": ldp.pdu(lsr),
        "the LSR id 0": ldp.pdu("0.0.0.0", hello),
        "a message length too great": ldp.pdu(lsr, ldp.message(ldp.HELLO, common, length=13)),
        "a message length too small": ldp.pdu(lsr, ldp.message(ldp.HELLO, common, length=3)),
        "no common parameters": ldp.pdu(lsr, ldp.message(ldp.HELLO)),
        "common parameters too short": ldp.pdu(lsr, ldp.message(ldp.HELLO, ldp.tlv(0x0400, bytes(3)))),
        "common parameters too long": ldp.pdu(lsr, ldp.message(ldp.HELLO, ldp.tlv(0x0400, bytes(5)))),
        "a TLV beyond the message": ldp.pdu(lsr, ldp.message(ldp.HELLO, common, struct.pack("!HH", 0x0401, 5) + bytes(4))),
        "a transport address of 3 bytes": ldp.pdu(lsr, ldp.message(ldp.HELLO, common, ldp.tlv(0x0401, bytes(3)))),
        "an unknown TLV without the U bit": ldp.pdu(lsr, ldp.message(ldp.HELLO, common, ldp.tlv(0x3eee))),
        "another message": ldp.pdu(lsr, ldp.message(ldp.KEEPALIVE)),
        "our own LSR id": ldp.pdu("1.1.1.1", hello),
    }


@pytest.mark.parametrize("what", bad_hellos("0.0.0.0"))
def test_a_malformed_hello_is_counted_and_makes_nobody(peer, what):
    def bad():
        return sum(r["hellos_bad"] for r in peer.router.rows("display", "mpls", "ldp", "interface"))

    before = bad()
    peer.raw_hello(bad_hellos(peer.lsr)[what])
    peer.router.wait(bad, lambda n: n > before, "the count of bad Hellos")
    assert peer.router.adjacencies(peer.lsr) == [] and peer.router.adjacencies("1.1.1.1") == []
    peer.hello()
    peer.heard()


def test_an_unknown_tlv_with_the_u_bit_does_no_harm_to_a_hello(peer):
    peer.hello(more=ldp.tlv(0xbeee, b"what") + ldp.tlv(0x8403, bytes(16)))
    peer.heard()


def test_a_link_hello_that_is_not_to_all_routers_and_a_targeted_one_that_is_are_not_heard(router):
    unicast, flagged, good = router.peer(), router.peer(), router.peer()
    unicast.raw_hello(unicast.hello_bytes(), to="10.12.0.1")
    flagged.hello(targeted=True, request=True)
    good.hello()  # the same socket of the router's reads them in order
    good.heard()
    assert router.adjacencies(unicast.lsr) == [] and router.adjacencies(flagged.lsr) == []


# --- Hellos that are sent ---


def listen(router):
    with inside(router.inside):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        s.bind(("224.0.0.2", 646))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.2") + socket.inet_aton("10.12.0.2"))
        s.settimeout(30)
    return s


def next_hello(s):
    while True:
        data, extra, _, where = s.recvmsg(2048, 256)
        (lsr, m), = ldp.messages_of(data)[0]
        if lsr == "1.1.1.1":
            ttl = next(struct.unpack("=i", v)[0] for level, kind, v in extra if (level, kind) == (socket.IPPROTO_IP, socket.IP_TTL))
            return m, where, ttl


def test_our_hellos_say_what_they_should(peer):
    with listen(peer.router) as s:
        peer.hello()  # a new neighbour's is answered at once
        m, where, ttl = next_hello(s)
    assert m.kind == ldp.HELLO and ttl == 1
    assert where == ("10.12.0.1", 646), "from port 646 of the link's own address"
    hold, flags = struct.unpack("!HH", m.tlvs[0x0400])
    assert hold == 0xffff and flags & 0xc000 == 0, "a link Hello asks for no targeted one"
    assert m.tlvs[0x0401] == socket.inet_aton("1.1.1.1")


def test_hellos_come_three_to_the_hold_time_of_the_most_impatient_neighbour(peer):
    peer.hello(hold=2)
    rows = peer.router.wait(lambda: peer.router.rows("display", "mpls", "ldp", "interface"), lambda rows: rows[0]["hello_interval_ms"] <= 667,
                            "the shorter interval")
    assert rows[1]["hello_interval_ms"] == 5000, "the other link is as it was"


# --- targeted Hellos ---


def test_targeted_hellos_are_heard_only_where_the_operator_accepts_them(router):
    refused, accepted = router.peer(), router.peer()
    good = router.peer()
    refused.raw_hello(refused.hello_bytes(targeted=True, request=True), to="1.1.1.1")
    good.hello()
    good.heard()
    assert router.adjacencies(refused.lsr) == []
    router.configure(TARGETED)
    accepted.raw_hello(accepted.hello_bytes(targeted=True, request=True, hold=33), to="1.1.1.1")
    row = accepted.heard()[0]
    assert row["ifindex"] == 0 and row["hold_ms"] == 33000


def test_a_targeted_hello_that_asks_for_no_answer_gets_none(router):
    router.configure(TARGETED)
    silent, asking = router.peer(), router.peer()
    silent.raw_hello(silent.hello_bytes(targeted=True), to="1.1.1.1")
    asking.raw_hello(asking.hello_bytes(targeted=True, request=True), to="1.1.1.1")
    asking.heard()
    assert router.adjacencies(silent.lsr) == []


def test_an_accepted_targeted_hello_is_answered_by_one_that_does_not_ask_in_turn(router):
    router.configure(TARGETED)
    peer = router.peer()
    peer.raw_hello(peer.hello_bytes(targeted=True, request=True), to="1.1.1.1")
    data, where = peer.udp[0].recvfrom(2048)
    (lsr, m), = ldp.messages_of(data)[0]
    assert lsr == "1.1.1.1" and where == ("1.1.1.1", 646)
    assert struct.unpack("!HH", m.tlvs[0x0400])[1] & 0xc000 == 0x8000


def test_neighbours_that_were_accepted_go_when_the_operator_accepts_them_no_longer(router):
    router.configure(TARGETED)
    peer = router.peer()
    peer.raw_hello(peer.hello_bytes(targeted=True, request=True), to="1.1.1.1")
    peer.heard()
    peer.connect()
    peer.init()
    peer.expect(ldp.INITIALIZATION)
    peer.keepalive()
    peer.wait_state("OPERATIONAL")
    router.configure()
    peer.expect_end("shutdown")
    assert router.adjacencies(peer.lsr) == []


def test_a_configured_targeted_neighbour_is_heard_asked_and_gone_with_its_line(router):
    peer = router.peer()
    router.configure(f"mpls ldp neighbor {peer.source} targeted\n")
    m, where = None, None
    while not m:
        data, where = peer.udp[0].recvfrom(2048)
        (lsr, got), = ldp.messages_of(data)[0]
        m = got if lsr == "1.1.1.1" and struct.unpack("!HH", got.tlvs[0x0400])[1] & 0x8000 else None
    assert struct.unpack("!HH", m.tlvs[0x0400])[1] & 0xc000 == 0xc000, "it asks to be answered"
    peer.raw_hello(peer.hello_bytes(targeted=True), to="1.1.1.1")
    assert peer.heard()[0]["ifindex"] == 0
    router.configure()
    router.wait(lambda: router.adjacencies(peer.lsr), lambda rows: rows == [], "the adjacency's end")


# --- what ends ---


def test_a_hello_with_another_lsr_id_ends_the_session(peer):
    peer.operational().quiet()
    peer.say(ldp.MAPPING, ldp.fec(ldp.prefix("198.51.100.1/32")), ldp.label(1000))
    other = f"9.9.9.{peer.number % 250 + 1}"
    peer.fence()
    peer.hello(lsr=other)
    peer.expect_end("shutdown")
    assert peer.router.bindings(peer.lsr) == {} and peer.router.adjacencies(peer.lsr) == []
    assert len(peer.router.adjacencies(other)) == 1
    peer.lsr = other  # so it is forgotten by its name


def test_the_session_ends_with_the_last_hello_that_held_it(peer):
    peer.operational().quiet()
    peer.say(ldp.MAPPING, ldp.fec(ldp.prefix("198.51.100.1/32")), ldp.label(1000))
    peer.fence()
    peer.hello(hold=1)
    peer.expect_end("hold timer expired")
    assert peer.router.session(peer.lsr) is None, "nothing is left of it"
    assert peer.router.adjacencies(peer.lsr) == [] and peer.router.bindings(peer.lsr) == {}
    assert "Discovery Hello Hold Timer expired" in peer.router.log()


def test_one_of_two_adjacencies_may_time_out(peer):
    peer.operational().quiet()
    peer.hello_from(2)
    peer.router.wait(lambda: peer.router.adjacencies(peer.lsr), lambda rows: len(rows) == 2, "the second adjacency")
    peer.hello(hold=1)
    peer.router.wait(lambda: peer.router.adjacencies(peer.lsr), lambda rows: len(rows) == 1, "the end of the first one")
    peer.is_operational()
    peer.hello_from(2, hold=1)
    peer.expect_end("hold timer expired")


# --- who connects ---


def test_the_greater_transport_address_connects_and_speaks_first(router):
    peer = router.peer(passive=True)
    peer.hello()
    where = peer.accept()
    assert where[0] == "1.1.1.1"
    m = peer.read()
    assert m.kind == ldp.INITIALIZATION
    row = peer.wait_state("OPENSENT")
    assert row["role"] == "ACTIVE" and row["peer_port"] == 646 and row["local_port"] == where[1]


def test_the_lesser_one_waits_for_the_connection_and_for_the_initialization(peer):
    peer.initialized()
    row = peer.wait_state("INITIALIZED")
    assert row["role"] == "PASSIVE" and row["local_port"] == 646 and row["peer_port"] == peer.tcp.getsockname()[1]
    peer.init()
    assert [peer.read().kind, peer.read().kind] == [ldp.INITIALIZATION, ldp.KEEPALIVE], "nothing was said before"


def test_a_connection_that_is_not_the_peers_to_make_is_closed(router):
    peer = router.peer(passive=True)
    peer.hello()
    peer.accept()
    ours = peer.tcp
    peer.connect()
    peer.expect_close()
    peer.tcp = ours
    peer.ended = False
    peer.expect(ldp.INITIALIZATION)
    peer.init()
    peer.expect(ldp.KEEPALIVE)


def test_a_connection_from_nobody_is_closed(peer):
    peer.connect()
    peer.init()
    peer.expect_close()
    assert peer.router.session(peer.lsr) is None


def test_a_connection_may_come_before_its_hello(peer):
    peer.connect()
    peer.init()
    peer.hello()
    peer.expect(ldp.INITIALIZATION)
    peer.expect(ldp.KEEPALIVE)
    peer.keepalive()
    peer.wait_state("OPERATIONAL")


def test_a_second_connection_of_a_peer_that_started_again_replaces_the_first(peer):
    peer.operational().quiet()
    uid = peer.router.session(peer.lsr)["uid"]
    old = peer.tcp
    peer.connect()
    peer.init()
    peer.expect(ldp.KEEPALIVE)
    peer.keepalive()
    peer.router.wait(lambda: peer.router.session(peer.lsr), lambda s: s["state"] == "OPERATIONAL" and s["uid"] > uid, "the new session")
    old.settimeout(30)
    while old.recv(4096):
        pass
    old.close()


def test_the_end_of_the_connection_is_the_end_of_the_session(peer):
    peer.operational().quiet()
    peer.say(ldp.MAPPING, ldp.fec(ldp.prefix("198.51.100.1/32")), ldp.label(1000))
    peer.say(ldp.ADDRESS, ldp.address_list("198.51.100.9"))
    peer.fence()
    peer.tcp.close()
    row = peer.expect_down()
    assert row["addresses"] == [] and peer.router.bindings(peer.lsr) == {}
    assert len(peer.router.adjacencies(peer.lsr)) == 1, "it is heard all the same"
    peer.connect()
    peer.init()
    peer.expect(ldp.KEEPALIVE)
    peer.keepalive()
    peer.wait_state("OPERATIONAL")


def test_a_broken_attempt_is_tried_again(router):
    peer = router.peer(passive=True)
    peer.hello()
    peer.accept()
    peer.tcp.close()
    peer.accept()
    peer.expect(ldp.INITIALIZATION)


def test_one_session_over_two_links(peer):
    peer.operational().quiet()
    uid = peer.router.session(peer.lsr)["uid"]
    peer.hello_from(2)
    peer.router.wait(lambda: peer.router.adjacencies(peer.lsr), lambda rows: len(rows) == 2, "the second adjacency")
    peer.is_operational()
    assert len([r for r in peer.router.rows("display", "mpls", "ldp", "session") if r["peer"] == peer.lsr]) == 1
    assert peer.router.session(peer.lsr)["uid"] == uid
