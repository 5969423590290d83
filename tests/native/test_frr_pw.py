"""Pseudowires with Debian's FRR, as far as signalling goes: labels, control word, MTU, status, and who is configured late.

l2vpnd is not there: helper/pw_feed.c says what it would say. FRR has no data plane for pseudowires, so its own end may be
"not forwarding"; why it thinks that a pseudowire is down tells what it has heard of ours. What it shows as its own control
word is what was configured, not what was agreed.

Without the status TLV FRR tells of its own fault by taking its label back, some milliseconds after it gave it, and tries again
after 30 s. So how a fault of ours is told then is seen where its kernel has MPLS: interop/test_frr_ldp.py.
"""
import os

import pytest
from penult import Lab, Topology, wait_for
from penultlab.nodes import frr_space
from pw_feed import Feed

HERE = os.path.dirname(os.path.realpath(__file__))
R1, F2 = "1.1.1.1", "2.2.2.2"
RAW, TAGGED = 5, 4
DOWN_HERE, NO_FAULT_HERE = "remote not forwarding", ("local not forwarding", "No Error")  # as FRR sees it
OWN_FAULT = dict(zip(NO_FAULT_HERE, (1, 0)))  # as it tells us: its kernel has no MPLS, or it has


@pytest.fixture(scope="module")
def lab(build):
    with Lab(Topology(os.path.join(HERE, "labs", "frr-pw")), build) as lab:
        lab.wait_sessions("R1", 1)
        yield lab


class Pseudowires(Feed):
    """What is wanted at either end."""

    def __init__(self, lab):
        super().__init__(lab, "R1")
        self.asked = set()

    def want(self, number=100, *options, kind=RAW, mtu=1500):
        self.asked.add((kind, number))
        self.say(" ".join(["want", F2, str(kind), str(number), str(600000 + number), "mtu", str(mtu), *options]))

    def unwant(self, number=100, kind=RAW):
        self.say(f"unwant {F2} {kind} {number}")

    def frr(self, *lines):
        words = [w for line in ("configure terminal", "l2vpn PW type vpls", *lines) for w in ("-c", line)]
        self.lab.run("F2", "vtysh", "-N", frr_space(self.lab, "F2"), *words)

    def member(self, number=100, *options):
        """What is changed of one that is complete resets the session, so the number comes last."""
        self.frr(f"member pseudowire mpw{number}", *options, "neighbor lsr-id 1.1.1.1", f"pw-id {number}")

    def row(self, number=100, kind=RAW):
        return super().row(number, kind)

    def at_frr(self, number=100):
        return self.lab.vtysh("F2", "show l2vpn atom binding json").get(f"{R1}: {number}", {})

    def wait(self, what, number=100, kind=RAW, **fields):
        wait_for(lambda: all(self.row(number, kind).get(k) == v for k, v in fields.items()), what, 30,
                 last=lambda: (self.row(number, kind), self.at_frr(number)))
        return self.row(number, kind)

    def wait_frr(self, what, number=100, why=None, **fields):
        """`why` FRR thinks that it is down: one reason, or one of several."""
        wait_for(lambda: all(self.at_frr(number).get(k) == v for k, v in fields.items()) and (
            why is None or self.at_frr(number).get("lastFailureReason") in ((why,) if isinstance(why, str) else why)), what, 30,
                 last=lambda: (self.row(number), self.at_frr(number)))

    def agree(self, number=100, control_word=False):
        """Waits until each end has the label that the other gave, and both mean the same control word."""
        def equal():
            ours, theirs = self.row(number), self.at_frr(number)
            return (ours.get("local_label"), ours.get("remote_label"), ours.get("control_word"), ours.get("trouble")) == (
                theirs.get("remoteLabel"), theirs.get("localLabel"), control_word, "") and (
                theirs["remoteControlWord"] == int(ours["remote_control_word"]) == int(control_word))

        wait_for(equal, "equal labels at both ends", 30, last=lambda: (self.row(number), self.at_frr(number)))
        return self.row(number)

    def close(self):
        for kind, number in self.asked:
            self.unwant(number, kind)
        self.lab.run("F2", "vtysh", "-N", frr_space(self.lab, "F2"), "-c", "configure terminal", "-c", "no l2vpn PW type vpls")
        wait_for(lambda: not self.lab.rows("R1", "display", "mpls", "ldp", "pw"), "the end of all pseudowires", 30,
                 last=lambda: self.lab.rows("R1", "display", "mpls", "ldp", "pw"))
        super().close()


