"""Addresses and labels, RFC 5036 sections 3.5.5 to 3.5.11 and appendix A: what is kept, used, given back and answered."""
import struct

import ldp
import pytest
from peer import NO_LABEL
from penultlab.net import ip

A, B, C = "198.51.100.1/32", "198.51.100.2/32", "198.51.100.3/32"


def mapping(peer, fec, label, *more):
    return peer.say(ldp.MAPPING, ldp.fec(ldp.prefix(fec)), ldp.label(label), *more)


def addresses(peer, *which):
    return peer.say(ldp.ADDRESS, ldp.address_list(*which))


def labels(peer):
    return {fec: row["label"] for fec, row in peer.router.bindings(peer.lsr).items()}


def is_about(m, fec):
    return m.fec() == ldp.prefix(fec)


@pytest.fixture
def next_hop(router):
    """A peer that is the next hop of the route to A, and has said so."""
    p = router.peer().operational()
    router.route(A, p.source)
    router.wait(lambda: router.own(A), bool, "our label for the route")
    addresses(p, p.source)
    p.quiet()
    return p


def sends_with(router, fec):
    hops = router.hops(fec)
    assert len(hops) == 1, hops
    return next(iter(hops.values()))


# --- Mappings ---


@pytest.mark.parametrize("label", [0, 3, 16, 1000, 0xfffff])
def test_a_mapping_without_a_route_is_kept_and_not_used(peer, label):
    peer.operational().quiet()
    mapping(peer, B, label)
    assert peer.fence() == []
    row = peer.router.bindings(peer.lsr)[B]
    assert row["label"] == label and not row["in_use"] and peer.router.hops(B) is None


@pytest.mark.parametrize("label", [0, 3, 16, 1000, 0xfffff])
def test_a_mapping_of_the_next_hop_is_used(next_hop, label):
    mapping(next_hop, A, label)
    assert next_hop.answers() == []
    assert next_hop.router.bindings(next_hop.lsr)[A]["in_use"]
    assert sends_with(next_hop.router, A) == label


def test_a_mapping_of_somebody_else_is_kept_for_later(router, next_hop):
    other = router.peer().operational().quiet()
    addresses(other, other.source)
    mapping(other, A, 2000)
    mapping(next_hop, A, 1000)
    other.fence(), next_hop.fence()
    assert sends_with(router, A) == 1000 and not router.bindings(other.lsr)[A]["in_use"]
    router.route(A, other.source)
    router.wait(lambda: router.hops(A), lambda hops: hops == {other.source: 2000}, "the label of the new next hop")
    rows = router.bindings(other.lsr), router.bindings(next_hop.lsr)
    assert rows[0][A]["in_use"] and not rows[1][A]["in_use"]


def test_both_labels_of_two_next_hops_are_used(router):
    two = [router.peer().operational() for _ in range(2)]
    router.route(A, *(p.source for p in two))
    for k, p in enumerate(two):
        addresses(p, p.source)
        mapping(p, A, 1000 + k)
    want = {p.source: 1000 + k for k, p in enumerate(two)}
    router.wait(lambda: router.hops(A), lambda hops: hops == want, "both labels")
    router.route(A, two[1].source)
    router.wait(lambda: router.hops(A), lambda hops: hops == {two[1].source: 1001}, "one of them")
    two[1].tcp.close()
    router.wait(lambda: router.hops(A), lambda hops: hops == {two[1].source: NO_LABEL}, "the end of the last label")


@pytest.mark.parametrize("label", [1, 2, 7, 13, 14])
def test_a_reserved_label_is_given_back_and_not_kept(next_hop, label):
    mapping(next_hop, A, label)
    release, = next_hop.answers()
    assert release.kind == ldp.RELEASE and is_about(release, A) and release.label() == label
    assert labels(next_hop) == {} and sends_with(next_hop.router, A) == NO_LABEL
    assert next_hop.state() == "OPERATIONAL"


def test_the_same_mapping_again_changes_nothing(next_hop):
    mapping(next_hop, A, 1000)
    next_hop.fence()
    before = next_hop.router.bindings(next_hop.lsr), next_hop.router.rows("display", "mpls", "ldp", "lsp")
    mapping(next_hop, A, 1000)
    assert next_hop.answers() == []
    assert (next_hop.router.bindings(next_hop.lsr), next_hop.router.rows("display", "mpls", "ldp", "lsp")) == before


