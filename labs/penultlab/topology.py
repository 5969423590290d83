"""The topology file: which nodes there are and how they are linked.

    needs mpls                                   what the kernel must have; else the lab runs in a virtual machine
    router R1                                    configuration R1.conf in the same folder; daemons fibd and ldpd
    router R2 daemons fibd,ldpd,bird             the same beside Debian's BIRD, configuration R2.bird
    host H1 192.168.1.2/24 gateway 192.168.1.1   a plain host; the address is on its first link
    frr F1 daemons zebra,ospfd,ldpd              Debian's FRR, configuration F1.DAEMON.conf
    bird B1 [10.0.0.2/24 [fd00::2/64]]           Debian's BIRD, configuration B1.bird; addresses on its first link
    gobgp G1 10.0.0.3/24                         the same of GoBGP, configuration G1.toml
    openbgpd O1 10.0.0.4/24                      of OpenBGPD, configuration O1.openbgpd
    exabgp E1 10.0.0.5/24                        of ExaBGP, configuration E1.exabgp
    switch S1                                    a bridge: a test can cut a path while both ends keep their carrier
    link R1 GigabitEthernet0/1/0 R2 GigabitEthernet0/1/0 [name red] [mtu 9000] [wire]
    link H1 eth0 R1 GigabitEthernet0/3/0

A link with `wire` can be cut in the middle, so that both ends lose their carrier as with a real cable.
A router's interface has the long name as its alias; the device itself has a short one (ge0-1-0). It cannot be an
altname as well: the kernel's names hold no slash.
"""
import ipaddress
import os
import re

SPEAKERS = ("bird", "gobgp", "openbgpd", "exabgp")  # one daemon each
DAEMONS = {"router": ["fibd", "ldpd"], "frr": ["zebra", "staticd", "ldpd"], **{name: [name] for name in SPEAKERS}}
KINDS = ("router", "host", "frr", *SPEAKERS, "switch")
CAPABILITIES = {"mpls"}


class TopologyError(Exception):
    """FILE:LINE: what is wrong."""


class Node:
    def __init__(self, kind, name, line):
        self.kind, self.name, self.line = kind, name, line
        self.daemons = list(DAEMONS.get(kind, []))
        self.addresses, self.gateway = [], None  # on its first link


class Link:
    def __init__(self, ends, line):
        self.ends, self.line = ends, line  # ((node, interface), (node, interface))
        self.name, self.mtu, self.wire = None, 1500, False


def device_name(interface):
    """The kernel's name for an interface: at most 15 characters, no slash."""
    short = re.sub(r"^GigabitEthernet", "ge", interface, flags=re.I).replace("/", "-")
    if not re.fullmatch(r"[\w.-]{1,15}", short):
        raise ValueError(f"`{interface}` cannot name a device, nor can what it is shortened to, `{short}`: "
                         "at most 15 letters, digits, dots and dashes")
    return short


class Topology:
    def __init__(self, folder, more=()):
        """`more`: lines that a test adds, as if they stood at the end of the file."""
        self.folder = os.path.abspath(folder)
        self.name = os.path.basename(self.folder)
        self.path = os.path.join(self.folder, "topology")
        self.nodes, self.links, self.needs = {}, [], set()
        try:
            with open(self.path, encoding="utf-8") as f:
                for number, line in enumerate(f, 1):
                    words = line.split("#")[0].split()
                    if words:
                        self._line(number, words)
        except (OSError, UnicodeDecodeError) as e:
            raise TopologyError(f"{self.path}: {getattr(e, 'strerror', e)}") from e
        for line in more:
            self._line("added", line.split())
        for node in self.nodes.values():
            if node.addresses and not any(node.name in dict(link.ends) for link in self.links):
                self._fail(node.line, f"{node.kind} {node.name} has no link")

    def _fail(self, number, what):
        raise TopologyError(f"{self.path}:{number}: {what}")

    def _line(self, number, words):
        kinds = {"needs": self._needs, "link": self._link, **dict.fromkeys(KINDS, self._node)}
        if words[0] not in kinds:
            self._fail(number, f"`{words[0]}` is not understood; a line begins with {', '.join(sorted(kinds))}")
        kinds[words[0]](number, words)

    def _needs(self, number, words):
        for need in words[1:]:
            if need not in CAPABILITIES:
                self._fail(number, f"`{need}` is nothing a kernel could have here; known: {', '.join(sorted(CAPABILITIES))}")
            self.needs.add(need)

    def _node(self, number, words):
        kind, rest = words[0], words[2:]
        if len(words) < 2 or not re.fullmatch(r"[A-Za-z][\w]{0,15}", words[1]):
            self._fail(number, f"{kind} needs a name: a letter, then letters and digits")
        node = Node(kind, words[1], number)
        if node.name in self.nodes:
            self._fail(number, f"{node.name} is there already, in line {self.nodes[node.name].line}")
        if kind == "host":
            node.addresses.append(self._address(number, rest.pop(0) if rest else "", ipaddress.ip_interface, "host needs an address with its length"))
        while kind in SPEAKERS and rest and "/" in rest[0]:
            node.addresses.append(self._address(number, rest.pop(0), ipaddress.ip_interface, f"{kind} has addresses with their length"))
        while rest:
            key, value = rest.pop(0), rest.pop(0) if rest else ""
            if key == "daemons" and value and kind in DAEMONS:
                node.daemons = value.split(",")
            elif key == "gateway" and kind == "host":
                node.gateway = self._address(number, value, ipaddress.ip_address, "gateway needs an address")
            else:
                self._fail(number, f"`{key} {value}`".replace(" `", "`") + f" is not understood behind a {kind}")
        self.nodes[node.name] = node

    def _address(self, number, text, parse, what):
        try:
            parse(text)
        except ValueError:
            self._fail(number, f"{what}, not `{text}`")
        return text

    def _link(self, number, words):
        if len(words) < 5:
            self._fail(number, "a link has two ends: link NODE INTERFACE NODE INTERFACE")
        link, rest = Link(((words[1], words[2]), (words[3], words[4])), number), words[5:]
        for name, interface in link.ends:
            if name not in self.nodes:
                self._fail(number, f"there is no node {name}; nodes stand before their links")
            try:
                device = device_name(interface)
            except ValueError as e:
                self._fail(number, str(e))
            for other in self.links + [link]:
                ends = [(n, i) for n, i in other.ends if n == name and device_name(i) == device]
                if len(ends) > (other is link):
                    self._fail(number, f"{interface} of {name} has a link already, in line {other.line}")
        while rest:
            key = rest.pop(0)
            if key == "wire":
                link.wire = True
            elif key == "mtu" and rest and rest[0].isdigit():
                link.mtu = int(rest.pop(0))
            elif key == "name" and rest and rest[0] not in [other.name for other in self.links]:
                link.name = rest.pop(0)
            else:
                self._fail(number, f"`{' '.join([key] + rest)}`: behind the ends of a link stand `name WORD` (each once), `mtu N`, `wire`")
        self.links.append(link)

    def device(self, node, interface):
        """Checks that the node has such an interface and returns its device."""
        for link in self.links:
            for name, own in link.ends:
                if name == node and own == interface:
                    return device_name(own)
        raise KeyError(f"{node} has no interface {interface}")
