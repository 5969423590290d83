"""The router under test, seen by its rows, and scripted LDP peers that say exactly what a test wants them to say.

A peer is made anew for each test, with an LSR id and addresses of its own, so no test sees what another left behind.
Nothing is waited for by time: a test waits for a message, a row or the end of a connection, with time-outs that only end
what is broken. That a message has no answer is seen by a fence: a question whose answer comes after all that was caused
by what was said before it.
"""
import socket
import struct

import ldp
from penultlab.net import inside, ip, wait_for

PATIENCE = 30
NOBODYS = "203.0.113.1/32"  # the fence asks for its label: there is never a route
NO_LABEL = None  # as rows say it


class Router:
    """R1 and what surrounds it."""

    def __init__(self, lab):
        self.lab, self.peers, self.count, self.changed = lab, [], 0, False
        with open(lab.config("R1"), encoding="utf-8") as f:
            self.text = f.read()
        self.inside = lab.namespace("P")
        self.routes = []

    def start(self):
        inside = self.inside
        ip("-n", inside, "addr", "add", "10.13.0.2/16", "dev", "eth1")
        ip("-n", inside, "route", "add", "1.1.1.1", "via", "10.12.0.1")
        self.lab.start_node("R1")
        wait_for(lambda: [r["active"] for r in self.rows("display", "mpls", "ldp", "interface")] == [True, True], "Hellos on both links",
                 last=self.lab.logs)

    # --- what it shows ---

    def rows(self, *words):
        return self.lab.rows("R1", *words)

    def session(self, lsr):
        return next((r for r in self.rows("display", "mpls", "ldp", "session") if r["peer"] == lsr), None)

    def adjacencies(self, lsr):
        return [r for r in self.rows("display", "mpls", "ldp", "adjacency") if r["peer"] == lsr]

    def bindings(self, lsr):
        """The labels of one peer: {FEC: row}."""
        return {r["fec"]: r for r in self.rows("show", "mpls", "ldp", "bindings") if r["peer"] == lsr}

    def own(self, fec):
        """The router's own label for a FEC, with those who have it."""
        return self.bindings("0.0.0.0").get(fec)

    def hops(self, fec):
        """The next hops of an LSP: {address: label to send with}; None without an LSP."""
        for r in self.rows("display", "mpls", "ldp", "lsp"):
            if r["fec"] == fec:
                return {h["address"]: h["out_label"] for h in r["next_hops"]}
        return None

    def wait(self, read, good, what):
        """Until good(read()); what was read."""
        seen = []

        def look():
            seen[:] = [read()]
            return good(seen[0])

        wait_for(look, what, timeout=PATIENCE, last=lambda: seen)
        return seen[0]

    def log(self):
        return self.lab.daemons["R1", "ldpd"].text()

    # --- what happens to it ---

    def ctl(self, *words):
        return self.lab.ctl("R1", *words)

    def reload(self, text):
        self.lab.reconfigure("R1", lambda _: text)

    def configure(self, add="", drop=()):
        """The first configuration with lines more, or without lines; reset() takes it back."""
        lines = [line for line in self.text.splitlines() if line not in drop]
        self.changed = True
        self.reload("\n".join(lines).replace("#\nreturn", f"#\n{add}#\nreturn") + "\n")

    def route(self, prefix, *vias):
        """A route of somebody else's in the router's kernel; without next hops it goes."""
        ns = self.lab.namespace("R1")
        if not vias:
            ip("-n", ns, "route", "del", prefix)
            self.routes.remove(prefix)
            return
        hops = ["via", vias[0]] if len(vias) == 1 else [w for v in vias for w in ("nexthop", "via", v)]
        ip("-n", ns, "route", "replace", prefix, *hops)
        if prefix not in self.routes:
            self.routes.append(prefix)

    # --- tests ---

    def peer(self, **how):
        self.count += 1
        p = Peer(self, self.count, **how)
        self.peers.append(p)
        return p

    def reset(self):
        for p in self.peers:
            p.leave()
        for prefix in list(self.routes):
            self.route(prefix)
        if self.changed:
            self.reload(self.text)
        self.peers, self.changed = [], False


