"""LDP messages to and from bytes, written for the tests alone: a second reading of RFC 5036 beside the daemon's own."""
import socket
import struct

NOTIFICATION, HELLO, INITIALIZATION, KEEPALIVE, CAPABILITY = 0x0001, 0x0100, 0x0200, 0x0201, 0x0202
ADDRESS, ADDRESS_WITHDRAW = 0x0300, 0x0301
MAPPING, REQUEST, WITHDRAW, RELEASE, ABORT = 0x0400, 0x0401, 0x0402, 0x0403, 0x0404
FATAL, FORWARD, UNKNOWN_OK = 0x80000000, 0x40000000, 0x8000

# RFC 5036 3.9 and those that came later, without the E and F bits.
STATUS = {
    "success": 0x00, "bad ldp identifier": 0x01, "bad protocol version": 0x02, "bad pdu length": 0x03, "unknown message type": 0x04,
    "bad message length": 0x05, "unknown tlv": 0x06, "bad tlv length": 0x07, "malformed tlv value": 0x08, "hold timer expired": 0x09,
    "shutdown": 0x0a, "loop detected": 0x0b, "unknown fec": 0x0c, "no route": 0x0d, "no label resources": 0x0e,
    "label resources available": 0x0f, "no hello": 0x10, "advertisement mode": 0x11, "max pdu length": 0x12, "label range": 0x13,
    "keepalive timer expired": 0x14, "label request aborted": 0x15, "missing message parameters": 0x16,
    "unsupported address family": 0x17, "bad keepalive time": 0x18, "internal error": 0x19, "end of lib": 0x2f,
}


def tlv(kind, value=b""):
    return struct.pack("!HH", kind, len(value)) + value


def message(kind, *tlvs, ident=1, length=None):
    body = struct.pack("!I", ident) + b"".join(tlvs)
    return struct.pack("!HH", kind, len(body) if length is None else length) + body


def pdu(lsr, *messages, version=1, length=None, space=0):
    body = socket.inet_aton(lsr) + struct.pack("!H", space) + b"".join(messages)
    return struct.pack("!HH", version, len(body) if length is None else length) + body


def common_hello(hold=15, targeted=False, request=False, gtsm=False):
    flags = (0x8000 if targeted else 0) | (0x4000 if request else 0) | (0x2000 if gtsm else 0)
    return tlv(0x0400, struct.pack("!HH", hold, flags))


def transport(address):
    return tlv(0x0401, socket.inet_aton(address))


def common_session(receiver, hold=180, max_pdu=4096, version=1, flags=0, space=0):
    return tlv(0x0500, struct.pack("!HHBBH", version, hold, flags >> 8, flags & 255, max_pdu) + socket.inet_aton(receiver)
               + struct.pack("!H", space))


def address_list(*addresses, family=1):
    return tlv(0x0101, struct.pack("!H", family) + b"".join(socket.inet_aton(a) for a in addresses))


def prefix(text, family=1):
    """A prefix FEC element."""
    address, _, length = text.partition("/")
    length = int(length or 32)
    return struct.pack("!BHB", 2, family, length) + socket.inet_aton(address)[:(length + 7) // 8]


WILDCARD = b"\x01"


def typed_wildcard(of=2, value=struct.pack("!H", 1)):
    return struct.pack("!BBB", 5, of, len(value)) + value


def fec(*elements):
    return tlv(0x0100, b"".join(elements))


def label(number):
    return tlv(0x0200, struct.pack("!I", number))


def request_id(ident):
    return tlv(0x0600, struct.pack("!I", ident))


def status(code, about=0, kind=0):
    return tlv(0x0300, struct.pack("!IIH", code, about, kind))


class Message:
    """One received message: its type, id, and TLVs as {type without U and F bits: value} of the first of each."""

    def __init__(self, kind, body):
        self.kind = kind
        self.ident = struct.unpack_from("!I", body)[0]
        self.tlvs, at = {}, 4
        while at < len(body):
            kind, size = struct.unpack_from("!HH", body, at)
            self.tlvs.setdefault(kind & 0x3fff, body[at + 4:at + 4 + size])
            at += 4 + size

    def status(self):
        """(code without bits, fatal, forward, about id, about type) of a Notification."""
        value, about, kind = struct.unpack("!IIH", self.tlvs[0x0300])
        return value & 0x3fffffff, bool(value & FATAL), bool(value & FORWARD), about, kind

    def label(self):
        return struct.unpack("!I", self.tlvs[0x0200])[0] if 0x0200 in self.tlvs else None

    def fec(self):
        return self.tlvs[0x0100]

    def __repr__(self):
        if self.kind == NOTIFICATION:
            code, fatal, *_ = self.status()
            name = next((n for n, c in STATUS.items() if c == code), hex(code))
            return f"<Notification {name}{', fatal' if fatal else ''}>"
        return f"<message {self.kind:#06x} {self.tlvs}>"


def messages_of(stream):
    """Cuts whole PDUs off a buffer: ([(lsr, message)…], the rest)."""
    out = []
    while len(stream) >= 4:
        length = struct.unpack_from("!H", stream, 2)[0]
        if len(stream) < length + 4:
            break
        body, at = stream[4:4 + length], 6
        lsr = socket.inet_ntoa(body[:4])
        while at < len(body):
            kind, size = struct.unpack_from("!HH", body, at)
            out.append((lsr, Message(kind & 0x7fff, body[at + 4:at + 4 + size])))
            at += 4 + size
        stream = stream[4 + length:]
    return out, stream
