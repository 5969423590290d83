"""penult: check, load and print back, all daemons as one."""
import contextlib
import glob
import json
import os
import re
import signal
import stat
import subprocess

import pytest
from penult import wait_for

GOOD = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "conf", "good")
CASES = sorted(os.path.basename(p)[:-3] for p in glob.glob(os.path.join(GOOD, "*.in")))


def test_there_are_cases():
    assert len(CASES) >= 3


def test_each_good_file_is_printed_back_and_taken_again_without_a_difference(router):
    for case in CASES:
        with open(os.path.join(GOOD, f"{case}.in"), encoding="utf-8") as f:
            p = router.load(f.read())
        assert p.returncode == 0, f"{case}: {p.stderr}"
        printed = router.shown()
        with open(os.path.join(GOOD, f"{case}.ok"), encoding="utf-8") as f:
            assert printed == f.read(), case
        assert router.load(printed).returncode == 0
        assert router.shown() == printed, f"{case}: load, print, load makes a difference"


@pytest.mark.parametrize("mode", [0o640, 0o664, 0o600])
def test_a_file_that_is_loaded_belongs_to_whom_the_one_before_belonged(router, mode):
    text = router.shown()
    os.chown(router.file, 65534, 65533)
    os.chmod(router.file, mode)
    before = os.stat(router.file)
    assert router.load(text.replace("sysname R1", "sysname R9")).returncode == 0
    after = os.stat(router.file)
    assert after.st_ino != before.st_ino, "it was replaced"
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


def test_no_password_is_printed_in_clear(router):
    with open(os.path.join(GOOD, "everything.in"), encoding="utf-8") as f:
        assert router.load(f.read()).returncode == 0
    printed = router.shown()
    for secret in ("lemon", "pear", "apple"):
        assert secret not in printed
    assert printed.count("%^") == 3


def test_what_a_change_does_not_touch_stays_up(router):
    before = router.lab.sessions("R1")[0]
    p = router.load(router.shown().replace("#\nreturn", "ip route-static 9.9.9.9 32 10.0.12.2\n#\nreturn"))
    assert p.returncode == 0, p.stderr
    wait_for(lambda: "9.9.9.9" in router.lab.run("R1", "ip", "route").stdout, "the new route")
    after = router.lab.sessions("R1")[0]
    assert (after["uid"], after["state"]) == (before["uid"], "OPERATIONAL")


def test_a_change_of_the_hold_time_gives_its_warning_back_to_the_operator(router):
    p = router.load(router.shown().replace("#\nreturn", "mpls ldp holdtime 400\n#\nreturn"))
    assert p.stdout == "%Previously established sessions may not use the new holdtime.\n", p


def test_check_changes_nothing(router):
    before = router.shown()
    assert router.penult("check", router.write(before.replace("sysname R1", "sysname R9"))).returncode == 0
    assert router.shown() == before


def test_one_daemon_that_objects_keeps_all_from_changing(router):
    before, file = router.shown(), open(router.file, encoding="utf-8").read()
    kernel = router.lab.run("R1", "ip", "route").stdout
    p = router.load(before.replace("#\nreturn", "ip route-static 9.9.9.9 32 10.0.12.2\nmpls lsr-id 224.0.0.1\n#\nreturn"))
    assert p.returncode == 1
    assert re.search(r"candidate\.conf:\d+: an LSR id is the address", p.stderr), p.stderr
    assert router.shown() == before
    assert router.lab.run("R1", "ip", "route").stdout == kernel
    assert open(router.file, encoding="utf-8").read() == file


L2VPN = "mpls l2vpn\n#\ninterface GigabitEthernet0/3/0\n mpls l2vc 2.2.2.2 100 control-word\n "


