"""What must not work: wrong files, second copies, missing rights, garbage from the network."""
import os
import re
import socket
import tempfile

import pytest
from ldp import MAPPING, message, pdu, tlv
from penult import ALL_ROUTERS, bindings, datagrams, hello, initialization, inside, keepalive, kernel_state, program, stream, uids, until_closed, wait_for

BAD = "sysname X\ninterface GigabitEthernet0/1/0\n ip adress 10.0.0.1 24\n#\nip route-static 1.2.3.4 24 10.0.0.2\n"


@pytest.mark.parametrize("daemon", ["fibd", "ldpd", "bfdd", "igpd", "l2vpnd", "l3vpnd"])
def test_a_file_with_a_wrong_line_is_refused_with_line_and_nearest_command_and_nothing_is_applied(quiet, tmp_path, daemon):
    (tmp_path / "bad.conf").write_text("interface LoopBack7\n ip address 7.7.7.7 32\n#\n" + BAD)
    before = kernel_state(quiet, "R1")
    for options in (["-t"], []):
        p = program(quiet, "R1", daemon, "-c", f"{tmp_path}/bad.conf", "-r", f"{tmp_path}/run", *options)
        assert p.returncode == 1 and p.stdout == "", p
        assert re.search(r"bad\.conf:6: .*adress.*ip address", p.stderr), p.stderr
        if daemon == "fibd":
            assert re.search(r"bad\.conf:8: .*did you mean 1\.2\.3\.0/24", p.stderr), p.stderr
    assert kernel_state(quiet, "R1") == before and "LoopBack7" not in before
    p = program(quiet, "R1", daemon[:-1] + "ctl", "-r", f"{tmp_path}/run", *({"bfdd": ["display", "bfd", "statistics"]}.get(daemon, ["display", "mpls", "lsp"])))
    assert p.returncode != 0, "no daemon is left behind"


@pytest.mark.parametrize("daemon", ["fibd", "ldpd", "bfdd", "igpd", "l2vpnd", "l3vpnd"])
def test_a_file_that_is_not_there_is_named(quiet, tmp_path, daemon):
    p = program(quiet, "R1", daemon, "-c", f"{tmp_path}/none.conf", "-r", f"{tmp_path}/run")
    assert p.returncode == 1 and f"{tmp_path}/none.conf" in p.stderr and "No such file" in p.stderr, p


@pytest.mark.parametrize("daemon", ["fibd", "ldpd", "bfdd", "igpd", "l2vpnd", "l3vpnd"])
def test_wrong_usage_is_status_2_and_says_which_option(quiet, daemon):
    p = program(quiet, "R1", daemon, "-Z")
    assert p.returncode == 2 and "'Z'" in p.stderr and "usage:" in p.stderr, p


@pytest.mark.parametrize("daemon", ["fibd", "ldpd"])
def test_a_second_copy_says_that_one_runs_already(quiet, daemon):
    p = program(quiet, "R1", daemon, "-c", quiet.config("R1"), "-r", quiet.run_dir("R1"))
    pid = quiet.daemons["R1", daemon].popen.pid
    assert p.returncode == 1 and f"already running in {quiet.run_dir('R1')} (process {pid})" in p.stderr, p.stderr
    assert quiet.daemons["R1", daemon].alive()
    assert quiet.sessions("R1")[0]["state"] == "OPERATIONAL", "the first one's sockets are not taken away"


@pytest.mark.parametrize("daemon, capability", [("fibd", "CAP_NET_ADMIN"), ("ldpd", "CAP_NET_BIND_SERVICE")])
@pytest.mark.parametrize("how", [["--bounding-set=-net_admin,-net_bind_service"], ["--reuid=65534", "--clear-groups"]],
                         ids=["capabilities dropped", "another user"])
def test_a_missing_capability_is_named(quiet, daemon, capability, how):
    program_file = os.path.join(quiet.build, "bin", daemon)
    for wanted in (program_file, quiet.config("R1")):
        if quiet.run("R1", "setpriv", *how, "test", "-r", wanted, check=False).returncode:
            pytest.skip(f"another user may not read {wanted}")
    with tempfile.TemporaryDirectory() as run:
        os.chmod(run, 0o777)
        p = quiet.run("R1", "setpriv", *how, "--inh-caps=-all", program_file, "-c", quiet.config("R1"), "-r", run, check=False)
    assert p.returncode == 1 and capability in p.stderr, p.stderr


# --- the network ---

GARBAGE = {
    "nothing": b"",
    "one byte": b"\x00",
    "ones": b"\xff" * 40,
    "random": os.urandom(1400),
    "a length beyond the end": b"\x00\x01\xff\xff" + os.urandom(200),
    "a length below the least": b"\x00\x01\x00\x01" + bytes(20),
    "another version": b"\x00\x02" + hello("6.6.6.6", "10.0.12.66")[2:],
    "a Hello cut short": hello("6.6.6.6", "10.0.12.66")[:-3],
    "a TLV beyond its message": pdu("6.6.6.6", message(0x0100, b"\x04\x00\x00\xff\x00\x0f\x00\x00")),
    "a Hello without parameters": pdu("6.6.6.6", message(0x0100)),
    "an unknown message": pdu("6.6.6.6", message(0x3F00, os.urandom(9))),
    "a mapping as a datagram": pdu("6.6.6.6", message(MAPPING, tlv(0x0100, b"\x02\x00\x01\x20\x09\x09\x09\x09"))),
}


