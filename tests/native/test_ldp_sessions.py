"""LDP sessions over real sockets: passwords, TTLs, targeted Hellos, and timers that change while all is up."""
import socket
import struct

import ldp
import pytest
from penult import inside, wait_for


@pytest.fixture
def routers(lab):
    """Changes a router's configuration: routers(node, add="line\\n…", drop=["line"])."""
    def change(node, add="", drop=()):
        def edit(text):
            lines = [line for line in text.splitlines() if line not in drop]
            return "\n".join(lines).replace("#\nreturn", f"#\n{add}#\nreturn") + "\n"

        lab.reconfigure(node, edit, ["ldpd"])

    return change


def log(lab, node):
    return lab.daemons[node, "ldpd"].text()


def session(lab, node):
    rows = lab.sessions(node)
    return rows[0] if rows else {}


def is_up(lab, node):
    return session(lab, node).get("state") == "OPERATIONAL"


def wait_up(lab, after=None):
    for node in ("R1", "R2"):
        wait_for(lambda n=node: is_up(lab, n) and (after is None or session(lab, n)["uid"] > after[n]), f"the session at {node}",
                 last=lambda n=node: session(lab, n))


def uids(lab):
    return {node: session(lab, node)["uid"] for node in ("R1", "R2")}


# --- passwords ---


def test_one_password_on_both_ends_brings_the_session_up_again(lab, routers):
    before = uids(lab)
    routers("R1", add="mpls ldp\n md5-password plain 2.2.2.2 orange\n")
    wait_for(lambda: not is_up(lab, "R1"), "the end of the session without the password")
    routers("R2", add="mpls ldp neighbor 1.1.1.1 password orange\n")
    wait_up(lab, after=before)
    detail = lab.ctl("R1", "show", "mpls", "ldp", "neighbor", "detail")
    assert "Password: required, neighbor, in use" in detail, detail


def test_two_passwords_bring_no_session_and_the_active_end_asks_about_them(lab, routers):
    routers("R1", add="mpls ldp\n md5-password plain 2.2.2.2 orange\n")
    routers("R2", add="mpls ldp\n md5-password plain 1.1.1.1 lemon\n")
    wait_for(lambda: "same password?" in session(lab, "R2").get("last_error", ""), "the question", last=lambda: session(lab, "R2"))
    assert not is_up(lab, "R1") and not is_up(lab, "R2")
    routers("R2", add="mpls ldp\n md5-password plain 1.1.1.1 orange\n", drop=[" md5-password plain 1.1.1.1 lemon"])
    wait_up(lab)


def test_a_password_changed_on_both_ends_ends_and_renews_the_session(lab, routers):
    for node in ("R1", "R2"):
        routers(node, add="mpls ldp password fallback plain orange\n")
    wait_up(lab)
    before = uids(lab)
    for node in ("R1", "R2"):
        routers(node, add="mpls ldp password fallback plain lemon\n", drop=["mpls ldp password fallback plain orange"])
    wait_up(lab, after=before)
    assert "the password was changed" in log(lab, "R1")
    for node in ("R1", "R2"):
        shown = lab.ctl(node, "display", "mpls", "ldp", "session", "verbose") + str(lab.sessions(node)) + log(lab, node)
        assert "lemon" not in shown and "orange" not in shown


def test_the_printed_form_of_a_password_is_the_same_password(lab, routers):
    # "orange", as a configuration prints it.
    def mask(i, before):
        return 0x5a ^ ((i * 37 + 11) & 255) ^ ((before * 3 + 1) & 255)

    out, before, check = [], 0, (6 * 7 + 3) & 255
    for i, c in enumerate(b"orange"):
        before = c ^ mask(i, before)
        out.append(before)
        check = ((check << 1 | check >> 7) & 255) ^ c
    cipher = "%^" + bytes(out + [check]).hex()
    routers("R1", add=f"mpls ldp\n md5-password cipher 2.2.2.2 {cipher}\n")
    before = uids(lab)
    routers("R2", add="mpls ldp\n md5-password plain 1.1.1.1 orange\n")
    wait_up(lab, after=before)


