"""Static routes that follow a BFD session, in the running kernel."""
import os
import subprocess

import pytest
from penult import Lab, Topology, next_hops, wait_for

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
FIRST, SECOND = "10.0.12.2", "10.1.12.2"


COMPAT = "/proc/sys/net/ipv4/nexthop_compat_mode"
MANY = 2000


def gateways(lab, prefix):
    """Where the kernel of R1 sends packets for a prefix."""
    routes = lab.json("R1", "ip", "-j", "route", "show", prefix)
    return sorted(h["gateway"] for r in routes for h in next_hops(r) if "gateway" in h)


def leads(lab, prefix, *to):
    wait_for(lambda: gateways(lab, prefix) == sorted(to), f"{prefix} by {' and '.join(to) or 'nobody'}", last=lambda: gateways(lab, prefix))


def session(lab, router):
    rows = lab.rows(router, "display", "bfd", "session", "all")
    return rows[0] if rows else {"state": "", "verdict": ""}


@pytest.fixture
def lab(build):
    with Lab(Topology(os.path.join(LABS, "track")), build) as lab:
        for router in ("R1", "R2"):
            wait_for(lambda r=router: session(lab, r)["state"] == "UP", f"{router}'s session", last=lambda r=router: session(lab, r))
        leads(lab, "20.0.0.0/8", FIRST)
        leads(lab, "30.0.0.0/8", FIRST, SECOND)
        yield lab


def test_a_dead_path_moves_the_routes_and_they_return_with_it(lab):
    lab.net.unplug("S1", "p2")
    leads(lab, "20.0.0.0/8", SECOND)
    leads(lab, "30.0.0.0/8", SECOND)
    text = lab.ctl("R1", "display", "ip", "routing-table", "20.0.0.0/8", "verbose")
    assert "its BFD session says that the path is dead" in text and "Track: bfd-session r1_to_r2 (dead)" in text, text
    lab.net.unplug("S1", "p2", again=True)
    leads(lab, "20.0.0.0/8", FIRST)
    leads(lab, "30.0.0.0/8", FIRST, SECOND)


def test_an_end_that_is_switched_off_moves_nothing(lab):
    lab.reconfigure("R2", lambda text: text.replace(" auto\n", " auto\n shutdown\n"), ["bfdd"])
    wait_for(lambda: session(lab, "R1")["verdict"] == "UNWATCHED", "R1 is told", last=lambda: session(lab, "R1"))
    leads(lab, "20.0.0.0/8", FIRST)
    leads(lab, "30.0.0.0/8", FIRST, SECOND)


def test_a_killed_bfdd_moves_no_route_of_its_own_router(lab):
    monitor = lab.popen("R1", ["ip", "-4", "monitor", "route", "nexthop"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lab.kill("R1", "bfdd")
    wait_for(lambda: session(lab, "R2")["state"] == "DOWN", "R2 to notice")
    lab.start("R1", "bfdd")
    wait_for(lambda: session(lab, "R1")["state"] == "UP", "the session", last=lambda: session(lab, "R1"))
    monitor.terminate()
    assert monitor.communicate()[0] == "", "the kernel's routes or next hops have changed"
    leads(lab, "20.0.0.0/8", FIRST)
    leads(lab, "30.0.0.0/8", FIRST, SECOND)


def test_a_dead_peer_daemon_is_a_dead_path_and_fibd_restarted_meanwhile_knows_it(lab):
    lab.kill("R2", "bfdd")
    leads(lab, "20.0.0.0/8", SECOND)
    lab.kill("R1", "fibd")
    lab.start("R1", "fibd")
    wait_for(lambda: lab.rows("R1", "display", "ip", "routing-table", "20.0.0.0/8"), "fibd is back")
    leads(lab, "20.0.0.0/8", SECOND)
    lab.start("R2", "bfdd")
    leads(lab, "20.0.0.0/8", FIRST)


def quiet(lab, setting=None):
    """Whether the kernel tells of each route that moves with its group ("1"), and whether fibd owes it that setting."""
    if setting:
        lab.run("R1", "sh", "-c", f"echo {setting} > {COMPAT}")
    return lab.run("R1", "cat", COMPAT).stdout.strip(), os.path.exists(os.path.join(lab.run_dir("R1"), "fibd.quiet"))


def many_routes(text):
    prefixes = [f"40.{i >> 8}.{i & 255}.0" for i in range(MANY)]
    lines = "".join(f"ip route-static {p} 24 {FIRST} track bfd-session r1_to_r2\nip route-static {p} 24 {SECOND} preference 80\n" for p in prefixes)
    return text.replace("bfd r1_to_r2", lines + "#\nbfd r1_to_r2")


def test_the_kernel_tells_of_a_group_not_of_each_of_its_many_routes(lab):
    lab.reconfigure("R1", many_routes, ["fibd"])
    last = f"40.{MANY - 1 >> 8}.{MANY - 1 & 255}.0/24"
    leads(lab, last, FIRST)

    def groups():
        return {r["nhid"] for r in lab.json("R1", "ip", "-j", "route", "show", "root", "40.0.0.0/8")}
    wait_for(lambda: len(groups()) == 1, "all to be in one group", last=groups)
    before = groups()
    with open(os.path.join(lab.run_dir("R1"), "notices"), "w+", encoding="utf-8") as notices:
        monitor = lab.popen("R1", ["ip", "-4", "-rcvbuf", "33554432", "monitor", "route"], stdout=notices, stderr=subprocess.STDOUT)
        lab.net.unplug("S1", "p2")
        leads(lab, last, SECOND)
        assert groups() == before, "the group is the other next hop's now"
        monitor.terminate()
        monitor.wait(10)
        notices.seek(0)
        told = sum(line.startswith("40.") for line in notices)
        assert told == 0, f"{told} notices of {MANY} routes: the kernel has told of each when the group was changed"
    assert quiet(lab) == ("1", False)


def test_a_fibd_that_was_killed_while_the_kernel_was_quiet_ends_that(lab):
    with open(os.path.join(lab.run_dir("R1"), "fibd.quiet"), "w", encoding="ascii"):
        assert quiet(lab, "0") == ("0", True)
    lab.kill("R1", "fibd")
    lab.start("R1", "fibd")
    wait_for(lambda: quiet(lab) == ("1", False), "the setting to be as it was", last=lambda: quiet(lab))


def test_an_operator_who_wants_the_kernel_quiet_gets_it(lab):
    quiet(lab, "0")
    lab.kill("R1", "fibd")
    lab.start("R1", "fibd")
    lab.net.unplug("S1", "p2")
    wait_for(lambda: lab.json("R1", "ip", "-j", "route", "get", "20.1.1.1")[0].get("gateway") == SECOND, "the route moves")
    assert quiet(lab) == ("0", False)
