"""The session's states and timers, RFC 5036 sections 2.5.3 to 2.5.6 and 3.5.3; capabilities, RFC 5561."""
import struct

import ldp
import pytest
from peer import config_sequence

FEC = ldp.fec(ldp.prefix("198.51.100.1/32"))
MESSAGES = {
    "KeepAlive": (ldp.KEEPALIVE,),
    "Address": (ldp.ADDRESS, ldp.address_list("198.51.100.9")),
    "Address Withdraw": (ldp.ADDRESS_WITHDRAW, ldp.address_list("198.51.100.9")),
    "Mapping": (ldp.MAPPING, FEC, ldp.label(1000)),
    "Request": (ldp.REQUEST, FEC),
    "Withdraw": (ldp.WITHDRAW, FEC, ldp.label(1000)),
    "Release": (ldp.RELEASE, FEC, ldp.label(1000)),
    "Abort": (ldp.ABORT, FEC, ldp.request_id(7)),
    "Capability": (ldp.CAPABILITY,),
    "Hello": (ldp.HELLO, ldp.common_hello()),
    "Initialization": (ldp.INITIALIZATION, ldp.common_session("1.1.1.1")),
}
EARLY = [(state, what) for state in ("INITIALIZED", "OPENSENT", "OPENREC") for what in MESSAGES
         if (state, what) not in {("INITIALIZED", "Initialization"), ("OPENSENT", "Initialization"), ("OPENREC", "KeepAlive")}]


# --- the table of 2.5.4 ---


@pytest.mark.parametrize("state, what", EARLY, ids=lambda x: x)
def test_a_message_before_its_time_ends_the_attempt(router, state, what):
    peer = router.peer(passive=state == "OPENSENT")
    peer.openrec() if state == "OPENREC" else peer.initialized()
    kind, *tlvs = MESSAGES[what]
    ident = peer.say(kind, *tlvs)
    peer.expect_end("shutdown", about=ident, kind=kind)
    assert router.bindings(peer.lsr) == {}


@pytest.mark.parametrize("what", ["Initialization", "Hello"])
def test_a_message_after_its_time_ends_the_session(peer, what):
    peer.operational().quiet()
    kind, *tlvs = MESSAGES[what]
    ident = peer.say(kind, *tlvs)
    peer.expect_end("shutdown", about=ident, kind=kind)


@pytest.mark.parametrize("state", ["INITIALIZED", "OPENSENT", "OPENREC"])
def test_advice_before_the_session_is_up_changes_nothing(router, state):
    peer = router.peer(passive=state == "OPENSENT")
    peer.openrec() if state == "OPENREC" else peer.initialized()
    peer.say(ldp.NOTIFICATION, ldp.status(0x06))
    if state != "OPENREC":
        peer.init()
        peer.expect(ldp.KEEPALIVE)
    peer.keepalive()
    peer.wait_state("OPERATIONAL")


@pytest.mark.parametrize("passive", [False, True], ids=["we are passive", "we are active"])
def test_the_whole_way_up(router, passive):
    peer = router.peer(passive=passive).initialized()
    peer.wait_state("OPENSENT" if passive else "INITIALIZED")
    peer.init()
    peer.expect(ldp.KEEPALIVE)
    peer.wait_state("OPENREC")
    peer.keepalive()
    row = peer.wait_state("OPERATIONAL")
    assert row["up_since"] and row["role"] == ("ACTIVE" if passive else "PASSIVE")
    assert f"LDP Neighbor {peer.lsr}:0 ({row['uid']}) is UP" in router.log()
    assert peer.read().kind == ldp.ADDRESS, "addresses come first"


def test_an_initialization_and_a_keepalive_in_one_go(peer):
    peer.initialized()
    peer.pdu(ldp.message(ldp.INITIALIZATION, ldp.common_session("1.1.1.1")), ldp.message(ldp.KEEPALIVE))
    peer.wait_state("OPERATIONAL")


# --- the Initialization, 3.5.3 ---

