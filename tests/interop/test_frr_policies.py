"""What operators set on either side, with Debian's FRR on the other: null labels, ordered control, passwords, many FECs."""
import os
import re

import pytest
from penultlab.frr import space, vtysh
from penultlab.net import wait_for
from test_frr_ldp import frr_binding, label_of, own_label, session_with_frr


def frr_configure(lab, *lines):
    words = [w for line in ("configure terminal", *lines) for w in ("-c", line)]
    lab.run("F2", "vtysh", "-N", space(lab, "F2"), *words)


@pytest.fixture
def load(lab):
    """load(router, add, drop): penult loads a changed configuration; all are as before at the end."""
    originals = {}

    def text_of(router):
        with open(lab.config(router), encoding="utf-8") as f:
            return f.read()

    def put(router, text):
        path = os.path.join(lab.dir, f"{router}.candidate.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        lab.run(router, os.path.join(lab.build, "bin", "penult"), "-r", lab.run_dir(router), "-c", os.path.join(lab.dir, f"{router}.live.conf"),
                "load", path)

    def change(router, add="", drop=()):
        originals.setdefault(router, text_of(router))
        text = originals[router]
        for line in drop:
            assert line in text
            text = text.replace(line, "", 1)
        put(router, text.replace("#\nreturn", f"#\n{add}#\nreturn"))

    yield change
    for router, text in originals.items():
        put(router, text)


def reaches(lab, source, address):
    return lab.run(source, "ping", "-n", "-c", "1", "-W", "2", address, check=False).returncode == 0


def test_explicit_null_of_frr_is_pushed_and_taken_back(lab):
    def count():
        return session_with_frr(lab, "R1")["received"]["label_withdraw"]

    before = count()
    frr_configure(lab, "mpls ldp", "address-family ipv4", "label local advertise explicit-null")
    wait_for(lambda: label_of(lab, "R1", "2.2.2.2/32", "2.2.2.2") == 0, "label 0 for FRR's own address")
    wait_for(lambda: lab.pushes("R1", "2.2.2.2") == ["0"], "the push in the kernel", last=lambda: lab.pushes("R1", "2.2.2.2"))
    wait_for(lambda: reaches(lab, "R1", "2.2.2.2"), "an answer through label 0")
    frr_configure(lab, "mpls ldp", "address-family ipv4", "no label local advertise explicit-null")
    wait_for(lambda: label_of(lab, "R1", "2.2.2.2/32", "2.2.2.2") == 3, "implicit null again")
    assert count() > before, "FRR withdraws what it had told"
    assert session_with_frr(lab, "R1")["state"] == "OPERATIONAL"


def test_our_explicit_null_and_a_label_of_our_own_reach_us_through_frr(lab, load):
    load("R3", "mpls\n label advertise explicit-null\n")
    wait_for(lambda: frr_binding(lab, "3.3.3.3/32", "3.3.3.3") and frr_binding(lab, "3.3.3.3/32", "3.3.3.3")[1] in ("exp-null", "0"), "label 0 at FRR",
             last=lambda: frr_binding(lab, "3.3.3.3/32", "3.3.3.3"))
    wait_for(lambda: reaches(lab, "R1", "3.3.3.3"), "an answer through label 0")
    load("R3", "mpls\n label advertise non-null\n")
    wait_for(lambda: (own_label(lab, "R3", "3.3.3.3/32") or 0) >= 16, "a label of R3's own")
    label = own_label(lab, "R3", "3.3.3.3/32")
    wait_for(lambda: frr_binding(lab, "3.3.3.3/32", "3.3.3.3")[1] == str(label), "that label at FRR")
    wait_for(lambda: lab.mpls_routes("R3").get(label, {}).get("dev") == "lo", "its pop in the kernel", last=lambda: lab.mpls_routes("R3"))
    wait_for(lambda: reaches(lab, "R1", "3.3.3.3"), "an answer through that label")


def test_with_ordered_control_frr_is_told_what_r4_has_given(lab, load):
    load("R3", "mpls ldp\n label distribution control-mode ordered\n")
    wait_for(lambda: (frr_binding(lab, "4.4.4.4/32", "3.3.3.3") or ("", "-"))[1].isdigit(), "R3's label for R4, which R4 has given")
    lab.kill("R4", "ldpd")
    lab.ctl("R3", "reset", "mpls", "ldp", "peer", "4.4.4.4")  # not a restart: its labels are not kept
    wait_for(lambda: (frr_binding(lab, "4.4.4.4/32", "3.3.3.3") or ("", "-"))[1] == "-", "the withdrawal at FRR",
             last=lambda: frr_binding(lab, "4.4.4.4/32", "3.3.3.3"))
    assert (frr_binding(lab, "3.3.3.3/32", "3.3.3.3") or ("", ""))[1] == "imp-null", "the egress still speaks"
    lab.start("R4", "ldpd")
    wait_for(lambda: (frr_binding(lab, "4.4.4.4/32", "3.3.3.3") or ("", "-"))[1].isdigit(), "the label again")