def test_a_mapping_with_another_label_counts_and_the_old_label_is_given_back(next_hop):
    mapping(next_hop, A, 1000)
    mapping(next_hop, A, 2000)
    release, = next_hop.answers()
    assert release.kind == ldp.RELEASE and is_about(release, A) and release.label() == 1000
    assert labels(next_hop) == {A: 2000} and sends_with(next_hop.router, A) == 2000


def test_one_mapping_for_several_fecs(peer):
    peer.operational().quiet()
    peer.say(ldp.MAPPING, ldp.fec(ldp.prefix(A), ldp.prefix("10.0.0.0/8"), ldp.prefix("0.0.0.0/0")), ldp.label(1000))
    assert peer.fence() == []
    assert labels(peer) == {A: 1000, "10.0.0.0/8": 1000, "0.0.0.0/0": 1000}


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32])
def test_a_prefix_of_any_length(peer, length):
    peer.operational().quiet()
    address = struct.unpack("!I", bytes([203, 85, 170, 255]))[0] & (0xffffffff << (32 - length) & 0xffffffff)
    fec = ".".join(str(b) for b in struct.pack("!I", address)) + f"/{length}"
    mapping(peer, fec, 1000)
    peer.fence()
    assert labels(peer) == {fec: 1000}


def test_bits_behind_the_prefix_do_not_count(peer):
    peer.operational().quiet()
    peer.say(ldp.MAPPING, ldp.fec(struct.pack("!BHB", 2, 1, 20) + bytes([10, 1, 0xff])), ldp.label(1000))
    peer.fence()
    assert labels(peer) == {"10.1.240.0/20": 1000}


def test_what_loop_detection_would_add_does_no_harm(next_hop):
    hops = ldp.tlv(0x0103, b"\3")
    path = ldp.tlv(0x0104, bytes([9, 9, 9, 9, 1, 1, 1, 1]))
    mapping(next_hop, A, 1000, hops, path)
    assert next_hop.answers() == []
    assert sends_with(next_hop.router, A) == 1000


def test_an_mtu_that_is_told_is_kept(next_hop):
    mapping(next_hop, A, 1000, ldp.tlv(0xc601, struct.pack("!H", 1400)))
    assert next_hop.answers() == []
    assert next_hop.router.bindings(next_hop.lsr)[A]["mtu"] == 1400


# --- our own labels ---


def test_a_new_route_is_told_and_its_end_withdrawn_and_told_anew_only_with_another_label_or_after_the_release(peer):
    peer.operational().quiet()
    peer.router.route(A, "10.12.0.2")
    first = peer.expect(ldp.MAPPING, lambda m: is_about(m, A))
    assert 1024 <= first.label() < 524288
    assert peer.router.own(A)["label"] == first.label() and peer.lsr in peer.router.own(A)["sent_to"]
    peer.router.route(A)
    gone = peer.expect(ldp.WITHDRAW)
    assert is_about(gone, A) and gone.label() == first.label()
    peer.say(ldp.RELEASE, ldp.fec(ldp.prefix(A)), ldp.label(first.label()))
    assert peer.fence() == []
    assert peer.router.own(A) is None
    peer.router.route(A, "10.12.0.2")
    again = peer.expect(ldp.MAPPING, lambda m: is_about(m, A))
    assert again.label() != first.label(), "a label rests before it stands for anything again"


def test_our_own_address_is_told_with_implicit_null(peer):
    peer.operational()
    m = peer.expect(ldp.MAPPING, lambda m: is_about(m, "1.1.1.1/32"))
    assert m.label() == 3


def test_a_route_that_is_not_to_a_host_is_not_told(peer):
    peer.operational().quiet()
    peer.router.route("198.51.0.0/16", "10.12.0.2")
    peer.router.route(A, "10.12.0.2")
    peer.expect(ldp.MAPPING, lambda m: is_about(m, A))
    assert peer.fence() == [] and peer.router.own("198.51.0.0/16") is None