class Peer:
    """One scripted LSR. By default the one that connects, as its transport address is greater than the router's; with
    passive=True the router connects to it. `link` is 1 or 2."""

    def __init__(self, router, number, passive=False, link=1):
        high, low = divmod(number, 200)
        self.router, self.number, self.passive, self.link = router, number, passive, link
        self.lsr = f"9.0.{high}.{low + 10}"
        self.source = f"10.{11 + link}.{high + 1}.{low + 10}"
        self.transport = f"1.0.{high}.{low + 10}" if passive else self.source
        self.messages, self.buffer, self.ended = [], b"", False
        self.tcp = self.listener = None
        self.ident = number * 1000
        ns = router.inside
        ip("-n", ns, "addr", "add", f"{self.source}/16", "dev", f"eth{link - 1}")
        if passive:
            ip("-n", ns, "addr", "add", f"{self.transport}/32", "dev", "lo")
        with inside(ns):
            self.udp = [self.udp_socket(self.source)]
            if passive:
                self.listener = socket.socket()
                self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if passive:
            self.listener.bind((self.transport, 646))
            self.listener.listen()
            self.listener.settimeout(PATIENCE)

    @staticmethod
    def udp_socket(source):
        """To be called inside."""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
        s.bind((source, 646))
        s.settimeout(PATIENCE)
        return s

    def leave(self):
        for s in (self.tcp, self.listener):
            if s:
                s.close()
        for s in self.udp:  # forgotten in a second
            s.sendto(self.hello_bytes(hold=1), ("224.0.0.2", 646))
            s.close()

    # --- Hellos ---

    def hello_bytes(self, hold=0xffff, transport=None, lsr=None, more=b"", **flags):
        transport = self.transport if transport is None else transport
        tlvs = [ldp.common_hello(hold, **flags)] + ([ldp.transport(transport)] if transport else []) + [more]
        return ldp.pdu(lsr or self.lsr, ldp.message(ldp.HELLO, *tlvs))

    def hello(self, **fields):
        self.udp[0].sendto(self.hello_bytes(**fields), ("224.0.0.2", 646))

    def hello_from(self, link, **fields):
        """A second adjacency with the same LSR, over the other link."""
        source = f"10.{11 + link}.{self.number // 200 + 1}.{self.number % 200 + 10}"
        ip("-n", self.router.inside, "addr", "add", f"{source}/16", "dev", f"eth{link - 1}", check=False)
        with inside(self.router.inside):
            s = self.udp_socket(source)
        self.udp.append(s)
        s.sendto(self.hello_bytes(**fields), ("224.0.0.2", 646))

    def raw_hello(self, data, to="224.0.0.2"):
        self.udp[0].sendto(data, (to, 646))

    def heard(self):
        """Waits until the router has the adjacency."""
        return self.router.wait(lambda: self.router.adjacencies(self.lsr), bool, "the adjacency")

    # --- the session, step by step ---

    def connect(self):
        with inside(self.router.inside):
            self.tcp = socket.socket()
        self.tcp.bind((self.transport, 0))
        self.tcp.settimeout(PATIENCE)
        self.tcp.connect(("1.1.1.1", 646))
        self.messages, self.buffer, self.ended = [], b"", False

    def accept(self):
        self.tcp, where = self.listener.accept()
        self.tcp.settimeout(PATIENCE)
        self.messages, self.buffer, self.ended = [], b"", False
        return where

    def init(self, more=b"", receiver="1.1.1.1", **fields):
        return self.say(ldp.INITIALIZATION, ldp.common_session(receiver, **fields), more)

    def keepalive(self):
        return self.say(ldp.KEEPALIVE)

    def initialized(self, **hello):
        """The router is passive and waits for the Initialization, or has sent its own."""
        self.hello(**hello)
        if self.passive:
            self.accept()
            self.expect(ldp.INITIALIZATION)
        else:
            self.heard()
            self.connect()
        return self

    def openrec(self, hello=None, **init):
        """Initializations were exchanged; the router waits for our KeepAlive."""
        self.initialized(**(hello or {}))
        self.init(**init)
        if not self.passive:
            self.expect(ldp.INITIALIZATION)
        self.expect(ldp.KEEPALIVE)
        return self

    def operational(self, hello=None, **init):
        self.openrec(hello, **init)
        self.keepalive()
        self.expect(ldp.ADDRESS)
        return self

    # --- talking ---

    def bytes(self, data):
        self.tcp.sendall(data)

    def pdu(self, *messages, **fields):
        self.bytes(ldp.pdu(fields.pop("lsr", self.lsr), *messages, **fields))

    def next_id(self):
        self.ident += 1
        return self.ident

    def say(self, kind, *tlvs):
        """One message in one PDU; its id."""
        ident = self.next_id()
        self.pdu(ldp.message(kind, *tlvs, ident=ident))
        return ident

    def read(self):
        """The next message; None at the end of the connection."""
        while not self.messages:
            if self.ended:
                return None
            try:
                data = self.tcp.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                self.ended = True
                continue
            found, self.buffer = ldp.messages_of(self.buffer + data)
            assert all(lsr == "1.1.1.1" for lsr, _ in found), found
            self.messages += [m for _, m in found]
        return self.messages.pop(0)

    def expect(self, kind, good=lambda m: True):
        """The next message of this kind that is good; those before it are passed over."""
        passed = []
        while True:
            m = self.read()
            if m is None:
                raise AssertionError(f"the connection ended before message {kind:#06x} came; what came: {passed}")
            if m.kind == kind and good(m):
                return m
            passed.append(m)

    def expect_status(self, name, fatal=False, about=None, kind=None):
        """The next Notification but for End-of-LIB has this status; never the F bit, as nothing of ours is forwarded."""
        m = self.expect(ldp.NOTIFICATION, lambda m: m.status()[0] != ldp.STATUS["end of lib"])
        code, is_fatal, forward, about_id, about_kind = m.status()
        assert (code, is_fatal, forward) == (ldp.STATUS[name], fatal, False), f"{m} in place of {name}"
        if about is not None:
            assert about_id == about, f"{m} is about message {about_id}, not {about}"
        if kind is not None:
            assert about_kind & 0x7fff == kind, f"{m} is about a message of type {about_kind:#06x}, not {kind:#06x}"
        return m

    def expect_close(self):
        """Nothing but the end of the connection."""
        m = self.read()
        assert m is None, f"{m} in place of the end of the connection"

    def expect_end(self, name, about=None, kind=None, wire_fatal=True):
        """The session is ended with this status, and so is the connection; the router shows it so."""
        self.expect_status(name, fatal=wire_fatal, about=about, kind=kind)
        self.expect_close()
        return self.expect_down()

    def expect_down(self):
        return self.router.wait(lambda: self.router.session(self.lsr), lambda s: s is None or s["state"] == "NON_EXISTENT", "the session's end")

    def fence(self):
        """All that was said because of what came before, without KeepAlives: what is said until a question is answered
        that is asked now. Twice, as the router looks at labels once it has read all that has come."""
        return self.ask_nobody() + self.ask_nobody()

    def ask_nobody(self):
        ident = self.say(ldp.REQUEST, ldp.fec(ldp.prefix(NOBODYS)))
        came = []
        while True:
            m = self.read()
            assert m is not None, f"the connection ended; what came: {came}"
            if m.kind == ldp.NOTIFICATION and m.status()[3] == ident:
                assert m.status()[0] == ldp.STATUS["no route"], m
                return came
            if m.kind != ldp.KEEPALIVE:
                came.append(m)

    def answers(self):
        """As fence(), without our Mappings: those that come are told again because the MTU of an LSP has changed."""
        return [m for m in self.fence() if m.kind != ldp.MAPPING]

    def quiet(self):
        """What was told at the start of the session is passed over."""
        self.fence()
        return self

    # --- rows ---

    def state(self):
        s = self.router.session(self.lsr)
        return s and s["state"]

    def wait_state(self, state):
        return self.router.wait(lambda: self.router.session(self.lsr), lambda s: s and s["state"] == state, f"{state} with {self.lsr}")

    def is_operational(self):
        """After a fence, so it is about what was said before."""
        self.fence()
        assert self.state() == "OPERATIONAL", self.router.session(self.lsr)


def label_message(kind, fec, label=None, *more, ident=1):
    tlvs = [ldp.fec(ldp.prefix(fec) if isinstance(fec, str) else fec)] + ([ldp.label(label)] if label is not None else []) + list(more)
    return ldp.message(kind, *tlvs, ident=ident)


def config_sequence(number):
    return ldp.tlv(0x0402, struct.pack("!I", number))
