"""What an operating system sees: installation, units, manual pages, readiness, reload, watchdog, privileges."""
import glob
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import pytest
from penultlab.net import wait_for

TOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
EXPECTED = """
etc/penult/router.conf
usr/bin/bfdctl
usr/bin/fibctl
usr/bin/igpctl
usr/bin/l2vpnctl
usr/bin/l3vpnctl
usr/bin/ldpctl
usr/bin/penult
usr/bin/penult-lab
usr/lib/modules-load.d/penult.conf
usr/lib/sysctl.d/50-penult.conf
usr/lib/systemd/system/bfdd.service
usr/lib/systemd/system/fibd.service
usr/lib/systemd/system/igpd.service
usr/lib/systemd/system/l2vpnd.service
usr/lib/systemd/system/l3vpnd.service
usr/lib/systemd/system/ldpd.service
usr/lib/systemd/system/penult.target
usr/lib/sysusers.d/penult.conf
usr/lib/tmpfiles.d/penult.conf
usr/sbin/bfdd
usr/sbin/fibd
usr/sbin/igpd
usr/sbin/l2vpnd
usr/sbin/l3vpnd
usr/sbin/ldpd
usr/share/man/man1/penult-lab.1
usr/share/man/man5/router.conf.5
usr/share/man/man8/bfdctl.8
usr/share/man/man8/bfdd.8
usr/share/man/man8/fibctl.8
usr/share/man/man8/fibd.8
usr/share/man/man8/igpctl.8
usr/share/man/man8/igpd.8
usr/share/man/man8/l2vpnctl.8
usr/share/man/man8/l2vpnd.8
usr/share/man/man8/l3vpnctl.8
usr/share/man/man8/l3vpnd.8
usr/share/man/man8/ldpctl.8
usr/share/man/man8/ldpd.8
usr/share/man/man8/penult.8
""".split()


def make(build, *words):
    san = ["SAN=1"] if os.path.basename(build.rstrip("/")) == "san" else []
    return subprocess.run(["make", "-C", TOP, "--no-print-directory", *san, *words], capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def installed(build, tmp_path_factory):
    root = str(tmp_path_factory.mktemp("root"))
    p = make(build, "install", f"DESTDIR={root}", "PREFIX=/usr")
    assert p.returncode == 0, p.stdout + p.stderr
    return root


def files(root):
    return sorted(os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names)


def test_everything_is_installed_and_removed_but_for_the_configuration(installed, build, tmp_path):
    found = [f for f in files(installed) if not f.startswith("usr/share/penult/")]
    assert found == EXPECTED
    copy = str(tmp_path / "root")
    shutil.copytree(installed, copy, symlinks=True)
    p = make(build, "uninstall", f"DESTDIR={copy}", "PREFIX=/usr")
    assert p.returncode == 0 and files(copy) == ["etc/penult/router.conf"], p.stderr


def test_an_existing_configuration_is_not_overwritten(installed, build):
    path = os.path.join(installed, "etc/penult/router.conf")
    with open(path, "a", encoding="utf-8") as f:
        f.write("! mine\n")
    assert make(build, "install", f"DESTDIR={installed}", "PREFIX=/usr").returncode == 0
    assert open(path, encoding="utf-8").read().endswith("! mine\n")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


def test_the_example_configuration_is_good(installed, build):
    for daemon in ("fibd", "ldpd", "bfdd", "igpd", "l2vpnd", "l3vpnd"):
        p = subprocess.run([os.path.join(build, "bin", daemon), "-t", "-c", os.path.join(installed, "etc/penult/router.conf")],
                           capture_output=True, text=True, timeout=60)
        assert p.returncode == 0, p.stderr


def test_the_manual_pages_have_no_faults_and_name_every_command(installed, build):
    pages = glob.glob(os.path.join(installed, "usr/share/man/man*/*"))
    p = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], capture_output=True, text=True, timeout=60)
    assert p.stdout + p.stderr == "", p.stdout
    text = subprocess.run(["mandoc", "-T", "utf8", os.path.join(installed, "usr/share/man/man5/router.conf.5")], capture_output=True,
                          text=True, timeout=60).stdout.replace("_\b", "").replace("\n", " ")
    for words in ("mpls lsr-id", "ip route-static", "mpls ldp password fallback", "lsp-trigger"):
        assert words in text, words


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_units_are_what_systemd_takes(installed, tmp_path):
    units = []
    for unit in glob.glob(os.path.join(installed, "usr/lib/systemd/system/*")):
        text = open(unit, encoding="utf-8").read().replace("/usr/sbin/", f"{installed}/usr/sbin/")
        units.append(str(tmp_path / os.path.basename(unit)))
        with open(units[-1], "w", encoding="utf-8") as f:
            f.write(text)
    p = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units], capture_output=True, text=True, timeout=120)
    wrong = [line for line in p.stderr.splitlines() if str(tmp_path) in line or "fibd" in line or "ldpd" in line]
    assert wrong == [], p.stderr


