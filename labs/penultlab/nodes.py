"""What runs in nodes: Penult's daemons, Debian's FRR, BIRD and speakers of BGP; how each is started, and when it is ready.

Penult's daemons tell by sd_notify, so each gets a socket of its own to say it on. The others say nothing and are ready
when their control socket is there.
"""
import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import time

from .net import LIBC, NAMES, LabError, enter, wait_for

PR_SET_PDEATHSIG = 1
FRR, FRR_RUN = "/usr/lib/frr", "/var/run/frr"
BIRD, GOBGP, OPENBGPD, EXABGP = "/usr/sbin/bird", "/usr/bin/gobgpd", "/usr/sbin/bgpd", "/usr/sbin/exabgp"
READY_S = 120  # only ends what is broken; an emulated machine with sanitizers is slow


def spawn(namespace, argv, **kw):
    """Starts a program in a namespace. Its process id is the program's own, and it does not outlive this process."""
    there = os.open(os.path.join(NAMES, namespace), os.O_RDONLY)

    def child():
        enter(there)
        LIBC.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)

    try:
        return subprocess.Popen(argv, preexec_fn=child, start_new_session=True, **{"stdin": subprocess.DEVNULL, **kw})
    finally:
        os.close(there)


class Process:
    """A daemon in a node: its log, its end, and whether that was wanted."""

    def __init__(self, lab, node, name, argv, notifies=False, ready_file=None):
        self.lab, self.node, self.name, self.argv = lab, node, name, argv
        self.log = os.path.join(lab.dir, f"{node}.{name}.log")
        self.ready_file = ready_file
        self.notify = os.path.join(lab.dir, f"{node}.{name}.notify") if notifies else None
        self.popen = self.socket = None
        self.wanted_gone = self.ready = False

    def __str__(self):
        return f"{self.name} on {self.node}"

    def start(self):
        env = {k: v for k, v in os.environ.items() if k != "NOTIFY_SOCKET"}
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":handle_abort=1"
        for left_behind in (self.notify, self.ready_file):
            if left_behind and os.path.exists(left_behind):
                os.unlink(left_behind)
        if self.notify:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.bind(self.notify)
            env["NOTIFY_SOCKET"] = self.notify
        with open(self.log, "ab") as out:
            self.popen = spawn(self.lab.net.namespace(self.node), self.argv, stdout=out, stderr=subprocess.STDOUT, env=env)
        self.wanted_gone = self.ready = False
        return self

    def wait_ready(self, timeout=READY_S):
        if self.ready_file:
            wait_for(lambda: os.path.exists(self.ready_file) or not self.alive(), f"{self} to be ready", timeout)
        if self.notify and not self.ready and self.alive():
            self._hear_ready(timeout)
        if not self.alive():
            raise LabError(f"{self} ended with status {self.popen.returncode} before it was ready\n{self.last_words()}")

    def _hear_ready(self, timeout):
        deadline, gone = time.monotonic() + timeout, os.pidfd_open(self.popen.pid)
        self.ready = False
        try:
            while not self.ready and self.alive():
                readable = select.select([self.socket, gone], [], [], max(0, deadline - time.monotonic()))[0]
                if self.socket in readable:
                    self.ready = b"READY=1" in self.socket.recv(4096).split(b"\n")
                elif not readable:
                    raise LabError(f"{self} runs but did not say within {timeout} s that it is ready\n{self.last_words()}")
        finally:
            os.close(gone)

    def reload(self, timeout=READY_S):
        """Makes it read its configuration again; returns when it says that it has, whether it took it or not."""
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(4096)  # of reloads that somebody else asked for
        self.popen.send_signal(signal.SIGHUP)
        self._hear_ready(timeout)
        if not self.alive():
            raise LabError(f"{self} ended with status {self.popen.returncode} when it was to read its configuration\n{self.last_words()}")

    def alive(self):
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """As by `kill -9`: nothing is said to anybody."""
        self._end(signal.SIGKILL)

    def stop(self):
        """As systemd does. Returns the exit status."""
        self._end(signal.SIGTERM)
        return self.popen.returncode

    def _end(self, number):
        if self.alive():
            self.wanted_gone = True
            self.popen.send_signal(number)
            try:
                self.popen.wait(READY_S)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
                raise LabError(f"{self} did not end within {READY_S} s of signal {number}\n{self.last_words()}") from None
        if self.socket:
            self.socket.close()
            self.socket = None

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def last_words(self, lines=15):
        return f"--- last lines of {os.path.basename(self.log)}\n" + "\n".join(self.text().splitlines()[-lines:])


# --- what is started for which daemon ---


def penult(lab, node, daemon):
    os.makedirs(lab.run_dir(node.name), exist_ok=True)
    argv = [os.path.join(lab.build, "bin", daemon), "-c", lab.config(node.name), "-r", lab.run_dir(node.name)]
    return Process(lab, node.name, daemon, argv, notifies=True)


def bird(lab, node, daemon):
    control = os.path.join(lab.run_dir(node.name), "bird.ctl")
    os.makedirs(lab.run_dir(node.name), exist_ok=True)
    config = os.path.join(lab.topology.folder, f"{node.name}.bird")
    return Process(lab, node.name, daemon, [BIRD, "-f", "-c", config, "-s", control], ready_file=control)


