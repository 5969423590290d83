"""UPDATEs that are malformed (RFC 7606): what each does to its routes, to other routes, to the session and to the log."""
import socket
import struct

import pytest
from bgp import BgpLab, router
from bgp_wire import (AGGREGATOR, AS4_AGGREGATOR, AS4_PATH, AS_PATH, ATOMIC, BOTH, CLUSTERS, COMMUNITIES, EXTENDED, LARGE, LOCAL_PREF, MED,
                      MP_REACH, MP_UNREACH, NEXT_HOP, OPTIONAL, ORIGIN, ORIGINATOR, OTC, WELL_KNOWN, Stranger, attribute, path, prefix, update)

OTHER, SUBJECT, FENCE = "10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"
V6_OTHER, V6_SUBJECT = "2001:db8:1::/48", "2001:db8:2::/48"


class Named:
    """A peer as R1's configuration has it."""

    def __init__(self, address, asn, families):
        self.address, self.asn, self.families, self.ours = address, asn, families, ["listen-only"]


@pytest.fixture(scope="module")
def lab(build, tmp_path_factory):
    peers = [Named("10.0.0.9", 65009, ("ipv4", "ipv6")), Named("10.0.0.10", 65001, ("ipv4", "ipv6"))]
    hosts = [("E", "10.0.0.9/24"), ("I", "10.0.0.10/24")]
    with BgpLab(tmp_path_factory.mktemp("updates"), build, [], router(65001, peers), hosts) as lab:
        families = ((1, 1), (2, 1))
        lab.strangers = {"external": Stranger(lab, "E", "10.0.0.9", 65009, families=families),
                         "internal": Stranger(lab, "I", "10.0.0.10", 65001, families=families)}
        for stranger in lab.strangers.values():
            lab.wait_peer(stranger.address, lambda r: not r["ups"], "a row")
        yield lab
        for stranger in lab.strangers.values():
            stranger.close()


def mp_reach(nlri, afi=2, safi=1, hop=socket.inet_pton(socket.AF_INET6, "fd00::9"), flags=OPTIONAL):
    return attribute(flags, MP_REACH, struct.pack("!HBB", afi, safi, len(hop)) + hop + b"\0" + nlri)


def mp_unreach(nlri, flags=OPTIONAL):
    return attribute(flags, MP_UNREACH, struct.pack("!HB", 2, 1) + nlri)


def u32(value):
    return struct.pack("!I", value)


def wrong(kind, value, flags, treatment="withdraw", who="external", name=None):
    """One attribute that is like this in place of a good one, or beside them."""
    return who, {kind: attribute(flags, kind, value)}, treatment, name


