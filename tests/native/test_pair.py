"""Two routers on the running kernel, with or without MPLS: sessions, restarts, bad input."""
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest
from penultlab import vm
from penultlab.net import CLONE_NEWNET, LIBC, wait_for


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def test_two_routers_agree_on_each_others_labels(lab):
    for own, other in (("R1", "R2"), ("R2", "R1")):
        rows = lab.ctl(own, "show", "mpls", "ldp", "bindings", json_rows=True)
        ours = {r["fec"]: r["label"] for r in rows if r["peer"] == "0.0.0.0"}
        told = {r["fec"]: r["label"] for r in lab.ctl(other, "show", "mpls", "ldp", "bindings", json_rows=True)
                if r["peer"] == ".".join(own[1] * 4)}
        assert ours == told, f"{own} has {ours}, {other} was told {told}"
        assert ours[".".join(own[1] * 4) + "/32"] == 3, f"{own} asks for implicit null for its own address: {ours}"


def test_one_is_active_and_one_is_passive(lab):
    roles = {r: lab.sessions(r)[0]["role"] for r in ("R1", "R2")}
    assert roles == {"R1": "PASSIVE", "R2": "ACTIVE"}, "the greater transport address connects"


def test_static_routes_are_in_the_kernel_and_shown_as_there(lab):
    kernel = lab.run("R1", "ip", "route", "show", "2.2.2.2").stdout
    assert "via 10.0.12.2" in kernel and "proto 201" in kernel, kernel
    row = lab.ctl("R1", "display", "ip", "routing-table", "2.2.2.2", json_rows=True)[0]
    assert row["installed"] and row["entries"][0]["preference"] == 60, row
    text = lab.ctl("R1", "display", "ip", "routing-table")
    assert "        2.2.2.2/32  Static 60   0           D  10.0.12.2       GigabitEthernet0/1/0" in text, text


def test_a_killed_fibd_leaves_the_kernel_as_it_is_and_adopts_it(lab):
    before = lab.run("R1", "ip", "nexthop", "show").stdout
    monitor = lab.popen("R1", ["ip", "monitor", "route", "nexthop"], stdout=subprocess.PIPE, text=True)
    lab.kill("R1", "fibd")
    lab.start("R1", "fibd")
    wait_for(lambda: re.search(r'"installed":\s*true', ctl(lab, "--json", "display", "ip", "routing-table", "2.2.2.2").stdout), "the adopted route")
    monitor.send_signal(signal.SIGTERM)
    changes = [line for line in monitor.communicate(timeout=30)[0].splitlines() if "proto 201" in line]
    assert changes == [], f"the kernel saw changes: {changes}"
    assert lab.run("R1", "ip", "nexthop", "show").stdout == before


def test_a_killed_ldpd_is_helped_by_its_neighbour_and_gets_its_labels_back(lab):
    before = lab.ctl("R1", "show", "mpls", "ldp", "bindings", json_rows=True)
    lab.kill("R1", "ldpd")
    wait_for(lambda: lab.sessions("R2")[0]["peer_restarting"], "R2 to keep R1's labels")
    stale = lab.ctl("R2", "show", "mpls", "ldp", "bindings", json_rows=True)
    assert [r["stale"] for r in stale if r["peer"] == "1.1.1.1"] == [True, True], stale
    lab.start("R1", "ldpd")
    lab.wait_sessions("R2", 1)
    lab.wait_sessions("R1", 1)
    wait_for(lambda: not lab.sessions("R2")[0]["peer_restarting"], "the end of R1's restart at R2")
    after = lab.ctl("R1", "show", "mpls", "ldp", "bindings", json_rows=True)
    assert {(r["fec"], r["peer"]): r["label"] for r in after} == {(r["fec"], r["peer"]): r["label"] for r in before}


def test_reset_ends_the_session_and_it_comes_back(lab):
    before = lab.sessions("R1")[0]["uid"]
    lab.ctl("R1", "reset", "mpls", "ldp", "peer", "2.2.2.2")
    wait_for(lambda: [s for s in lab.sessions("R1") if s["state"] == "OPERATIONAL" and s["uid"] > before], "a new session")
    assert "reset by the operator" in lab.sessions("R1")[0]["last_error"]


