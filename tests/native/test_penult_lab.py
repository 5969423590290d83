"""penult-lab itself: a topology that is wrong is named by line, and nothing is left behind, however a lab ends."""
import os
import re
import select
import shutil
import signal
import subprocess

import pytest
from penult import Lab, LabError, Topology, TopologyError, wait_for
from penultlab import cli, net

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
PENULT_LAB = os.path.join(ROOT, "labs", "penult-lab")
PAIR = os.path.join(ROOT, "tests", "native", "labs", "pair")


def topology(tmp_path, text):
    (tmp_path / "topology").write_text(text)
    return Topology(tmp_path)


@pytest.mark.parametrize("text, said", [
    ("rooter R1", r":1: `rooter` is not understood; a line begins with .*router"),
    ("router R1\n\nrouter R1", r":3: R1 is there already, in line 1"),
    ("router R1 deamons fibd", r":1: `deamons fibd` is not understood behind a router"),
    ("router R/1", r":1: router needs a name"),
    ("host H1", r":1: host needs an address with its length, not ``"),
    ("host H1 10.0.0.300/24", r":1: host needs an address with its length, not `10.0.0.300/24`"),
    ("host H1 10.0.0.1/24 gateway ten", r":1: gateway needs an address, not `ten`"),
    ("host H1 10.0.0.1/24", r":1: host H1 has no link"),
    ("gobgp G1 10.0.0.1/24 ten/24", r":1: gobgp has addresses with their length, not `ten/24`"),
    ("bird B1 10.0.0.1/24", r":1: bird B1 has no link"),
    ("needs wings", r":1: `wings` is nothing a kernel could have here"),
    ("router R1\nlink R1 a R2 b", r":2: there is no node R2"),
    ("router R1\nlink R1 a", r":2: a link has two ends"),
    ("router R1\nrouter R2\nlink R1 a R2 b\nlink R1 a R2 c", r":4: a of R1 has a link already, in line 3"),
    ("router R1\nlink R1 a R1 a", r":2: a of R1 has a link already, in line 2"),
    ("router R1\nrouter R2\nlink R1 a R2 averyveryverylongname", r":3: `averyveryverylongname` cannot name a device"),
    ("router R1\nrouter R2\nlink R1 a R2 b mtu big", r":3: `mtu big`: behind the ends of a link"),
    ("router R1\nrouter R2\nlink R1 a R2 b name x\nlink R1 c R2 d name x", r":4: `name x`"),
])
def test_a_wrong_line_of_a_topology_is_named(tmp_path, text, said):
    with pytest.raises(TopologyError) as e:
        topology(tmp_path, text)
    assert re.search(re.escape(f"{tmp_path}/topology") + said, str(e.value)), e.value


def test_lines_that_a_test_adds_are_read_as_those_of_the_file(tmp_path):
    (tmp_path / "topology").write_text("router R1\nrouter R2\nlink R1 a R2 b wire")
    made = Topology(tmp_path, ["host H1 10.0.0.1/24", "link H1 eth0 R1 c name cable wire"])
    assert made.device("R1", "c") == "c" and net.Net(made).wire("cable") == ["w1-0", "w1-1"]
    with pytest.raises(TopologyError, match="topology:added: there is no node R3"):
        Topology(tmp_path, ["link R1 d R3 e"])
    with pytest.raises(LabError, match="a wire named string"):
        net.Net(made).wire("string")


def test_a_folder_without_topology_is_named(tmp_path):
    p = subprocess.run([PENULT_LAB, "run", tmp_path], capture_output=True, text=True, check=False)
    assert p.returncode == 2 and f"{tmp_path}/topology: No such file" in p.stderr, p


def traces(pid):
    """Namespaces of labs that a process has made. Others' come and go beside them."""
    names = os.listdir(net.NAMES) if os.path.isdir(net.NAMES) else []
    return {n for n in names if n.startswith(f"pl-{pid}.")}