def test_a_label_stays_while_the_route_moves(router):
    one, other = router.peer().operational().quiet(), router.peer().operational().quiet()
    router.route(A, one.source)
    label = one.expect(ldp.MAPPING, lambda m: is_about(m, A)).label()
    other.fence()
    router.route(A, other.source)
    router.wait(lambda: router.hops(A), lambda hops: list(hops) == [other.source], "the new next hop")
    assert one.fence() == [] and other.fence() == []
    assert router.own(A)["label"] == label


def test_a_label_that_was_mapped_before_the_route_came_is_used(router):
    peer = router.peer().operational().quiet()
    mapping(peer, A, 1000)
    addresses(peer, peer.source)
    peer.fence()
    router.route(A, peer.source)
    router.wait(lambda: router.hops(A), lambda hops: hops == {peer.source: 1000}, "the label")


def test_the_end_of_a_route_ends_the_use_of_its_label_and_not_the_label(next_hop):
    mapping(next_hop, A, 1000)
    next_hop.fence()
    next_hop.router.route(A)
    next_hop.router.wait(lambda: next_hop.router.hops(A), lambda hops: hops is None, "the end of the LSP")
    row = next_hop.router.bindings(next_hop.lsr)[A]
    assert row["label"] == 1000 and not row["in_use"]


# --- Address and Address Withdraw ---


def test_labels_through_an_address_end_with_it_and_come_back_with_it(next_hop):
    mapping(next_hop, A, 1000)
    next_hop.fence()
    next_hop.say(ldp.ADDRESS_WITHDRAW, ldp.address_list(next_hop.source))
    assert next_hop.answers() == []
    assert sends_with(next_hop.router, A) == NO_LABEL and next_hop.router.session(next_hop.lsr)["addresses"] == []
    row = next_hop.router.bindings(next_hop.lsr)[A]
    assert row["label"] == 1000 and not row["in_use"]
    addresses(next_hop, next_hop.source)
    assert next_hop.answers() == []
    assert sends_with(next_hop.router, A) == 1000


def test_only_the_addresses_that_are_withdrawn_go(peer):
    peer.operational().quiet()
    addresses(peer, "198.51.100.7", "198.51.100.8", "198.51.100.9")
    addresses(peer, "198.51.100.9")
    peer.say(ldp.ADDRESS_WITHDRAW, ldp.address_list("198.51.100.8"))
    peer.fence()
    assert sorted(peer.router.session(peer.lsr)["addresses"]) == ["198.51.100.7", "198.51.100.9"]


def test_nobody_can_withdraw_what_is_somebody_elses_or_nobodys(router, next_hop):
    other = router.peer().operational().quiet()
    mapping(next_hop, A, 1000)
    next_hop.fence()
    other.say(ldp.ADDRESS_WITHDRAW, ldp.address_list(next_hop.source, "198.51.100.99"))
    assert other.answers() == []
    assert sends_with(router, A) == 1000 and other.state() == "OPERATIONAL"


def test_an_empty_list_of_addresses_changes_nothing(next_hop):
    addresses(next_hop)
    next_hop.say(ldp.ADDRESS_WITHDRAW, ldp.address_list())
    assert next_hop.answers() == []
    assert next_hop.router.session(next_hop.lsr)["addresses"] == [next_hop.source]


def test_our_own_addresses_are_told_with_every_change(peer):
    peer.operational()
    inside = peer.router.lab.namespace("R1")
    device = "ge0-2-0"
    ip("-n", inside, "addr", "add", "10.14.0.1/24", "dev", device)
    try:
        m = peer.expect(ldp.ADDRESS)
        assert m.tlvs[0x0101] == ldp.address_list("10.14.0.1")[4:]
    finally:
        ip("-n", inside, "addr", "del", "10.14.0.1/24", "dev", device, check=False)
    m = peer.expect(ldp.ADDRESS_WITHDRAW)
    assert m.tlvs[0x0101] == ldp.address_list("10.14.0.1")[4:]


def test_all_our_addresses_are_told_to_a_new_peer(peer):
    peer.openrec()
    peer.keepalive()
    m = peer.expect(ldp.ADDRESS)
    listed = {".".join(str(b) for b in m.tlvs[0x0101][k:k + 4]) for k in range(2, len(m.tlvs[0x0101]), 4)}
    assert listed == {"1.1.1.1", "10.12.0.1", "10.13.0.1"}


