"""The story of labs/ldp-sync: a link returns before its labels do.

Pings with sequence numbers run all the time. The hosts' networks are known at the edges alone, so a packet that loses its
label is lost. With synchronization traffic stays on the backup path until the labels of the primary one are back; without, it
comes back with the link, and is lost.
"""
import re

from penultlab.capture import Pinger
from penultlab.net import wait_for
from penultlab.teller import Teller

FAR = "192.168.4.2"
PRIMARY, BACKUP = "10.0.12.2", "10.0.13.3"
PINGS = 20
SYNC_LINE, SYNCED = " ospf ldp-sync\n", ("R1", "R2", "R4")


def way(lab, router="R1", to="4.4.4.4"):
    """(next hop, labels pushed) of a router's route to an edge, by its kernel."""
    rows = lab.json(router, "ip", "-j", "route", "show", to)
    return (rows[0].get("gateway") or rows[0].get("via", {}).get("host"), lab.pushes(router, to)) if rows else (None, [])


def leads(lab, gateway, labelled=True):
    """R1 and R4 send over that path, with labels where they are to have some."""
    back = {PRIMARY: "10.0.24.2", BACKUP: "10.0.34.3"}[gateway]

    def both():
        there, home = way(lab), way(lab, "R4", "1.1.1.1")
        return there[0] == gateway and home[0] == back and (not labelled or bool(there[1] and home[1]))
    wait_for(both, f"traffic over {'R2' if gateway == PRIMARY else 'R3'}", 120,
             last=lambda: (way(lab), way(lab, "R4", "1.1.1.1"), lab.rows("R1", "display", "ospf", "peer")))


def sync(lab, router):
    rows = lab.rows(router, "display", "ospf", "ldp-sync", "interface", "GigabitEthernet0/1/0")
    return rows[0]["sync"] if rows else {"state": "none", "reason": ""}


def more(ping, count, what):
    before = ping.replies()
    wait_for(lambda: ping.replies() >= before + count, f"{count} more pings {what}")


def without_ldp(lab, on):
    """LDP is taken off R2, which forgets its labels, or put back. (Those of a lost session alone would be kept for a while, and would do.)"""
    lab.reconfigure("R2", lambda text: re.sub(r"^( ?)(undo )?mpls ldp$", r"\1mpls ldp" if on else r"\1undo mpls ldp", text, flags=re.M), ["ldpd"])


def up(lab, t):
    t.step("Four routers start with OSPF and LDP; the primary path is synchronized at both ends of its links.")
    lab.start_all()
    leads(lab, PRIMARY)
    for router in SYNCED:
        wait_for(lambda r=router: sync(lab, r)["state"] == "SYNC_ACHIEVED", f"{router} in step", last=lambda r=router: sync(lab, r))
    t.show(lab.ctl("R1", "display", "ospf", "ldp-sync", "interface", "all"))
    t.show(lab.run("R1", "ip", "route", "show", "4.4.4.4").stdout, "R1: ")


def fails(lab, t, ping):
    t.step("The link between R1 and R2 dies. LDP is taken off R2 meanwhile.")
    more(ping, PINGS, "before")
    lab.net.cut("primary")
    leads(lab, BACKUP)
    more(ping, PINGS, "over the backup path")
    without_ldp(lab, False)
    wait_for(lambda: not lab.rows("R1", "display", "mpls", "ldp", "adjacency") or
             all(a["peer"] != "2.2.2.2" for a in lab.rows("R1", "display", "mpls", "ldp", "adjacency")), "R1 to hear no Hello of R2")


def with_sync(lab, t, how):
    ping = Pinger(lab, "H1", FAR)
    fails(lab, t, ping)
    before = ping.stop()
    t.show(f"{len(before[1])} of {before[0]} pings were lost in the failure itself")
    ping = Pinger(lab, "H1", FAR)
    more(ping, PINGS, "before the return")
    t.step(f"The link is back, its labels are not ({how}).")
    lab.net.cut("primary", mended=True)
    wait_for(lambda: sync(lab, "R1")["state"] == "SYNC_HOLD_DOWN", "R1 holding the adjacency back", last=lambda: sync(lab, "R1"))
    t.show(lab.ctl("R1", "display", "ospf", "ldp-sync", "interface", "GigabitEthernet0/1/0"))
    wait_for(lambda: sync(lab, "R1")["state"] == "SYNC_HOLD_MAX_COST", "the end of that", last=lambda: sync(lab, "R1"))
    wait_for(lambda: any(n["interface"] == "GigabitEthernet0/1/0" and n["state"] == "NB_FULL" for n in lab.rows("R1", "display", "ospf", "peer")),
             "the adjacency with R2", last=lambda: lab.rows("R1", "display", "ospf", "peer"))
    more(ping, PINGS, "while the link costs most")
    t.show(lab.ctl("R1", "display", "ospf", "ldp-sync", "interface", "GigabitEthernet0/1/0"))
    t.check(way(lab)[0] == BACKUP, "OSPF has its neighbour there again, and traffic keeps to the backup path")
    t.step("LDP is put back.")
    without_ldp(lab, True)
    leads(lab, PRIMARY)
    more(ping, PINGS, "over the primary path")
    sent, lost = ping.stop()
    t.check(not lost, f"of {sent} pings from the link's return until traffic was back on it {len(lost)} were lost")
    t.check(bool(way(lab)[1]), f"R1 pushes {way(lab)[1]}")


def without_sync(lab, t):
    t.step("The same without synchronization.")
    for router in SYNCED:
        lab.reconfigure(router, lambda text: text.replace(SYNC_LINE, ""), ["igpd"])
    ping = Pinger(lab, "H1", FAR)
    fails(lab, t, ping)
    ping.stop()
    ping = Pinger(lab, "H1", FAR)
    more(ping, PINGS, "before the return")
    lab.net.cut("primary", mended=True)
    leads(lab, PRIMARY, labelled=False)
    sent = len(ping.lines)
    wait_for(lambda: len(ping.lines) >= sent + PINGS, "pings that are sent without a label")
    t.show(lab.run("R1", "ip", "route", "show", "4.4.4.4").stdout, "R1: ")
    without_ldp(lab, True)
    leads(lab, PRIMARY)
    more(ping, PINGS, "with labels again")
    sent, lost = ping.stop()
    t.check(len(lost) >= PINGS // 2, f"of {sent} pings {len(lost)} were lost, about {ping.ms(lost)} ms: the link came back, its labels did not")


def for_the_process(lab, t):
    t.step("And with synchronization for the whole process: `ldp-sync enable` in the area.")
    for router in SYNCED:
        lab.reconfigure(router, lambda text: text.replace(" area 0.0.0.0\n", " area 0.0.0.0\n  ldp-sync enable\n"), ["igpd"])
        wait_for(lambda r=router: {r["sync"]["state"] for r in lab.rows(r, "display", "ospf", "ldp-sync", "interface", "all")} == {"SYNC_ACHIEVED"},
                 f"all of {router}'s links in step")
    t.check(len(lab.rows("R1", "display", "ospf", "ldp-sync", "interface", "all")) == 2, "it is on both of R1's links, and not on its loopback")
    with_sync(lab, t, "for the process")


def tell(lab, quiet=False):
    t = Teller(quiet)
    up(lab, t)
    with_sync(lab, t, "on the interface")
    without_sync(lab, t)
    for_the_process(lab, t)
    return t.end()
