"""The topology file: which nodes there are and how they are linked.

    needs mpls                                   what the kernel must have; else the lab runs in a virtual machine
    router R1                                    configuration R1.conf in the same folder; daemons fibd and ldpd
    router R2 daemons fibd
    host H1 192.168.1.2/24 gateway 192.168.1.1   a plain host; the address is on its first link
    frr F1 daemons zebra,ldpd                    a peer from Debian; configuration F1.frr
    switch S1                                    a bridge: a test can cut a path while both ends keep carrier
    link R1 GigabitEthernet0/1/0 R2 GigabitEthernet0/1/0 [mtu 9000] [wire]
    link H1 eth0 R1 GigabitEthernet0/3/0

A link with `wire` can be cut in the middle, so that both ends lose their carrier as with a real cable.
A router's interface has the long name as its alias; the device itself has a short one (ge0-1-0).
"""
import os
import re


class TopologyError(Exception):
    """FILE:LINE: what is wrong."""


class Node:
    def __init__(self, kind, name, line):
        self.kind = kind
        self.name = name
        self.line = line
        self.daemons = []
        self.address = self.gateway = None


class Link:
    def __init__(self, ends, mtu, wire):
        self.ends = ends  # ((node, interface), (node, interface))
        self.mtu = mtu
        self.wire = wire


DEFAULT_DAEMONS = {"router": ["fibd", "ldpd"], "frr": ["zebra", "staticd", "ldpd"]}


def device_name(interface):
    """The kernel's name for an interface: at most 15 characters, no slash."""
    short = re.sub(r"^GigabitEthernet", "ge", interface, flags=re.I).replace("/", "-")
    if len(short) > 15:
        raise ValueError(f"interface name {interface} is too long")
    return short


class Topology:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.name = os.path.basename(self.folder)
        self.path = os.path.join(self.folder, "topology")
        self.nodes, self.links, self.needs = {}, [], set()
        try:
            with open(self.path, encoding="utf-8") as f:
                for number, line in enumerate(f, 1):
                    self._line(number, line.split("#")[0].split())
        except OSError as e:
            raise TopologyError(f"{self.path}: {e.strerror}") from e

    def _fail(self, number, what):
        raise TopologyError(f"{self.path}:{number}: {what}")

    def _line(self, number, words):
        if not words:
            return
        kind = words[0]
        if kind == "needs" and len(words) == 2:
            self.needs.add(words[1])
        elif kind in ("router", "frr", "switch", "host") and len(words) >= 2:
            self._node(number, words)
        elif kind == "link" and len(words) >= 5:
            self._link(number, words)
        else:
            self._fail(number, f"`{' '.join(words)}` is not understood; a line begins with needs, router, host, frr, switch or link")

    def _node(self, number, words):
        node = Node(words[0], words[1], number)
        if node.name in self.nodes:
            self._fail(number, f"{node.name} is there already, in line {self.nodes[node.name].line}")
        node.daemons = list(DEFAULT_DAEMONS.get(node.kind, []))
        rest = words[2:]
        if node.kind == "host" and rest:
            node.address = rest.pop(0)
        while rest:
            key = rest.pop(0)
            if key == "daemons" and rest:
                node.daemons = rest.pop(0).split(",")
            elif key == "gateway" and rest and node.kind == "host":
                node.gateway = rest.pop(0)
            else:
                self._fail(number, f"`{key}` is not understood")
        self.nodes[node.name] = node

    def _link(self, number, words):
        ends = ((words[1], words[2]), (words[3], words[4]))
        for name, interface in ends:
            if name not in self.nodes:
                self._fail(number, f"there is no node {name}; nodes stand before their links")
            try:
                device_name(interface)
            except ValueError as e:
                self._fail(number, str(e))
        mtu = 1500
        rest, wire = words[5:], False
        if rest[:1] == ["mtu"] and len(rest) > 1 and rest[1].isdigit():
            mtu, rest = int(rest[1]), rest[2:]
        if rest == ["wire"]:
            wire, rest = True, []
        if rest:
            self._fail(number, f"`{' '.join(rest)}`: after the ends only `mtu N` and `wire` may stand")
        self.links.append(Link(ends, mtu, wire))