# --- Withdraw ---


@pytest.mark.parametrize("label", [None, 1000])
def test_a_withdrawn_label_is_released_and_no_longer_used(next_hop, label):
    mapping(next_hop, A, 1000)
    next_hop.fence()
    next_hop.say(ldp.WITHDRAW, ldp.fec(ldp.prefix(A)), *([ldp.label(label)] if label else []))
    release, = next_hop.answers()
    assert release.kind == ldp.RELEASE and is_about(release, A) and release.label() == label
    assert labels(next_hop) == {} and sends_with(next_hop.router, A) == NO_LABEL


def test_a_withdraw_of_another_label_is_released_and_changes_nothing(next_hop):
    mapping(next_hop, A, 1000)
    next_hop.say(ldp.WITHDRAW, ldp.fec(ldp.prefix(A)), ldp.label(2000))
    release, = next_hop.answers()
    assert release.kind == ldp.RELEASE and release.label() == 2000
    assert sends_with(next_hop.router, A) == 1000


def test_a_withdraw_of_what_was_never_mapped_is_released(peer):
    peer.operational().quiet()
    peer.say(ldp.WITHDRAW, ldp.fec(ldp.prefix(B)), ldp.label(1000))
    release, = peer.fence()
    assert release.kind == ldp.RELEASE and is_about(release, B) and release.label() == 1000


def test_a_withdraw_of_several_fecs(peer):
    peer.operational().quiet()
    for k, fec in enumerate((A, B, C)):
        mapping(peer, fec, 1000 + k)
    peer.say(ldp.WITHDRAW, ldp.fec(ldp.prefix(A), ldp.prefix(C)))
    assert [(m.kind, m.fec()) for m in peer.fence()] == [(ldp.RELEASE, ldp.prefix(A)), (ldp.RELEASE, ldp.prefix(C))]
    assert labels(peer) == {B: 1001}


@pytest.mark.parametrize("element", [ldp.WILDCARD, ldp.typed_wildcard()], ids=["wildcard", "typed wildcard"])
def test_a_wildcard_withdraws_everything(next_hop, element):
    for k, fec in enumerate((A, B, C)):
        mapping(next_hop, fec, 1000 + k)
    next_hop.say(ldp.WITHDRAW, ldp.fec(element))
    came = next_hop.answers()
    assert {m.kind for m in came} == {ldp.RELEASE}
    assert labels(next_hop) == {} and sends_with(next_hop.router, A) == NO_LABEL


@pytest.mark.parametrize("element", [ldp.WILDCARD, ldp.typed_wildcard()], ids=["wildcard", "typed wildcard"])
def test_a_wildcard_with_a_label_withdraws_what_has_that_label(peer, element):
    peer.operational().quiet()
    for fec, label in ((A, 1000), (B, 1000), (C, 1001)):
        mapping(peer, fec, label)
    peer.say(ldp.WITHDRAW, ldp.fec(element), ldp.label(1000))
    came = peer.fence()
    assert came and all(m.kind == ldp.RELEASE and m.label() == 1000 for m in came)
    assert labels(peer) == {C: 1001}


def test_a_typed_wildcard_of_another_family_withdraws_nothing_of_ours(peer):
    peer.operational().quiet()
    mapping(peer, A, 1000)
    peer.say(ldp.WITHDRAW, ldp.fec(ldp.typed_wildcard(value=struct.pack("!H", 2))))
    peer.is_operational()
    assert labels(peer) == {A: 1000}


def test_a_typed_wildcard_of_an_unknown_kind_is_answered(peer):
    peer.operational().quiet()
    mapping(peer, A, 1000)
    ident = peer.say(ldp.WITHDRAW, ldp.fec(ldp.typed_wildcard(of=0x77)))
    peer.expect_status("unknown fec", about=ident)
    peer.is_operational()
    assert labels(peer) == {A: 1000}


# --- Release ---


@pytest.fixture
def told(router):
    """A peer that was told our label for A."""
    p = router.peer().operational().quiet()
    router.route(A, "10.12.0.2")
    p.told = p.expect(ldp.MAPPING, lambda m: is_about(m, A)).label()
    return p


