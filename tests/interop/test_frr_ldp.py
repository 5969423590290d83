"""LDP with Debian's FRR in the middle of the path: sessions, labels on both sides and in both kernels, losses and returns."""
import pytest
from frr import ADDRESS, NEIGHBOURS, answers, configure, own, session, wait_session, whole
from penult import Capture, bindings, wait_for
from pw_feed import Feed

pytestmark = pytest.mark.mpls

LAB, SESSIONS = "frr-ldp", {"R1": 1, "R3": 2, "R4": 1}


def test_the_session_comes_up_in_both_roles(lab):
    assert {r: session(lab, r)["role"] for r in NEIGHBOURS} == {"R1": "PASSIVE", "R3": "ACTIVE"}, "the greater transport address is active"
    neighbours = lab.vtysh("F2", "show mpls ldp neighbor json")["neighbors"]
    assert {n["neighborId"]: n["state"] for n in neighbours} == {"1.1.1.1": "OPERATIONAL", "3.3.3.3": "OPERATIONAL"}


def test_both_ends_hold_each_other_to_the_ttl_of_a_link(lab):
    assert [session(lab, r)["min_ttl"] for r in NEIGHBOURS] == [255, 255], "FRR says G in its Hellos, and so do we"


def test_both_sides_and_both_kernels_have_the_same_labels(lab):
    whole(lab)
    for router in ("R1", "R3", "R4"):
        lsps = {lsp["in_label"]: lsp for lsp in lab.rows(router, "display", "mpls", "ldp", "lsp") if not lsp["egress"]}
        kernel = lab.mpls_routes(router)
        assert set(kernel) == set(lsps)
        assert {label: entry["to"] or 3 for label, entry in kernel.items()} == {label: lsp["next_hops"][0]["out_label"] for label, lsp in lsps.items()}


def test_packets_are_forwarded_with_labels_both_ways(lab):
    whole(lab)
    with Capture(lab, "R1", "GigabitEthernet0/1/0") as near, Capture(lab, "R3", "GigabitEthernet0/1/0") as far:
        lab.run("H1", "ping", "-n", "-c", "5", "-i", "0.2", "-W", "2", "192.168.4.2")
    r1, r3 = bindings(lab, "R1"), bindings(lab, "R3")
    assert near.stacks("192.168.4.2") == [[r1["4.4.4.4/32", "2.2.2.2"]]] * 5, "R1 pushes FRR's label"
    assert far.stacks("192.168.4.2") == [[r3["4.4.4.4/32", "0.0.0.0"]]] * 5, "FRR swaps it for R3's label"
    assert far.stacks("192.168.1.2") == [[r3["1.1.1.1/32", "2.2.2.2"]]] * 5, "R3 swaps for FRR's label"
    assert near.stacks("192.168.1.2") == [[]] * 5, "FRR pops before R1, which asked for it"


@pytest.mark.parametrize("router", NEIGHBOURS)
def test_a_restart_of_ldpd_beside_frr_brings_session_and_the_same_labels_back(lab, router):
    whole(lab)
    before = {fec: label for (fec, p), label in bindings(lab, router).items() if p == "0.0.0.0"}
    lab.restart(router, "ldpd")
    lab.wait_sessions(router, SESSIONS[router])
    lab.wait_recovered(router)
    whole(lab)
    assert {fec: label for (fec, p), label in bindings(lab, router).items() if p == "0.0.0.0"} == before


def test_a_restart_of_frrs_ldpd_brings_sessions_and_labels_back(lab):
    before = {r: session(lab, r)["uid"] for r in NEIGHBOURS}
    lab.restart("F2", "ldpd")
    for router in NEIGHBOURS:
        wait_session(lab, router, after=before[router])
    whole(lab)


def test_a_session_that_frr_clears_comes_back_with_its_labels(lab):
    before = session(lab, "R1")["uid"]
    lab.vtysh("F2", "clear mpls ldp neighbor 1.1.1.1")
    wait_session(lab, "R1", after=before)
    assert session(lab, "R1")["last_error"], "the reason is kept"
    whole(lab)


def test_a_session_that_we_reset_comes_back_with_its_labels(lab):
    before = session(lab, "R3")["uid"]
    lab.ctl("R3", "reset", "mpls", "ldp", "peer", "2.2.2.2")
    wait_session(lab, "R3", after=before)
    whole(lab)