def gobgp_control(lab, node):
    return os.path.join(lab.run_dir(node), "gobgp.ctl")


def gobgp(lab, node, daemon):
    control = gobgp_control(lab, node.name)
    os.makedirs(lab.run_dir(node.name), exist_ok=True)
    config = os.path.join(lab.topology.folder, f"{node.name}.toml")
    return Process(lab, node.name, daemon, [GOBGP, "-f", config, "-p", "--pprof-disable", "--api-hosts", f"unix://{control}"], ready_file=control)


def openbgpd_control(lab, node):
    return os.path.join(lab.run_dir(node), "bgpd.ctl")


def openbgpd(lab, node, daemon):
    """It gives up root to a user that it knows by name, in a folder where it locks itself up. Debian makes that user when
    systemd does; here it is made for this process alone, in files that nobody else sees."""
    run, control = lab.run_dir(node.name), openbgpd_control(lab, node.name)
    os.makedirs(os.path.join(run, "empty"), exist_ok=True)
    for name, line in ("passwd", f"_openbgpd:x:64999:64999::{run}/empty:/usr/sbin/nologin"), ("group", "_openbgpd:x:64999:"):
        with open(os.path.join("/etc", name), encoding="utf-8") as f:
            others = [other for other in f if not other.startswith("_openbgpd:")]
        with open(os.path.join(run, name), "w", encoding="utf-8") as f:
            f.write("".join(others) + line + "\n")
    config = os.path.join(run, "bgpd.conf")
    shutil.copy(os.path.join(lab.topology.folder, f"{node.name}.openbgpd"), config)
    with open(config, "a", encoding="utf-8") as f:
        f.write(f'socket "{control}"\n')
    os.chmod(config, 0o600)  # else it refuses to read it
    own = f"mount --bind {run}/passwd /etc/passwd && mount --bind {run}/group /etc/group && exec {OPENBGPD} -d -v -f {config}"
    return Process(lab, node.name, daemon, ["unshare", "-m", "sh", "-c", own], ready_file=control)


def exabgp_files(lab, node):
    """What it is told, a command a line, and what it has heard, a JSON object a line."""
    return os.path.join(lab.run_dir(node), "exabgp.say"), os.path.join(lab.run_dir(node), "exabgp.heard")


def exabgp(lab, node, daemon):
    """It is spoken to by processes of its own; two that pass files on are enough."""
    os.makedirs(lab.run_dir(node.name), exist_ok=True)
    say, heard = exabgp_files(lab, node.name)
    config = os.path.join(lab.run_dir(node.name), "exabgp.conf")
    with open(say, "w", encoding="utf-8"), open(os.path.join(lab.topology.folder, f"{node.name}.exabgp"), encoding="utf-8") as f:
        text = f.read()
    with open(heard + ".sh", "w", encoding="utf-8") as f:
        f.write(f"exec 3>&1 cat >> {heard}\n")  # it takes the end of their output for their death
    with open(config, "w", encoding="utf-8") as f:
        f.write(f"process say {{ run /usr/bin/tail -n +1 -f {say}; encoder text; }}\n"
                f"process heard {{ run /bin/sh {heard}.sh; encoder json; }}\n{text}")
    settings = {"daemon.user": "root", "daemon.drop": "false", "log.destination": "stdout", "api.ack": "false", "api.cli": "false", "tcp.bind": ""}
    argv = ["env", *(f"exabgp.{key}={value}" for key, value in settings.items()), EXABGP, config]
    return Process(lab, node.name, daemon, argv, ready_file=heard)


def frr_space(lab, node):
    """Each node's FRR keeps its sockets apart by a path space (-N), whose name may have no dot."""
    return lab.namespace(node).replace(".", "-")


def frr(lab, node, daemon):
    space = frr_space(lab, node.name)
    run = os.path.join(FRR_RUN, space)
    os.makedirs(run, exist_ok=True)
    for folder in (FRR_RUN, run):
        shutil.chown(folder, "frr", "frr")
    config = os.path.join(lab.dir, f"{node.name}.{daemon}.conf")
    source = os.path.join(lab.topology.folder, os.path.basename(config))
    if os.path.exists(source):
        shutil.copy(source, config)
    else:
        open(config, "w", encoding="utf-8").close()
    argv = [os.path.join(FRR, daemon), "-N", space, "-f", config, "--log", "stdout"]
    return Process(lab, node.name, daemon, argv, ready_file=os.path.join(run, "zserv.api" if daemon == "zebra" else f"{daemon}.vty"))


def frr_prepare(lab, node):
    """FRR leaves forwarding and MPLS on interfaces to the operator, so that is done here."""
    lab.run(node.name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; [ ! -e /proc/sys/net/mpls ] || { "
            "echo 100000 > /proc/sys/net/mpls/platform_labels; for f in /proc/sys/net/mpls/conf/*/input; do echo 1 > $f; done; }")


def frr_cleanup(lab, node):
    shutil.rmtree(os.path.join(FRR_RUN, frr_space(lab, node.name)), ignore_errors=True)


STARTERS = {"bird": bird, "gobgp": gobgp, "openbgpd": openbgpd, "exabgp": exabgp}


def process_of(lab, node, daemon):
    if node.kind == "frr":
        return frr(lab, node, daemon)
    return STARTERS.get(daemon, penult)(lab, node, daemon)