def has(peer, fec=A):
    return peer.lsr in peer.router.own(fec)["sent_to"]


@pytest.mark.parametrize("label", [None, 1000])
def test_a_release_of_what_was_never_told_is_passed_over(peer, label):
    peer.operational().quiet()
    peer.say(ldp.RELEASE, ldp.fec(ldp.prefix(B)), *([ldp.label(label)] if label else []))
    assert peer.fence() == []
    assert peer.state() == "OPERATIONAL" and peer.router.own(B) is None


def test_a_release_of_another_label_is_passed_over(told):
    told.say(ldp.RELEASE, ldp.fec(ldp.prefix(A)), ldp.label(told.told + 1))
    assert told.fence() == []
    assert has(told) and told.router.own(A)["label"] == told.told


@pytest.mark.parametrize("how", ["by its label", "by its FEC", "by a wildcard", "by a typed wildcard"])
def test_what_was_told_can_be_released_and_asked_for_again(told, how):
    element = {"by a wildcard": ldp.WILDCARD, "by a typed wildcard": ldp.typed_wildcard()}.get(how, ldp.prefix(A))
    told.say(ldp.RELEASE, ldp.fec(element), *([ldp.label(told.told)] if how == "by its label" else []))
    assert told.fence() == [], "it is not told again"
    assert not has(told) and told.router.own(A)["label"] == told.told
    ident = told.say(ldp.REQUEST, ldp.fec(ldp.prefix(A)))
    m, = told.fence()
    assert m.kind == ldp.MAPPING and m.label() == told.told and struct.unpack("!I", m.tlvs[0x0600])[0] == ident
    assert has(told)


def test_a_release_by_a_wildcard_with_a_label_is_about_that_label(told):
    told.router.route(B, "10.12.0.2")
    told.expect(ldp.MAPPING, lambda m: is_about(m, B))
    told.say(ldp.RELEASE, ldp.fec(ldp.WILDCARD), ldp.label(told.told))
    told.fence()
    assert not has(told) and has(told, B)


def test_a_release_while_it_is_withdrawn_leaves_the_new_label(told):
    told.router.route(A)
    told.expect(ldp.WITHDRAW)
    told.router.route(A, "10.12.0.2")
    again = told.expect(ldp.MAPPING, lambda m: is_about(m, A)).label()
    told.say(ldp.RELEASE, ldp.fec(ldp.prefix(A)))
    assert told.fence() == []
    assert has(told) and told.router.own(A)["label"] == again


# --- Request and Abort ---


def test_a_request_is_answered_with_its_id(told):
    for _ in range(2):
        ident = told.say(ldp.REQUEST, ldp.fec(ldp.prefix(A)))
        m, = told.fence()
        assert m.kind == ldp.MAPPING and m.label() == told.told and struct.unpack("!I", m.tlvs[0x0600])[0] == ident


def test_a_request_for_several_fecs_is_answered_for_each(told):
    ident = told.say(ldp.REQUEST, ldp.fec(ldp.prefix(A), ldp.prefix(B), ldp.prefix("1.1.1.1/32")))
    came = told.fence()
    assert [m.kind for m in came] == [ldp.MAPPING, ldp.NOTIFICATION, ldp.MAPPING]
    assert came[1].status() == (ldp.STATUS["no route"], False, False, ident, ldp.REQUEST)


def test_a_request_of_the_next_hop_itself_is_a_loop(next_hop):
    ident = next_hop.say(ldp.REQUEST, ldp.fec(ldp.prefix(A)))
    next_hop.expect_status("loop detected", about=ident, kind=ldp.REQUEST)
    next_hop.is_operational()


def test_one_of_two_next_hops_may_ask(router):
    two = [router.peer().operational() for _ in range(2)]
    router.route(A, *(p.source for p in two))
    for p in two:
        addresses(p, p.source)
        p.quiet()
    router.wait(lambda: router.hops(A), lambda hops: hops and len(hops) == 2, "two next hops")
    ident = two[0].say(ldp.REQUEST, ldp.fec(ldp.prefix(A)))
    m = two[0].expect(ldp.MAPPING, lambda m: 0x0600 in m.tlvs)
    assert struct.unpack("!I", m.tlvs[0x0600])[0] == ident