REFUSED = {
    "for another router": ("no hello", dict(receiver="7.7.7.7")),
    "for another label space of ours": ("no hello", dict(receiver="1.1.1.1", space=1)),
    "a KeepAlive time of 0": ("bad keepalive time", dict(hold=0)),
    "version 2": ("bad protocol version", dict(version=2)),
    "version 0": ("bad protocol version", dict(version=0)),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("passive", [False, True], ids=["we are passive", "we are active"])
def test_an_initialization_that_does_not_fit_is_refused(router, passive, what):
    status, fields = REFUSED[what]
    peer = router.peer(passive=passive).initialized()
    ident = peer.init(**fields)
    row = peer.expect_end(status, about=ident, kind=ldp.INITIALIZATION)
    assert row["backoff_s"] == 15


def test_an_initialization_from_somebody_else_has_no_hello(peer):
    peer.initialized()
    peer.pdu(ldp.message(ldp.INITIALIZATION, ldp.common_session("1.1.1.1")), lsr="9.9.9.9")
    peer.expect_end("no hello")


def test_an_initialization_without_parameters_is_refused(peer):
    peer.initialized()
    peer.say(ldp.INITIALIZATION)
    peer.expect_end("missing message parameters", kind=ldp.INITIALIZATION, wire_fatal=False)


@pytest.mark.parametrize("size", [13, 15])
def test_parameters_of_the_wrong_size_are_refused(peer, size):
    peer.initialized()
    peer.say(ldp.INITIALIZATION, ldp.tlv(0x0500, ldp.common_session("1.1.1.1")[4:].ljust(15, b"\0")[:size]))
    peer.expect_end("bad tlv length", kind=ldp.INITIALIZATION)


@pytest.mark.parametrize("flags", [0x8000, 0x4000, 0xc001], ids=["downstream on demand", "loop detection", "all of it"])
def test_what_we_do_not_offer_is_resolved_to_downstream_unsolicited(peer, flags):
    peer.operational(flags=flags)
    peer.expect(ldp.MAPPING)


@pytest.mark.parametrize("said, agreed", [(0, 4096), (255, 4096), (256, 256), (1000, 1000), (4096, 4096), (65535, 4096)])
def test_the_lower_maximum_counts_and_less_than_256_is_the_standard_one(peer, said, agreed):
    peer.operational(max_pdu=said)
    assert peer.wait_state("OPERATIONAL")["max_pdu"] == agreed


@pytest.mark.parametrize("said_s, agreed_ms", [(1, 1000), (60, 60000), (180, 180000), (400, 180000), (65535, 180000)])
def test_the_lower_hold_time_of_the_session_counts(peer, said_s, agreed_ms):
    peer.operational(hold=said_s)
    row = peer.wait_state("OPERATIONAL")
    assert row["hold_ms"] == agreed_ms and row["keepalive_ms"] == agreed_ms // 3


@pytest.mark.parametrize("passive", [False, True], ids=["we are passive", "we are active"])
def test_our_initialization_says_what_it_should(router, passive):
    peer = router.peer(passive=passive)
    peer.hello()
    if passive:
        peer.accept()
    else:
        peer.heard()
        peer.connect()
        peer.init(hold=30, max_pdu=512)
    m = peer.expect(ldp.INITIALIZATION)
    version, hold, flags, _, max_pdu = struct.unpack_from("!HHBBH", m.tlvs[0x0500])
    assert (version, hold, flags, max_pdu) == (1, 180, 0, 4096), "our own wishes, whatever the peer's"
    assert m.tlvs[0x0500][8:] == bytes(int(b) for b in peer.lsr.split(".")) + b"\0\0"
    assert {0x0506, 0x050b, 0x0603, 0x0503} <= set(m.tlvs), "dynamic, typed wildcard, unrecognized notification, restart"


def test_no_pdu_is_longer_than_what_the_peer_takes(peer):
    with_routes = [f"198.51.100.{k}/32" for k in range(1, 41)]
    for prefix in with_routes:
        peer.router.route(prefix, "10.12.0.2")
    peer.router.wait(lambda: peer.router.own(with_routes[-1]), bool, "our own labels")
    peer.openrec(max_pdu=256)
    peer.keepalive()
    seen, data, told = [], b"", set()
    while len(told) < 40:
        while len(data) < 4 or len(data) < 4 + struct.unpack_from("!H", data, 2)[0]:
            data += peer.tcp.recv(4096)
        length = struct.unpack_from("!H", data, 2)[0]
        seen.append(length)
        for _, m in ldp.messages_of(data[:4 + length])[0]:
            if m.kind == ldp.MAPPING:
                told.add(m.fec())
        data = data[4 + length:]
    assert max(seen) <= 256 and len(seen) > 5, seen


# --- time ---


def test_silence_ends_the_session(peer):
    peer.operational(hold=1)
    peer.expect_end("keepalive timer expired")
    assert peer.router.session(peer.lsr)["last_error"] == "Session KeepAlive Timer expired"


def test_silence_instead_of_the_first_keepalive_ends_the_attempt(peer):
    peer.openrec(hold=1)
    row = peer.expect_end("keepalive timer expired")
    assert row["backoff_s"] == 15


def test_any_message_is_a_sign_of_life_even_a_refused_one_and_ours_come_three_to_the_hold_time(router):
    good, refused = router.peer().operational(hold=2).quiet(), router.peer().operational(hold=2).quiet()
    for k in range(5):  # five thirds of the hold time
        assert good.read().kind == ldp.KEEPALIVE
        good.say(ldp.ADDRESS, ldp.address_list(f"198.51.100.{k + 1}"))
        refused.expect(ldp.KEEPALIVE)
        refused.say(0x8fff)
    good.is_operational()
    refused.is_operational()


# --- waiting after a refusal, 2.5.3 ---


def test_refusals_double_the_wait_up_to_its_maximum(router):
    router.configure("mpls ldp backoff 1 2\n")
    peer = router.peer(passive=True)
    peer.hello()
    for wait in (1, 2, 2):
        peer.accept()
        peer.expect(ldp.INITIALIZATION)
        peer.say(ldp.NOTIFICATION, ldp.status(ldp.FATAL | ldp.STATUS["no hello"]))
        peer.expect_close()
        assert peer.expect_down()["backoff_s"] == wait


def test_a_new_configuration_of_the_peers_ends_the_wait(router):
    peer = router.peer(passive=True)
    peer.hello(more=config_sequence(1))
    peer.accept()
    peer.expect(ldp.INITIALIZATION)
    peer.say(ldp.NOTIFICATION, ldp.status(ldp.FATAL | ldp.STATUS["advertisement mode"]))
    peer.expect_close()
    assert peer.expect_down()["backoff_s"] == 15
    peer.hello(more=config_sequence(1))
    assert peer.router.session(peer.lsr)["backoff_s"] == 15, "the same configuration changes nothing"
    peer.listener.settimeout(10)  # less than the wait
    peer.hello(more=config_sequence(2))
    peer.accept()
    peer.expect(ldp.INITIALIZATION)


# --- the operator ---


@pytest.mark.parametrize("words", [("reset", "mpls", "ldp"), ("clear", "mpls", "ldp", "neighbor", "*")], ids=" ".join)
def test_all_sessions_are_reset(router, words):
    peers = [router.peer().operational().quiet() for _ in range(2)]
    router.ctl(*words)
    for peer in peers:
        peer.expect_end("shutdown")
        assert router.bindings(peer.lsr) == {}


def test_one_session_is_reset(router):
    one, other = router.peer().operational().quiet(), router.peer().operational().quiet()
    router.ctl("reset", "mpls", "ldp", "peer", one.lsr)
    one.expect_end("shutdown")
    other.is_operational()


# --- capabilities ---


def capability(kind, on=True):
    return ldp.tlv(0x8000 | kind, bytes([0x80 if on else 0]))


def test_capabilities_are_those_of_the_initialization_and_of_later_announcements(peer):
    peer.openrec(more=capability(0x0506) + capability(0x050b) + capability(0x0603, on=False) + ldp.tlv(0xbeef, b"\x80"))
    peer.keepalive()
    first = peer.wait_state("OPERATIONAL")["capabilities"]
    assert len(first) == 2
    peer.quiet()
    peer.say(ldp.CAPABILITY, capability(0x0603))
    peer.fence()
    assert len(peer.router.session(peer.lsr)["capabilities"]) == 3
    peer.say(ldp.CAPABILITY, capability(0x050b, on=False), capability(0x0603, on=False), ldp.tlv(0xbeef, b"\x80"))
    peer.fence()
    assert len(peer.router.session(peer.lsr)["capabilities"]) == 1


def test_a_capability_without_its_state_ends_the_session(peer):
    peer.operational().quiet()
    peer.say(ldp.CAPABILITY, ldp.tlv(0x8506))
    peer.expect_end("bad tlv length")


def test_an_unknown_capability_without_the_u_bit_is_answered(peer):
    peer.operational().quiet()
    ident = peer.say(ldp.CAPABILITY, ldp.tlv(0x3eef, b"\x80"))
    peer.expect_status("unknown tlv", about=ident)
    peer.is_operational()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_end_of_our_labels_is_told_to_those_who_want_to_know(peer, wanted):
    peer.openrec(more=capability(0x0603) if wanted else b"")
    peer.keepalive()
    ends = [m for m in peer.fence() if m.kind == ldp.NOTIFICATION and m.status()[0] == ldp.STATUS["end of lib"]]
    assert len(ends) == wanted
    if wanted:
        assert ends[0].fec() == ldp.typed_wildcard() and not ends[0].status()[1]


@pytest.mark.parametrize("element, done", [(ldp.typed_wildcard(), True), (ldp.typed_wildcard(value=struct.pack("!H", 2)), False),
                                           (ldp.typed_wildcard(of=0x80, value=b"\0\5"), False)], ids=["IPv4", "IPv6", "pseudowires"])
def test_the_end_of_the_peers_labels_counts_for_its_kind_and_is_never_an_error(router, element, done):
    peer = router.peer().operational()
    peer.say(ldp.NOTIFICATION, ldp.status(ldp.STATUS["end of lib"]), ldp.fec(element))
    assert [m for m in peer.fence() if m.kind == ldp.NOTIFICATION] == []
    row = router.session(peer.lsr)
    assert row["state"] == "OPERATIONAL"
    if done:
        assert row["label_exchange_done"], "at once, and not after a second without Mappings"
