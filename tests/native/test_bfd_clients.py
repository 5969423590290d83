"""Who asks bfdd for sessions: LDP for its neighbours, fibd for next hops of static routes. One session for all of them."""
import os
import subprocess

import pytest
from penult import Lab, Topology, next_hops, wait_for

LABS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "labs")
LINE = "bfd r1_to_r2 bind peer-ip 10.0.12.2 interface GigabitEthernet0/1/0 source-ip 10.0.12.1 auto"


def gateways(lab, prefix):
    routes = lab.json("R1", "ip", "-j", "route", "show", prefix)
    return sorted(h["gateway"] for r in routes for h in next_hops(r) if "gateway" in h)


def leads(lab, to):
    wait_for(lambda: gateways(lab, "2.2.2.2") == [to], f"2.2.2.2 by {to}", last=lambda: gateways(lab, "2.2.2.2"))


def sessions(lab, router="R1"):
    return lab.rows(router, "display", "bfd", "session", "all")


def ldp(lab):
    return [s["state"] for s in lab.sessions("R1")]


@pytest.fixture
def lab(build):
    with Lab(Topology(os.path.join(LABS, "bfd-clients")), build) as lab:
        for router in ("R1", "R2"):
            wait_for(lambda r=router: [s["state"] for s in sessions(lab, r)] == ["UP"], f"{router}'s one session", last=lambda r=router: sessions(lab, r))
        lab.wait_sessions("R1", 1)
        leads(lab, "10.0.12.2")
        yield lab


def test_one_session_serves_them_all(lab):
    row = sessions(lab)[0]
    assert sorted(row["clients"]) == ["fibd", "ldpd"] and not row["configured"] and row["detect_us"] == 150000, row
    assert lab.rows("R1", "display", "mpls", "ldp", "adjacency")[0]["bfd"] == "up"
    lab.reconfigure("R1", lambda text: text.replace("#\nreturn", f"#\nbfd\n#\n{LINE}\n#\nreturn"), ["bfdd"])
    row = wait_for(lambda: [s for s in sessions(lab) if s["name"] == "r1_to_r2"] and sessions(lab)[0], "the operator's name for it", last=lambda: sessions(lab))
    assert row["state"] == "UP" and row["downs"] == 0 and sorted(row["clients"]) == ["fibd", "ldpd"], row
    lab.reconfigure("R1", lambda text: text.replace(" mpls ldp bfd min-tx-interval 50 min-rx-interval 50\n", "").replace(" bfd enable", ""), ["fibd", "ldpd"])
    row = wait_for(lambda: sessions(lab)[0]["clients"] == [] and sessions(lab)[0], "both clients gone", last=lambda: sessions(lab))
    assert row["state"] == "UP" and row["downs"] == 0, row
    lab.reconfigure("R1", lambda text: text.replace(LINE + "\n", ""), ["bfdd"])
    wait_for(lambda: sessions(lab) == [], "the session gone with the last of them", last=lambda: sessions(lab))


def test_a_dead_path_ends_the_adjacency_and_moves_the_route_and_both_come_back(lab):
    before = lab.sessions("R1")[0]["uid"]
    lab.net.unplug("S", "p2")
    leads(lab, "10.1.12.2")
    wait_for(lambda: "OPERATIONAL" not in ldp(lab), "the LDP session's end, long before its hold time", timeout=10, last=lambda: lab.sessions("R1"))
    with open(lab.log("R1", "ldpd"), encoding="utf-8") as f:
        assert "BFD: the path to it is dead" in f.read()
    lab.net.unplug("S", "p2", again=True)
    leads(lab, "10.0.12.2")
    wait_for(lambda: ldp(lab) == ["OPERATIONAL"] and lab.sessions("R1")[0]["uid"] > before, "a new LDP session", last=lambda: lab.sessions("R1"))


def test_a_killed_bfdd_ends_nothing_of_its_own_router(lab):
    monitor = lab.popen("R1", ["ip", "-4", "monitor", "route", "nexthop"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lab.kill("R1", "bfdd")
    wait_for(lambda: sessions(lab, "R2")[0]["state"] == "DOWN", "R2 to notice")
    lab.start("R1", "bfdd")
    wait_for(lambda: [s["state"] for s in sessions(lab)] == ["UP"], "the session as it was asked for", last=lambda: sessions(lab))
    monitor.terminate()
    assert monitor.communicate()[0] == "", "the kernel's routes or next hops have changed"


SEND = """
import socket, struct, sys
source, to, ttl, mine, yours, port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((source, port))
s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
packet = struct.pack("!BBBBIIIII", 0x20, 0x40, 3, 24, mine, yours, 1000000, 1000000, 0)  # Down
for _ in range(5):
    s.sendto(packet, (to, 3784))
"""


@pytest.mark.parametrize("source, to, ttl, yours, reason", [
    ("10.0.12.2", "10.0.12.1", 254, "local", "TTL"),
    ("10.0.12.2", "10.0.12.1", 255, 424242, "no such session"),
    ("10.1.12.2", "10.1.12.1", 255, "local", "interface"),
], ids=["from another link by its TTL", "wrong discriminator", "wrong interface"])
def test_packets_off_the_path_change_nothing_and_are_counted(lab, source, to, ttl, yours, reason):
    before = sessions(lab)[0]
    number = before["local"] if yours == "local" else yours
    lab.run("R2", "/usr/bin/python3", "-c", SEND, source, to, str(ttl), str(before["remote"]), str(number), "50000")

    def refused():
        process = lab.ctl("R1", "display", "bfd", "statistics")
        return [line for line in process.splitlines() if reason in line and line.split(":")[-1].strip() == "5"]
    wait_for(refused, f"five packets refused for: {reason}", last=lambda: lab.ctl("R1", "display", "bfd", "statistics"))
    after = sessions(lab)[0]
    assert (after["state"], after["downs"], after["ups"]) == ("UP", before["downs"], before["ups"]), after
