"""The story of labs/bfd-static: a path dies while both its ends keep their carrier, and static routes leave it by one message.

What moved, when, and by how many messages is read from the kernel's own notices (`ip monitor`); what it cost, from numbered packets
that run in both directions all the time, one each millisecond.
"""
import datetime
import re
import subprocess
import threading

from penultlab.capture import Pacer, count_loss, sent_more
from penultlab.net import next_hops, wait_for
from penultlab.teller import Teller

FIRST, SECOND = "10.0.12.2", "10.1.12.2"
HOSTS = {"H1": "192.168.1.2", "H2": "192.168.2.2"}
MANY = 10000
PACKETS = 500
CUT_MS = 500    # what a cut may cost at most where the daemons are built with sanitizers and share two cores with everything else


class Monitor:
    """The kernel's notices of routes and next hops on a router: [(seconds since the epoch, "nexthop" or "route", text)]."""

    def __init__(self, lab, router):
        self.seen = []
        self.popen = lab.popen(router, ["ip", "-4", "-ts", "monitor", "nexthop", "route"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.popen.stdout:
            m = re.match(r"\[([^\]]+)\] (.*)", line)
            if m:
                kind = "nexthop" if re.search(r"\bid \d+", m.group(2)) and "nhid" not in m.group(2) else "route"
                self.seen.append((datetime.datetime.fromisoformat(m.group(1)).timestamp(), kind, m.group(2)))

    def stop(self):
        self.popen.terminate()
        self.popen.wait(30)
        self.thread.join(30)
        return self.seen


def gateways(lab, prefix):
    routes = lab.json("R1", "ip", "-j", "route", "show", prefix)
    return sorted(h["gateway"] for r in routes for h in next_hops(r) if "gateway" in h)


def leads(lab, prefix, to):
    wait_for(lambda: gateways(lab, prefix) == [to], f"{prefix} by {to}", last=lambda: gateways(lab, prefix))


def verbose(lab, prefix):
    return lab.ctl("R1", "display", "ip", "routing-table", prefix, "verbose")


def standby(lab, prefix):
    m = re.search(r"Standby: (\S+)", verbose(lab, prefix))
    return m and m.group(1)


def session(lab, router):
    rows = lab.rows(router, "display", "bfd", "session", "all")
    return rows[0] if rows else {"state": "none", "detect_us": 0}


def both_up(lab):
    for router in ("R1", "R2"):
        wait_for(lambda r=router: session(lab, r)["state"] == "UP" and session(lab, r)["detect_us"] == 30000, f"{router}'s session with its own timers",
                 last=lambda r=router: session(lab, r))


def move(lab, t, prefix, to, change, most_ms, text):
    """A change that moves R1's routes, under numbered packets and the kernel's notices."""
    pacers = {f"{a} to {b}": Pacer(lab, a, b, HOSTS[b]) for a, b in (("H1", "H2"), ("H2", "H1"))}
    monitor = Monitor(lab, "R1")
    sent_more(lab, "H1", "eth0", PACKETS)
    begun = datetime.datetime.now().timestamp()
    change()
    leads(lab, prefix, to)
    leads(lab, "192.168.2.0/24", to)
    sent_more(lab, "H1", "eth0", PACKETS)
    seen = [notice for notice in monitor.stop() if notice[0] >= begun]
    groups = [n for n in seen if n[1] == "nexthop" and " group " in n[2]]
    if t.check(groups and len(groups) <= 3, f"the kernel told of {len(groups)} change(s) of a group of next hops, whatever the number of routes on it"):
        t.show(f"the first, {(groups[0][0] - begun) * 1000:.0f} ms after the command was begun: {groups[0][2]}")
        before = [n for n in seen if n[1] == "route" and n[0] < groups[0][0]]
        t.check(not before, "no route was touched before; what the kernel tells of routes afterwards only repeats it")
    count_loss(t, pacers, most_ms, text)


def cut_and_return(lab, t, prefix):
    t.step("R2's port is taken out of S1: nobody loses a carrier, R1 and R2 hear nothing more of each other.")
    move(lab, t, prefix, SECOND, lambda: lab.net.unplug("S1", "p2"), CUT_MS, "in the cut")
    t.show(lab.ctl("R1", "display", "bfd", "session", "all"))
    t.step("The port is put back.")
    move(lab, t, prefix, FIRST, lambda: lab.net.unplug("S1", "p2", again=True), 0, "in the return")
    both_up(lab)


def tell(lab, quiet=False):
    t = Teller(quiet)
    t.step("Two routers start; each watches the first path to the other with BFD, 10 ms x 3.")
    lab.start_all()
    both_up(lab)
    t.show(lab.ctl("R1", "display", "bfd", "session", "all", "verbose"))
    leads(lab, "192.168.2.0/24", FIRST)
    stands_by = wait_for(lambda: standby(lab, "192.168.2.0/24"), "the second path to stand by", last=lambda: verbose(lab, "192.168.2.0/24"))
    t.show(verbose(lab, "192.168.2.0/24"))
    t.check(stands_by == SECOND, f"{stands_by} stands by in the kernel")
    cut_and_return(lab, t, "192.168.2.0/24")

    t.step(f"Now R1 has {MANY} more prefixes behind R2, all of them following that one session.")
    lines = "".join(f"ip route-static 20.{i >> 8}.{i & 255}.0 24 {FIRST} track bfd-session r1_to_r2\n"
                    f"ip route-static 20.{i >> 8}.{i & 255}.0 24 {SECOND} preference 80\n" for i in range(MANY))
    lab.reconfigure("R1", lambda text: text.replace("#\nreturn", f"#\n{lines}#\nreturn"), ["fibd"])
    last = f"20.{(MANY - 1) >> 8}.{(MANY - 1) & 255}.0/24"
    leads(lab, last, FIRST)
    count = wait_for(lambda: lab.run("R1", "sh", "-c", "ip route show root 20.0.0.0/8 | grep -c ^20").stdout.strip() == str(MANY) and MANY, "all of them")
    t.check(count == MANY, f"{count} routes are in the kernel")
    cut_and_return(lab, t, last)
    return t.end()
