"""Namespaces, links and processes of one running lab. Everything made here is removed again by close()."""
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from .topology import device_name

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """Something a lab needs did not come about; the text says what was last seen."""


def ip(*args, check=True):
    return subprocess.run(["ip", *args], capture_output=True, text=True, check=check)


def wait_for(condition, what, timeout=60.0, last=None):
    """Until condition() is true (its value is returned). The time-out is generous: it only ends what is broken."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            seen = f"; last seen: {last()}" if last else ""
            raise LabError(f"waited {timeout:.0f} s for {what}{seen}")
        # Looking again is cheap next to what is waited for; nothing is decided by this interval.
        select_pause(0.05)


def select_pause(seconds):
    import select

    select.select([], [], [], seconds)


class Process:
    """A process in a node's namespace, with its log."""

    def __init__(self, lab, node, argv, log, env=None):
        self.lab, self.node, self.argv, self.log, self.env = lab, node, argv, log, env
        self.popen = None

    def start(self):
        out = open(self.log, "ab")
        self.popen = self.lab.popen(self.node, self.argv, stdout=out, stderr=subprocess.STDOUT, env=self.env)
        out.close()
        return self

    def kill(self, sig=signal.SIGKILL):
        if self.popen and self.popen.poll() is None:
            self.popen.send_signal(sig)
            self.popen.wait(30)

    def alive(self):
        return self.popen is not None and self.popen.poll() is None