def test_a_cut_link_ends_session_and_lsp_and_its_return_brings_both_back(lab):
    whole(lab)
    before = session(lab, "R1")["uid"]
    lab.net.cut("core")
    # FRR keeps nothing over a restart, so nothing of it is kept either.
    wait_for(lambda: not lab.sessions("R1") and not lab.pushes("R1", "4.4.4.4"), "the end at R1", last=lambda: lab.sessions("R1"))
    wait_for(lambda: ADDRESS["R1"] not in {n["neighborId"] for n in lab.vtysh("F2", "show mpls ldp neighbor json")["neighbors"] if n["state"] == "OPERATIONAL"},
             "the end at FRR", 120)
    lab.net.cut("core", mended=True)
    wait_session(lab, "R1", after=before)
    whole(lab)
    answers(lab, "H4", "192.168.1.2")
    assert own(lab, "R1", "1.1.1.1/32") == 3


class Pseudowire(Feed):
    """One between R1, where helper/pw_feed.c says what l2vpnd would, and FRR."""

    def __init__(self, lab, *options):
        super().__init__(lab, "R1")
        self.want()
        configure(lab, "l2vpn PW type vpls", "member pseudowire mpw100", *options, f"neighbor lsr-id {ADDRESS['R1']}", "pw-id 100")

    def want(self, *options):
        self.say(" ".join(["want", ADDRESS["F2"], "5", "100", "600100", "mtu", "1500", *options]))

    def at_frr(self):
        return self.lab.vtysh("F2", "show l2vpn atom binding json").get(f"{ADDRESS['R1']}: 100", {})

    def wait(self, what, met):
        """Until met(our row, FRR's binding)."""
        return wait_for(lambda: met(self.row(100), self.at_frr()), what, last=lambda: (self.row(100), self.at_frr()))

    def close(self):
        self.say(f"unwant {ADDRESS['F2']} 5 100")
        configure(self.lab, "no l2vpn PW type vpls")
        wait_for(lambda: not self.row(100), "the pseudowire's end", last=lambda: self.row(100))
        super().close()


@pytest.fixture
def pseudowire(lab, request):
    made = Pseudowire(lab, *getattr(request, "param", ()))
    yield made
    made.close()


def test_what_frr_says_of_its_end_of_a_pseudowire_is_heard(lab, pseudowire):
    """FRR says "not forwarding" while no labelled route leads to the other end, and takes it back: by notifications, the labels stay."""
    def heard(status):
        wait_for(lambda: pseudowire.row(100).get("remote_status") == status and pseudowire.row(100)["remote_label"], f"status {status} of FRR", last=lambda: (
            pseudowire.row(100), lab.vtysh("F2", "show l2vpn atom binding json")))
        return pseudowire.row(100)

    whole(lab)
    before, uid = heard(0), session(lab, "R1")["uid"]
    assert before["status_tlv"] and before["trouble"] == "", before
    one, all_of_them = f"ip route {ADDRESS['R1']}/32 10.0.12.1", "ip route 1.1.1.0/24 10.0.12.1"
    configure(lab, all_of_them)
    configure(lab, f"no {one}")  # the session goes on by the other route, for which R1 has given no label
    try:
        during = heard(1)
    finally:
        configure(lab, one)
        configure(lab, f"no {all_of_them}")
    after = heard(0)
    assert [r["remote_label"] for r in (during, after)] == [before["remote_label"]] * 2
    assert session(lab, "R1")["uid"] == uid, "the same session"
    whole(lab)


@pytest.mark.parametrize("pseudowire", [["pw-status disable"]], indirect=True, ids=["no status TLV"])
def test_without_the_status_tlv_a_fault_takes_the_label_back(lab, pseudowire):
    def labels_are_equal(ours, theirs):
        return ours.get("remote_label") and (ours["remote_label"], 600100) == (theirs.get("localLabel"), theirs.get("remoteLabel"))

    whole(lab)
    uid = session(lab, "R1")["uid"]
    pseudowire.wait("equal labels at both ends", labels_are_equal)
    assert not pseudowire.row(100)["status_tlv"]
    pseudowire.want("status", "6")
    pseudowire.wait("FRR to be without a label", lambda ours, theirs: theirs.get("remoteLabel") == "unassigned" and ours["local_label"] is None)
    assert pseudowire.row(100)["remote_label"], "FRR has no fault"
    pseudowire.want()
    pseudowire.wait("equal labels again", labels_are_equal)
    assert session(lab, "R1")["uid"] == uid, "the same session"