@pytest.fixture
def pws(lab):
    made = Pseudowires(lab)
    yield made
    made.close()


def uid(lab):
    return [s["uid"] for s in lab.sessions("R1")]


@pytest.mark.parametrize("late", ["FRR", "us"])
def test_it_does_not_matter_who_is_configured_late(pws, late):
    if late == "FRR":
        pws.want(100, "text", "hello", "cc", "1", "cv", "2", "vlan", "7")
        pws.wait("our label to be told", local_label=600100, remote_label=None)
        pws.member()
    else:
        pws.member(100, "control-word exclude")
        row = pws.wait("FRR's label to be kept", requested=False)
        assert row["remote_label"] is not None and row["remote_mtu"] == 1500 and row["status_tlv"]
        pws.want()
    row = pws.agree()
    assert row["status_tlv"] and row["remote_mtu"] == 1500
    pws.wait_frr("FRR to find no fault of ours", why=NO_FAULT_HERE)
    pws.wait("FRR's word on its own end", remote_status=OWN_FAULT[pws.at_frr()["lastFailureReason"]])


@pytest.mark.parametrize("late", ["FRR", "us"])
@pytest.mark.parametrize("theirs", ["include", "exclude"])
@pytest.mark.parametrize("ours", [["cw"], []], ids=["cw", "no-cw"])
def test_the_control_word_is_used_when_both_prefer_it(lab, pws, ours, theirs, late):
    before = uid(lab)
    steps = [lambda: pws.want(100, *ours), lambda: pws.member(100, f"control-word {theirs}")]
    if late == "us":
        steps.reverse()
    steps[0]()
    pws.wait("one end to have spoken", **({"local_label": 600100} if late == "FRR" else {"requested": False}))
    steps[1]()
    pws.agree(control_word=bool(ours) and theirs == "include")
    assert uid(lab) == before, "the same session"


@pytest.mark.parametrize("to", [True, False], ids=["on", "off"])
def test_a_preference_that_changes_is_negotiated_anew(lab, pws, to):
    before = uid(lab)
    pws.member()
    pws.want(100, *([] if to else ["cw"]))
    pws.agree(control_word=not to)
    pws.want(100, *(["cw"] if to else []))
    # FRR answers our question by what had been agreed before, not by what it prefers itself.
    pws.agree(control_word=False)
    assert uid(lab) == before, "the same session"


def test_an_mtu_that_differs_is_trouble_with_both_values(pws):
    pws.want()
    pws.frr("mtu 1600")
    pws.member()
    pws.wait("the trouble", trouble="MTU 1500 here, 1600 there", remote_mtu=1600)
    pws.wait_frr("FRR's own", why="mtu mismatch between peers", remoteIfMtu=1500)
    pws.want(mtu=1600)
    pws.agree()
    pws.wait_frr("FRR to find no fault of ours", why=NO_FAULT_HERE, remoteIfMtu=1600)


def test_a_type_that_differs_is_trouble_with_both_values(pws):
    pws.want()
    pws.frr("vc type ethernet-tagged")
    pws.member()
    pws.wait("the trouble", trouble="type Ethernet raw here, Ethernet tagged there", remote_label=None)
    pws.want(kind=TAGGED)
    pws.wait("the one of the right type", kind=TAGGED, trouble="", local_label=600100)
    pws.wait_frr("FRR's label for it", remoteLabel=600100)