class Lab:
    def __init__(self, topology, build):
        self.topology = topology
        self.build = os.path.abspath(build)
        self.tag = f"pl{os.getpid()}"
        self.dir = tempfile.mkdtemp(prefix="penult-lab-")
        self.daemons = {}  # (node, daemon) -> Process
        self.others = []

    # --- up and down ---

    def namespace(self, node):
        return f"{self.tag}-{node}"

    def up(self, start=True):
        ip("netns", "add", self.namespace("wires"))
        for name in self.topology.nodes:
            ip("netns", "add", self.namespace(name))
            ip("-n", self.namespace(name), "link", "set", "lo", "up")
        for link in self.topology.links:
            self._link(link)
        for node in self.topology.nodes.values():
            if node.kind == "host":
                self._host(node)
            elif node.kind == "switch":
                self._switch(node)
        if start:
            for node in self.topology.nodes.values():
                if node.kind in ("router", "frr"):
                    self.start_node(node.name)

    def _link(self, link):
        (a, ia), (b, ib) = link.ends
        na, nb, da, db = self.namespace(a), self.namespace(b), device_name(ia), device_name(ib)
        if link.wire:
            self._wire(link, ((na, da), (nb, db)))
        else:
            ip("link", "add", da, "mtu", str(link.mtu), "netns", na, "type", "veth", "peer", "name", db, "mtu", str(link.mtu),
               "netns", nb)
        for ns, dev, long in ((na, da, ia), (nb, db, ib)):
            ip("-n", ns, "link", "set", dev, "alias", long)
            ip("-n", ns, "link", "set", dev, "up")

    def _wire(self, link, ends):
        """Two cables and a bridge between them, in a namespace that no router sees."""
        wires, number = self.namespace("wires"), self.topology.links.index(link)
        ip("-n", wires, "link", "add", f"br{number}", "type", "bridge")
        ip("-n", wires, "link", "set", f"br{number}", "up")
        for k, (ns, dev) in enumerate(ends):
            ip("link", "add", dev, "mtu", str(link.mtu), "netns", ns, "type", "veth", "peer", "name", f"w{number}-{k}", "mtu", str(link.mtu),
               "netns", wires)
            ip("-n", wires, "link", "set", f"w{number}-{k}", "master", f"br{number}")
            ip("-n", wires, "link", "set", f"w{number}-{k}", "up")

    def cut(self, node, interface, mended=False):
        """Cuts a `wire` link, or mends it: both ends lose or regain their carrier."""
        for number, link in enumerate(self.topology.links):
            if link.wire and (node, interface) in link.ends:
                for k in range(2):
                    ip("-n", self.namespace("wires"), "link", "set", f"w{number}-{k}", "up" if mended else "down")
                return
        raise LabError(f"{node} {interface} is not the end of a wire")

    def _host(self, node):
        ns = self.namespace(node.name)
        dev = next(device_name(i) for link in self.topology.links for n, i in link.ends if n == node.name)
        ip("-n", ns, "addr", "add", node.address, "dev", dev)
        if node.gateway:
            ip("-n", ns, "route", "add", "default", "via", node.gateway)

    def _switch(self, node):
        ns = self.namespace(node.name)
        ip("-n", ns, "link", "add", "br0", "type", "bridge")
        ip("-n", ns, "link", "set", "br0", "up")
        for link in self.topology.links:
            for n, i in link.ends:
                if n == node.name:
                    ip("-n", ns, "link", "set", device_name(i), "master", "br0")

    def close(self):
        for p in list(self.daemons.values()) + self.others:
            p.kill()
        for name in [*self.topology.nodes, "wires"]:
            ip("netns", "del", self.namespace(name), check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc):
        self.close()

    # --- processes ---

    def popen(self, node, argv, **kw):
        """Starts a program inside a node's namespace; its process id is the program's own."""
        fd = os.open(f"/var/run/netns/{self.namespace(node)}", os.O_RDONLY)

        def enter():
            if LIBC.setns(fd, CLONE_NEWNET) != 0:
                os._exit(126)

        try:
            return subprocess.Popen(argv, preexec_fn=enter, stdin=subprocess.DEVNULL, **kw)
        finally:
            os.close(fd)

    def run(self, node, *argv, check=True, timeout=120):
        p = self.popen(node, argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = p.communicate(timeout=timeout)
        if check and p.returncode:
            raise LabError(f"{node}: {' '.join(argv)} ended with {p.returncode}: {err.strip() or out.strip()}")
        return subprocess.CompletedProcess(argv, p.returncode, out, err)

    def json(self, node, *argv):
        out = self.run(node, *argv).stdout
        return json.loads(out) if out.strip() else []

    # --- routers ---

    def run_dir(self, node):
        return os.path.join(self.dir, node)

    def config(self, node):
        return os.path.join(self.topology.folder, f"{node}.conf")

    def log(self, node, daemon):
        return os.path.join(self.dir, f"{node}.{daemon}.log")

    def start_node(self, name):
        node = self.topology.nodes[name]
        if node.kind == "frr":
            from . import frr

            frr.start(self, node)
            return
        for daemon in node.daemons:
            self.start(name, daemon)

    def start(self, node, daemon):
        os.makedirs(self.run_dir(node), exist_ok=True)
        argv = [os.path.join(self.build, "bin", daemon), "-c", self.config(node), "-r", self.run_dir(node)]
        self.daemons[node, daemon] = Process(self, node, argv, self.log(node, daemon)).start()

    def kill(self, node, daemon):
        """As by `kill -9`: nothing is said to anybody."""
        self.daemons[node, daemon].kill()

    def ctl(self, node, *words, json_rows=False):
        """The tool is found by the words' subject: mpls ldp is ldpd's, the rest fibd's."""
        tool = "ldpctl" if "ldp" in words else "fibctl"
        argv = [os.path.join(self.build, "bin", tool), "-r", self.run_dir(node)]
        if json_rows:
            return self.json(node, *argv, "--json", *words)
        return self.run(node, *argv, *words).stdout

    def logs(self, lines=15):
        """The last lines of every log, for when something failed."""
        out = []
        for name in sorted(os.listdir(self.dir)):
            if name.endswith(".log"):
                with open(os.path.join(self.dir, name), encoding="utf-8", errors="replace") as f:
                    out.append(f"--- {name}\n" + "".join(f.readlines()[-lines:]))
        return "\n".join(out)

    # --- conditions ---

    def sessions(self, node):
        p = self.run(node, os.path.join(self.build, "bin", "ldpctl"), "-r", self.run_dir(node), "--json", "display", "mpls", "ldp",
                     "session", check=False)
        return json.loads(p.stdout) if p.returncode == 0 else []

    def wait_sessions(self, node, count):
        def up():
            rows = self.sessions(node)
            return len([r for r in rows if r["state"] == "OPERATIONAL" and r["label_exchange_done"]]) >= count

        wait_for(up, f"{count} LDP session(s) of {node}", last=lambda: self.sessions(node))

    def mpls_routes(self, node):
        """AF_MPLS routes by incoming label, from the kernel itself."""
        return {int(r["dst"]): r for r in self.json(node, "ip", "-j", "-M", "route")}

    def pushes(self, node, prefix):
        """Label stacks that the kernel's own route to a prefix pushes, one per next hop."""
        # As text: in iproute2's JSON the labels and the destination have the same name.
        text = self.run(node, "ip", "route", "show", prefix).stdout
        return re.findall(r"encap mpls +(\S+)", text)
