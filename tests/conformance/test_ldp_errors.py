"""Every error of RFC 5036 section 3.5.1.2: which status it is answered with, whether that ends the session, what stays."""
import struct

import ldp
import pytest

FEC = ldp.fec(ldp.prefix("198.51.100.1/32"))
MAPPING = (FEC, ldp.label(1000))
ADDRESSES = ldp.address_list("198.51.100.9")


def u16(*numbers):
    return struct.pack(f"!{len(numbers)}H", *numbers)


def unknown_tlv(u=False, f=False):
    return ldp.tlv(0x3eee | (0x8000 if u else 0) | (0x4000 if f else 0), b"what is this")


def cut(message, length):
    """A message that says to be longer or shorter than it is."""
    return message[:2] + u16(length) + message[4:]


# --- PDUs ---

KEEPALIVE = ldp.message(ldp.KEEPALIVE)
PDUS = {
    "version 2": ("bad protocol version", dict(version=2)),
    "version 0": ("bad protocol version", dict(version=0)),
    "a length without room for the identifier": ("bad pdu length", dict(length=5)),
    "a length of nothing": ("bad pdu length", dict(length=0)),
    "a length without room for a message": ("bad pdu length", dict(length=13)),
    "a length over the maximum": ("bad pdu length", dict(length=4097)),
    "the greatest length": ("bad pdu length", dict(length=65535)),
    "the identifier of another router": ("bad ldp identifier", dict(lsr="9.9.9.9")),
    "the identifier 0": ("bad ldp identifier", dict(lsr="0.0.0.0")),
    "our own identifier": ("bad ldp identifier", dict(lsr="1.1.1.1")),
    "another label space": ("bad ldp identifier", dict(space=1)),
}


@pytest.mark.parametrize("what", PDUS)
def test_a_bad_pdu_ends_the_session(peer, what):
    status, fields = PDUS[what]
    peer.operational().quiet()
    peer.pdu(KEEPALIVE, **fields)
    peer.expect_end(status, about=0, kind=0)


@pytest.mark.parametrize("what", ["version 2", "a length over the maximum"])
@pytest.mark.parametrize("passive", [False, True], ids=["Initialized", "OpenSent"])
def test_a_bad_pdu_in_place_of_an_initialization_ends_the_attempt(router, passive, what):
    status, fields = PDUS[what]
    peer = router.peer(passive=passive).initialized()
    peer.pdu(KEEPALIVE, **fields)
    peer.expect_end(status)


def test_the_longest_pdu_is_taken(peer):
    peer.operational().quiet()
    count = (4096 - 6 - 8 - 6) // 4
    addresses = [f"100.{k >> 8}.{k & 255}.1" for k in range(count)]
    message = ldp.message(ldp.ADDRESS, ldp.address_list(*addresses))
    padding = 4096 - 6 - len(message)
    message = ldp.message(ldp.ADDRESS, ldp.address_list(*addresses[:-4]), ldp.tlv(0xbeee, bytes(padding + 16 - 4)))
    data = ldp.pdu(peer.lsr, message)
    assert len(data) == 4100
    peer.bytes(data)
    peer.is_operational()
    assert len(peer.router.session(peer.lsr)["addresses"]) == count - 4


def test_the_maximum_that_was_agreed_binds_the_peer(peer):
    peer.operational(max_pdu=300).quiet()
    peer.pdu(KEEPALIVE, length=301)
    peer.expect_end("bad pdu length")


def test_a_pdu_may_come_byte_by_byte(peer):
    peer.operational().quiet()
    data = ldp.pdu(peer.lsr, ldp.message(ldp.REQUEST, ldp.fec(ldp.prefix("1.1.1.1/32")), ident=4711))
    for k in range(len(data)):
        peer.bytes(data[k:k + 1])
    m = peer.expect(ldp.MAPPING)
    assert struct.unpack("!I", m.tlvs[0x0600])[0] == 4711