# id: (who says it, attributes that replace or join good ones; None: left out, what follows, the attribute that the log names)
CASES = {
    "origin-optional": wrong(ORIGIN, b"\0", BOTH, name="ORIGIN"),
    "origin-not-transitive": wrong(ORIGIN, b"\0", 0, name="ORIGIN"),
    "origin-empty": wrong(ORIGIN, b"", WELL_KNOWN, name="ORIGIN"),
    "origin-of-two-bytes": wrong(ORIGIN, b"\0\0", WELL_KNOWN, name="ORIGIN"),
    "origin-3": wrong(ORIGIN, b"\3", WELL_KNOWN, name="ORIGIN"),
    "origin-missing": ("external", {ORIGIN: None}, "withdraw", "ORIGIN"),
    "as-path-optional": wrong(AS_PATH, path(65009), BOTH, name="AS_PATH"),
    "as-path-of-segment-type-0": wrong(AS_PATH, path(65009, kind=0), WELL_KNOWN, name="AS_PATH"),
    "as-path-of-segment-type-5": wrong(AS_PATH, path(65009, kind=5), WELL_KNOWN, name="AS_PATH"),
    "as-path-cut-short": wrong(AS_PATH, path(65009)[:-1], WELL_KNOWN, name="AS_PATH"),
    "as-path-one-byte-too-long": wrong(AS_PATH, path(65009) + b"\2", WELL_KNOWN, name="AS_PATH"),
    "as-path-of-an-empty-segment": wrong(AS_PATH, path(65009) + b"\2\0", WELL_KNOWN, name="AS_PATH"),
    "as-path-missing": ("external", {AS_PATH: None}, "withdraw", "AS_PATH"),
    "as-path-empty-from-outside": wrong(AS_PATH, b"", WELL_KNOWN, name="AS_PATH"),
    "as-path-of-somebody-else": wrong(AS_PATH, path(65010, 65009), WELL_KNOWN, name="AS_PATH"),
    "as-path-missing-from-inside": ("internal", {AS_PATH: None}, "withdraw", "AS_PATH"),
    "next-hop-optional": wrong(NEXT_HOP, bytes([10, 0, 0, 9]), BOTH, name="NEXT_HOP"),
    "next-hop-empty": wrong(NEXT_HOP, b"", WELL_KNOWN, name="NEXT_HOP"),
    "next-hop-of-three-bytes": wrong(NEXT_HOP, b"\n\0\0", WELL_KNOWN, name="NEXT_HOP"),
    "next-hop-of-five-bytes": wrong(NEXT_HOP, b"\n\0\0\t\0", WELL_KNOWN, name="NEXT_HOP"),
    "next-hop-0.0.0.0": wrong(NEXT_HOP, bytes(4), WELL_KNOWN, name="NEXT_HOP"),
    "next-hop-127.0.0.1": wrong(NEXT_HOP, bytes([127, 0, 0, 1]), WELL_KNOWN, name="NEXT_HOP"),
    "next-hop-of-a-group": wrong(NEXT_HOP, bytes([224, 0, 0, 1]), WELL_KNOWN, name="NEXT_HOP"),
    "next-hop-of-everybody": wrong(NEXT_HOP, b"\xff" * 4, WELL_KNOWN, name="NEXT_HOP"),
    "next-hop-missing": ("external", {NEXT_HOP: None}, "withdraw", "NEXT_HOP"),
    "med-well-known": wrong(MED, u32(5), WELL_KNOWN, name="MULTI_EXIT_DISC"),
    "med-of-three-bytes": wrong(MED, b"\0\0\5", OPTIONAL, name="MULTI_EXIT_DISC"),
    "med-of-five-bytes": wrong(MED, b"\0\0\0\0\5", OPTIONAL, name="MULTI_EXIT_DISC"),
    "local-pref-from-outside": wrong(LOCAL_PREF, u32(7), WELL_KNOWN, "ignored"),
    "local-pref-bad-from-outside": wrong(LOCAL_PREF, b"\7", WELL_KNOWN, "ignored"),
    "local-pref-of-three-bytes": wrong(LOCAL_PREF, b"\0\0\7", WELL_KNOWN, who="internal", name="LOCAL_PREF"),
    "local-pref-optional": wrong(LOCAL_PREF, u32(7), BOTH, who="internal", name="LOCAL_PREF"),
    "atomic-aggregate-of-one-byte": wrong(ATOMIC, b"\0", WELL_KNOWN, "discard", name="ATOMIC_AGGREGATE"),
    "atomic-aggregate-optional": wrong(ATOMIC, b"", BOTH, name="ATOMIC_AGGREGATE"),
    "aggregator-of-six-bytes": wrong(AGGREGATOR, bytes([0xfd, 0xf1, 10, 0, 0, 9]), BOTH, "discard", name="AGGREGATOR"),
    "aggregator-not-transitive": wrong(AGGREGATOR, u32(65009) + bytes([10, 0, 0, 9]), OPTIONAL, name="AGGREGATOR"),
    "communities-empty": wrong(COMMUNITIES, b"", BOTH, name="COMMUNITIES"),
    "communities-of-three-bytes": wrong(COMMUNITIES, b"\0\1\0", BOTH, name="COMMUNITIES"),
    "communities-well-known": wrong(COMMUNITIES, u32(65536), WELL_KNOWN, name="COMMUNITIES"),
    "originator-id-from-outside": wrong(ORIGINATOR, u32(9), OPTIONAL, "ignored"),
    "originator-id-bad-from-outside": wrong(ORIGINATOR, b"\t", OPTIONAL, "ignored"),
    "originator-id-of-three-bytes": wrong(ORIGINATOR, b"\0\0\t", OPTIONAL, who="internal", name="ORIGINATOR_ID"),
    "cluster-list-from-outside": wrong(CLUSTERS, u32(9), OPTIONAL, "ignored"),
    "cluster-list-empty": wrong(CLUSTERS, b"", OPTIONAL, who="internal", name="CLUSTER_LIST"),
    "cluster-list-of-six-bytes": wrong(CLUSTERS, b"\0\0\0\1\0\0", OPTIONAL, who="internal", name="CLUSTER_LIST"),
    "extended-communities-empty": wrong(EXTENDED, b"", BOTH, name="EXTENDED COMMUNITIES"),
    "extended-communities-of-nine-bytes": wrong(EXTENDED, bytes(9), BOTH, name="EXTENDED COMMUNITIES"),
    "as4-path-from-who-has-four-bytes": wrong(AS4_PATH, path(1, kind=9), BOTH, "ignored"),
    "as4-aggregator-from-who-has-four-bytes": wrong(AS4_AGGREGATOR, b"\1", BOTH, "ignored"),
    "large-communities-of-eleven-bytes": wrong(LARGE, bytes(11), BOTH, name="LARGE_COMMUNITY"),
    "large-communities-empty": wrong(LARGE, b"", BOTH, name="LARGE_COMMUNITY"),
    "only-to-customer-of-two-bytes": wrong(OTC, b"\0\1", BOTH, name="ONLY_TO_CUSTOMER"),
    "origin-twice": ("external", {99: attribute(WELL_KNOWN, ORIGIN, b"\2")}, "discard", "ORIGIN"),
    "unknown-transitive": wrong(99, b"abc", BOTH, "ignored"),
    "unknown-of-this-link": wrong(99, b"abc", OPTIONAL, "ignored"),
    "attributes-that-overrun": ("external", {99: attribute(BOTH, COMMUNITIES, u32(1), length=8)}, "withdraw", "COMMUNITIES"),
    "an-attribute-without-a-length": ("external", {99: bytes([BOTH, COMMUNITIES])}, "withdraw", "COMMUNITIES"),
}