@pytest.mark.parametrize("lines, line, rule", [
    (L2VPN + "mpls l2vc 3.3.3.3 200 secondary\n", 5, "the pseudowires of GigabitEthernet0/3/0 differ in their control word: secondary has no-control-word, "
     "primary has control-word; they must be the same"),
    (L2VPN + "mpls l2vc 3.3.3.3 200 control-word tagged secondary\n", 5, "differ in their type"),
    (L2VPN + "#\ninterface GigabitEthernet0/4/0\n mpls l2vc 2.2.2.2 100 control-word\n", 7,
     "GigabitEthernet0/3/0 has a pseudowire to 2.2.2.2 with VC ID 100 already, in line 4"),
    (L2VPN + "mpls l2vc pw-template T 200 control-word secondary\n", 5, "there is no template T; define it with `pw-template T`"),
    (L2VPN + "mpls l2vc 3.3.3.3 200 control-word tunnel-policy P secondary\n", 5, "there is no tunnel policy P; define it with `tunnel-policy P`"),
    (L2VPN + "mpls l2vc 3.3.3.3 200 max-atm-cells 28\n", 5, "this host has no such attachment circuit"),
    (L2VPN + "mpls l2vc 3.3.3.3 200 rtp-header\n", 5, "this host has no such attachment circuit"),
    ("ip vpn-instance red\n ipv4-family\n  tnl-policy P\n#\n", 3, "there is no tunnel policy P; define it with `tunnel-policy P`"),
])
def test_pseudowires_that_break_a_rule_are_refused_with_it_and_change_nothing(router, lines, line, rule):
    before = router.shown()
    p = router.load(lines + before)
    assert p.returncode == 1
    assert re.search(rf"candidate\.conf:{line}: .*{re.escape(rule)}", p.stderr), p.stderr
    assert p.stderr.count("candidate.conf:") == 1, "what is wrong is told once"
    assert router.shown() == before


def test_every_error_is_told_once_in_the_order_of_the_lines(router):
    p = router.load("sysname X\nnonsense\ninterface GigabitEthernet0/1/0\n ip address 10.0.0.0 24\n#\nmpls lsr-id 127.0.0.1\n")
    lines = [int(m) for m in re.findall(r"candidate\.conf:(\d+):", p.stderr)]
    assert lines == [2, 4, 6], p.stderr


def test_what_was_loaded_is_what_a_restart_reads(router):
    assert router.load(router.shown().replace("#\nreturn", "ip route-static 9.9.9.9 32 10.0.12.2\nmpls ldp backoff 3 30\n#\nreturn")).returncode == 0
    printed = router.shown()
    router.restart()
    assert router.shown() == printed


def test_a_daemon_that_does_not_run_is_named_and_takes_the_file_when_it_starts(router):
    router.lab.kill("R1", "ldpd")
    text = open(router.file, encoding="utf-8").read().replace("#\nreturn", "#\nmpls ldp backoff 3 30\n#\nip route-static 9.9.9.9 32 10.0.12.2\nreturn")
    p = router.load(text)
    assert p.returncode == 0 and "ldpd does not run" in p.stderr, p
    assert router.load(text.replace("backoff 3 30", "backoff 30 3")).returncode == 1, "its lines are checked all the same"
    router.lab.start("R1", "ldpd")
    wait_for(lambda: "mpls ldp backoff 3 30" in router.penult("display", "current-configuration").stdout, "ldpd to have read the file")


def test_a_daemon_that_does_not_run_is_named_only_where_the_configuration_has_lines_for_it(router):
    shown = router.penult("display", "current-configuration")
    assert shown.returncode == 0 and shown.stderr == "", f"nobody misses bfdd here: {shown}"
    router.lab.kill("R1", "ldpd")
    p = router.penult("display", "current-configuration")
    assert p.returncode == 1 and f"ldpd does not run: its lines are those of {os.path.realpath(router.file)}" in p.stderr, p
    assert p.stdout == shown.stdout, "they are printed all the same"
    with open(router.file, "w", encoding="utf-8") as f:
        f.write(shown.stdout.replace("#\nreturn", "#\nbfd\nbfd b bind peer-ip 10.0.12.2 interface ge0 auto\n#\nmpls ldp backoff 3\n#\nreturn"))
    p = router.penult("display", "current-configuration")
    assert p.returncode == 1 and "the lines of ldpd are missing: it does not run, and the file it would read has errors" in p.stderr, p
    p = router.load(shown.stdout)
    assert p.returncode == 0 and "bfdd" not in p.stderr, p


