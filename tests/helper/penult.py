"""What the tests use of labs, and sockets of strangers in them: for what no correct neighbour would ever send."""
import contextlib
import os
import re
import socket

import ldp
from penultlab.capture import Capture, Pinger  # noqa: F401 (the tests import from here)
from penultlab.lab import Lab  # noqa: F401
from penultlab.net import LabError, inside, next_hops, wait_for  # noqa: F401
from penultlab.topology import Topology, TopologyError  # noqa: F401

ALL_ROUTERS = "224.0.0.2"


def more_pings(ping, count, what):
    before = ping.replies()
    wait_for(lambda: ping.replies() >= before + count, f"{count} more pings {what}", last=ping.replies)


def uids(lab, router):
    """The sessions that are up, by peer, with the number that tells one session from the next."""
    return {s["peer"]: s["uid"] for s in lab.sessions(router) if s["state"] == "OPERATIONAL"}


def answered(lab, source, target, *more, count=3):
    """Waits until all of a few pings are answered; `more`: further words for ping."""
    out = ""

    def all_of_them():
        nonlocal out
        out = lab.run(source, "ping", "-n", "-c", str(count), "-i", "0.2", "-W", "2", *more, target, check=False).stdout
        return " 0% packet loss" in out

    wait_for(all_of_them, f"answers to {source} from {target}", last=lambda: out)


def bindings(lab, router):
    """Labels by (FEC, who gave it); one's own by 0.0.0.0."""
    return {(r["fec"], r["peer"]): r["label"] for r in lab.rows(router, "show", "mpls", "ldp", "bindings")}


def kernel_state(lab, router):
    """All that a router has in its kernel, as text without ages."""
    return "\n".join(lab.run(router, "ip", *words).stdout for words in (["-br", "address"], ["route"], ["nexthop"])).replace("  ", " ")


def is_installed(lab, router, prefix):
    return any(r["prefix"] == prefix and r["installed"] for r in lab.rows(router, "display", "ip", "routing-table"))


def program(lab, node, *argv, timeout=60):
    """Runs one of Penult's programs in a node as an operator would, with the whole outcome."""
    return lab.run(node, os.path.join(lab.build, "bin", argv[0]), *argv[1:], check=False, timeout=timeout)


# --- LDP by hand, RFC 5036 section 3 ---


def hello(lsr, transport, hold=15):
    return ldp.pdu(lsr, ldp.message(ldp.HELLO, ldp.common_hello(hold=hold), ldp.transport(transport)))


def initialization(lsr, receiver, hold=180):
    return ldp.pdu(lsr, ldp.message(ldp.INITIALIZATION, ldp.common_session(receiver, hold=hold)))


def keepalive(lsr):
    return ldp.pdu(lsr, ldp.message(ldp.KEEPALIVE))


@contextlib.contextmanager
def datagrams(lab, node, source):
    """A UDP socket in a node that sends multicast by the interface of that address."""
    with inside(lab.net.namespace(node)):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
        s.bind((source, 646))
        yield s


@contextlib.contextmanager
def stream(lab, node, address):
    """A TCP connection from a node to somebody's port 646."""
    with inside(lab.net.namespace(node)):
        s = socket.create_connection((address, 646), timeout=30)
    with s:
        yield s


def until_closed(s):
    """All that comes on a connection until the other side ends it; fails when it never does."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while data := s.recv(65536):
            got += data
    return got


def unaged(text):
    """A display without what changes by itself: ages, and counters of messages."""
    return re.sub(r"\d{4}:\d\d:\d\d|\d+/\d+", "-", text)