# --- bad input ---


def test_a_wrong_line_is_named_with_file_line_and_the_nearest_command(lab, tmp_path):
    bad = tmp_path / "bad.conf"
    bad.write_text("sysname X\ninterface GigabitEthernet0/1/0\n ip adress 10.0.0.1 24\n#\nip route-static 1.2.3.4 24 10.0.0.2\n")
    for daemon in ("fibd", "ldpd"):
        p = subprocess.run([os.path.join(lab.build, "bin", daemon), "-c", str(bad), "-t"], capture_output=True, text=True, timeout=60)
        assert p.returncode == 1
        assert re.search(rf"{bad}:3: .*adress.*ip address", p.stderr), p.stderr
    p = subprocess.run([os.path.join(lab.build, "bin", "fibd"), "-c", str(bad), "-t"], capture_output=True, text=True, timeout=60)
    assert re.search(rf"{bad}:5: .*did you mean 1.2.3.0/24", p.stderr), p.stderr


def test_a_bad_reload_changes_nothing(lab, tmp_path):
    config = lab.daemons["R1", "fibd"].argv[2]
    copy = str(tmp_path / "R1.conf")
    shutil.copy(config, copy)
    lab.kill("R1", "fibd")
    lab.config = lambda node: copy if node == "R1" else os.path.join(lab.topology.folder, f"{node}.conf")
    lab.start("R1", "fibd")
    wait_for(lambda: re.search(r'"installed":\s*true', ctl(lab, "--json", "display", "ip", "routing-table", "2.2.2.2").stdout), "the route")
    before = lab.run("R1", "ip", "route").stdout
    good = text_of(copy)
    with open(copy, "w", encoding="utf-8") as f:
        f.write(good.replace("ip route-static 2.2.2.2 255.255.255.255 10.0.12.2", "ip route-static 9.9.9.9 32 10.0.12.2\nnonsense here"))
    lab.daemons["R1", "fibd"].popen.send_signal(signal.SIGHUP)
    wait_for(lambda: "nothing was changed" in text_of(lab.log("R1", "fibd")), "the refusal in the log")
    assert lab.run("R1", "ip", "route").stdout == before
    with open(copy, "w", encoding="utf-8") as f:
        f.write(good.replace("ip route-static 2.2.2.2 255.255.255.255 10.0.12.2", "ip route-static 9.9.9.9 32 10.0.12.2"))
    lab.daemons["R1", "fibd"].popen.send_signal(signal.SIGHUP)
    wait_for(lambda: "9.9.9.9" in lab.run("R1", "ip", "route").stdout and "2.2.2.2" not in lab.run("R1", "ip", "route").stdout,
             "the difference, applied", last=lambda: lab.run("R1", "ip", "route").stdout)


@pytest.mark.parametrize("daemon", ["fibd", "ldpd"])
def test_a_second_copy_says_that_one_runs_already(lab, daemon):
    p = lab.run("R1", os.path.join(lab.build, "bin", daemon), "-c", lab.config("R1"), "-r", lab.run_dir("R1"), check=False, timeout=60)
    pid = lab.daemons["R1", daemon].popen.pid
    assert p.returncode == 1 and f"already running in {lab.run_dir('R1')} (process {pid})" in p.stderr, p.stderr
    assert lab.daemons["R1", daemon].alive()


@pytest.mark.parametrize("daemon, words", [("fibd", "CAP_NET_ADMIN"), ("ldpd", "CAP_NET_BIND_SERVICE")])
def test_a_missing_capability_is_named(lab, tmp_path, daemon, words):
    tmp_path.chmod(0o777)
    run = tmp_path / "run"
    run.mkdir()
    run.chmod(0o777)
    # The build folder may not be readable for others: only the capabilities are dropped.
    p = lab.run("R1", "setpriv", "--bounding-set=-net_admin,-net_bind_service", "--inh-caps=-all",
                os.path.join(lab.build, "bin", daemon), "-c", lab.config("R1"), "-r", str(run), check=False, timeout=60)
    assert p.returncode == 1 and words in p.stderr, p.stderr


