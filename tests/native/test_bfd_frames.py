"""What goes past the sessions' sockets: packets that only say that all is well, and whose neighbour the kernel knows."""
import os
import struct

import pytest
from penult import Lab, Topology, wait_for
from penultlab.capture import Capture

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
PORT = "GigabitEthernet0/1/0"
SIX = """#
bfd six bind peer-ipv6 2001:db8:12::{far} interface GigabitEthernet0/1/0 source-ipv6 2001:db8:12::{own} auto
#
return
"""
WRONG = "02:00:00:00:00:99"


def sessions(lab, router):
    return {r["name"]: r for r in lab.rows(router, "display", "bfd", "session", "all")}


def wait_up(lab, count):
    for router in ("R1", "R2"):
        wait_for(lambda r=router: [s["state"] for s in sessions(lab, r).values()] == ["UP"] * count, f"{router}'s sessions", last=lambda r=router: sessions(lab, r))


@pytest.fixture
def lab(build):
    with Lab(Topology(os.path.join(LABS, "bfd")), build) as lab:
        wait_up(lab, 1)
        yield lab


def is_frame(frame, version):
    """By its own hand: the kernel's sockets number their packets of IPv4, and label their flows of IPv6."""
    kind, = struct.unpack("!H", frame[12:14])
    if version == 4:
        return kind == 0x0800 and frame[23] == 17 and frame[36:38] == b"\x0e\xc8" and frame[18:20] == b"\0\0"
    return kind == 0x86dd and frame[20] == 17 and frame[56:58] == b"\x0e\xc8" and frame[15:18] == b"\0\0\0"


def wait_frames(lab, version):
    def some():
        with Capture(lab, "R2", PORT) as capture:
            before = sessions(lab, "R2")  # takes a while, in which packets come
        return before and sum(is_frame(f, version) for f in capture.stop()) > 2
    wait_for(some, f"frames of IPv{version}")


def test_frames_of_both_families_keep_sessions_up_and_are_seen_as_packets(lab):
    for own, router in enumerate(("R1", "R2"), 1):
        lab.run(router, "ip", "address", "add", f"2001:db8:12::{own}/64", "dev", "ge0-1-0", "nodad")
        lab.reconfigure(router, lambda text, o=own: text.replace("#\nreturn\n", SIX.format(own=o, far=3 - o)), ["bfdd"])
    wait_up(lab, 2)
    wait_frames(lab, 4)
    wait_frames(lab, 6)
    with Capture(lab, "R1", PORT) as capture:  # where they are sent, too
        wait_for(lambda: any(is_frame(f, 4) and f[26:30] == bytes((10, 0, 12, 1)) for f in capture.frames), "what R1 sends to be captured there")
    assert all(s["downs"] == 0 for router in ("R1", "R2") for s in sessions(lab, router).values())


def test_what_the_kernel_says_of_a_neighbour_is_followed_at_once(lab):
    wait_frames(lab, 4)
    lab.run("R1", "ip", "neighbour", "replace", "10.0.12.2", "lladdr", WRONG, "nud", "permanent", "dev", "ge0-1-0")
    wait_for(lambda: sessions(lab, "R2")["r2_to_r1"]["state"] == "DOWN", "R2 to hear nothing", last=lambda: sessions(lab, "R2"))
    lab.run("R1", "ip", "neighbour", "del", "10.0.12.2", "dev", "ge0-1-0")
    wait_up(lab, 1)
    wait_frames(lab, 4)


def test_a_neighbour_that_is_forgotten_is_found_again_without_a_flap(lab):
    wait_frames(lab, 4)
    lab.run("R1", "ip", "neighbour", "flush", "dev", "ge0-1-0")
    wait_frames(lab, 4)
    assert all(s["downs"] == 0 for router in ("R1", "R2") for s in sessions(lab, router).values())
