"""Two routers on the running kernel, with or without MPLS: sessions, labels, restarts, reloads."""
import re

import pytest
from penult import bindings, is_installed, kernel_state, uids, wait_for
from penultlab import vm

WAY = "ip route-static 2.2.2.2 255.255.255.255 10.0.12.2"


def test_two_routers_agree_on_each_others_labels(quiet):
    for own, other in (("R1", "R2"), ("R2", "R1")):
        address = ".".join(own[1] * 4)
        ours = {fec: label for (fec, peer), label in bindings(quiet, own).items() if peer == "0.0.0.0"}
        told = {fec: label for (fec, peer), label in bindings(quiet, other).items() if peer == address}
        assert set(ours) == {"1.1.1.1/32", "2.2.2.2/32"} and ours == told, f"{own} has {ours}, {other} was told {told}"
        assert ours[f"{address}/32"] == 3, f"{own} asks for implicit null for its own address: {ours}"


def test_the_greater_transport_address_is_active(quiet):
    assert {r: quiet.sessions(r)[0]["role"] for r in ("R1", "R2")} == {"R1": "PASSIVE", "R2": "ACTIVE"}


def test_static_routes_are_in_the_kernel_and_shown_as_there(quiet):
    kernel = quiet.run("R1", "ip", "route", "show", "2.2.2.2").stdout
    assert "via 10.0.12.2" in kernel and "proto 201" in kernel, kernel
    row = quiet.rows("R1", "display", "ip", "routing-table", "2.2.2.2")[0]
    assert row["installed"] and row["entries"][0]["preference"] == 60, row
    text = quiet.ctl("R1", "display", "ip", "routing-table")
    assert re.search(r"^ +2\.2\.2\.2/32 +Static +60 +0 +D +10\.0\.12\.2 +GigabitEthernet0/1/0$", text, re.M), text


@pytest.mark.skipif(vm.kernel_has({"mpls"}), reason="this kernel has MPLS")
def test_a_kernel_without_mpls_is_said_and_the_session_runs_all_the_same(quiet):
    kernel = quiet.rows("R1", "display", "fib", "kernel")[0]
    assert kernel["mpls"] is False
    assert any("no MPLS routing" in m and "linux-image-amd64" in m for m in kernel["missing"]), "what is missing, with its remedy"
    assert "no MPLS routing" in quiet.daemons["R1", "fibd"].text()
    assert quiet.sessions("R1")[0]["state"] == "OPERATIONAL"
    assert not any(r["installed"] for r in quiet.rows("R1", "display", "mpls", "lsp")), "no label is shown as installed"


def test_a_killed_fibd_leaves_the_kernel_as_it_is_and_adopts_it(lab):
    before = kernel_state(lab, "R1")
    with open(f"{lab.dir}/monitor", "w+", encoding="utf-8") as seen:
        monitor = lab.popen("R1", ["ip", "monitor", "route", "nexthop"], stdout=seen)
        until_it_listens(lab, seen)
        lab.kill("R1", "fibd")
        assert kernel_state(lab, "R1") == before
        lab.start("R1", "fibd")
        wait_for(lambda: is_installed(lab, "R1", "2.2.2.2/32"), "the adopted route")
        monitor.terminate()
        monitor.wait()
        seen.seek(0)
        changes = [line for line in seen.read().splitlines() if "proto 201" in line]
    assert changes == [], "the kernel saw changes"
    assert kernel_state(lab, "R1") == before


def until_it_listens(lab, seen):
    """Until a monitor has shown a route of the test's own that comes and goes."""
    def shown():
        lab.run("R1", "ip", "route", "add", "198.51.100.7", "via", "10.0.12.2", "proto", "boot")
        lab.run("R1", "ip", "route", "del", "198.51.100.7")
        seen.seek(0)
        return "198.51.100.7" in seen.read()

    wait_for(shown, "ip monitor to listen")


