"""Messages that are none, OPENs that are refused, messages out of place: which NOTIFICATION says so, and that R1 goes on."""
import struct

import pytest
from bgp import BgpLab, router, wait_for
from bgp_wire import (BOTH, COMMUNITIES, KEEPALIVE, MARKER, NOTIFICATION, OPEN, REFRESH, UPDATE, Stranger, attribute, capability, message,
                      open_message, parameter, prefix, update)


class Named:
    def __init__(self, address, asn, ours=()):
        self.address, self.asn, self.families, self.ours = address, asn, ("ipv4",), ["listen-only", *ours]


@pytest.fixture(scope="module")
def lab(build, tmp_path_factory):
    peers = [Named("10.0.0.9", 65009), Named("10.0.0.10", 65001), Named("10.0.0.11", 65011), Named("10.0.0.12", 65012), Named("10.0.0.13", 23456 + 1)]
    hosts = [("E", "10.0.0.9/24"), ("I", "10.0.0.10/24"), ("L", "10.0.0.11/24"), ("W", "10.0.0.12/24"), ("N", "10.0.0.13/24"), ("X", "10.0.0.14/24")]
    views = {"ipv4": "peer 10.0.0.11 route-limit 3\npeer 10.0.0.12 route-limit 3 alert-only"}
    with BgpLab(tmp_path_factory.mktemp("messages"), build, [], router(65001, peers, "timer keepalive 0 hold 240", views), hosts) as lab:
        lab.strangers = [Stranger(lab, "E", "10.0.0.9", 65009), Stranger(lab, "I", "10.0.0.10", 65001), Stranger(lab, "L", "10.0.0.11", 65011),
                         Stranger(lab, "W", "10.0.0.12", 65012), Stranger(lab, "N", "10.0.0.13", 23457, as4=False)]
        for stranger in lab.strangers:
            lab.wait_peer(stranger.address, lambda r: not r["ups"], "a row")
        yield lab
        for stranger in lab.strangers:
            stranger.close()


@pytest.fixture
def stranger(lab):
    return lab.strangers[0]


def opened(asn=65009, ident="10.0.0.9", **fields):
    return lambda: open_message(asn, ident, **fields)


# id: (what is said in the place of an OPEN, code, subcode, data; None: any)
OPENS = {
    "version-3": (opened(version=3), 2, 1, b"\0\4"),
    "version-5": (opened(version=5), 2, 1, b"\0\4"),
    "another-as": (opened(asn=65010), 2, 2, None),
    "as-0": (opened(asn=0), 2, 2, None),
    "as-in-the-capability-alone": (opened(parameters=parameter(2, capability(65, struct.pack("!I", 65010)))), 2, 2, None),
    "identifier-0": (opened(ident="0.0.0.0"), 2, 3, None),
    "hold-time-1": (opened(hold=1), 2, 6, None),
    "hold-time-2": (opened(hold=2), 2, 6, None),
    "authentication-parameter": (opened(parameters=parameter(1, b"x")), 2, 4, None),
    "unknown-parameter": (opened(parameters=parameter(77, b"")), 2, 4, None),
    "parameters-beyond-the-end": (opened(size=200), 2, 0, None),
    "parameters-cut-short": (opened(parameters=b"\2\x09\1\4"), 2, 0, None),
    "capability-beyond-its-parameter": (opened(parameters=parameter(2, capability(1, b"\0\1\0\1", length=9))), 2, 0, None),
    "multiprotocol-of-three-bytes": (opened(parameters=parameter(2, capability(1, b"\0\1\0"))), 2, 0, None),
    "four-byte-as-of-two-bytes": (opened(parameters=parameter(2, capability(65, b"\0\1"))), 2, 0, None),
    "keepalive-first": (lambda: message(KEEPALIVE), 5, 1, None),
    "update-first": (lambda: update(), 5, 1, None),
    "refresh-first": (lambda: message(REFRESH, b"\0\1\0\1"), 5, 1, None),
    "marker-of-zeros": (lambda: message(OPEN, bytes(10), marker=bytes(16)), 1, 1, None),
    "marker-wrong-at-its-end": (lambda: message(OPEN, bytes(10), marker=MARKER[:15] + b"\xfe"), 1, 1, None),
    "length-18": (lambda: message(KEEPALIVE, length=18), 1, 2, b"\0\x12"),
    "length-0": (lambda: message(KEEPALIVE, length=0), 1, 2, b"\0\0"),
    "open-of-28-bytes": (lambda: message(OPEN, bytes(9)), 1, 2, b"\0\x1c"),
    "open-of-4097-bytes": (lambda: message(OPEN, bytes(10), length=4097), 1, 2, b"\x10\x01"),
    "type-0": (lambda: message(0), 1, 3, b"\0"),
    "type-6": (lambda: message(6), 1, 3, b"\6"),
    "type-255": (lambda: message(255), 1, 3, b"\xff"),
}
# The same once the session is up.
LATER = {
    "marker": (lambda: message(KEEPALIVE, marker=bytes(16)), 1, 1, None),
    "keepalive-of-20-bytes": (lambda: message(KEEPALIVE, b"\0"), 1, 2, b"\0\x14"),
    "update-of-22-bytes": (lambda: message(UPDATE, bytes(3)), 1, 2, b"\0\x16"),
    "update-of-4097-bytes": (lambda: message(UPDATE, bytes(4078)), 1, 2, b"\x10\x01"),
    "notification-of-20-bytes": (lambda: message(NOTIFICATION, b"\6"), 1, 2, b"\0\x14"),
    "length-65535": (lambda: message(UPDATE, bytes(4), length=65535), 1, 2, b"\xff\xff"),
    "type-0": (lambda: message(0), 1, 3, b"\0"),
    "type-9": (lambda: message(9), 1, 3, b"\x09"),
    "open-again": (opened(), 5, 3, None),
    "refresh-of-3-bytes": (lambda: message(REFRESH, b"\0\1\0"), 7, 1, None),
    "refresh-of-5-bytes-that-begins": (lambda: message(REFRESH, b"\0\1\1\1\0"), 7, 1, None),
}