def test_several_messages_in_one_pdu_and_several_pdus_in_one_segment(peer):
    peer.operational().quiet()
    ask = [ldp.message(ldp.REQUEST, ldp.fec(ldp.prefix("1.1.1.1/32")), ident=5000 + k) for k in range(4)]
    peer.bytes(ldp.pdu(peer.lsr, *ask[:2]) + ldp.pdu(peer.lsr, *ask[2:]))
    answers = [struct.unpack("!I", peer.expect(ldp.MAPPING).tlvs[0x0600])[0] for _ in ask]
    assert answers == [5000, 5001, 5002, 5003]


def test_what_stands_before_a_fault_counts_and_what_stands_behind_it_does_not(peer):
    peer.operational().quiet()
    good = ldp.message(ldp.REQUEST, ldp.fec(ldp.prefix("1.1.1.1/32")), ident=5000)
    peer.pdu(good, cut(KEEPALIVE, 3), good)
    peer.expect(ldp.MAPPING)
    peer.expect_end("bad message length")


# --- messages ---


@pytest.mark.parametrize("length", [0, 3, 5, 4000, 65535])
def test_a_message_length_that_does_not_fit_ends_the_session(peer, length):
    peer.operational().quiet()
    peer.pdu(cut(KEEPALIVE, length))
    peer.expect_end({5: "bad message length"}.get(length, "bad message length"))


@pytest.mark.parametrize("rest", [1, 2, 3], ids=lambda n: f"{n} bytes")
def test_the_beginning_of_a_message_at_the_end_of_a_pdu_ends_the_session(peer, rest):
    peer.operational().quiet()
    peer.pdu(KEEPALIVE, KEEPALIVE[:rest])
    peer.expect_end("bad message length")


@pytest.mark.parametrize("kind", [0x0000, 0x0002, 0x0105, 0x0299, 0x0405, 0x3eff])
def test_an_unknown_message_is_answered_and_passed_over(peer, kind):
    peer.operational().quiet()
    ident = peer.say(kind, unknown_tlv())
    peer.expect_status("unknown message type", about=ident, kind=kind)
    peer.is_operational()


@pytest.mark.parametrize("kind", [0x8000, 0x8105, 0xbeff])
def test_an_unknown_message_with_the_u_bit_is_passed_over_in_silence(peer, kind):
    peer.operational().quiet()
    peer.say(kind, unknown_tlv())
    assert peer.fence() == []
    assert peer.state() == "OPERATIONAL"


MISSING = {
    "a Mapping without a FEC": (ldp.MAPPING, [ldp.label(1000)]),
    "a Mapping without a label": (ldp.MAPPING, [FEC]),
    "a Request without a FEC": (ldp.REQUEST, []),
    "a Withdraw without a FEC": (ldp.WITHDRAW, [ldp.label(1000)]),
    "a Release without a FEC": (ldp.RELEASE, [ldp.label(1000)]),
    "an Abort without the request's id": (ldp.ABORT, [FEC]),
    "an Abort without a FEC": (ldp.ABORT, [ldp.request_id(1)]),
    "an Address without a list": (ldp.ADDRESS, []),
    "an Address Withdraw without a list": (ldp.ADDRESS_WITHDRAW, []),
    "a Notification without a status": (ldp.NOTIFICATION, []),
}


@pytest.mark.parametrize("what", MISSING)
def test_a_message_that_lacks_something_is_answered_and_ignored(peer, what):
    kind, tlvs = MISSING[what]
    peer.operational().quiet()
    ident = peer.say(kind, *tlvs)
    peer.expect_status("missing message parameters", about=ident, kind=kind)
    peer.is_operational()
    assert peer.router.bindings(peer.lsr) == {}


# --- TLVs ---

TLV_LENGTHS = {
    "beyond the end of the message": (ldp.MAPPING, [FEC, u16(0x0200, 5) + bytes(4)]),
    "far beyond": (ldp.MAPPING, [u16(0x0100, 65535) + bytes(8)]),
    "one byte is left": (ldp.MAPPING, [*MAPPING, b"\0"]),
    "three bytes are left": (ldp.MAPPING, [*MAPPING, b"\x86\x00\x00"]),
    "an unknown one too long": (ldp.KEEPALIVE, [u16(0xbeee, 9) + bytes(8)]),
    "in an Address message": (ldp.ADDRESS, [u16(0x0101, 7) + u16(1) + bytes(4)]),
    "in a Notification": (ldp.NOTIFICATION, [u16(0x0300, 11) + bytes(10)]),
}


