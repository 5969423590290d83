"""What the benchmarks share: namespaces, processes with their cost, and figures."""
import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
HERE = os.path.dirname(os.path.realpath(__file__))
TICK = os.sysconf("SC_CLK_TCK")


def sh(*argv, check=True, **kw):
    return subprocess.run(argv, capture_output=True, text=True, check=check, **kw)


class Space:
    """A network namespace of our own, and the processes in it."""

    def __init__(self, name):
        self.name = f"pb{os.getpid()}-{name}"
        sh("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        self.processes = []
        self.folder = tempfile.mkdtemp(prefix="penult-bench-")
        os.chmod(self.folder, 0o755)

    def ip(self, *argv):
        return sh("ip", "-n", self.name, *argv).stdout

    def popen(self, argv, **kw):
        fd = os.open(f"/var/run/netns/{self.name}", os.O_RDONLY)

        def enter():
            if LIBC.setns(fd, CLONE_NEWNET) != 0:
                os._exit(126)

        try:
            p = subprocess.Popen(argv, preexec_fn=enter, **{"stdin": subprocess.DEVNULL, **kw})
        finally:
            os.close(fd)
        self.processes.append(p)
        return p

    def run(self, *argv, check=True):
        p = self.popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = p.communicate(timeout=300)
        self.processes.remove(p)
        if check and p.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {err or out}")
        return out

    def routes(self, pid):
        """How many IPv4 prefixes the kernel has in the namespace of a process."""
        with open(f"/proc/{pid}/net/fib_triestat", encoding="ascii") as f:
            text = f.read()
        # Without rules of its own a namespace has one trie under two names: the first is the main table.
        return next(int(line.split()[1]) for line in text.splitlines() if line.strip().startswith("Prefixes:"))

    def close(self):
        for p in self.processes:
            if p.poll() is None:
                p.send_signal(signal.SIGKILL)
                p.wait(30)
        sh("ip", "netns", "del", self.name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        until(no_namespace_is_being_removed, "the kernel to remove a namespace", timeout=600)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""


def no_namespace_is_being_removed():
    """With many routes in it that takes the kernel a while, during which nobody else can change a route: the next one measured would pay."""
    return not any(comm(pid).endswith("+netns") for pid in os.listdir("/proc") if pid.isdigit())


class There:
    """For sockets of our own in a space."""

    def __init__(self, space):
        self.path = f"/var/run/netns/{space.name}"

    def __enter__(self):
        self.own = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(self.path, os.O_RDONLY)
        if LIBC.setns(there, CLONE_NEWNET) != 0:
            raise OSError("setns")
        os.close(there)

    def socket(self):
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def __exit__(self, *exc):
        LIBC.setns(self.own, CLONE_NEWNET)
        os.close(self.own)


def cable(a, da, na, b, db, nb):
    """A link between two spaces, with addresses."""
    sh("ip", "link", "add", da, "netns", a.name, "type", "veth", "peer", "name", db, "netns", b.name)
    for space, dev, address in ((a, da, na), (b, db, nb)):
        if address:
            space.ip("addr", "add", address, "dev", dev)
        space.ip("link", "set", dev, "up")


class Notices:
    """What the kernel tells everybody of changes, kept from the start; to be read when all is over."""

    def __init__(self, space, groups):
        with There(space):
            self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
            self.netlink.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
            self.netlink.bind((0, groups))

    def messages(self):
        """(kind, the whole message) of each; once. That some were lost is an error."""
        with self.netlink:
            self.netlink.setblocking(False)
            while True:
                try:
                    answer, place = self.netlink.recv(1 << 16), 0
                except BlockingIOError:
                    return
                while place < len(answer):
                    size, kind = struct.unpack_from("=IH", answer, place)
                    yield kind, answer[place:place + size]
                    place += (size + 3) & ~3


def has_mpls():
    sys.path.insert(0, os.path.join(HERE, "..", "labs"))
    from penultlab import vm

    return vm.kernel_has({"mpls"})


def with_mpls(here, script, build, *args, limit_s, **machine):
    """(what here() returns, " (emulated)" where it ran there): on a kernel with MPLS. The labs' emulated machine is taken where the machine's
    own has none; there the script is run, which prints the same as JSON."""
    if has_mpls():
        return here(), ""
    from penultlab import vm
    command = vm.command([sys.executable, os.path.abspath(script), build, *map(str, args)], limit_s, build, **machine)
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out[out.index("{"):out.rindex("}") + 1]), " (emulated)"


def frr_ldpd(space, text):
    """FRR's zebra and ldpd in a space: the ids of the two processes, and a folder that goes when they have gone."""
    run = os.path.join("/var/run/frr", space.name)
    os.makedirs(run, exist_ok=True)
    sh("chown", "frr:frr", "/var/run/frr", run)
    empty, conf = os.path.join(space.folder, "zebra.conf"), os.path.join(space.folder, "ldpd.conf")
    open(empty, "w", encoding="ascii").close()
    with open(conf, "w", encoding="ascii") as f:
        f.write(text)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    zebra = space.popen(["/usr/lib/frr/zebra", "-N", space.name, "-f", empty], **quiet)
    until(lambda: os.path.exists(os.path.join(run, "zserv.api")), "zebra")
    ldpd = space.popen(["/usr/lib/frr/ldpd", "-N", space.name, "-f", conf], **quiet)
    until(lambda: children([ldpd.pid]), "ldpd's processes")
    return [zebra.pid, ldpd.pid], run


def children(pids):
    return [int(c) for p in pids for c in open(f"/proc/{p}/task/{p}/children", encoding="ascii").read().split()]


def cpu(pid):
    """Seconds of CPU that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss(pid):
    """Bytes of memory that a process has."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def threads(pid):
    """What each thread of a process is doing, for a failure's text."""
    lines = []
    for thread in sorted(os.listdir(f"/proc/{pid}/task")):
        words = []
        for what in ("comm", "wchan", "syscall", "schedstat"):
            try:
                with open(f"/proc/{pid}/task/{thread}/{what}", encoding="ascii", errors="replace") as f:
                    words.append(f"{what} {f.read().strip()}")
            except OSError as e:
                words.append(f"{what}: {e.strerror}")
        lines.append(f"thread {thread}: " + ", ".join(words))
    return "\n".join(lines)


def until(condition, what, timeout=120.0, every=0.01):
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > timeout:
            raise RuntimeError(f"waited {timeout:.0f} s for {what}")
        time.sleep(every)
    return time.monotonic() - start


def figure(name, unit, values, better="less"):
    """values: {who: number}; the first is ours, the others are what it is measured against."""
    return {"name": name, "unit": unit, "values": values, "better": better}