def say_subject(stranger, faulty, more=b""):
    whole = {**stranger.good(), **faulty}
    stranger.say(update(b"".join(v for v in whole.values() if v is not None) + more, prefix(SUBJECT)))


def session(lab, who):
    """One that is up with two routes: one that stays, and one that the next UPDATE is about."""
    stranger = lab.strangers[who]
    row = lab.peer(stranger.address)
    if row["state"] != "ESTABLISHED" or not stranger.tcp or stranger.ended:
        stranger.up()
    stranger.announce(OTHER)
    stranger.announce(SUBJECT)
    stranger.say(update(withdrawn=prefix(FENCE)))
    lab.wait_path(stranger.address, OTHER)
    lab.wait_path(stranger.address, SUBJECT)
    lab.wait_no_path(stranger.address, FENCE)
    return stranger, lab.peer(stranger.address)["ups"]


@pytest.mark.parametrize("case", CASES)
def test_an_attribute_has_its_treatment(lab, case):
    who, faulty, treatment, name = CASES[case]
    stranger, ups = session(lab, who)
    before = lab.bgp_log()
    say_subject(stranger, faulty)
    stranger.fence(FENCE)
    p = lab.path(stranger.address, SUBJECT)
    assert (p is None) == (treatment == "withdraw"), p
    assert lab.path(stranger.address, OTHER), "another route is gone"
    if p:
        assert p["origin"] == "i" and p["local_pref"] == 100 and not p["has_med"] and p["originator"] == "0.0.0.0" and not p["clusters"], p
    said = lab.bgp_log()[len(before):]
    if name:
        words = {"withdraw": "treat-as-withdraw", "discard": "attribute discard"}[treatment]
        assert f"peer {stranger.address}: an Update with a bad {name}: {words}" in said, said
    else:
        assert "an Update with a bad" not in said, said
    row = lab.peer(stranger.address)
    assert row["state"] == "ESTABLISHED" and row["ups"] == ups, row


@pytest.mark.parametrize("case", [k for k, c in CASES.items() if c[0] == "external" and c[2] == "withdraw" and ORIGIN in c[1]])
def test_it_is_the_same_for_prefixes_in_an_attribute(lab, case):
    stranger, ups = session(lab, "external")
    good = b"".join(stranger.good(leave=(NEXT_HOP,)).values())
    for net in (V6_OTHER, V6_SUBJECT):
        stranger.say(update(good + mp_reach(prefix(net))))
        lab.wait_path(stranger.address, net, "IPV6")
    whole = {**stranger.good(leave=(NEXT_HOP,)), **CASES[case][1]}
    stranger.say(update(b"".join(v for v in whole.values() if v is not None) + mp_reach(prefix(V6_SUBJECT))))
    stranger.fence(FENCE)
    assert lab.path(stranger.address, V6_SUBJECT, "IPV6") is None and lab.path(stranger.address, V6_OTHER, "IPV6")
    assert lab.peer(stranger.address)["ups"] == ups


def good_of(stranger):
    return b"".join(stranger.good().values())


