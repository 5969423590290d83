"""The daemons' command lines: exit statuses, what stands on which output, JSON that any parser takes."""
import json
import os
import re

import pytest
from penult import Lab, Topology, program, unaged, wait_for

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")

DISPLAYS = {
    "fibctl": ["display ip routing-table", "display ip routing-table verbose", "display ip routing-table 2.2.2.2", "display ipv6 routing-table",
               "display mpls lsp", "display interface brief", "display fib kernel", "display mpls circuit", "display mpls circuit verbose",
               "display tunnel-policy", "display tunnel-policy gold"],
    "ldpctl": ["display mpls ldp session", "display mpls ldp session 2.2.2.2", "display mpls ldp session verbose", "display mpls ldp lsp", "display mpls ldp pw",
               "display mpls ldp adjacency", "display mpls ldp interface", "display mpls ldp igp-sync", "display mpls ldp remote-peer", "show mpls ldp neighbor",
               "show mpls ldp neighbor detail", "show mpls ldp discovery", "show mpls ldp discovery detail", "show mpls ldp parameters",
               "show mpls ldp bindings"],
    "bfdctl": ["display bfd session all", "display bfd session all verbose", "display bfd session name r1_to_r2", "display bfd statistics",
               "display bfd statistics session all"],
    "igpctl": ["display ospf brief", "display ospf peer brief", "display ospf peer", "display ospf interface", "display ospf interface verbose", "display ospf ldp-sync interface all",
               "display ospf lsdb", "display ospf lsdb router", "display ospf spf-log", "display ospf routing"],
    "l2vpnctl": ["display mpls l2vc", "display mpls l2vc 100", "display mpls l2vc verbose", "display mpls l2vc interface GigabitEthernet0/2/0",
                 "display mpls l2vc brief", "display mpls l2vpn service-name", "display mpls l2vpn service-name gold",
                 "display mpls l2vpn vccv statistics", "display ccc", "display ccc gold"],
    "l3vpnctl": ["display ip vpn-instance", "display ip vpn-instance verbose"]
                + [f"{words}{form}" for words in ("display bgp ", "display bgp ipv6 ", "display bgp vpnv4 all ", "display bgp vpnv6 all ",
                                                  "display bgp vpnv4 vpn-instance A ", "display bgp vpnv6 vpn-instance A ")
                   for form in ("peer", "peer verbose", "routing-table")]
                + ["show bgp summary"]
                + [f"show bgp {words}{form}" for words in ("ipv4", "ipv6", "vpnv4 all", "vpnv6 all", "vpnv4 vrf A", "vpnv6 vrf A")
                   for form in ("", " summary", " neighbors")],
}
DAEMONS = {"fibctl": "fibd", "ldpctl": "ldpd", "bfdctl": "bfdd", "igpctl": "igpd", "l2vpnctl": "l2vpnd", "l3vpnctl": "l3vpnd"}
ALL = [(tool, words) for tool, displays in DISPLAYS.items() for words in displays]


@pytest.fixture(scope="module")
def quiet(build):
    """Two routers with every daemon, that nobody changes."""
    with Lab(Topology(os.path.join(LABS, "displays")), build) as lab:
        lab.wait_sessions("R1", 1)
        for row in (("igpctl", "state=NB_FULL", "display", "ospf", "peer"), ("igpctl", "prefix=2.2.2.2/32", "display", "ospf", "routing"), ("bfdctl", "state=UP", "display", "bfd", "session", "all")):
            wait_for(lambda r=row: ctl(lab, r[0], "--until", r[1], "--timeout", "1", *r[2:]).returncode == 0, f"{row[1]} of {row[0]}", 60)
        yield lab


def ctl(lab, tool, *words):
    return program(lab, "R1", tool, "-r", lab.run_dir("R1"), *words)


@pytest.mark.parametrize("tool, words", ALL, ids=[w for _, w in ALL])
def test_json_of_every_display_is_json_with_rows_of_one_shape(quiet, tool, words):
    p = ctl(quiet, tool, "--json", *words.split())
    assert p.returncode == 0 and p.stderr == "", p
    rows = json.loads(p.stdout)
    assert isinstance(rows, list)
    assert len({tuple(row) for row in rows}) <= 1, "a field that is empty is there all the same"
    if not re.search("ipv6|vpnv|vrf|lsp|remote-peer|vccv", words):
        assert rows, f"{words} shows something in this lab"