@pytest.mark.parametrize("case", OPENS)
def test_what_is_no_good_open_is_answered(lab, stranger, case):
    what, code, subcode, data = OPENS[case]
    before = len(lab.bgp_log())
    stranger.connect()
    stranger.say(what())
    stranger.expect_end(code, subcode, data)
    row = lab.wait_peer(stranger.address, lambda r: r["last_error"] and r["state"] != "OPEN_SENT", "an error")
    assert row["last_error_sent"] and row["ups"] == 0, row
    assert f"peer {stranger.address}: the connection ends: we say " in lab.bgp_log()[before:]


def test_our_own_identifier_from_inside_is_refused(lab):
    inner = lab.strangers[1].connect()
    inner.say(open_message(65001, "1.1.1.1"))
    inner.expect_end(2, 3)


def test_our_own_identifier_from_outside_is_fine(lab, stranger):
    stranger.connect().say(open_message(65009, "1.1.1.1"))
    stranger.expect(OPEN)
    stranger.expect(KEEPALIVE)
    stranger.say(message(NOTIFICATION, b"\6\2"))
    lab.wait_peer(stranger.address, lambda r: r["state"] not in ("OPEN_CONFIRM", "OPEN_SENT"), "the end")


def test_an_update_before_the_keepalive_is_out_of_place(stranger):
    stranger.connect().open()
    stranger.expect(KEEPALIVE)
    stranger.say(update())
    stranger.expect_end(5, 2)


@pytest.mark.parametrize("case", LATER)
def test_in_a_session_it_is_the_same(lab, stranger, case):
    what, code, subcode, data = LATER[case]
    ups = lab.peer(stranger.address)["ups"]
    stranger.up()
    stranger.fence("10.1.0.0/24")
    stranger.say(what())
    stranger.expect_end(code, subcode, data)
    row = lab.wait_peer(stranger.address, lambda r: r["state"] != "ESTABLISHED", "the end")
    assert row["ups"] == ups + 1 and row["last_error_sent"], row
    lab.wait_no_path(stranger.address, "10.1.0.0/24")


def test_unknown_capabilities_and_refreshes_are_passed_over(lab, stranger):
    stranger.connect().say(open_message(65009, "10.0.0.9", more=capability(200, b"whatever") + capability(128) + capability(1, b"\0\x19\0\x41")))
    stranger.expect(OPEN)
    stranger.expect(KEEPALIVE)
    stranger.say(message(KEEPALIVE))
    lab.wait_up(stranger.address)
    stranger.say(message(REFRESH, b"\0\x19\0\x41") + message(REFRESH, b"\0\1\x63\1"))
    stranger.fence("10.1.0.0/24")
    assert lab.state(stranger.address) == "ESTABLISHED"


def test_bytes_may_come_one_by_one(lab, stranger):
    stranger.connect()
    for b in open_message(65009, "10.0.0.9") + message(KEEPALIVE):
        stranger.say(bytes([b]))
    lab.wait_up(stranger.address)


def test_who_is_not_configured_is_not_listened_to(lab):
    nobody = Stranger(lab, "X", "10.0.0.14", 65014).connect()
    assert nobody.read() is None
    nobody.close()
    lab.wait_log("a connection from 10.0.0.14 is refused: no such peer is configured")