def test_frrs_ordered_control_gives_us_what_r3_has_given_it(lab):
    frr_configure(lab, "mpls ldp", "ordered-control")
    wait_for(lambda: session_with_frr(lab, "R1")["state"] == "OPERATIONAL" and (label_of(lab, "R1", "4.4.4.4/32", "2.2.2.2") or 0) >= 16,
             "FRR's label for R4", last=lambda: lab.ctl("R1", "show", "mpls", "ldp", "bindings"))
    frr_configure(lab, "mpls ldp", "no ordered-control")
    wait_for(lambda: lab.pushes("R1", "4.4.4.4"), "the LSP to R4")


def test_a_session_that_frr_clears_comes_back_with_its_labels(lab):
    before = session_with_frr(lab, "R1")["uid"]
    vtysh(lab, "F2", "clear mpls ldp neighbor 1.1.1.1")
    wait_for(lambda: session_with_frr(lab, "R1")["uid"] > before and session_with_frr(lab, "R1")["state"] == "OPERATIONAL", "a new session")
    wait_for(lambda: lab.pushes("R1", "4.4.4.4"), "the labels again")
    assert session_with_frr(lab, "R1")["last_error"], "the reason is kept"


def test_a_thousand_fecs_go_both_ways(lab):
    count = 1000
    prefixes = [f"100.64.{i >> 8}.{i & 255}/32" for i in range(count)]
    for node, via in (("F2", "10.0.12.1"), ("R1", "10.0.12.2")):
        batch = os.path.join(lab.dir, f"{node}.batch")
        with open(batch, "w", encoding="ascii") as f:
            f.write("".join(f"route add {p} via {via} proto static metric 20\n" for p in prefixes))
        lab.run(node, "ip", "-batch", batch)

    def ours():
        rows = lab.rows("R1", "show", "mpls", "ldp", "bindings")
        told = {r["fec"] for r in rows if r["peer"] == "2.2.2.2" and r["fec"].startswith("100.64.")}
        own = {r["fec"]: r["label"] for r in rows if r["peer"] == "0.0.0.0" and r["fec"].startswith("100.64.")}
        return told, own

    wait_for(lambda: all(len(x) == count for x in ours()), f"{count} labels each way", last=lambda: [len(x) for x in ours()])
    _, own = ours()

    def theirs():
        rows = vtysh(lab, "F2", "show mpls ldp binding json")["bindings"]
        return {b["prefix"]: b["remoteLabel"] for b in rows if b["neighborId"] == "1.1.1.1" and b["prefix"].startswith("100.64.")}

    wait_for(lambda: theirs() == {p: str(label) for p, label in own.items()}, "the same labels at FRR", last=lambda: len(theirs()))
    kernel = lab.mpls_routes("R1")
    assert all(label in kernel for label in own.values()), "every label is in the kernel"
    for node in ("F2", "R1"):
        batch = os.path.join(lab.dir, f"{node}.batch")
        with open(batch, "w", encoding="ascii") as f:
            f.write("".join(f"route del {p} proto static metric 20\n" for p in prefixes))
        lab.run(node, "ip", "-batch", batch)
    wait_for(lambda: not any(ours()), "their end", last=lambda: [len(x) for x in ours()])
    wait_for(lambda: not set(own.values()) & set(lab.mpls_routes("R1")), "their end in the kernel")


def test_a_password_on_both_sides(lab, load):
    before = session_with_frr(lab, "R1")["uid"]
    frr_configure(lab, "mpls ldp", "neighbor 1.1.1.1 password orange")
    load("R1", "mpls ldp\n md5-password plain 2.2.2.2 orange\n")
    wait_for(lambda: session_with_frr(lab, "R1")["state"] == "OPERATIONAL" and session_with_frr(lab, "R1")["uid"] > before, "the session with a password",
             last=lambda: session_with_frr(lab, "R1"))
    assert session_with_frr(lab, "R1")["password"] == "own"
    frr_configure(lab, "mpls ldp", "no neighbor 1.1.1.1 password")
    load("R1")
    wait_for(lambda: session_with_frr(lab, "R1")["state"] == "OPERATIONAL" and session_with_frr(lab, "R1")["password"] == "none", "the session without")


def test_frr_and_we_hold_each_other_to_the_ttl_of_a_link(lab):
    row = session_with_frr(lab, "R1")
    assert row["min_ttl"] == 255, "FRR says G in its Hellos, and so do we"
    assert re.search(r"GTSM +: packets with a TTL under 255 are refused", lab.ctl("R1", "display", "mpls", "ldp", "session", "verbose"))