@pytest.mark.parametrize("what", TLV_LENGTHS)
def test_a_tlv_length_that_does_not_fit_ends_the_session(peer, what):
    kind, tlvs = TLV_LENGTHS[what]
    peer.operational().quiet()
    ident = peer.say(kind, *tlvs)
    peer.expect_end("bad tlv length", about=ident, kind=kind)


SIZES = {
    "a label of 3 bytes": (ldp.MAPPING, [FEC, ldp.tlv(0x0200, bytes(3))]),
    "a label of 5 bytes": (ldp.MAPPING, [FEC, ldp.tlv(0x0200, bytes(5))]),
    "an empty label": (ldp.MAPPING, [FEC, ldp.tlv(0x0200)]),
    "a request id of 3 bytes": (ldp.ABORT, [FEC, ldp.tlv(0x0600, bytes(3))]),
    "a status of 9 bytes": (ldp.NOTIFICATION, [ldp.tlv(0x0300, bytes(9))]),
    "an address list without a family": (ldp.ADDRESS, [ldp.tlv(0x0101, b"\0")]),
    "an address of 3 bytes": (ldp.ADDRESS, [ldp.tlv(0x0101, u16(1) + bytes(7))]),
    "an MTU of 1 byte": (ldp.MAPPING, [*MAPPING, ldp.tlv(0x0601, bytes(1))]),
}


@pytest.mark.parametrize("what", SIZES)
def test_a_value_of_the_wrong_size_ends_the_session(peer, what):
    kind, tlvs = SIZES[what]
    peer.operational().quiet()
    ident = peer.say(kind, *tlvs)
    peer.expect_end("bad tlv length", about=ident, kind=kind)
    assert peer.router.bindings(peer.lsr) == {}