def test_a_killed_ldpd_is_helped_by_its_neighbour_and_gets_its_labels_back(lab):
    before = bindings(lab, "R1")
    lab.kill("R1", "ldpd")
    wait_for(lambda: lab.sessions("R2")[0]["peer_restarting"], "R2 to keep R1's labels", last=lambda: lab.sessions("R2"))
    stale = [r["stale"] for r in lab.rows("R2", "show", "mpls", "ldp", "bindings") if r["peer"] == "1.1.1.1"]
    assert stale == [True, True]
    lab.start("R1", "ldpd")
    for router in ("R1", "R2"):
        lab.wait_sessions(router, 1)
    wait_for(lambda: not lab.sessions("R2")[0]["peer_restarting"], "the end of R1's restart at R2", last=lambda: lab.sessions("R2"))
    lab.wait_recovered("R1")
    assert bindings(lab, "R1") == before


def test_reset_ends_the_session_and_it_comes_back(lab):
    before = uids(lab, "R1")["2.2.2.2"]
    lab.ctl("R1", "reset", "mpls", "ldp", "peer", "2.2.2.2")
    wait_for(lambda: [s for s in lab.sessions("R1") if s["state"] == "OPERATIONAL" and s["uid"] > before], "a new session",
             last=lambda: lab.sessions("R1"))
    assert "reset by the operator" in lab.sessions("R1")[0]["last_error"]


# --- reload ---


@pytest.fixture
def reloading(lab):
    """A lab, and a function that changes R1's configuration."""
    wait_for(lambda: is_installed(lab, "R1", "2.2.2.2/32"), "the route")
    return lab, lambda edit: lab.reconfigure("R1", edit)


@pytest.mark.parametrize("line", ["nonsense here", "ip route-static 9.9.9.9 32", "mpls lsr-id 1.1.1.999"],
                         ids=["unknown", "incomplete", "not an address"])
def test_a_reload_with_a_wrong_line_changes_nothing_that_runs(reloading, line):
    lab, write = reloading
    kernel, sessions, labels = kernel_state(lab, "R1"), uids(lab, "R1"), bindings(lab, "R1")
    # What is right in the same file is not taken over either.
    write(lambda text: text.replace(WAY, f"ip route-static 9.9.9.9 32 10.0.12.2\n{line}").replace("lsr-id 1.1.1.1", "lsr-id 1.1.1.7"))
    for daemon in ("fibd", "ldpd"):
        wait_for(lambda: "nothing was changed" in lab.daemons["R1", daemon].text(), f"the refusal in {daemon}'s log", last=lab.logs)
    assert kernel_state(lab, "R1") == kernel
    assert (uids(lab, "R1"), bindings(lab, "R1")) == (sessions, labels)


def test_a_reload_applies_the_difference_and_touches_nothing_else(reloading):
    lab, write = reloading
    sessions = uids(lab, "R1")
    write(lambda text: text.replace(WAY, WAY + "\nip route-static 9.9.9.9 32 10.0.12.2"))
    wait_for(lambda: is_installed(lab, "R1", "9.9.9.9/32"), "the new route", last=lambda: kernel_state(lab, "R1"))
    wait_for(lambda: bindings(lab, "R2").get(("9.9.9.9/32", "1.1.1.1")), "its label at the neighbour", last=lambda: bindings(lab, "R2"))
    write(lambda text: text.replace(WAY + "\n", ""))
    wait_for(lambda: "2.2.2.2 " not in kernel_state(lab, "R1"), "the route's end", last=lambda: kernel_state(lab, "R1"))
    assert is_installed(lab, "R1", "9.9.9.9/32") and "9.9.9.9 " in kernel_state(lab, "R1")
    assert uids(lab, "R1") == sessions, "routes that come and go end no session"


def test_a_reload_of_an_unchanged_file_changes_nothing(reloading):
    lab, write = reloading
    before = kernel_state(lab, "R1"), uids(lab, "R1"), bindings(lab, "R1")
    write(lambda text: text)
    for daemon in ("fibd", "ldpd"):
        wait_for(lambda: "configuration read again" in lab.daemons["R1", daemon].text(), f"{daemon}'s word", last=lab.logs)
    assert (kernel_state(lab, "R1"), uids(lab, "R1"), bindings(lab, "R1")) == before