# --- two phases ---

TAKEN = "would be taken"
END = "#\nreturn"


def changed(router):
    """A change for each daemon."""
    return router.shown().replace("sysname R1", "sysname R7").replace(END, "mpls ldp backoff 3 30\n" + END)


def is_changed(text):
    return "sysname R7" in text, "mpls ldp backoff 3 30" in text


@contextlib.contextmanager
def load_at_the_second_daemon(router, text):
    """A load that fibd has checked and that waits for ldpd, which was stopped before."""
    ldpd = router.lab.daemons["R1", "ldpd"].popen
    before = router.logged("fibd", TAKEN)
    ldpd.send_signal(signal.SIGSTOP)
    try:
        p = router.begin("load", router.write(text), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: router.logged("fibd", TAKEN) > before, "fibd to have checked")
        yield p
    finally:
        ldpd.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def load_between_the_phases(router, text):
    """A load that both have checked and that waits for fibd to apply it."""
    fibd = router.lab.daemons["R1", "fibd"].popen
    before = router.logged("ldpd", TAKEN)
    with load_at_the_second_daemon(router, text) as p:
        fibd.send_signal(signal.SIGSTOP)
    try:
        wait_for(lambda: router.logged("ldpd", TAKEN) > before, "ldpd to have checked")
        yield p
    finally:
        fibd.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("victim", ["fibd", "ldpd"])
def test_a_daemon_that_starts_anew_between_the_phases_is_given_the_candidate_again(router, victim):
    text = changed(router)
    with load_between_the_phases(router, text) as p:
        router.lab.kill("R1", victim)
        router.lab.start("R1", victim)
    out, err = p.communicate(timeout=60)
    assert p.returncode == 0, out + err
    assert is_changed(router.shown()) == (True, True)


@pytest.mark.parametrize("victim", ["fibd", "ldpd"])
def test_a_daemon_that_dies_between_the_phases_has_the_new_file_when_it_is_back(router, victim):
    text = changed(router)
    with load_between_the_phases(router, text) as p:
        router.lab.kill("R1", victim)
    out, err = p.communicate(timeout=60)
    assert p.returncode == 0 and f"{victim} does not run: it reads the new configuration" in err, out + err
    with open(router.file, encoding="utf-8") as f:
        assert f.read() == text
    router.lab.start("R1", victim)
    wait_for(lambda: is_changed(router.penult("display", "current-configuration").stdout) == (True, True), "both to have it")


def test_a_daemon_that_dies_while_it_checks_keeps_all_from_changing(router):
    before, text = router.shown(), changed(router)
    with open(router.file, encoding="utf-8") as f:
        file = f.read()
    with load_at_the_second_daemon(router, text) as p:
        router.lab.kill("R1", "ldpd")
    out, err = p.communicate(timeout=60)
    assert p.returncode == 1 and "ldpd stopped while it was asked" in err and "nothing was changed" in err, out + err
    router.lab.start("R1", "ldpd")
    wait_for(lambda: router.penult("display", "current-configuration").returncode == 0, "ldpd to be back")
    assert router.shown() == before
    with open(router.file, encoding="utf-8") as f:
        assert f.read() == file


def test_a_signal_does_not_end_a_load_halfway(router):
    text = changed(router)
    with load_between_the_phases(router, text) as p:
        wait_for(lambda: "sysname R7" in open(router.file, encoding="utf-8").read(), "the file to be replaced")
        p.send_signal(signal.SIGTERM)
        p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    assert is_changed(router.shown()) == (True, True), out + err


def test_two_loads_at_once_are_one_after_the_other(router):
    plain = router.shown()
    texts = [plain.replace("sysname R1", f"sysname R{i}").replace(END, f"mpls ldp backoff {i} 30\n" + END) for i in range(2, 6)]
    loads = [router.begin("load", router.write(text, f"{i}.conf"), stderr=subprocess.PIPE) for i, text in enumerate(texts)]
    for p in loads:
        err = p.communicate(timeout=60)[1]
        assert p.returncode == 0, err
    with open(router.file, encoding="utf-8") as f:
        last = texts.index(f.read()) + 2
    shown = router.shown()
    assert f"sysname R{last}" in shown and f"mpls ldp backoff {last} 30" in shown


