"""How sessions end and come back: hold times, one link of two, another router id; each with its log line (reference 001)."""
import re

from penult import bindings, uids, wait_for

OTHER = {"R1": "2.2.2.2", "R2": "1.1.1.1"}
# The other's addresses on the first link and on the second.
LINKS = {"R1": ["10.0.12.2", "10.1.12.2"], "R2": ["10.0.12.1", "10.1.12.1"]}
SHORT = "mpls ldp discovery hello interval 1\nmpls ldp discovery hello holdtime 3\n"


def changes(lab, router):
    """What the log says of sessions: [(neighbour, number, what)]."""
    return re.findall(r"%LDP-5-NBRCHG: LDP Neighbor ([\d.]+):0 \((\d+)\) is (.*)$", lab.daemons[router, "ldpd"].text(), re.M)


def wait_changes(lab, router, *expected):
    wait_for(lambda: changes(lab, router) == list(expected), f"{expected} in {router}'s log", last=lambda: changes(lab, router))


def add(lab, router, text):
    lab.reconfigure(router, lambda before: before.replace("#\nreturn", f"{text}#\nreturn"))


def heard(lab, router):
    """The other's addresses that Hellos come from."""
    return sorted(a["source"] for a in lab.rows(router, "display", "mpls", "ldp", "adjacency"))


def silence(lab, *switches, again=False):
    for switch in switches:
        lab.net.unplug(switch, "p2", again=again)


def test_the_first_of_two_links_goes_silent_and_the_session_stays_until_the_second_does(twin):
    for router in OTHER:
        add(twin, router, SHORT)
    before = {r: (uids(twin, r), bindings(twin, r)) for r in OTHER}
    silence(twin, "S1")
    for router in OTHER:
        wait_for(lambda r=router: heard(twin, r) == LINKS[r][1:], f"{router} to miss one link", last=lambda r=router: heard(twin, r))
        assert twin.sessions(router)[0]["state"] == "OPERATIONAL"
        assert changes(twin, router) == [(OTHER[router], "1", "UP")]
    assert {r: (uids(twin, r), bindings(twin, r)) for r in OTHER} == before
    assert all(i["active"] for i in twin.rows("R1", "display", "mpls", "ldp", "interface")), "both links have their carrier"
    silence(twin, "S2")
    for router in OTHER:
        wait_changes(twin, router, (OTHER[router], "1", "UP"), (OTHER[router], "1", "DOWN (Discovery Hello Hold Timer expired)"))
        assert heard(twin, router) == []
    silence(twin, "S1", "S2", again=True)
    for router in OTHER:
        wait_changes(twin, router, (OTHER[router], "1", "UP"), (OTHER[router], "1", "DOWN (Discovery Hello Hold Timer expired)"),
                     (OTHER[router], "2", "UP"))


def test_a_session_that_hears_nothing_ends_at_its_hold_time_while_hellos_go_on(twin):
    """No unicast between the routers: Hellos pass, the session's packets do not."""
    for router in OTHER:
        add(twin, router, "mpls ldp holdtime 15\n")
    twin.ctl("R1", "clear", "mpls", "ldp", "neighbor", "*")
    for router in OTHER:
        wait_for(lambda r=router: uids(twin, r) == {OTHER[r]: 2} and twin.sessions(r)[0]["state"] == "OPERATIONAL", f"the second session of {router}",
                 last=lambda r=router: twin.sessions(r))
    for router in OTHER:
        twin.run(router, "ip", "rule", "add", "to", OTHER[router], "blackhole", "pref", "1")
    for router in OTHER:
        wait_for(lambda r=router: changes(twin, r)[-1] == (OTHER[r], "2", "DOWN (Session KeepAlive Timer expired)"), f"the line in {router}'s log",
                 last=lambda r=router: changes(twin, r))
        assert heard(twin, router) == LINKS[router]
    for router in OTHER:
        twin.run(router, "ip", "rule", "del", "pref", "1")
    for router in OTHER:
        wait_for(lambda r=router: changes(twin, r)[-1] == (OTHER[r], "3", "UP"), f"the third session of {router}", last=lambda r=router: changes(twin, r))


def test_another_router_id_ends_the_session_in_order_and_brings_a_new_one_with_all_labels(twin):
    add(twin, "R2", "ip route-static 1.1.1.9 255.255.255.255 10.0.12.1\n")
    add(twin, "R1", "interface LoopBack9\n ip address 1.1.1.9 255.255.255.255\n")
    wait_for(lambda: bindings(twin, "R2").get(("1.1.1.9/32", "1.1.1.1")) == 3, "the label of the new address", last=lambda: bindings(twin, "R2"))
    old = {fec: label for (fec, peer), label in bindings(twin, "R1").items() if peer == "0.0.0.0"}
    twin.reconfigure("R1", lambda text: text.replace("mpls lsr-id 1.1.1.1\n", "mpls lsr-id 1.1.1.9\n"))
    wait_for(lambda: [(s["peer"], s["state"]) for s in twin.sessions("R2") if s["state"] != "NON_EXISTENT"] == [("1.1.1.9", "OPERATIONAL")],
             "R2's session with the new id", last=lambda: twin.sessions("R2"))
    wait_changes(twin, "R1", ("2.2.2.2", "1", "UP"), ("2.2.2.2", "1", "DOWN (the LSR id was changed)"), ("2.2.2.2", "2", "UP"))
    assert changes(twin, "R2")[1][2] == "DOWN (Received error notification from peer: Shutdown)", changes(twin, "R2")
    told = {"1.1.1.1/32": 3, "1.1.1.9/32": 3, "2.2.2.2/32": old["2.2.2.2/32"]}
    wait_for(lambda: {fec: label for (fec, peer), label in bindings(twin, "R2").items() if peer == "1.1.1.9"} == told, f"{told} from the new id",
             last=lambda: bindings(twin, "R2"))
    assert not [key for key in bindings(twin, "R2") if key[1] == "1.1.1.1"], "nothing of the old id is left"
    assert {fec: label for (fec, peer), label in bindings(twin, "R1").items() if peer == "2.2.2.2"}, "R2 tells its labels to the new id"
