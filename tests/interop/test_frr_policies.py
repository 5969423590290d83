"""What operators set on either side, with Debian's FRR on the other: null labels, ordered control, passwords, many FECs."""
import os

import pytest
from frr import ADDRESS, NEIGHBOURS, answers, configure, differences, frr_kernel_differences, of_frr, own, session, told, wait_session, whole
from penult import Capture, bindings, wait_for

pytestmark = pytest.mark.mpls

LAB, SESSIONS = "frr-ldp", {"R1": 1, "R3": 2, "R4": 1}
MANY = [f"100.64.{i >> 8}.{i & 255}/32" for i in range(1000)]


@pytest.fixture
def load(lab):
    """load(router, lines): penult loads the router's configuration with lines more; all are as before at the end."""
    originals = {}

    def put(router, text):
        path = os.path.join(lab.dir, f"{router}.candidate")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        lab.run(router, os.path.join(lab.build, "bin", "penult"), "-r", lab.run_dir(router), "-c", lab.config(router), "load", path)

    def change(router, lines=""):
        if router not in originals:
            with open(lab.config(router), encoding="utf-8") as f:
                originals[router] = f.read()
        put(router, originals[router].replace("#\nreturn", f"#\n{lines}#\nreturn"))

    yield change
    for router, text in originals.items():
        put(router, text)
    whole(lab)


def test_explicit_null_of_frr_is_pushed_and_taken_back_by_wildcard_withdraws(lab):
    """FRR withdraws the labels 3 and 0 of all its own FECs by one message each (RFC 5036 3.5.10), whichever they have."""
    whole(lab)
    egress = [fec for fec, label in bindings(lab, "R1").items() if fec[1] == ADDRESS["F2"] and label == 3]
    assert len(egress) >= 3, bindings(lab, "R1")
    for line, label, wire in (("label local advertise explicit-null", 0, [0]), ("no label local advertise explicit-null", 3, [])):
        before = session(lab, "R1")["received"]["label_withdraw"]
        configure(lab, "mpls ldp", "address-family ipv4", line)
        wait_for(lambda: {bindings(lab, "R1").get(fec) for fec in egress} == {label}, f"label {label} for FRR's own prefixes",
                 last=lambda: bindings(lab, "R1"))
        assert session(lab, "R1")["received"]["label_withdraw"] == before + 2, "not one message for each FEC"
        wait_for(lambda: lab.pushes("R1", ADDRESS["F2"]) == [str(n) for n in wire], "what the kernel pushes", last=lambda: lab.pushes("R1", ADDRESS["F2"]))
        with Capture(lab, "R1", "GigabitEthernet0/1/0") as capture:
            answers(lab, "R1", ADDRESS["F2"])
        assert set(map(tuple, capture.stacks(ADDRESS["F2"]))) == {tuple(wire)}
    assert session(lab, "R1")["state"] == "OPERATIONAL"


@pytest.mark.parametrize("form, label", [("explicit-null", 0), ("non-null", None)])
def test_our_own_label_for_the_egress_reaches_us_through_frr(lab, load, form, label):
    whole(lab)
    load("R3", f"mpls\n label advertise {form}\n")
    wait_for(lambda: own(lab, "R3", "3.3.3.3/32") == label if label is not None else (own(lab, "R3", "3.3.3.3/32") or 0) >= 16, f"{form} of R3")
    wait_for(lambda: not differences(lab, "R3", ["3.3.3.3/32"]), "the same at FRR", last=lambda: differences(lab, "R3", ["3.3.3.3/32"]))
    label = own(lab, "R3", "3.3.3.3/32")
    swap = int(told(lab, "R3")["3.3.3.3/32"][0])
    wait_for(lambda: lab.mpls_routes("F2").get(swap, {}).get("to") == label, "that label in FRR's kernel", last=lambda: lab.mpls_routes("F2"))
    if label:
        wait_for(lambda: lab.mpls_routes("R3").get(label, {}).get("dev") == "lo", "its pop in R3's kernel", last=lambda: lab.mpls_routes("R3"))
    with Capture(lab, "R3", "GigabitEthernet0/1/0") as capture:
        answers(lab, "R1", "3.3.3.3")
    assert [label] in capture.stacks("3.3.3.3"), "packets come with that label"