@pytest.mark.parametrize("tool, words", ALL, ids=[w for _, w in ALL])
def test_text_of_every_display_fits_and_says_something(quiet, tool, words):
    p = ctl(quiet, tool, *words.split())
    assert p.returncode == 0 and p.stderr == "" and p.stdout.strip(), p
    assert not re.search(r"[^\n\x20-\x7e]|[ \t]$", p.stdout, re.M), f"control characters or blanks at the end: {p.stdout!r}"


@pytest.mark.parametrize("tool", DISPLAYS)
def test_the_help_names_every_display_that_is_tested_here_and_no_other(quiet, tool):
    p = ctl(quiet, tool, "?")
    named = {re.sub(r"( verbose| A\.B\.C\.D)*( *\[.*|  .*)", "", line.strip().replace("{ show | display }", "show")) for line in p.stdout.splitlines()}
    # Of several words one was taken for a test.
    named = {re.sub(r"\{ (\w+) \|.*\}", r"\1", n).replace("name TEXT", "name r1_to_r2").replace(" VRF", " A") for n in named}
    tested = {re.sub(r" (verbose|detail|2\.2\.2\.2|100|interface G\S+|gold)$", "", words) for words in DISPLAYS[tool]}
    assert p.returncode == 0
    assert {n for n in named if re.match("display|show", n)} == tested


def test_an_unknown_command_is_status_2_with_the_nearest_one_on_standard_error(quiet):
    p = ctl(quiet, "fibctl", "display", "ip", "ruoting-table")
    assert p.returncode == 2 and "routing-table" in p.stderr and p.stdout == "", p
    p = ctl(quiet, "ldpctl", "display", "mpls", "ldp", "sesion")
    assert p.returncode == 2 and re.search("`sesion` .*session", p.stderr) and p.stdout == "", p
    p = ctl(quiet, "fibctl", "nonsense")
    assert p.returncode == 2 and "unknown command" in p.stderr and p.stdout == "", p


def test_an_incomplete_command_and_an_unknown_option_are_status_2(quiet):
    p = ctl(quiet, "ldpctl", "display", "mpls")
    assert p.returncode == 2 and p.stderr and p.stdout == "", p
    p = ctl(quiet, "fibctl", "--frobnicate", "display")
    assert p.returncode == 2 and "--frobnicate" in p.stderr, p


@pytest.mark.parametrize("tool, daemon", DAEMONS.items())
def test_a_daemon_that_does_not_run_is_status_1_and_named(quiet, tmp_path, tool, daemon):
    for run in (tmp_path, "/nonexistent"):
        p = program(quiet, "R1", tool, "-r", str(run), *DISPLAYS[tool][0].split())
        assert p.returncode == 1 and "does not run" in p.stderr and daemon in p.stderr and p.stdout == "", p


def test_a_socket_that_a_killed_daemon_left_behind_is_no_daemon(lab):
    lab.kill("R1", "ldpd")
    assert [f for f in os.listdir(lab.run_dir("R1")) if f.startswith("ldpd")], "it left something behind"
    p = ctl(lab, "ldpctl", "display", "mpls", "ldp", "session")
    assert p.returncode == 1 and "ldpd" in p.stderr and p.stdout == "", p


def test_words_may_be_abbreviated_and_show_is_display(quiet):
    short, long = ctl(quiet, "fibctl", "dis", "ip", "rou"), ctl(quiet, "fibctl", "show", "ip", "routing-table")
    assert short.returncode == 0 and unaged(short.stdout) == unaged(long.stdout) != ""


def test_until_waits_for_a_row_and_says_what_it_saw_instead(quiet):
    p = ctl(quiet, "fibctl", "--until", "installed=true", "display", "ip", "routing-table", "2.2.2.2")
    assert p.returncode == 0 and "2.2.2.2/32" in p.stdout, p
    p = ctl(quiet, "fibctl", "--until", "installed=false", "--timeout", "1", "display", "ip", "routing-table", "2.2.2.2/32")
    assert p.returncode == 3 and "2.2.2.2/32" in p.stderr, p


def test_the_environment_names_the_run_directory(quiet):
    p = quiet.run("R1", "env", f"PENULT_RUN={quiet.run_dir('R1')}", os.path.join(quiet.build, "bin", "fibctl"), "display", "interface", "brief")
    assert "GigabitEthernet0/1/0" in p.stdout


def test_output_that_cannot_be_written_is_an_error(quiet):
    tool = os.path.join(quiet.build, "bin", "ldpctl")
    p = quiet.run("R1", "sh", "-c", f"{tool} -r {quiet.run_dir('R1')} show mpls ldp bindings > /dev/full", check=False)
    assert p.returncode != 0, p