MALFORMED = {
    "a label over 20 bits": (ldp.MAPPING, [FEC, ldp.label(1 << 20)]),
    "a label that nobody has defined": (ldp.MAPPING, [FEC, ldp.label(4)]),
    "an ATM label": (ldp.MAPPING, [FEC, ldp.tlv(0x0201, bytes(4))]),
    "a prefix length of 33": (ldp.MAPPING, [ldp.fec(struct.pack("!BHB", 2, 1, 33) + bytes(5)), ldp.label(1000)]),
    "a prefix that is cut": (ldp.MAPPING, [ldp.fec(struct.pack("!BHB", 2, 1, 32) + bytes(3)), ldp.label(1000)]),
    "an element that is cut": (ldp.MAPPING, [ldp.fec(b"\x02\x00"), ldp.label(1000)]),
    "a good element and one that is cut": (ldp.MAPPING, [ldp.fec(ldp.prefix("198.51.100.1/32"), b"\x02\x00"), ldp.label(1000)]),
    "a wildcard in a Mapping": (ldp.MAPPING, [ldp.fec(ldp.WILDCARD), ldp.label(1000)]),
    "a wildcard in a Request": (ldp.REQUEST, [ldp.fec(ldp.WILDCARD)]),
    "a wildcard beside a prefix": (ldp.WITHDRAW, [ldp.fec(ldp.WILDCARD, ldp.prefix("198.51.100.1/32"))]),
    "a prefix beside a wildcard": (ldp.WITHDRAW, [ldp.fec(ldp.prefix("198.51.100.1/32"), ldp.WILDCARD)]),
    "a typed wildcard in a Mapping": (ldp.MAPPING, [ldp.fec(ldp.typed_wildcard()), ldp.label(1000)]),
    "a typed wildcard that is cut": (ldp.WITHDRAW, [ldp.fec(b"\x05\x02\x02\x00")]),
    "a typed wildcard with too much in it": (ldp.WITHDRAW, [ldp.fec(ldp.typed_wildcard(value=u16(1, 1)))]),
    "an empty FEC": (ldp.MAPPING, [ldp.fec(), ldp.label(1000)]),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_value_that_means_nothing_ends_the_session_and_changes_nothing_before(peer, what):
    kind, tlvs = MALFORMED[what]
    peer.operational().quiet()
    ident = peer.say(kind, *tlvs)
    peer.expect_status("malformed tlv value", fatal=True, about=ident, kind=kind)
    assert not any(m.kind == ldp.RELEASE for m in peer.messages)
    peer.expect_close()
    peer.expect_down()
    assert peer.router.bindings(peer.lsr) == {}


@pytest.mark.parametrize("f", [False, True], ids=["F=0", "F=1"])
@pytest.mark.parametrize("kind, tlvs", [(ldp.ADDRESS, (ADDRESSES,)), (ldp.MAPPING, MAPPING), (ldp.REQUEST, (FEC,))],
                         ids=["Address", "Mapping", "Request"])
def test_an_unknown_tlv_is_answered_and_its_message_ignored(peer, kind, tlvs, f):
    peer.operational().quiet()
    ident = peer.say(kind, *tlvs, unknown_tlv(f=f))
    peer.expect_status("unknown tlv", about=ident, kind=kind)
    peer.is_operational()
    assert peer.router.bindings(peer.lsr) == {} and peer.router.session(peer.lsr)["addresses"] == []


@pytest.mark.parametrize("f", [False, True], ids=["F=0", "F=1"])
def test_an_unknown_tlv_with_the_u_bit_is_passed_over_and_its_message_counts(peer, f):
    peer.operational().quiet()
    peer.say(ldp.ADDRESS, unknown_tlv(u=True, f=f), ADDRESSES)
    peer.say(ldp.MAPPING, unknown_tlv(u=True, f=f), *MAPPING)
    assert peer.fence() == []
    assert peer.router.bindings(peer.lsr)["198.51.100.1/32"]["label"] == 1000
    assert peer.router.session(peer.lsr)["addresses"] == ["198.51.100.9"]


def test_a_tlv_of_another_message_is_unknown_in_this_one(peer):
    peer.operational().quiet()
    ident = peer.say(ldp.ADDRESS, ADDRESSES, ldp.common_hello())
    peer.expect_status("unknown tlv", about=ident)
    assert peer.router.session(peer.lsr)["addresses"] == []


# --- FECs and addresses ---


@pytest.mark.parametrize("element", [b"\x03\x00\x01\x20" + bytes(4), b"\x82" + bytes(11), b"\x00", b"\xff"],
                         ids=["host address of RFC 3036", "type 0x82", "type 0", "type 255"])
@pytest.mark.parametrize("kind", [ldp.MAPPING, ldp.WITHDRAW, ldp.RELEASE, ldp.REQUEST], ids=["Mapping", "Withdraw", "Release", "Request"])
def test_a_fec_of_unknown_kind_is_answered_and_the_message_ignored(peer, kind, element):
    peer.operational().quiet()
    peer.say(ldp.MAPPING, *MAPPING)
    more = [ldp.label(1000)] if kind != ldp.REQUEST else []
    ident = peer.say(kind, ldp.fec(ldp.prefix("198.51.100.1/32"), element), *more)
    came = []
    while not came or came[-1].kind != ldp.NOTIFICATION:
        came.append(peer.read())
    code, fatal, _, about, _ = came[-1].status()
    assert (code, fatal, about) == (ldp.STATUS["unknown fec"], False, ident), came
    peer.is_operational()
    assert list(peer.router.bindings(peer.lsr)) == ["198.51.100.1/32"]


@pytest.mark.parametrize("family", [0, 2, 3, 65535])
def test_a_prefix_of_another_family_is_answered_and_ignored(peer, family):
    peer.operational().quiet()
    ident = peer.say(ldp.MAPPING, ldp.fec(struct.pack("!BHB", 2, family, 32) + bytes(4)), ldp.label(1000))
    peer.expect_status("unsupported address family", about=ident, kind=ldp.MAPPING)
    peer.is_operational()
    assert peer.router.bindings(peer.lsr) == {}


@pytest.mark.parametrize("kind", [ldp.ADDRESS, ldp.ADDRESS_WITHDRAW], ids=["Address", "Address Withdraw"])
@pytest.mark.parametrize("family", [0, 3, 65535])
def test_addresses_of_another_family_are_answered_and_ignored(peer, family, kind):
    peer.operational().quiet()
    peer.say(ldp.ADDRESS, ADDRESSES)
    ident = peer.say(kind, ldp.address_list("198.51.100.9", "198.51.100.10", family=family))
    peer.expect_status("unsupported address family", about=ident, kind=kind)
    peer.is_operational()
    assert peer.router.session(peer.lsr)["addresses"] == ["198.51.100.9"]


def test_a_request_for_what_nobody_has_a_route_to_is_answered_no_route(peer):
    peer.operational().quiet()
    ident = peer.say(ldp.REQUEST, ldp.fec(ldp.prefix("198.51.100.77/32")))
    peer.expect_status("no route", about=ident, kind=ldp.REQUEST)
    peer.is_operational()


# --- notifications that come ---


@pytest.mark.parametrize("name, code", [(n, c) for n, c in ldp.STATUS.items() if n != "end of lib"] + [("unknown", 0x0fff), ("vendor", 0x3f000001)])
def test_advice_changes_nothing(peer, name, code):
    peer.operational().quiet()
    peer.say(ldp.MAPPING, *MAPPING)
    peer.say(ldp.NOTIFICATION, ldp.status(code))
    assert peer.fence() == []
    assert peer.state() == "OPERATIONAL" and list(peer.router.bindings(peer.lsr)) == ["198.51.100.1/32"]


@pytest.mark.parametrize("code", [0x0a, 0x02, 0x04, 0x14, 0x0fff], ids=hex)
@pytest.mark.parametrize("forward", [0, ldp.FORWARD], ids=["F=0", "F=1"])
def test_the_e_bit_ends_the_session_whatever_the_status_and_nothing_is_answered(peer, code, forward):
    peer.operational().quiet()
    peer.say(ldp.MAPPING, *MAPPING)
    peer.say(ldp.NOTIFICATION, ldp.status(ldp.FATAL | forward | code))
    peer.expect_close()
    row = peer.expect_down()
    assert "Received error notification from peer" in row["last_error"]
    assert peer.router.bindings(peer.lsr) == {}


@pytest.mark.parametrize("state", ["INITIALIZED", "OPENSENT", "OPENREC"])
def test_the_e_bit_ends_an_attempt_too(router, state):
    peer = router.peer(passive=state == "OPENSENT")
    peer.openrec() if state == "OPENREC" else peer.initialized()
    peer.wait_state(state)
    peer.say(ldp.NOTIFICATION, ldp.status(ldp.FATAL | 0x10))
    peer.expect_close()
    assert "No Hello" in peer.expect_down()["last_error"]


def test_a_notification_may_carry_the_message_it_is_about(peer):
    peer.operational().quiet()
    peer.say(ldp.NOTIFICATION, ldp.status(0x0d, about=77, kind=ldp.REQUEST), ldp.tlv(0x0301, bytes(4)), ldp.tlv(0x0302, bytes(40)),
             ldp.tlv(0x0303, bytes(20)))
    assert peer.fence() == []
    assert peer.state() == "OPERATIONAL"


def test_the_reason_arrives_though_much_more_was_said_that_nobody_reads_any_more(peer):
    peer.operational().quiet()
    junk = ldp.pdu(peer.lsr, KEEPALIVE) * 20000
    peer.tcp.setblocking(False)
    peer.tcp.send(ldp.pdu(peer.lsr, KEEPALIVE, version=2) + junk)
    peer.tcp.settimeout(30)
    peer.expect_end("bad protocol version")
