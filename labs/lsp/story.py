"""The story of labs/lsp: routers find each other, build an LSP, carry traffic, lose a link and their daemons.

Nothing here waits for time: each step waits for what it tells of, and every claim is read from the kernel or the wire.
"""
import time

from penultlab.capture import Capture, Pinger
from penultlab.net import wait_for
from penultlab.teller import Teller

SESSIONS = {"R1": 1, "R2": 2, "R3": 2, "R4": 1}  # R2 and R3 have one session over two links
FAR = "192.168.4.2"
CORE = "GigabitEthernet0/1/0"
# Devices of R2 and of R3 on the two links between them.
FIRST, SECOND = {"R2": "ge0-2-0", "R3": "ge0-1-0"}, {"R2": "ge0-3-0", "R3": "ge0-3-0"}
CUT_MS = 500    # what a cut may cost at most in an emulated machine, where starting a command takes 50 ms
PINGS = 20


def leave_by(lab, devices):
    """Whether all labelled packets between R2 and R3 use these devices, by both kernels."""
    for router, neighbours in (("R2", ("10.0.23.3", "10.1.23.3")), ("R3", ("10.0.23.2", "10.1.23.2"))):
        used = {r.get("dev") for r in lab.mpls_routes(router).values() if r.get("via", {}).get("host") in neighbours}
        if used != {devices[router]}:
            return False
    return True


def more(ping, count, what):
    before = ping.replies()
    wait_for(lambda: ping.replies() >= before + count, f"{count} more pings {what}")


def sessions(lab, t):
    t.step("Four routers start from their configuration files. Each sends Hellos on its links.")
    begun = time.monotonic()
    lab.start_all()
    t.show(f"all eight daemons say that they serve, after {time.monotonic() - begun:.1f} s")
    waiting = dict(SESSIONS)
    while waiting:
        router = wait_for(lambda: next((r for r, n in waiting.items() if sum(s["state"] == "OPERATIONAL" for s in lab.sessions(r)) >= n), None),
                          "sessions", last=lambda: {r: lab.sessions(r) for r in waiting})
        t.show(f"{router}: {waiting.pop(router)} session(s) up after {time.monotonic() - begun:.1f} s")
    for router, count in SESSIONS.items():
        lab.wait_sessions(router, count)
    t.step("Everybody has found everybody. R2, in the middle:")
    t.show(lab.ctl("R2", "display", "mpls", "ldp", "session"))


def labels(lab, t):
    chain = wait_for(lambda: lab.follow("4.4.4.4", "R1", "R2", "R3"), "a complete LSP from R1 to R4")
    back = wait_for(lambda: lab.follow("1.1.1.1", "R4", "R3", "R2"), "a complete LSP from R4 to R1")
    t.step("Labels have been exchanged. The way to 4.4.4.4 in the kernels' own tables, from R1 on:")
    t.show(lab.run("R1", "ip", "route", "show", "4.4.4.4").stdout, "R1: ")
    for r in ("R2", "R3"):
        t.show(lab.run(r, "ip", "-M", "route", "show").stdout, f"{r}: ")
    t.say("    and as R2 shows it:")
    t.show(lab.ctl("R2", "display", "mpls", "lsp"))
    t.check(len(chain) == 2, f"R1 pushes {chain[0]}, R2 swaps it for {chain[-1]}, R3 pops it before R4")
    t.check(len(back) == 2, f"R4 pushes {back[0]}, R3 swaps it for {back[-1]}, R2 pops it before R1")
    return chain


def traffic(lab, t, chain):
    t.step("H1 pings H2. The packets are captured on the way, between R1 and R2, R2 and R3, R3 and R4:")
    with Capture(lab, "R2", CORE) as one, Capture(lab, "R3", CORE) as two, Capture(lab, "R4", CORE) as three:
        out = lab.run("H1", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", FAR, check=False).stdout
        seen = [capture.stacks(FAR) for capture in (one, two, three)]
    t.show("\n".join((one.tcpdump(f"> {FAR}: ICMP") or ["nothing was captured"])[:1]), "tcpdump, R1 to R2: ")
    t.check(" 0% packet loss" in out, "every ping is answered")
    t.check(seen == [[[label]] * 3 for label in chain] + [[[]] * 3],
            f"label {chain[0]} from R1 to R2, {chain[1]} from R2 to R3, none from R3 to R4: {seen}")


def moved(lab, t, devices, interface, change, text):
    """Changes something under a running ping until all labels use these devices. Checks what that cost."""
    ping = Pinger(lab, "H1", FAR)
    more(ping, PINGS, "before")
    begun = time.monotonic()
    change()
    wait_for(lambda: leave_by(lab, devices), f"labels on {devices}", last=lambda: (lab.mpls_routes("R2"), lab.mpls_routes("R3")))
    t.show(f"{(time.monotonic() - begun) * 1000:.0f} ms later no label of R2 and R3 uses the other link any more:")
    t.show(lab.run("R2", "ip", "-M", "route", "show").stdout, "R2: ")
    more(ping, PINGS, "after")
    with Capture(lab, "R3", interface) as capture:
        more(ping, PINGS, "over the new path")
        stacks = capture.stacks(FAR)
    t.check(stacks and all(len(s) == 1 for s in stacks), f"{len(stacks)} labelled pings were captured there")
    sent, lost = ping.stop()
    t.check(ping.ms(lost) <= CUT_MS, f"{text} cost {len(lost)} of {sent} pings, about {ping.ms(lost)} ms")


def killed(lab, t):
    t.step("On R2 ldpd and then fibd are killed (kill -9) and started again, under the ping.")
    ping = Pinger(lab, "H1", FAR)
    more(ping, PINGS, "before")
    for daemon in ("ldpd", "fibd"):
        lab.kill("R2", daemon)
        more(ping, PINGS, f"without {daemon}")
        lab.start("R2", daemon)
        lab.wait_sessions("R2", SESSIONS["R2"])
        lab.wait_recovered("R2")
        more(ping, PINGS, f"with {daemon} again")
    sent, lost = ping.stop()
    t.check(not lost, f"of {sent} pings {len(lost)} were lost")


def tell(lab, quiet=False):
    t = Teller(quiet)
    sessions(lab, t)
    chain = labels(lab, t)
    traffic(lab, t, chain)
    t.step("The first of the two links between R2 and R3 is cut under a running ping (20 packets a second).")
    moved(lab, t, SECOND, "GigabitEthernet0/3/0", lambda: lab.net.cut("first"), "the cut")
    t.step("The link comes back.")
    moved(lab, t, FIRST, CORE, lambda: lab.net.cut("first", mended=True), "its return")
    killed(lab, t)
    return t.end()