def test_with_ordered_control_frr_is_told_what_r4_has_given(lab, load):
    load("R3", "mpls ldp\n label distribution control-mode ordered\n")

    def said(fec):
        return told(lab, "R3").get(fec, ("-", "-"))[1]

    wait_for(lambda: said("4.4.4.4/32").isdigit(), "R3's label for R4, which R4 has given")
    lab.kill("R4", "ldpd")
    lab.ctl("R3", "reset", "mpls", "ldp", "peer", ADDRESS["R4"])  # not a restart: its labels are not kept
    wait_for(lambda: said("4.4.4.4/32") == "-", "the withdrawal at FRR", last=lambda: told(lab, "R3"))
    assert said("3.3.3.3/32") == "imp-null", "the egress still speaks"
    lab.start("R4", "ldpd")
    wait_for(lambda: said("4.4.4.4/32").isdigit(), "the label again")


def test_frrs_ordered_control_gives_us_what_r3_has_given_it(lab):
    def told_r4():
        return (of_frr(lab, "R1", "4.4.4.4/32") or 0) >= 16

    before = {r: session(lab, r)["uid"] for r in NEIGHBOURS}
    configure(lab, "mpls ldp", "ordered-control")
    lab.vtysh("F2", "clear mpls ldp neighbor")
    for router in NEIGHBOURS:
        wait_session(lab, router, after=before[router])
    wait_for(told_r4, "FRR's label for R4", last=lambda: bindings(lab, "R1"))
    lab.kill("R3", "ldpd")
    wait_for(lambda: not told_r4(), "FRR to take it back when R3 is gone", last=lambda: bindings(lab, "R1"))
    lab.start("R3", "ldpd")
    wait_for(told_r4, "FRR's label for R4 again", last=lambda: bindings(lab, "R1"))
    ways = {"3.3.3.3/32": "R3", "4.4.4.4/32": "R3"}
    wait_for(lambda: not frr_kernel_differences(lab, ways), "R3's labels in FRR's kernel again", last=lambda: frr_kernel_differences(lab, ways))
    # Without ordered control again by a fresh start: configured back, FRR at times takes its labels out of its kernel for good.
    lab.restart("F2", "ldpd")
    whole(lab)


def routes(lab, verb):
    """A thousand routes of somebody else's on FRR and on R1, each to the other."""
    for node, via in (("F2", "10.0.12.1"), ("R1", "10.0.12.2")):
        batch = os.path.join(lab.dir, f"{node}.batch")
        with open(batch, "w", encoding="ascii") as f:
            f.write("".join(f"route {verb} {p} via {via} proto static metric 20\n" for p in MANY))
        lab.run(node, "ip", "-batch", batch)


def test_a_thousand_fecs_go_both_ways_into_both_kernels(lab):
    routes(lab, "add")
    wait_for(lambda: not differences(lab, "R1", MANY), "the same thousand labels on both ends", 120, last=lambda: len(differences(lab, "R1", MANY)))
    ours, labels = bindings(lab, "R1"), told(lab, "R1")
    # Each has the other as the next hop: what comes with its own label leaves with the other's.
    r1 = {ours[fec, "0.0.0.0"]: ours[fec, ADDRESS["F2"]] for fec in MANY}
    f2 = {int(labels[fec][0]): int(labels[fec][1]) for fec in MANY}
    for router, swaps in (("R1", r1), ("F2", f2)):
        def kernel(router=router, swaps=swaps):
            return {label: entry["to"] for label, entry in lab.mpls_routes(router).items() if label in swaps}

        wait_for(lambda k=kernel, s=swaps: k() == s, f"a thousand swaps in {router}'s kernel", last=lambda k=kernel: len(k()))
    routes(lab, "del")
    wait_for(lambda: not {fec for fec, _ in bindings(lab, "R1")} & set(MANY), "their end", 120, last=lambda: len(bindings(lab, "R1")))
    wait_for(lambda: not set(r1) & set(lab.mpls_routes("R1")), "their end in R1's kernel")
    whole(lab)


def test_a_password_on_both_sides_and_another_one(lab, load):
    for number, password in enumerate(("orange", "lemon")):
        before = session(lab, "R1")["uid"]
        configure(lab, "mpls ldp", f"neighbor 1.1.1.1 password {password}")
        if number == 1:
            wait_for(lambda: session(lab, "R1")["state"] != "OPERATIONAL", "the end of the session with the old password", last=lambda: session(lab, "R1"))
        load("R1", f"mpls ldp\n md5-password plain 2.2.2.2 {password}\n")
        assert wait_session(lab, "R1", after=before)["password"] == "own"
        whole(lab)
    configure(lab, "mpls ldp", f"no neighbor 1.1.1.1 password {password}")
    before = session(lab, "R1")["uid"]
    load("R1")
    wait_for(lambda: session(lab, "R1")["state"] == "OPERATIONAL" and session(lab, "R1")["password"] == "none", "the session without",
             last=lambda: session(lab, "R1"))
    assert session(lab, "R1")["uid"] > before
