"""The daemons run as their units run them: confined, on the running kernel, against a neighbour that is not."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest
from penult import Lab, Topology
from penultlab import vm
from penultlab.net import wait_for

TOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
CONFINED = os.path.join(TOP, "tests", "helper", "confined.py")
NOBODY, STRANGER = 65534, 65533

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")


def unit(daemon):
    return os.path.join(TOP, "systemd", f"{daemon}.service")


@pytest.fixture
def folder():
    """Readable for everybody, as /usr and /run are."""
    path = tempfile.mkdtemp(prefix="penult-units-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def confined(daemon, *argv):
    return ["/usr/bin/python3", CONFINED, unit(daemon), *argv]


@pytest.mark.parametrize("daemon", ["fibd", "ldpd", "bfdd", "igpd", "l2vpnd", "l3vpnd"])
@pytest.mark.parametrize("code, status", [
    ("import socket; socket.socket(socket.AF_UNIX)", 0),
    ("import socket\ntry: socket.socket(FORBIDDEN, 3)\nexcept OSError as e: raise SystemExit(e.errno)", 97),
    ("import ctypes; ctypes.CDLL(None).swapoff(b'/nowhere')", -signal.SIGSYS),
    ("import os; raise SystemExit(os.getuid() != 65534 or os.getgid() != 65534)", 0),
    ("raise SystemExit('NoNewPrivs:\\t1' not in open('/proc/self/status').read())", 0),
], ids=["allowed", "family", "call", "user", "privileges"])
def test_the_confinement_itself_confines(daemon, code, status):
    code = code.replace("FORBIDDEN", "40" if daemon in ("bfdd", "l2vpnd") else "17")  # AF_VSOCK, AF_PACKET
    p = subprocess.run(confined(daemon, "/usr/bin/python3", "-c", code), capture_output=True, text=True, timeout=60)
    assert p.returncode == status, p.stderr


def confine(lab, folder, daemons):
    """Starts R1's daemons anew as their units would, in a folder of their own; returns (its sockets' folder, its configuration, processes)."""
    run, config = os.path.join(folder, "run"), os.path.join(folder, "router.conf")
    os.mkdir(run, 0o750)
    os.chown(run, NOBODY, NOBODY)
    os.chmod(run, 0o750)
    shutil.copy(lab.config("R1"), config)
    os.chown(config, 0, NOBODY)
    os.chmod(config, 0o640)
    lab.run_dir = lambda node, others=lab.run_dir: run if node == "R1" else others(node)
    started = {}
    for daemon in daemons:
        lab.kill("R1", daemon)
        program = os.path.join(folder, daemon)
        shutil.copy(os.path.join(lab.build, "bin", daemon), program)
        started[daemon] = lab.popen("R1", confined(daemon, program, "-c", config, "-r", run), stdout=subprocess.DEVNULL,
                                    stderr=open(lab.log("R1", daemon), "ab"), env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    return run, config, started


def test_bfdd_keeps_its_sessions_confined(build, folder):
    with Lab(Topology(os.path.join(TOP, "tests", "native", "labs", "bfd")), build) as lab:
        lab.reconfigure("R1", lambda text: text.replace(" auto\n", " auto\n echo-interval 50\n"), [])
        lab.reconfigure("R2", lambda text: text.replace(" auto\n", " auto\n echo-passive min-rx-interval 50\n"), ["bfdd"])
        _, _, started = confine(lab, folder, ("fibd", "bfdd"))
        for router in ("R1", "R2"):
            wait_for(lambda r=router: any(s["state"] == "UP" for s in lab.rows(r, "display", "bfd", "session", "all")), f"{router}'s session",
                     last=lambda: {d: p.poll() for d, p in started.items()})
        wait_for(lambda: any(s["echoing"] for s in lab.rows("R1", "display", "bfd", "session", "all")), "echoes by its one capability",
                 last=lambda: lab.ctl("R1", "display", "bfd", "statistics"))
        for daemon in ("bfdd", "fibd"):
            started[daemon].terminate()
            assert started[daemon].wait(60) == 0, daemon


def test_l2vpnd_serves_its_displays_confined(build, folder):
    with Lab(Topology(os.path.join(TOP, "tests", "native", "labs", "displays")), build) as lab:
        run, _, started = confine(lab, folder, ("fibd", "ldpd", "l2vpnd"))
        wait_for(lambda: [s["interface"] for s in lab.rows("R1", "display", "mpls", "l2vpn", "service-name", "gold")] == ["GigabitEthernet0/2/0"],
                 "the service", last=lambda: {d: p.poll() for d, p in started.items()})
        with open(f"/proc/{started['l2vpnd'].pid}/status", encoding="utf-8") as f:
            assert "CapEff:\t0000000000002000\n" in f.read(), "it has CAP_NET_RAW and no other"
        wait_for(lambda: "vccv0" in lab.run("R1", "ss", "-0lnH").stdout, "its packet socket", last=lambda: lab.run("R1", "ss", "-0lnH").stdout)
        p = lab.run("R1", os.path.join(build, "bin", "l2vpnctl"), "-r", run, "switch", "mpls", "l2vpn", "service-name", "gold", "secondary", check=False)
        assert p.returncode == 1 and "one pseudowire only" in p.stderr, p
        for daemon in ("l2vpnd", "ldpd", "fibd"):
            started[daemon].terminate()
            assert started[daemon].wait(60) == 0, daemon


def test_both_daemons_do_their_work_confined(lab, folder):
    run, config, started = confine(lab, folder, ("fibd", "ldpd"))

    def alive():
        assert all(p.poll() is None for p in started.values()), {d: p.poll() for d, p in started.items()}
        return True

    wait_for(lambda: alive() and [s for s in lab.sessions("R1") if s["state"] == "OPERATIONAL"], "the session")
    wait_for(lambda: "proto 201" in lab.run("R1", "ip", "route", "show", "2.2.2.2").stdout, "the route")
    assert "nhid" in lab.run("R1", "ip", "route", "show", "2.2.2.2").stdout
    if vm.kernel_has({"mpls"}):  # the sysctls and AF_MPLS routes take the same capability
        wait_for(lambda: alive() and lab.mpls_routes("R1"), "labels in the kernel")
        assert int(lab.run("R1", "sysctl", "-n", "net.mpls.platform_labels").stdout) >= 1024
    # A reload that changes the kernel and sends Hellos of another kind.
    with open(config, encoding="utf-8") as f:
        text = f.read()
    text = text.replace("#\nreturn", "#\nip route-static 3.3.3.3 32 10.0.12.2\n#\nmpls ldp remote-peer R2\n remote-ip 2.2.2.2\n"
                        "#\nmpls ldp\n md5-password plain 2.2.2.2 orange\n#\nreturn")
    with open(config, "w", encoding="utf-8") as f:
        f.write(text)
    for p in started.values():
        p.send_signal(signal.SIGHUP)
    wait_for(lambda: alive() and "proto 201" in lab.run("R1", "ip", "route", "show", "3.3.3.3").stdout, "the new route")
    wait_for(lambda: alive() and any(s["password"] == "own" for s in lab.sessions("R1")), "the password")
    # The group may use the command line, others may not.
    ctl = [os.path.join(folder, "ldpctl"), "-r", run, "display", "mpls", "ldp", "session"]
    shutil.copy(os.path.join(lab.build, "bin", "ldpctl"), ctl[0])
    for group, status in ((NOBODY, 0), (STRANGER, 1)):
        p = lab.run("R1", "setpriv", f"--reuid={STRANGER}", f"--regid={group}", "--clear-groups", *ctl, check=False, timeout=60)
        assert p.returncode == status, p.stderr
    assert "run/ldpd" in p.stderr or "ermission" in p.stderr, p.stderr
    for daemon in ("ldpd", "fibd"):
        started[daemon].terminate()
        assert started[daemon].wait(60) == 0, daemon


def test_the_units_refuse_nothing_that_systemd_knows_by_another_name():
    """Every setting of the units is one that systemd has: it only warns of others, and then goes without them."""
    p = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0
    for daemon in ("fibd", "ldpd", "bfdd", "igpd", "l2vpnd", "l3vpnd"):
        with open(unit(daemon), encoding="utf-8") as f:
            text = f.read().replace("@SBIN@/" + daemon, sys.executable)
        path = os.path.join(tempfile.mkdtemp(prefix="penult-unit-"), f"{daemon}.service")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        p = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", path], capture_output=True, text=True, timeout=60)
        shutil.rmtree(os.path.dirname(path))
        assert [line for line in p.stderr.splitlines() if daemon in line] == [], p.stderr