# --- TTL ---


def say_hello_as_r2(lab, gtsm):
    with inside(lab.namespace("R2")):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.12.2"))
        udp.bind(("10.0.12.2", 646))
    udp.sendto(ldp.pdu("2.2.2.2", ldp.message(ldp.HELLO, ldp.common_hello(hold=0xffff, gtsm=gtsm), ldp.transport("2.2.2.2"))),
               ("224.0.0.2", 646))
    return udp


def connect_as_r2(lab):
    with inside(lab.namespace("R2")):
        stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    stream.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
    stream.bind(("2.2.2.2", 0))
    stream.settimeout(20)
    stream.connect(("1.1.1.1", 646))
    return stream


@pytest.mark.parametrize("gtsm", [True, False])
def test_packets_from_farther_than_the_link_are_lost_only_where_both_ends_say_gtsm(lab, routers, gtsm):
    lab.kill("R2", "ldpd")
    wait_for(lambda: not is_up(lab, "R1"), "R1 to notice")
    heard = session(lab, "R1")["received"]["initialization"]
    udp = say_hello_as_r2(lab, gtsm)
    stream = connect_as_r2(lab)
    wait_for(lambda: session(lab, "R1").get("min_ttl") == (255 if gtsm else 0), "R1's decision", last=lambda: session(lab, "R1"))
    wait_for(lambda: session(lab, "R1").get("state") == "INITIALIZED", "R1 to take the connection", last=lambda: session(lab, "R1"))
    stream.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 64)
    stream.sendall(ldp.pdu("2.2.2.2", ldp.message(ldp.INITIALIZATION, ldp.common_session("1.1.1.1"))))
    if gtsm:
        # Sent again and again by the kernel, and never heard: until it comes with 255.
        stream.settimeout(1.5)
        with pytest.raises(TimeoutError):
            stream.recv(1)
        assert session(lab, "R1")["received"]["initialization"] == heard
        stream.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
        stream.settimeout(30)
    assert stream.recv(4096)[:2] == b"\0\1"
    stream.close()
    udp.close()


def test_our_own_packets_leave_with_255(lab, routers):
    with inside(lab.namespace("R2")):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    raw.settimeout(30)
    lab.ctl("R1", "reset", "mpls", "ldp")
    while True:
        packet, where = raw.recvfrom(2048)
        if where[2] == socket.PACKET_HOST and packet[9] == 6 and 646 in struct.unpack_from("!HH", packet, (packet[0] & 15) * 4):
            break
    raw.close()
    assert packet[8] == 255, f"TTL {packet[8]}"


# --- targeted Hellos ---


def without_link_hellos(text):
    head, interface, tail = text.partition("interface GigabitEthernet0/1/0")
    return head + interface + tail.replace(" mpls ldp\n", "", 1)


def test_a_session_over_targeted_hellos_alone(lab, routers):
    routers("R2", add="mpls ldp discovery targeted-hello accept\n")
    routers("R1", add="mpls ldp remote-peer R2\n remote-ip 2.2.2.2\n")
    wait_for(lambda: any(a["ifindex"] == 0 for a in lab.rows("R1", "display", "mpls", "ldp", "adjacency")),
             "the targeted adjacency")
    before = uids(lab)
    for node in ("R1", "R2"):  # the link's discovery goes, the session stays
        lab.reconfigure(node, without_link_hellos, ["ldpd"])
    wait_for(lambda: all(a["ifindex"] == 0 for n in ("R1", "R2") for a in lab.rows(n, "display", "mpls", "ldp", "adjacency")),
             "the end of the link's adjacency")
    assert is_up(lab, "R1") and is_up(lab, "R2") and uids(lab) == before
    shown = lab.ctl("R2", "show", "mpls", "ldp", "discovery")
    assert "1.1.1.1 (ldp): passive, xmit/recv" in shown, shown


