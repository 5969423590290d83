"""Network namespaces, veth links and bridges of one lab.

Namespaces are named pl-PID.N-LAB-NODE after the process that made them, so two labs never meet, and what a process
that died without a word has left behind is known by its number and removed by the next lab.
"""
import contextlib
import ctypes
import itertools
import os
import re
import select
import subprocess
import time

from .topology import device_name

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
NAMES = "/var/run/netns"
LABS = itertools.count()


class LabError(Exception):
    """Something a lab needs did not come about; the text says what was last seen."""


def wait_for(condition, what, timeout=60.0, last=None):
    """Until condition() is true; its value is returned. `last` tells what to show when it never is; without it, what was
    last returned. The time-out is generous: it only ends what is broken."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"waited {timeout:.0f} s for {what}; last seen: {last() if last else value}")
        # Looking again is cheap next to what is waited for; nothing is decided by this interval.
        select.select([], [], [], 0.05)


def ip(*args, batch=None, check=True):
    """Runs ip; `batch` is a list of command lines that one ip works off."""
    p = subprocess.run(["ip", *args, *(["-batch", "-"] if batch is not None else [])], capture_output=True, text=True, check=False,
                       input=None if batch is None else "\n".join(batch) + "\n", stdin=subprocess.DEVNULL if batch is None else None)
    if check and p.returncode:
        raise LabError(f"ip {' '.join(args)}: {p.stderr.strip()}" + (f"\namong: {'; '.join(batch)}" if batch else ""))
    return p


def enter(descriptor):
    """Moves the calling thread into a namespace."""
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")


@contextlib.contextmanager
def inside(namespace):
    """The calling thread is in the namespace; a socket opened there stays there."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(os.path.join(NAMES, namespace), os.O_RDONLY)
    try:
        enter(there)
        yield
    finally:
        enter(own)
        os.close(own)
        os.close(there)


def next_hops(route):
    """The next hops that packets take, of a route as `ip -j` shows it. Those that stand by in its group are shown too, with a smaller weight."""
    hops = route.get("nexthops", [route])
    most = max(h.get("weight", 1) for h in hops)
    return [h for h in hops if h.get("weight", 1) == most]


def sweep():
    """Removes the namespaces of processes that are gone."""
    for name in os.listdir(NAMES) if os.path.isdir(NAMES) else []:
        m = re.match(r"pl-(\d+)\.", name)
        if m and not os.path.exists(f"/proc/{m.group(1)}"):
            ip("netns", "del", name, check=False)


class Net:
    def __init__(self, topology):
        self.topology = topology
        self.tag = f"pl-{os.getpid()}.{next(LABS)}-{topology.name}"

    def namespace(self, node):
        return f"{self.tag}-{node}"

    def build(self):
        """All namespaces and devices first, then each namespace's own settings: few processes, as they cost most in a machine."""
        sweep()
        nodes = [*self.topology.nodes, "wires"]
        make = [f"netns add {self.namespace(n)}" for n in nodes]
        within = {n: ["link set lo up"] for n in nodes}
        for number, link in enumerate(self.topology.links):
            (a, ia), (b, ib) = link.ends
            if link.wire:  # two cables and a bridge between them, where no router sees it
                within["wires"] += [f"link add name br{number} type bridge", f"link set br{number} up"]
                for k, (node, interface) in enumerate(link.ends):
                    make.append(self._veth(link, node, interface, "wires", f"w{number}-{k}"))
                    within["wires"] += [f"link set w{number}-{k} master br{number} up"]
            else:
                make.append(self._veth(link, a, ia, b, ib))
            for node, interface in link.ends:
                within[node] += [f"link set {device_name(interface)} alias {interface}", f"link set {device_name(interface)} up"]
        for node in self.topology.nodes.values():
            within[node.name] += self._settings(node)
        ip(batch=make)
        for node, lines in within.items():
            ip("-n", self.namespace(node), batch=lines)

    def _veth(self, link, a, ia, b, ib):
        return (f"link add {device_name(ia)} mtu {link.mtu} netns {self.namespace(a)} type veth "
                f"peer name {device_name(ib)} mtu {link.mtu} netns {self.namespace(b)}")

    def _settings(self, node):
        devices = [device_name(i) for link in self.topology.links for n, i in link.ends if n == node.name]
        if node.kind == "switch":
            return ["link add name br0 type bridge", "link set br0 up"] + [f"link set {d} master br0" for d in devices]
        # An IPv6 address is there at once: nobody else has it, so nobody is asked.
        settings = [f"address add {a} dev {devices[0]}" + (" nodad" if ":" in a else "") for a in node.addresses]
        return settings + ([f"route add default via {node.gateway}"] if node.gateway else [])

    def remove(self):
        for node in [*self.topology.nodes, "wires"]:
            ip("netns", "del", self.namespace(node), check=False)

    def wire(self, name):
        """The devices of the `wire` of that name, in the namespace of wires: what comes in by one of them goes out by the other."""
        for number, link in enumerate(self.topology.links):
            if link.wire and link.name == name:
                return [f"w{number}-{k}" for k in range(2)]
        raise LabError(f"no link of {self.topology.name} is a wire named {name}")

    def cut(self, name, mended=False):
        """Cuts the `wire` of that name, or mends it: both ends lose or regain their carrier, in one go."""
        ip("-n", self.namespace("wires"), batch=[f"link set {device} {'up' if mended else 'down'}" for device in self.wire(name)])

    def unplug(self, switch, interface, again=False):
        """Takes a port out of a switch, or puts it back. Whoever is behind it keeps the carrier and hears nothing more."""
        device = self.topology.device(switch, interface)
        ip("-n", self.namespace(switch), "link", "set", device, *(["master", "br0"] if again else ["nomaster"]))