def test_our_status_is_told_by_notification(lab, pws):
    pws.want()
    pws.member()
    label = pws.agree()["remote_label"]
    before = lab.sessions("R1")[0]["sent"]
    pws.want(100, "status", "6")
    pws.wait_frr("FRR to know", why=DOWN_HERE, remoteLabel=600100)
    pws.want()
    pws.wait_frr("FRR to know that it is over", why=NO_FAULT_HERE, remoteLabel=600100)
    after = lab.sessions("R1")[0]["sent"]
    assert after["notification"] == before["notification"] + 2 and after["label_withdraw"] == before["label_withdraw"]
    assert pws.row()["remote_label"] == label


def test_one_notification_tells_a_whole_group(lab, pws):
    for number in (100, 101, 102):
        pws.want(number, "group", "7")
        pws.member(number)
    for number in (100, 101, 102):
        pws.agree(number)
    before = lab.sessions("R1")[0]["sent"]["notification"]
    pws.say("\n".join(f"want {F2} 5 {n} {600000 + n} mtu 1500 group 7 status 6" for n in (100, 101, 102)))
    for number in (100, 101, 102):
        pws.wait_frr("FRR to know", number, why=DOWN_HERE)
    assert lab.sessions("R1")[0]["sent"]["notification"] == before + 1


def test_one_withdraw_takes_a_whole_group_back(lab, pws):
    numbers = (100, 101, 102)
    for number in numbers:
        pws.want(number, "group", "7")
        pws.member(number)
    for number in numbers:
        pws.agree(number)
    before = lab.sessions("R1")[0]["sent"]["label_withdraw"]
    pws.say("\n".join(f"unwant {F2} 5 {number}" for number in numbers))
    for number in numbers:
        pws.wait_frr("FRR to be without a label", number, remoteLabel="unassigned")
    assert lab.sessions("R1")[0]["sent"]["label_withdraw"] == before + 1
    for number in numbers:
        pws.want(number, "group", "7")
    for number in numbers:
        pws.agree(number)


def test_a_label_that_frr_takes_back_is_released_and_its_return_is_found(lab, pws):
    before = uid(lab)
    pws.want()
    pws.member()
    pws.agree()
    pws.frr("no member pseudowire mpw100")
    pws.wait("FRR's label to be gone", remote_label=None, requested=True)
    pws.member()
    pws.agree()
    assert uid(lab) == before, "the same session"


def test_what_is_not_wanted_any_more_is_withdrawn(pws):
    pws.want()
    pws.member()
    pws.agree()
    pws.unwant()
    pws.wait("the row of what only FRR wants", requested=False, local_label=None)
    pws.wait_frr("FRR to be without a label", remoteLabel="unassigned")
    pws.want()
    pws.agree()


def test_a_restart_of_either_ldpd_brings_the_pseudowire_back(lab, pws):
    pws.want(100, "cw")
    pws.member()
    pws.agree(control_word=True)
    for node in ("R1", "F2"):
        before = lab.sessions("R1")[0]
        lab.restart(node, "ldpd")
        if node == "F2":
            pws.member()  # what was configured by hand is not in its file
            wait_for(lambda b=before: any(s["uid"] > b["uid"] for s in lab.sessions("R1")), "another session", 30)
        lab.wait_sessions("R1", 1)
        pws.agree(control_word=True)


def test_a_targeted_session_is_there_as_long_as_it_is_wanted(lab, pws):
    def target():
        return lab.rows("R1", "display", "mpls", "ldp", "remote-peer")

    wait_for(lambda: target() == [], "the end of those before", 30, last=target)
    pws.want()
    pws.member()
    pws.agree()
    wait_for(lambda: any(a["ifindex"] == 0 for a in lab.rows("R1", "display", "mpls", "ldp", "adjacency")), "FRR's targeted Hellos", 30)
    assert [t["requested"] for t in target()] == [True]
    before = uid(lab)
    pws.unwant()
    wait_for(lambda: target() == [], "the end of our targeted Hellos", 30, last=target)
    assert uid(lab) == before, "the session over the link stays"