# --- reference 001 ---


def test_discovery_timers_change_at_once_and_no_session_is_reset(lab, routers):
    before = uids(lab)
    for node in ("R1", "R2"):
        routers(node, add="mpls ldp discovery hello interval 20\nmpls ldp discovery hello holdtime 60\n")
    wait_for(lambda: "holdtime: 60000 ms, hello interval: 20000 ms" in lab.ctl("R1", "show", "mpls", "ldp", "neighbor", "detail"),
             "the new timers", last=lambda: lab.ctl("R1", "show", "mpls", "ldp", "neighbor", "detail"))
    assert "Discovery hello: holdtime: 60 sec; interval: 20 sec" in lab.ctl("R1", "show", "mpls", "ldp", "parameters")
    assert uids(lab) == before and is_up(lab, "R1")


def test_a_new_session_hold_time_counts_from_the_next_session_and_says_so(lab, routers):
    before = uids(lab)
    for node in ("R1", "R2"):
        routers(node, add="mpls ldp holdtime 400\n")
    assert "%Previously established sessions may not use the new holdtime." in log(lab, "R1")
    assert "Session hold time: 400 sec; keep alive interval: 133 sec" in lab.ctl("R1", "show", "mpls", "ldp", "parameters")
    detail = lab.ctl("R1", "show", "mpls", "ldp", "neighbor", "details")
    assert "Peer holdtime: 180000 ms; KA interval: 60000 ms; Peer state: estab" in detail, detail
    assert uids(lab) == before
    lab.ctl("R1", "clear", "mpls", "ldp", "neighbor", "*")
    wait_up(lab, after=before)
    detail = lab.ctl("R1", "show", "mpls", "ldp", "neighbor", "detail")
    assert "Peer holdtime: 400000 ms; KA interval: 133333 ms; Peer state: estab" in detail, detail


# --- strangers ---


def test_a_thousand_connections_and_a_flood_of_hellos_cost_no_session(lab, routers):
    before = uids(lab)
    with inside(lab.namespace("R2")):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.12.2"))
        streams = []
        for _ in range(1000):
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            s.setblocking(False)
            s.bind(("10.0.12.2", 0))
            s.connect_ex(("10.0.12.1", 646))
            streams.append(s)

    def hello_from(k):  # one of two hundred strangers, each with its own address and a short hold time
        lsr, source = socket.inet_ntoa(struct.pack("!I", 0x0b000000 + k % 200)), socket.inet_aton(f"10.0.12.{10 + k % 200}")
        hello = ldp.pdu(lsr, ldp.message(ldp.HELLO, ldp.common_hello(hold=3), ldp.transport(lsr)))
        udp = struct.pack("!HHHH", 646, 646, 8 + len(hello), 0)
        head = struct.pack("!BBHHHBBH", 0x45, 0xc0, 28 + len(hello), 0, 0, 1, 17, 0) + source + socket.inet_aton("224.0.0.2")
        raw.sendto(head + udp + hello, ("224.0.0.2", 0))

    def taken():
        """They are forgotten within three seconds; on a busy machine that may be before anybody looks."""
        for k in range(200):
            hello_from(k)
        return len(lab.rows("R1", "display", "mpls", "ldp", "adjacency")) > 100

    for k in range(20000):
        hello_from(k)
    own = [s for s in lab.sessions("R1") if s["peer"] == "2.2.2.2"]
    assert own and own[0]["state"] == "OPERATIONAL" and own[0]["uid"] == before["R1"], own
    wait_for(taken, "the strangers to be heard")
    for s in streams:
        s.close()
    raw.close()
    wait_for(lambda: len(lab.sessions("R1")) == 1, "the strangers to be forgotten", last=lambda: len(lab.sessions("R1")))
    assert uids(lab) == before and is_up(lab, "R1") and is_up(lab, "R2")