def test_long_messages_are_read_where_both_agreed(lab, stranger):
    stranger.up(parameters=parameter(2, capability(1, b"\0\1\0\1") + capability(2) + capability(6) + capability(65, struct.pack("!I", 65009))))
    assert "extended messages" in lab.peer(stranger.address)["capabilities"]
    prefixes = [f"11.{i >> 8}.{i & 255}.0/24" for i in range(8000)]
    stranger.announce(*prefixes)  # 32 kB in one
    lab.wait_peer(stranger.address, lambda r: r["families"][0]["received"] == 8000, "8000 prefixes")
    many = b"".join(struct.pack("!HH", 65009, i) for i in range(3000))
    stranger.announce("10.1.0.0/24", more=attribute(BOTH, COMMUNITIES, many))
    p = lab.wait_path(stranger.address, "10.1.0.0/24")
    assert len(p["communities"].split()) == 3000
    stranger.say(update(withdrawn=b"".join(prefix(p) for p in prefixes)))
    lab.wait_peer(stranger.address, lambda r: r["families"][0]["received"] == 1, "one prefix")


def test_a_peer_with_two_byte_numbers_is_understood(lab):
    old = lab.strangers[4].up()
    two = bytes([2, 3]) + struct.pack("!HHH", 23457, 23456, 64999)
    four = bytes([2, 2]) + struct.pack("!II", 4200000001, 64999)
    whole = old.good()
    whole[2] = attribute(0x40, 2, two)
    old.say(update(b"".join(whole.values()) + attribute(BOTH, 17, four), prefix("10.4.0.0/24")))
    p = lab.wait_path(old.address, "10.4.0.0/24")
    assert p["as_path"] == "23457 4200000001 64999", p
    assert "4-octet AS" not in lab.peer(old.address)["capabilities"]


def test_too_many_prefixes_end_the_session_for_a_while(lab):
    greedy = lab.strangers[2].up()
    greedy.announce("10.5.1.0/24", "10.5.2.0/24", "10.5.3.0/24")
    lab.wait_peer(greedy.address, lambda r: r["families"][0]["received"] == 3, "three prefixes")
    greedy.announce("10.5.4.0/24")
    greedy.expect_end(6, 1)
    row = lab.wait_peer(greedy.address, lambda r: r["state"] != "ESTABLISHED", "the end")
    assert "maximum number of prefixes reached" in row["last_error"] and row["last_error_sent"], row
    lab.wait_no_path(greedy.address, "10.5.1.0/24")
    assert greedy.connect().read() is None
    lab.wait_log(f"a connection from {greedy.address} is refused: it told more prefixes than it may")


def test_too_many_prefixes_may_only_be_told_of(lab):
    greedy = lab.strangers[3].up()
    greedy.announce(*(f"10.6.{i}.0/24" for i in range(1, 6)))
    lab.wait_peer(greedy.address, lambda r: r["families"][0]["received"] == 5, "five prefixes")
    lab.wait_log(f"peer {greedy.address} tells more than 3 prefixes of ipv4")
    assert lab.state(greedy.address) == "ESTABLISHED"


def test_a_silent_peer_is_dropped_when_its_hold_time_is_over(lab, stranger):
    stranger.up(hold=3)
    stranger.fence("10.1.0.0/24")
    assert lab.peer(stranger.address)["hold_s"] == 3
    stranger.expect_end(4, 0)
    row = lab.wait_peer(stranger.address, lambda r: r["state"] != "ESTABLISHED", "the end")
    assert row["last_error"] == "hold timer expired", row
    lab.wait_no_path(stranger.address, "10.1.0.0/24")


def test_a_refresh_is_asked_of_a_peer(lab, stranger):
    stranger.up()
    stranger.announce("10.1.0.0/24")
    lab.ctl("R1", "refresh", "bgp", stranger.address, "import")
    assert stranger.expect(REFRESH) == b"\0\1\0\1"
    assert lab.path(stranger.address, "10.1.0.0/24")
    wait_for(lambda: lab.peer(stranger.address)["sent"]["refresh"] == 1, "it is counted", last=lambda: lab.peer(stranger.address))


def test_a_reset_says_so(lab, stranger):
    stranger.up()
    for words in (["9.9.9.9"], ["vpn-instance", "NOBODY", "all"]):
        p = lab._tool("R1", "reset", "bgp", *words, check=False)
        assert p.returncode and "no such" in p.stderr, p
    lab.ctl("R1", "reset", "bgp", stranger.address)
    stranger.expect_end(6, 4)
    assert lab.wait_peer(stranger.address, lambda r: r["state"] != "ESTABLISHED", "the end")["last_error"] == "Cease: administrative reset"