# --- readiness, reload, watchdog ---


class Notify:
    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o777)
        self.heard = []

    def wait(self, what, after=0):
        """The number of the message that has this line; what came before stays in `heard`."""
        self.socket.settimeout(60)
        while True:
            for i in range(after, len(self.heard)):
                if any(line == what or line.startswith(what + "=") for line in self.heard[i]):
                    return i
            self.heard.append(self.socket.recv(4096).decode().splitlines())

    def silence(self):
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            pass


def start(lab, daemon, notify, folder, **env):
    config = os.path.join(str(folder), "router.conf")
    shutil.copy(os.path.join(lab.topology.folder, "R1.conf"), config)
    lab.kill("R1", daemon)
    env = dict(os.environ, NOTIFY_SOCKET=notify.path, **env)
    return lab.popen("R1", [os.path.join(lab.build, "bin", daemon), "-c", config, "-r", lab.run_dir("R1")], env=env,
                     stderr=subprocess.DEVNULL), config


@pytest.mark.parametrize("daemon", ["fibd", "ldpd"])
def test_the_service_manager_is_told_of_start_reload_and_end(lab, tmp_path, daemon):
    notify = Notify(str(tmp_path / "notify"))
    p, config = start(lab, daemon, notify, tmp_path)
    ready = notify.wait("READY=1")
    assert any(line.startswith("STATUS=") for line in notify.heard[ready])
    p.send_signal(signal.SIGHUP)
    reloading = notify.wait("RELOADING=1", ready + 1)
    assert any(line.startswith("MONOTONIC_USEC=") for line in notify.heard[reloading])
    again = notify.wait("READY=1", reloading + 1)
    with open(config, "a", encoding="utf-8") as f:
        f.write("#\nnonsense\n".replace("return", ""))
    text = open(config, encoding="utf-8").read().replace("return\n", "")
    with open(config, "w", encoding="utf-8") as f:
        f.write(text)
    p.send_signal(signal.SIGHUP)
    status = notify.wait("STATUS=the configuration has errors: the one before is in force", again + 1)
    notify.wait("READY=1", status)
    assert p.poll() is None, "it goes on with the configuration before"
    p.terminate()
    notify.wait("STOPPING=1", status)
    assert p.wait(60) == 0


def test_the_watchdog_is_fed_by_the_loop_and_by_nothing_else(lab, tmp_path):
    notify = Notify(str(tmp_path / "notify"))
    p, _ = start(lab, "ldpd", notify, tmp_path, WATCHDOG_USEC="400000")
    first = notify.wait("WATCHDOG=1")
    notify.wait("WATCHDOG=1", first + 1)
    p.send_signal(signal.SIGSTOP)
    notify.silence()
    notify.socket.settimeout(1.2)  # three times the watchdog's time
    with pytest.raises(TimeoutError):
        notify.socket.recv(4096)
    p.send_signal(signal.SIGCONT)
    notify.wait("WATCHDOG=1", len(notify.heard))
    p.kill()
    p.wait(60)


# --- privileges ---


@pytest.mark.parametrize("daemon, capability", [("fibd", "net_admin"), ("ldpd", "net_bind_service")])
def test_one_capability_is_enough(lab, daemon, capability):
    folder = tempfile.mkdtemp(prefix="penult-user-")
    try:
        os.chmod(folder, 0o755)
        for name in ("run",):
            os.mkdir(os.path.join(folder, name))
            os.chown(os.path.join(folder, name), 65534, 65534)
        program = os.path.join(folder, daemon)
        shutil.copy(os.path.join(lab.build, "bin", daemon), program)
        config = os.path.join(folder, "router.conf")
        shutil.copy(lab.config("R1"), config)
        os.chmod(config, 0o644)
        lab.kill("R1", daemon)
        notify = Notify(os.path.join(folder, "notify"))
        p = lab.popen("R1", ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", f"--inh-caps=-all,+{capability}",
                             f"--ambient-caps=-all,+{capability}", f"--bounding-set=-all,+{capability}", program, "-c", config, "-r",
                             os.path.join(folder, "run")], env=dict(os.environ, NOTIFY_SOCKET=notify.path), stderr=subprocess.PIPE, text=True)
        notify.wait("READY=1")
        if daemon == "fibd":
            wait_for(lambda: "proto 201" in lab.run("R1", "ip", "route", "show", "2.2.2.2").stdout, "the route")
        p.terminate()
        assert p.wait(60) == 0, p.stderr.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