# id: (what is said, code, subcode, data; None: any)
RESETS = {
    "prefix-of-33-bits": (lambda s: update(good_of(s), b"\x21\n\2\0\0\0"), 3, 10, None),
    "prefix-cut-short": (lambda s: update(good_of(s), b"\x18\n\2"), 3, 10, None),
    "withdrawn-prefix-of-33-bits": (lambda s: update(withdrawn=b"\x21\n\2\0\0\0"), 3, 10, None),
    "withdrawn-prefix-cut-short": (lambda s: update(withdrawn=b"\x18\n\2"), 3, 10, None),
    "withdrawn-longer-than-all": (lambda s: update(good_of(s), withdrawn_size=500), 3, 1, None),
    "attributes-longer-than-all": (lambda s: update(good_of(s), size=500), 3, 1, None),
    "attributes-cut-short-and-no-prefix": (lambda s: update(attribute(WELL_KNOWN, ORIGIN, b"\0", length=9)), 3, 1, None),
    "unknown-well-known": (lambda s: update(good_of(s) + attribute(WELL_KNOWN, 99, b"abc"), prefix(SUBJECT)), 3, 2, b"\x40\x63\x03abc"),
    "mp-reach-twice": (lambda s: update(good_of(s) + mp_reach(prefix(V6_SUBJECT)) * 2), 3, 1, None),
    "mp-unreach-twice": (lambda s: update(mp_unreach(prefix(V6_SUBJECT)) * 2), 3, 1, None),
    "mp-reach-too-short": (lambda s: update(good_of(s) + attribute(OPTIONAL, MP_REACH, b"\0\2\1")), 3, 9, None),
    "mp-reach-with-a-next-hop-beyond-its-end": (lambda s: update(good_of(s) + attribute(OPTIONAL, MP_REACH, b"\0\2\1\x20" + bytes(9))), 3, 9, None),
    "mp-reach-with-a-next-hop-of-five-bytes": (lambda s: update(good_of(s) + mp_reach(prefix(V6_SUBJECT), hop=bytes(5))), 3, 9, None),
    "mp-reach-with-a-prefix-of-129-bits": (lambda s: update(good_of(s) + mp_reach(b"\x81" + bytes(17))), 3, 9, None),
    "mp-reach-with-a-prefix-cut-short": (lambda s: update(good_of(s) + mp_reach(b"\x30\x20\1")), 3, 9, None),
    "mp-unreach-too-short": (lambda s: update(attribute(OPTIONAL, MP_UNREACH, b"\0\2")), 3, 9, None),
    "mp-unreach-with-a-prefix-of-129-bits": (lambda s: update(mp_unreach(b"\x81" + bytes(17))), 3, 9, None),
}


@pytest.mark.parametrize("case", RESETS)
def test_where_prefixes_cannot_be_told_the_session_ends(lab, case):
    what, code, subcode, data = RESETS[case]
    stranger, ups = session(lab, "external")
    stranger.say(what(stranger))
    stranger.expect_end(code, subcode, data)
    row = lab.wait_peer(stranger.address, lambda r: r["state"] != "ESTABLISHED", "the end of the session")
    assert row["last_error"].startswith("Update: ") and row["last_error_sent"] and row["ups"] == ups, row
    lab.wait_no_path(stranger.address, OTHER)
    lab.wait_log(f"peer {stranger.address}: the connection ends: we say Update: ")
    stranger.up()


def test_families_that_nobody_asked_for_are_passed_over(lab):
    stranger, ups = session(lab, "external")
    stranger.say(update(good_of(stranger) + mp_reach(b"\x18\n\7\0", afi=1, safi=2, hop=bytes([10, 0, 0, 9]))))
    stranger.say(update(attribute(OPTIONAL, MP_UNREACH, struct.pack("!HB", 25, 65) + b"\xff\xff")))
    stranger.fence(FENCE)
    assert lab.peer(stranger.address)["ups"] == ups and not lab.paths("10.7.0.0/24")


def test_a_path_with_our_own_as_is_kept_and_not_used(lab):
    stranger, _ = session(lab, "external")
    stranger.announce(SUBJECT, ases=[65009, 65001])
    p = lab.wait_path(stranger.address, SUBJECT, good=lambda p: p["as_path"] == "65009 65001")
    assert p["unused"] and not p["best"], p


def test_our_own_address_as_next_hop_is_kept_and_not_used(lab):
    stranger, _ = session(lab, "external")
    stranger.announce(SUBJECT, next_hop="10.0.0.1")
    p = lab.wait_path(stranger.address, SUBJECT, good=lambda p: p["next_hop"] == "10.0.0.1")
    assert p["unused"] and not p["best"], p