@pytest.mark.skipif(vm.kernel_has({"mpls"}), reason="this kernel has MPLS")
def test_a_kernel_without_mpls_is_said_and_the_session_runs_all_the_same(lab):
    kernel = lab.run("R1", os.path.join(lab.build, "bin", "fibctl"), "-r", lab.run_dir("R1"), "--json", "display", "fib", "kernel").stdout
    assert "no MPLS routing" in kernel and "linux-image-amd64" in kernel, kernel
    assert "no MPLS routing" in text_of(lab.log("R1", "fibd"))
    assert lab.sessions("R1")[0]["state"] == "OPERATIONAL"


def inside(lab, node):
    """A context in the node's namespace for sockets of our own."""
    class There:
        def __enter__(self):
            self.own = os.open("/proc/self/ns/net", os.O_RDONLY)
            there = os.open(f"/var/run/netns/{lab.namespace(node)}", os.O_RDONLY)
            assert LIBC.setns(there, CLONE_NEWNET) == 0
            os.close(there)

        def __exit__(self, *exc):
            LIBC.setns(self.own, CLONE_NEWNET)
            os.close(self.own)

    return There()


def test_garbage_on_udp_and_tcp_646_harms_no_session(lab):
    before = lab.sessions("R1")[0]["uid"]
    garbage = [b"", b"\x00", b"\xff" * 4, os.urandom(64), os.urandom(1400), b"\x00\x01\xff\xff" + os.urandom(200),
               b"\x00\x01\x00\x1e\x07\x07\x07\x07\x00\x00\x01\x00\x00\x14" + b"\x00" * 20]
    with inside(lab, "R2"):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.12.2"))
        streams = [socket.create_connection(("10.0.12.1", 646), timeout=10) for _ in garbage]
    for data in garbage:
        udp.sendto(data, ("224.0.0.2", 646))
        udp.sendto(data, ("10.0.12.1", 646))
    for stream, data in zip(streams, garbage):
        stream.sendall(data)
    # R2 is the only neighbour, so a stranger's connection is for it: it is replaced or refused, never answered with labels.
    for stream in streams:
        stream.settimeout(20)
        try:
            while stream.recv(4096):
                pass
        except ConnectionResetError:
            pass
        stream.close()
    udp.close()
    lab.wait_sessions("R1", 1)
    bad = lab.ctl("R1", "display", "mpls", "ldp", "interface", json_rows=True)[0]["hellos_bad"]
    assert bad > 0, "the malformed Hellos are counted"
    assert lab.daemons["R1", "ldpd"].alive()
    assert before


# --- the command line ---


def ctl(lab, *words):
    return lab.run("R1", os.path.join(lab.build, "bin", "fibctl"), "-r", lab.run_dir("R1"), *words, check=False, timeout=60)


def test_the_command_line_says_what_is_wrong(lab):
    p = ctl(lab, "display", "ip", "ruoting-table")
    assert p.returncode == 2 and "routing-table" in p.stderr and p.stdout == "", p
    p = ctl(lab, "nonsense")
    assert p.returncode == 2 and "unknown command" in p.stderr, p
    p = ctl(lab, "--frobnicate", "display")
    assert p.returncode == 2 and "--frobnicate" in p.stderr, p
    p = subprocess.run([os.path.join(lab.build, "bin", "fibctl"), "-r", "/nonexistent", "display", "interface", "brief"], capture_output=True,
                       text=True, timeout=60)
    assert p.returncode == 1 and "does not run" in p.stderr, p


def test_words_may_be_abbreviated_and_show_is_display(lab):
    assert ctl(lab, "dis", "ip", "rou").stdout == ctl(lab, "show", "ip", "routing-table").stdout != ""
    assert "display interface brief" in ctl(lab, "?").stdout


def test_until_waits_for_a_row_and_says_what_it_saw_instead(lab):
    p = ctl(lab, "--until", "installed=true", "display", "ip", "routing-table", "2.2.2.2")
    assert p.returncode == 0 and "2.2.2.2/32" in p.stdout, p
    p = ctl(lab, "--until", "installed=false", "--timeout", "1", "display", "ip", "routing-table", "2.2.2.2/32")
    assert p.returncode == 3 and "2.2.2.2/32" in p.stderr, p
