"""BGP messages to and from bytes, and a peer on a plain socket that says them: for what no speaker would ever say.

Written for the tests alone: a second reading of RFC 4271 beside the daemon's own.
"""
import contextlib
import ipaddress
import socket
import struct

from penult import inside, wait_for

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, REFRESH = 1, 2, 3, 4, 5
MARKER = b"\xff" * 16
ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF, ATOMIC, AGGREGATOR, COMMUNITIES, ORIGINATOR, CLUSTERS = range(1, 11)
MP_REACH, MP_UNREACH, EXTENDED, AS4_PATH, AS4_AGGREGATOR, LARGE, OTC = 14, 15, 16, 17, 18, 32, 35
WELL_KNOWN, OPTIONAL, BOTH = 0x40, 0x80, 0xc0
PATIENCE = 30


def message(kind, body=b"", length=None, marker=MARKER):
    return marker + struct.pack("!HB", 19 + len(body) if length is None else length, kind) + body


def capability(code, value=b"", length=None):
    return struct.pack("!BB", code, len(value) if length is None else length) + value


def parameter(kind, value):
    return struct.pack("!BB", kind, len(value)) + value


def multiprotocol(afi, safi):
    return capability(1, struct.pack("!HBB", afi, 0, safi))


def open_message(asn, ident, hold=90, version=4, families=((1, 1),), more=b"", as4=True, parameters=None, size=None):
    """`more`: further capabilities; `parameters`: in the place of all of them."""
    if parameters is None:
        parameters = parameter(2, b"".join(multiprotocol(*f) for f in families) + capability(2) +
                               (capability(65, struct.pack("!I", asn)) if as4 else b"") + more)
    body = struct.pack("!BHH", version, asn if asn < 65536 else 23456, hold) + socket.inet_aton(ident)
    return message(OPEN, body + struct.pack("!B", len(parameters) if size is None else size) + parameters)


def attribute(flags, kind, value=b"", length=None):
    """With a length that is another than it says it is."""
    size = len(value) if length is None else length
    if size > 255:
        return struct.pack("!BBH", flags | 0x10, kind, size) + value
    return struct.pack("!BBB", flags, kind, size) + value


def prefix(text):
    net = ipaddress.ip_network(text)
    return struct.pack("!B", net.prefixlen) + net.network_address.packed[:(net.prefixlen + 7) // 8]


def path(*ases, kind=2):
    return struct.pack(f"!BB{len(ases)}I", kind, len(ases), *ases) if ases else b""


def update(attributes=b"", nlri=b"", withdrawn=b"", size=None, withdrawn_size=None):
    return message(UPDATE, struct.pack("!H", len(withdrawn) if withdrawn_size is None else withdrawn_size) + withdrawn +
                   struct.pack("!H", len(attributes) if size is None else size) + attributes + nlri)


def messages_of(data):
    """[(type, body)] and what is left."""
    found = []
    while len(data) >= 19 and len(data) >= (size := struct.unpack("!H", data[16:18])[0]):
        assert data[:16] == MARKER and size >= 19, data[:32]
        found.append((data[18], data[19:size]))
        data = data[size:]
    return found, data


class Stranger:
    """A peer on host `node`, who calls R1; R1 does not call it. `asn` 65001 is R1's own."""

    def __init__(self, lab, node, address, asn, as4=True, families=((1, 1),), more=b""):
        self.lab, self.node, self.address, self.asn, self.as4 = lab, node, address, asn, as4
        self.families, self.more = families, more
        self.internal = asn == 65001
        self.name = node
        self.tcp, self.buffer, self.messages, self.ended = None, b"", [], False

    def _call(self):
        with inside(self.lab.namespace(self.node)):
            s = socket.socket()
        s.settimeout(PATIENCE)
        try:
            s.connect(("10.0.0.1", 179))
            return s
        except ConnectionRefusedError:
            s.close()
            return None

    def connect(self):
        self.close()
        self.tcp = wait_for(self._call, "R1 to listen", PATIENCE)
        self.buffer, self.messages, self.ended = b"", [], False
        return self

    def close(self):
        if self.tcp:
            self.tcp.close()
            self.tcp = None

    def open(self, **fields):
        self.say(open_message(self.asn, self.address, families=self.families, more=self.more, as4=self.as4, **fields))
        return self

    def up(self, **fields):
        """A new session, with nothing heard yet but what opens it."""
        self.connect().open(**fields)
        self.expect(OPEN)
        self.expect(KEEPALIVE)
        self.say(message(KEEPALIVE))
        self.lab.wait_up(self.address)
        return self

    def say(self, data):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the end of it is read
            self.tcp.sendall(data)

    def read(self):
        """The next message; None at the end of the connection."""
        while not self.messages:
            if self.ended:
                return None
            try:
                data = self.tcp.recv(65536)
            except ConnectionResetError:
                data = b""
            self.ended = not data
            found, self.buffer = messages_of(self.buffer + data)
            self.messages += found
        return self.messages.pop(0)

    def expect(self, kind):
        """The next message of this kind; those before it are passed over."""
        passed = []
        while (m := self.read()) is not None:
            if m[0] == kind:
                return m[1]
            passed.append(m)
        raise AssertionError(f"the connection ended before message {kind} came; what came: {passed}")

    def expect_end(self, code, subcode, data=None):
        """R1 says this NOTIFICATION and nothing after it."""
        body = self.expect(NOTIFICATION)
        assert (body[0], body[1]) == (code, subcode), f"NOTIFICATION {body[0]}/{body[1]} {body[2:].hex()} in place of {code}/{subcode}"
        assert data is None or body[2:] == data, f"data {body[2:].hex()} in place of {data.hex()}"
        m = self.read()
        assert m is None, f"{m} after the NOTIFICATION"

    # --- good routes ---

    def good(self, leave=(), ases=None, next_hop=None):
        """Attributes without fault, {type: bytes}."""
        whole = {ORIGIN: attribute(WELL_KNOWN, ORIGIN, b"\0"),
                 AS_PATH: attribute(WELL_KNOWN, AS_PATH, path(*(([] if self.internal else [self.asn]) if ases is None else ases))),
                 NEXT_HOP: attribute(WELL_KNOWN, NEXT_HOP, socket.inet_aton(next_hop or self.address))}
        if self.internal:
            whole[LOCAL_PREF] = attribute(WELL_KNOWN, LOCAL_PREF, struct.pack("!I", 100))
        return {k: v for k, v in whole.items() if k not in leave}

    def announce(self, *prefixes, more=b"", **how):
        self.say(update(b"".join(self.good(**how).values()) + more, b"".join(prefix(p) for p in prefixes)))

    def fence(self, text):
        """A route that R1 has after everything that was said before it."""
        self.announce(text)
        self.lab.wait_path(self.address, text)