# --- the file ---


def test_the_file_keeps_its_owner_and_its_mode(router):
    os.chown(router.file, 1, 2)
    os.chmod(router.file, 0o604)
    assert router.load(changed(router)).returncode == 0
    now = os.stat(router.file)
    assert (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)) == (1, 2, 0o604)
    assert not os.path.exists(router.file + ".new")


def test_a_file_that_cannot_be_replaced_changes_nothing(router):
    before = router.shown()
    os.mkdir(router.file + ".new")  # where the new one would be written
    p = router.load(changed(router))
    assert p.returncode == 1 and "nothing was changed" in p.stderr, p
    assert router.shown() == before


def test_another_file_than_the_daemons_read_is_not_replaced(router, tmp_path):
    other = tmp_path / "other.conf"
    p = router.penult("-c", str(other), "load", router.write(changed(router)))
    assert p.returncode == 1 and f"the router reads {router.file}, not {other}" in p.stderr, p
    assert router.penult("-c", router.file, "check", router.write(changed(router))).returncode == 0


def test_a_large_configuration_is_loaded_and_printed(router):
    routes = "".join(f"ip route-static 100.{i >> 8}.{i & 255}.0 255.255.255.0 10.0.12.2 description to-{i}\n" for i in range(40000))
    p = router.load(router.shown().replace(END, routes + END))
    assert p.returncode == 0, p.stderr
    assert routes in router.shown()


# --- displays ---


def test_the_displays_of_every_daemon_are_known(router):
    for words in (("display", "mpls", "ldp", "interface"), ("show", "mpls", "ldp", "parameters"), ("display", "interface", "brief")):
        p = router.penult(*words)
        assert (p.returncode, p.stdout) == (0, router.lab.ctl("R1", *words)), p
    p = router.penult("display", "ip", "routing-table", "--json")
    assert [r["prefix"] for r in json.loads(p.stdout)] == [r["prefix"] for r in router.lab.rows("R1", "display", "ip", "routing-table")]


def test_waiting_and_operations_go_to_the_daemon_that_owns_them(router):
    before = router.lab.sessions("R1")[0]["uid"]
    assert router.penult("reset", "mpls", "ldp").returncode == 0
    p = router.penult("--json", "--until", "state=OPERATIONAL", "display", "mpls", "ldp", "session")
    assert p.returncode == 0 and json.loads(p.stdout)[0]["uid"] != before, p


def test_words_that_nobody_knows_are_answered_with_the_nearest(router):
    p = router.penult("display", "mpls", "ldp", "sesion")
    assert p.returncode == 2 and "penult: `display mpls ldp sesion`" in p.stderr and "session" in p.stderr, p
    listed = router.penult("?").stdout
    assert "display ip routing-table" in listed and "display mpls ldp session" in listed


# --- who is not there ---


def test_a_file_that_is_not_there_and_no_daemon_at_all_are_said(router):
    p = router.penult("load", "/nonexistent")
    assert p.returncode == 1 and "/nonexistent" in p.stderr
    for daemon in ("fibd", "ldpd"):
        router.lab.kill("R1", daemon)
    p = router.penult("load", router.file)
    assert p.returncode == 1 and "no daemon runs" in p.stderr
    assert router.penult("frobnicate").returncode == 2


def test_a_file_is_checked_by_the_rows_of_daemons_that_do_not_run(router):
    for daemon in ("fibd", "ldpd"):
        router.lab.kill("R1", daemon)
    p = router.penult("check", router.file)
    assert p.returncode == 0 and "ldpd does not run: its lines were read here" in p.stderr, p
    p = router.penult("check", router.write("nonsense\nmpls lsr-id 224.0.0.1\ninterface eth1\n ip address 10.0.0.255 24\n"))
    assert p.returncode == 1
    assert [int(m) for m in re.findall(r"candidate\.conf:(\d+):", p.stderr)] == [1, 2, 4], p.stderr