@pytest.mark.parametrize("wants_end", [True, False])
def test_a_typed_wildcard_request_is_told_everything_and_its_end_to_those_who_want_to_know(router, wants_end):
    router.route(A, "10.12.0.2")
    peer = router.peer().openrec(more=ldp.tlv(0x8603, b"\x80") if wants_end else b"")
    peer.keepalive()
    peer.quiet()
    ident = peer.say(ldp.REQUEST, ldp.fec(ldp.typed_wildcard()))
    came = peer.fence()
    asked = [m for m in came if m.kind == ldp.MAPPING and struct.unpack("!I", m.tlvs[0x0600])[0] == ident]
    assert {m.fec() for m in asked} == {ldp.prefix(A), ldp.prefix("1.1.1.1/32")}
    assert [m.status()[0] for m in came if m.kind == ldp.NOTIFICATION] == [ldp.STATUS["end of lib"]] * wants_end


def test_an_abort_of_an_answered_request_is_passed_over(told):
    ident = told.say(ldp.REQUEST, ldp.fec(ldp.prefix(A)))
    told.say(ldp.ABORT, ldp.fec(ldp.prefix(A)), ldp.request_id(ident))
    m, = told.fence()
    assert m.kind == ldp.MAPPING and told.state() == "OPERATIONAL" and has(told)


def test_an_abort_of_nothing_is_passed_over(peer):
    peer.operational().quiet()
    peer.say(ldp.ABORT, ldp.fec(ldp.prefix(B)), ldp.request_id(77))
    assert peer.fence() == []
    assert peer.state() == "OPERATIONAL"


# --- ordered control, 2.6.1.2 ---


@pytest.fixture
def ordered(router):
    router.configure("mpls ldp\n label distribution control-mode ordered\n")
    return router


def test_ordered_control_tells_a_label_only_when_the_next_hop_has_given_one_and_as_long(ordered):
    below, above = ordered.peer().operational().quiet(), ordered.peer().operational().quiet()
    ordered.route(A, below.source)
    addresses(below, below.source)
    ordered.wait(lambda: ordered.hops(A), bool, "the LSP")
    assert above.fence() == []
    mapping(below, A, 1000)
    label = above.expect(ldp.MAPPING, lambda m: is_about(m, A)).label()
    below.say(ldp.WITHDRAW, ldp.fec(ldp.prefix(A)), ldp.label(1000))
    gone = above.expect(ldp.WITHDRAW)
    assert is_about(gone, A) and gone.label() == label


def test_a_request_that_waits_for_the_next_hop_can_be_aborted(ordered):
    below, above = ordered.peer().operational().quiet(), ordered.peer().operational().quiet()
    ordered.route(A, below.source)
    addresses(below, below.source)
    ordered.wait(lambda: ordered.hops(A), bool, "the LSP")
    ident = above.say(ldp.REQUEST, ldp.fec(ldp.prefix(A)))
    above.say(ldp.ABORT, ldp.fec(ldp.prefix(A)), ldp.request_id(ident))
    m = above.expect_status("label request aborted", kind=ldp.ABORT)
    assert struct.unpack("!I", m.tlvs[0x0600])[0] == ident, "it says which request"
    mapping(below, A, 1000)
    assert 0x0600 not in above.expect(ldp.MAPPING, lambda m: is_about(m, A)).tlvs, "nobody asks any more"
    above.is_operational()


def test_a_request_that_waits_for_the_next_hop_is_answered_with_its_id(ordered):
    below, above = ordered.peer().operational().quiet(), ordered.peer().operational().quiet()
    ordered.route(A, below.source)
    addresses(below, below.source)
    ordered.wait(lambda: ordered.hops(A), bool, "the LSP")
    ident = above.say(ldp.REQUEST, ldp.fec(ldp.prefix(A)))
    assert above.fence() == []
    mapping(below, A, 1000)
    m = above.expect(ldp.MAPPING, lambda m: is_about(m, A))
    assert struct.unpack("!I", m.tlvs[0x0600])[0] == ident
