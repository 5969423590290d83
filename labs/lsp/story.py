"""The story of labs/lsp: routers find each other, build an LSP, carry traffic, and lose a link.

Nothing here waits for time: each step waits for what it tells of, and every claim is read from the kernel or the wire.
"""
import time

from penultlab.capture import Capture, Pinger, label_stack
from penultlab.net import wait_for

ROUTERS = ["R1", "R2", "R3", "R4"]
SESSIONS = {"R1": 1, "R2": 2, "R3": 2, "R4": 1}  # R2 and R3 have one session over two links


class Teller:
    def __init__(self, quiet):
        self.quiet, self.begun, self.failed = quiet, time.monotonic(), []

    def say(self, text=""):
        if not self.quiet:
            print(text, flush=True)

    def step(self, text):
        self.say(f"\n[{time.monotonic() - self.begun:6.1f} s] {text}")

    def show(self, text):
        self.say("\n".join("    " + line for line in text.strip("\n").splitlines()))

    def check(self, ok, text):
        self.say(f"    {'ok' if ok else 'FAILED'}: {text}")
        if not ok:
            self.failed.append(text)


def lsp_is_complete(lab, labels_of):
    """Follows the labels from R1 to R4 through the kernels' own tables. Returns the labels, or None."""
    push = [p for p in lab.pushes("R1", "4.4.4.4") if p]
    if not push:
        return None
    chain, label = [int(push[0])], int(push[0])
    for node in labels_of:
        entry = lab.mpls_routes(node).get(label)
        if not entry:
            return None
        to = entry.get("to")
        if not to:
            return chain  # popped here: the next router is the egress
        label = int(to[0] if isinstance(to, list) else to)
        chain.append(label)
    return None


def labelled(frames, address):
    """The label stacks of IPv4 packets to an address among frames."""
    want = bytes(int(b) for b in address.split("."))
    found = []
    for frame in frames:
        stack = label_stack(frame)
        if stack and frame[14 + 4 * len(stack) + 16:14 + 4 * len(stack) + 20] == want:
            found.append(stack)
    return found


def sessions(lab, t):
    t.step("Four routers start from their configuration files. Each sends Hellos on its links.")
    for r in ROUTERS:
        lab.start_node(r)
    for r in ROUTERS:
        lab.wait_sessions(r, SESSIONS[r])
    t.step("Everybody has found everybody: R2, in the middle, says")
    t.show(lab.ctl("R2", "display", "mpls", "ldp", "session"))


def labels(lab, t):
    chain = wait_for(lambda: lsp_is_complete(lab, ["R2", "R3"]), "a complete LSP from R1 to R4")
    t.step("Labels have been exchanged. The way to 4.4.4.4 in the kernels' own tables, from R1 on:")
    t.show(lab.run("R1", "ip", "route", "show", "4.4.4.4").stdout)
    for r in ("R2", "R3"):
        t.show(f"{r}: " + lab.run(r, "ip", "-M", "route", "show").stdout.replace("\n", "\n    "))
    t.show(lab.ctl("R2", "display", "mpls", "lsp"))
    t.check(True, f"R1 pushes {chain[0]}, and hop by hop it is {' -> '.join(map(str, chain))} -> popped at R3 for R4")
    return chain


def traffic(lab, t, chain):
    t.step("H1 pings H2. The packets are captured between R1 and R2, and between R2 and R3:")
    with Capture(lab, "R2", "ge0-1-0") as one, Capture(lab, "R3", "ge0-1-0") as two:
        out = lab.run("H1", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "192.168.4.2", check=False)
        first, second = labelled(one.stop(), "192.168.4.2"), labelled(two.stop(), "192.168.4.2")
    t.show(out.stdout.strip().splitlines()[-2] if out.stdout.strip() else out.stderr)
    t.check(" 0% packet loss" in out.stdout, "every ping is answered")
    t.check(first and all(s == [chain[0]] for s in first), f"between R1 and R2 they carry label {chain[0]}: {first[:3]}")
    t.check(second and all(s == chain[1:2] for s in second), f"between R2 and R3 they carry label {chain[1]}: {second[:3]}")


def cut(lab, t):
    t.step("Now the link R2-R3 is cut under a running ping (20 packets a second).")
    ping = Pinger(lab, "H1", "192.168.4.2")
    wait_for(lambda: ping.replies() > 10, "ten pings")
    lab.cut("R3", "GigabitEthernet0/1/0")
    before = ping.replies()
    wait_for(lambda: any(r.get("dev") == "ge0-3-0" for r in lab.mpls_routes("R2").values()), "R2's labels on the parallel link")
    wait_for(lambda: ping.replies() > before + 20, "pings over the other path")
    t.show("R2: " + lab.run("R2", "ip", "-M", "route", "show").stdout.replace("\n", "\n    "))
    with Capture(lab, "R3", "ge0-3-0") as other:
        lab.run("H1", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "192.168.4.2")
        stacks = labelled(other.stop(), "192.168.4.2")
    t.check(bool(stacks), f"labelled packets take the parallel link: {stacks[:3]}")
    t.step("The link comes back.")
    lab.cut("R3", "GigabitEthernet0/1/0", mended=True)
    wait_for(lambda: any(r.get("dev") == "ge0-2-0" for r in lab.mpls_routes("R2").values()), "R2's labels on the first link again")
    before = ping.replies()
    wait_for(lambda: ping.replies() > before + 20, "pings over the first path")
    sent, received, lost = ping.stop()
    t.check(len(lost) <= 40, f"of {sent} pings {len(lost)} were lost over cut and return: about {len(lost) * 50} ms")


def killed(lab, t):
    t.step("On R2 ldpd and then fibd are killed (kill -9) and started again, under the ping.")
    ping = Pinger(lab, "H1", "192.168.4.2")
    wait_for(lambda: ping.replies() > 10, "ten pings")
    for daemon in ("ldpd", "fibd"):
        lab.kill("R2", daemon)
        before = ping.replies()
        wait_for(lambda: ping.replies() > before + 10, f"pings without {daemon}")
        lab.start("R2", daemon)
        lab.wait_sessions("R2", 2)
        before = ping.replies()
        wait_for(lambda: ping.replies() > before + 10, f"pings after {daemon} is back")
    sent, received, lost = ping.stop()
    t.check(not lost, f"of {sent} pings {len(lost)} were lost")


def tell(lab, quiet=False):
    t = Teller(quiet)
    sessions(lab, t)
    chain = labels(lab, t)
    traffic(lab, t, chain)
    cut(lab, t)
    killed(lab, t)
    t.say()
    t.step("The end." if not t.failed else "Not as it should be: " + "; ".join(t.failed))
    return 1 if t.failed else 0