def run(*words):
    """penult-lab to its end: what became of it, and the number that it had."""
    with subprocess.Popen([PENULT_LAB, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        out, err = p.communicate(timeout=180)
    return p.pid, subprocess.CompletedProcess(p.args, p.returncode, out, err)


def test_up_exec_and_down_leave_nothing_behind(build, tmp_path):
    lab = ["--build", build]
    p = subprocess.run([PENULT_LAB, "exec", PAIR, "R1", *lab, "--", "true"], capture_output=True, text=True, check=False)
    assert p.returncode == 2 and "is not up" in p.stderr, p
    p = subprocess.run([PENULT_LAB, "up", PAIR, *lab], capture_output=True, text=True, timeout=180, check=False)
    assert p.returncode == 0, p
    try:
        holder = open(os.path.join(cli.STATES, "pair")).readline().strip()
        assert len(traces(holder)) == 3, os.listdir(net.NAMES)
        pid, again = run("up", PAIR, *lab)
        assert again.returncode == 2 and "is up already" in again.stderr and not traces(pid), again
        p = subprocess.run([PENULT_LAB, "exec", PAIR, "R1", *lab, "--", "ldpctl", "--until", "state=OPERATIONAL", "display", "mpls", "ldp", "session"],
                           capture_output=True, text=True, timeout=180, check=False)
        assert p.returncode == 0 and "2.2.2.2:0" in p.stdout, p
        p = subprocess.run([PENULT_LAB, "exec", PAIR, "R9", *lab, "--", "true"], capture_output=True, text=True, check=False)
        assert p.returncode == 2 and "R1 R2" in p.stderr, p
    finally:
        p = subprocess.run([PENULT_LAB, "down", PAIR], capture_output=True, text=True, timeout=180, check=False)
    assert p.returncode == 0 and not traces(holder), p
    p = subprocess.run([PENULT_LAB, "down", PAIR], capture_output=True, text=True, check=False)
    assert p.returncode == 2 and "is not up" in p.stderr, p


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_an_interrupted_run_leaves_nothing_behind(build, tmp_path, number):
    """The story waits for ever; penult-lab is interrupted while it does."""
    for name in ("topology", "R1.conf", "R2.conf"):
        (tmp_path / name).write_bytes(open(os.path.join(PAIR, name), "rb").read())
    (tmp_path / "story.py").write_text("import select\ndef tell(lab, quiet):\n    lab.start_all()\n    print(lab.dir, flush=True)\n"
                                       "    while True:  # a signal just before one wait is seen after it\n        select.select([], [], [], 1)\n")
    p = subprocess.Popen([PENULT_LAB, "run", tmp_path, "--build", build, "--native"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert select.select([p.stdout], [], [], 180)[0], "the story begins"
    folder = p.stdout.readline().strip()
    daemons = [open(os.path.join(folder, r, f"{d}.pid")).read().strip() for r in ("R1", "R2") for d in ("fibd", "ldpd")]
    assert len(traces(p.pid)) == 3 and all(os.path.exists(f"/proc/{d}") for d in daemons)
    p.send_signal(number)
    p.communicate(timeout=60)
    assert p.returncode == {signal.SIGINT: 130}.get(number, 128 + number)
    assert not traces(p.pid) and not os.path.exists(folder)
    assert not any(os.path.exists(f"/proc/{d}") for d in daemons)


def test_what_a_killed_penult_lab_left_behind_is_removed_by_the_next_lab(build, tmp_path):
    p = subprocess.Popen(["/usr/bin/python3", "-c", f"import sys, signal; sys.path.insert(0, {os.path.join(ROOT, 'labs')!r})\n"
                          "from penultlab.lab import Lab; from penultlab.topology import Topology\n"
                          f"lab = Lab(Topology({PAIR!r}), {build!r}); lab.up(start=False); print(lab.dir, flush=True); signal.pause()"],
                         stdout=subprocess.PIPE, text=True)
    folder = p.stdout.readline().strip()
    assert len(traces(p.pid)) == 3 and os.path.isdir(folder)
    p.kill()
    p.communicate(timeout=60)
    with Lab(Topology(PAIR), build):
        assert not traces(p.pid)
    shutil.rmtree(folder)


def test_a_daemon_that_cannot_start_is_told_with_its_last_words(build, tmp_path):
    for name in ("topology", "R1.conf", "R2.conf"):
        (tmp_path / name).write_bytes(open(os.path.join(PAIR, name), "rb").read())
    (tmp_path / "R2.conf").write_text("nonsense\n")
    before = traces(os.getpid())
    with pytest.raises(LabError) as e, Lab(Topology(tmp_path), build):
        pass
    assert re.search(r"on R2 ended with status 1 before it was ready.*R2\.conf:1: ", str(e.value), re.S), e.value
    assert traces(os.getpid()) == before


def test_a_daemon_that_dies_by_itself_fails_the_lab(build):
    with pytest.raises(LabError) as e, Lab(Topology(PAIR), build) as lab:
        os.kill(lab.daemons["R1", "ldpd"].popen.pid, signal.SIGSEGV)
        wait_for(lambda: not lab.daemons["R1", "ldpd"].alive(), "its end")
    assert "ldpd on R1 ended by itself" in str(e.value)


def test_check_reads_every_configuration_and_starts_nothing(build, tmp_path):
    pid, p = run("check", os.path.join(ROOT, "labs", "lsp"), "--build", build)
    assert p.returncode == 0 and p.stderr == "" and not traces(pid), p
    (tmp_path / "topology").write_text("router R1\n")
    (tmp_path / "R1.conf").write_text("mpsl\n")
    pid, p = run("check", tmp_path, "--build", build)
    assert p.returncode == 2 and "R1.conf:1: " in p.stderr and not traces(pid), p