def unharmed(lab, sessions, labels):
    for router in ("R1", "R2"):
        assert lab.daemons[router, "ldpd"].alive(), lab.daemons[router, "ldpd"].last_words()
        assert uids(lab, router) == sessions[router], f"{router}'s session is another one"
        assert lab.sessions(router)[0]["state"] == "OPERATIONAL"
        assert bindings(lab, router) == labels[router]


def state(lab):
    return {r: uids(lab, r) for r in ("R1", "R2")}, {r: bindings(lab, r) for r in ("R1", "R2")}


def test_garbage_in_datagrams_is_counted_and_harms_no_session(lan):
    sessions, labels = state(lan)

    def counters():
        return lan.rows("R1", "display", "mpls", "ldp", "interface")[0]

    before = counters()
    with datagrams(lan, "X", "10.0.12.66") as s:
        for data in GARBAGE.values():
            for to in (ALL_ROUTERS, "10.0.12.1", "10.0.12.2"):
                s.sendto(data, (to, 646))
    # At least what came to the group: the rest may be refused before it is counted.
    wait_for(lambda: counters()["hellos_bad"] - before["hellos_bad"] >= len(GARBAGE) - 2, "the count of bad Hellos", last=counters)
    unharmed(lan, sessions, labels)
    assert not [a for a in lan.rows("R1", "display", "mpls", "ldp", "adjacency") if a["peer"] != "2.2.2.2"], "no neighbour is made of garbage"


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_garbage_on_a_strangers_connection_harms_no_session(quiet_lan, data):
    sessions, labels = state(quiet_lan)
    for router, address in (("R1", "10.0.12.1"), ("R2", "10.0.12.2")):
        with stream(quiet_lan, "X", address) as s:
            try:
                s.sendall(data)
                s.shutdown(1)
            except OSError:  # refused before all was sent
                pass
            answer = until_closed(s)
            assert b"\x04\x00" not in answer[10:12], f"{router} told labels to a stranger: {answer.hex()}"
    unharmed(quiet_lan, sessions, labels)


def test_a_stranger_that_pretends_to_be_the_neighbour_does_not_take_its_session(lan):
    """An Initialization with R2's LSR-ID, but from another address: RFC 5036 2.5.2 finds no Hello adjacency for it."""
    sessions, labels = state(lan)
    with stream(lan, "X", "10.0.12.1") as s:
        s.sendall(initialization("2.2.2.2", "1.1.1.1") + keepalive("2.2.2.2"))
        until_closed(s)
    unharmed(lan, sessions, labels)


def test_hellos_of_many_strangers_make_no_session_and_harm_none(lan):
    sessions, labels = state(lan)
    with datagrams(lan, "X", "10.0.12.66") as s:
        for n in range(1, 200):
            s.sendto(hello(f"6.6.{n // 250}.{n % 250 + 1}", "10.0.12.66"), (ALL_ROUTERS, 646))
    wait_for(lambda: len(lan.rows("R1", "display", "mpls", "ldp", "adjacency")) > 1, "an adjacency with a stranger",
             last=lambda: lan.rows("R1", "display", "mpls", "ldp", "adjacency"))
    operational = [s["peer"] for s in lan.sessions("R1") if s["state"] == "OPERATIONAL"]
    assert operational == ["2.2.2.2"]
    assert uids(lan, "R1")["2.2.2.2"] == sessions["R1"]["2.2.2.2"]
    assert bindings(lan, "R1") == labels["R1"]


def test_a_neighbour_that_never_reads_gets_no_attention_of_the_others(lan):
    """X brings its session up and then reads nothing, while 20,000 labels are told to it and to R2."""
    uid = uids(lan, "R1")["2.2.2.2"]
    many = [f"100.{64 + (i >> 16)}.{i >> 8 & 255}.{i & 255}" for i in range(20000)]
    with datagrams(lan, "X", "10.0.12.66") as udp:
        udp.sendto(hello("6.6.6.6", "10.0.12.66", hold=0xffff), (ALL_ROUTERS, 646))
        with inside(lan.namespace("X")):
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("10.0.12.1", 646))
            s.sendall(initialization("6.6.6.6", "1.1.1.1") + keepalive("6.6.6.6"))
            wait_for(lambda: {"2.2.2.2", "6.6.6.6"} == {p["peer"] for p in lan.sessions("R1") if p["state"] == "OPERATIONAL"}, "a session with X",
                     last=lambda: lan.sessions("R1"))
            batch = os.path.join(lan.dir, "many")
            with open(batch, "w", encoding="ascii") as f:
                f.write("".join(f"route add {a}/32 via 10.0.12.2 proto static metric 20\n" for a in many))
            lan.run("R1", "ip", "-batch", batch)
            wait_for(lambda: sum(peer == "1.1.1.1" for _, peer in bindings(lan, "R2")) >= len(many), "all labels at R2", 120,
                     last=lambda: len(bindings(lan, "R2")))
            x = next(p for p in lan.sessions("R1") if p["peer"] == "6.6.6.6")
            assert x["state"] == "OPERATIONAL" and x["sent"]["label_mapping"] >= len(many), "what X does not read waits for it"
            assert uids(lan, "R1")["2.2.2.2"] == uid
