"""labs/lsp, asserted from the kernels' own tables and from captured packets."""
import os
import re
import subprocess

import pytest
import story
from penultlab.capture import label_stack
from penult import Capture, Pinger, is_installed, more_pings, uids, wait_for
from story import CORE, FAR, FIRST, SECOND

pytestmark = pytest.mark.mpls

ROUTERS = list(story.SESSIONS)
LOOPBACK = {r: ".".join(r[1] * 4) for r in ROUTERS}
# The way of packets from each end to the other's loopback: the first pushes, the last pops.
WAYS = {"R4": ("R1", "R2", "R3"), "R1": ("R4", "R3", "R2")}
CUT_PINGS = 20  # of 50 ms: far above what is measured (one or two), far below any time-out of a protocol


def whole(lab):
    return wait_for(lambda: all(lab.follow(LOOPBACK[goal], *way) for goal, way in WAYS.items()), "complete LSPs both ways",
                    last=lambda: {r: lab.mpls_routes(r) for r in ROUTERS})


def pings(lab, count=5):
    out = lab.run("H1", "ping", "-n", "-c", str(count), "-i", "0.2", "-W", "2", FAR, check=False).stdout
    assert " 0% packet loss" in out, out


@pytest.mark.parametrize("goal", WAYS)
def test_labels_chain_from_end_to_end_and_are_popped_at_the_penultimate_hop(lab, goal):
    whole(lab)
    first, second, third = WAYS[goal]
    labels = lab.follow(LOOPBACK[goal], first, second, third)
    assert len(labels) == 2, f"pushed at {first}, swapped at {second}, popped at {third}: {labels}"
    assert labels[0] != labels[1] or goal == "R1", f"this lab gives the hops to R4 different labels: {labels}"
    given = [next(r["label"] for r in lab.rows(router, "show", "mpls", "ldp", "bindings")
                  if r["fec"] == f"{LOOPBACK[goal]}/32" and r["peer"] == "0.0.0.0") for router in (second, third)]
    assert labels == given, f"{second} and {third} gave out {given}, the kernels use {labels}"


@pytest.mark.parametrize("router", ROUTERS)
def test_every_router_has_an_lsp_to_every_loopback_in_its_kernel_with_the_labels_that_ldpd_tells(lab, router):
    whole(lab)
    lsps = {lsp["fec"]: lsp for lsp in lab.rows(router, "display", "mpls", "ldp", "lsp")}
    assert set(lsps) >= {f"{address}/32" for address in LOOPBACK.values()}, f"{router} has LSPs to {list(lsps)} only"
    kernel = lab.mpls_routes(router)
    transit = {lsp["in_label"]: lsp for lsp in lsps.values() if not lsp["egress"]}
    assert set(kernel) == set(transit), f"{router}: labels in the kernel and of ldpd"
    for label, lsp in transit.items():
        out = lsp["next_hops"][0]["out_label"]
        assert (kernel[label]["to"] or 3) == out, f"{router}: {lsp} against {kernel[label]}"
        assert kernel[label]["via"]["host"] == lsp["next_hops"][0]["address"], f"{router}: {lsp} against {kernel[label]}"
        pushed = [] if out == 3 else [str(out)]
        assert lab.pushes(router, lsp["fec"]) == pushed, f"{router}: the route to {lsp['fec']}"
    assert lsps[f"{LOOPBACK[router]}/32"]["egress"] and lsps[f"{LOOPBACK[router]}/32"]["in_label"] == 3, "implicit null for its own"


@pytest.mark.parametrize("router", ROUTERS)
def test_the_routing_table_shows_what_ip_shows(lab, router):
    whole(lab)
    shown = {r["prefix"] for r in lab.rows(router, "display", "ip", "routing-table")
             if r["installed"] and r["entries"][0]["protocol"] == "STATIC"}
    # As text: in iproute2's JSON the labels and the destination of a route have the same name.
    kernel = {d if "/" in d else f"{d}/32" for d in re.findall(r"^([\d./]+) .*proto 201", lab.run(router, "ip", "route").stdout, re.M)}
    assert kernel and shown == kernel


@pytest.mark.parametrize("router", ROUTERS)
def test_next_hops_in_the_kernel_are_those_that_are_in_use(lab, router):
    """No next hop object is left over from what the other tests did to this router."""
    whole(lab)

    def unused():
        used = set(re.findall(r"nhid (\d+)", lab.run(router, "ip", "route").stdout))
        own = {str(n["id"]): n for n in lab.json(router, "ip", "-j", "nexthop") if n.get("protocol") in ("201", 201)}
        for nexthop in own.values():
            used |= {str(member["id"]) for member in nexthop.get("group", []) if str(nexthop["id"]) in used}
        return {i: n for i, n in own.items() if i not in used}

    wait_for(lambda: not unused(), f"no unused next hop on {router}", last=unused)


def test_pings_carry_the_label_on_the_wire_and_none_after_the_penultimate_hop(lab):
    whole(lab)
    there, back = lab.follow("4.4.4.4", *WAYS["R4"]), lab.follow("1.1.1.1", *WAYS["R1"])
    with Capture(lab, "R2", CORE) as one, Capture(lab, "R3", CORE) as two, Capture(lab, "R4", CORE) as three:
        pings(lab)
    assert [c.stacks(FAR) for c in (one, two, three)] == [[[there[0]]] * 5, [[there[1]]] * 5, [[]] * 5], "requests, R1 to R4"
    assert [c.stacks("192.168.1.2") for c in (three, two, one)] == [[[back[0]]] * 5, [[back[1]]] * 5, [[]] * 5], "replies, R4 to R1"


@pytest.mark.parametrize("router", ROUTERS)
@pytest.mark.parametrize("daemon", ["ldpd", "fibd"])
def test_a_daemon_killed_and_restarted_loses_no_packet(lab, router, daemon):
    whole(lab)
    ping = Pinger(lab, "H1", FAR)
    more_pings(ping, 10, "before")
    lab.kill(router, daemon)
    more_pings(ping, 10, f"without {daemon} on {router}")
    lab.start(router, daemon)
    lab.wait_sessions(router, story.SESSIONS[router])
    lab.wait_recovered(router)  # now everything was swept that is going to be
    more_pings(ping, 20, f"after {daemon} on {router} is back")
    sent, lost = ping.stop()
    assert lost == [], f"{len(lost)} of {sent} pings were lost: {lost}"
    whole(lab)


def all_daemons_come_back(lab, routers):
    """Kills both daemons of routers at once: the kernels forward without them, and with them all is as it should be again.
    In between fibd knows the labels in the kernel but not their FECs, so ldpd gives out new ones: a packet may meet an
    old label where a new one is expected."""
    whole(lab)
    ping = Pinger(lab, "H1", FAR)
    more_pings(ping, 5, "before")
    for router in routers:
        for daemon in ("ldpd", "fibd"):
            lab.kill(router, daemon)
    more_pings(ping, 10, "without daemons")
    sent, lost = ping.stop()
    assert lost == [], f"{len(lost)} of {sent} pings were lost: {lost}"
    for router in routers:
        lab.start(router, "ldpd")
        lab.start(router, "fibd")
    for router in ROUTERS:
        lab.wait_sessions(router, story.SESSIONS[router])
        lab.wait_recovered(router)
    whole(lab)
    pings(lab)


@pytest.mark.parametrize("router", ROUTERS)
def test_both_daemons_of_a_router_killed_together_are_not_missed_and_come_back(lab, router):
    all_daemons_come_back(lab, [router])


def test_all_daemons_of_all_routers_killed_together_are_not_missed_and_come_back(lab):
    all_daemons_come_back(lab, ROUTERS)


def test_labels_stay_the_same_over_a_restart_of_ldpd(lab):
    whole(lab)
    before = {r: lab.mpls_routes(r) for r in ROUTERS}
    lab.restart("R2", "ldpd")
    lab.wait_sessions("R2", 2)
    lab.wait_recovered("R2")
    assert {r: lab.mpls_routes(r) for r in ROUTERS} == before


def test_a_cut_moves_the_lsp_to_the_parallel_link_and_its_return_moves_it_back(lab):
    whole(lab)
    assert story.leave_by(lab, FIRST), (lab.mpls_routes("R2"), lab.mpls_routes("R3"))
    session = uids(lab, "R2")
    for devices, interface, mended in ((SECOND, "GigabitEthernet0/3/0", False), (FIRST, CORE, True)):
        ping = Pinger(lab, "H1", FAR)
        more_pings(ping, 10, "before")
        lab.net.cut("first", mended=mended)
        wait_for(lambda: story.leave_by(lab, devices), f"labels on {devices}", last=lambda: (lab.mpls_routes("R2"), lab.mpls_routes("R3")))
        more_pings(ping, 20, "after")
        sent, lost = ping.stop()
        assert len(lost) <= CUT_PINGS, f"{len(lost)} of {sent} pings were lost when the link was {'mended' if mended else 'cut'}: {lost}"
        whole(lab)
        with Capture(lab, "R3", interface) as capture:
            pings(lab)
        labels = lab.follow("4.4.4.4", *WAYS["R4"])
        assert capture.stacks(FAR) == [[labels[1]]] * 5, f"they take {interface} with the label of R3"
    assert uids(lab, "R2") == session, "the session has another link and must not end"


def test_another_router_id_of_a_transit_router_ends_with_complete_lsps(lab, reconfigured):
    """R2 takes its second loopback's address: sessions end in order, new ones come, and packets have labels all the way."""
    whole(lab)
    reconfigured("R1", lambda text: text.replace("#\nreturn", "ip route-static 2.2.2.22 255.255.255.255 10.0.12.2\n#\nreturn"))
    wait_for(lambda: is_installed(lab, "R1", "2.2.2.22/32"), "R1's way to the new address")
    before = {r: lab.daemons[r, "ldpd"].text().count("2.2.2.2:0") for r in ("R1", "R3")}
    reconfigured("R2", lambda text: text.replace("mpls lsr-id 2.2.2.2\n", "mpls lsr-id 2.2.2.22\n"))
    for router, count in (("R1", 1), ("R3", 2)):
        lab.wait_sessions(router, count)
        assert "2.2.2.22" in uids(lab, router), f"{router} has a session with the new id"
        said = lab.daemons[router, "ldpd"].text().split("2.2.2.2:0")[before[router] + 1:]
        assert [words for words in said if "DOWN" in words.splitlines()[0] and "Shutdown" in words.splitlines()[0]], f"{router}: {said}"
    whole(lab)
    pings(lab)
    assert {r["peer"] for r in lab.rows("R1", "show", "mpls", "ldp", "bindings")} == {"0.0.0.0", "2.2.2.22"}, "nothing of the old id"


def test_both_links_cut_take_the_lsp_away_and_their_return_brings_it_back(lab):
    whole(lab)
    for link in ("first", "second"):
        lab.net.cut(link)
    wait_for(lambda: not lab.pushes("R2", "4.4.4.4"), "R2 without a labelled route to R4", last=lambda: lab.run("R2", "ip", "route").stdout)
    assert not is_installed(lab, "R2", "4.4.4.4/32"), "what is not in the kernel is not shown as installed"
    for link in ("second", "first"):
        lab.net.cut(link, mended=True)
    wait_for(lambda: story.leave_by(lab, FIRST), "labels on the first link", last=lambda: (lab.mpls_routes("R2"), lab.mpls_routes("R3")))
    lab.wait_sessions("R2", 2)
    whole(lab)
    pings(lab)


def delete_routes(lab):
    """One by one: `ip route flush` refuses routes with next hop objects."""
    own = re.findall(r"^(\S+) .*proto 201", lab.run("R2", "ip", "route").stdout, re.M)
    return [lab.run("R2", "ip", "route", "del", prefix, "proto", "201") for prefix in own]


def delete_nexthops(lab):
    return [lab.run("R2", "ip", "nexthop", "flush")]


def delete_labels(lab):
    return [lab.run("R2", "ip", "-M", "route", "del", str(label)) for label in lab.mpls_routes("R2")]


@pytest.mark.parametrize("delete, family", [(delete_routes, []), (delete_nexthops, []), (delete_labels, ["-M"])],
                         ids=["routes", "nexthops", "labels"])
def test_what_somebody_else_deletes_is_put_back(lab, delete, family):
    whole(lab)

    def tables():
        """All routes and labels, without the numbers of next hop objects."""
        text = lab.run("R2", "ip", "route").stdout + lab.run("R2", "ip", "-M", "route").stdout
        return sorted(re.sub(r"nhid \d+ *", "", text).split("\n"))

    before = tables()
    with open(os.path.join(lab.dir, "monitor"), "w+", encoding="utf-8") as seen:
        monitor = lab.popen("R2", ["ip", *family, "monitor", *([] if family else ["route", "nexthop"])], stdout=seen)
        until_it_listens(lab, family, seen)
        assert delete(lab), "there was nothing to delete"
        wait_for(lambda: tables() == before, "the tables of R2 as they were", last=tables)
        monitor.terminate()
        monitor.wait()
        seen.seek(0)
        assert re.search(r"^Deleted .*proto 201", seen.read(), re.M), "nothing of ours was deleted: this test shows nothing"
    wait_for(lambda: all(r["installed"] for r in lab.rows("R2", "display", "ip", "routing-table")), "every route shown as installed",
             last=lambda: lab.ctl("R2", "display", "ip", "routing-table"))
    whole(lab)
    pings(lab)


def until_it_listens(lab, family, seen):
    """Until a monitor has shown a route of the test's own that comes and goes."""
    mark, via = ("1000007", ["via", "inet", "10.0.12.1"]) if family else ("198.51.100.7", ["via", "10.0.12.1"])

    def shown():
        lab.run("R2", "ip", *family, "route", "add", mark, *via, "proto", "boot")
        lab.run("R2", "ip", *family, "route", "del", mark)
        seen.seek(0)
        return mark in seen.read()

    wait_for(shown, "ip monitor to listen")


def test_another_daemons_route_gets_its_label_by_a_shadow_and_is_not_touched(lab):
    """A route as BIRD would put it into the kernel: protocol 12, metric 32 (doc/decisions/0002)."""
    whole(lab)
    lab.run("R3", "ip", "address", "add", "9.9.9.9/32", "dev", "LoopBack1")
    for router, via in (("R2", "10.0.23.3"), ("R1", "10.0.12.2")):
        lab.run(router, "ip", "route", "add", "9.9.9.9/32", "via", via, "proto", "bird", "metric", "32")
    foreign = "9.9.9.9 via 10.0.12.2 dev ge0-1-0 proto bird metric 32"
    wait_for(lambda: lab.pushes("R1", "9.9.9.9"), "a shadow route that pushes", last=lambda: lab.run("R1", "ip", "route", "show", "9.9.9.9").stdout)
    shown = lab.run("R1", "ip", "route", "show", "9.9.9.9").stdout
    assert foreign in shown and re.search(r"proto 201 (scope \w+ )?metric 10", shown), shown
    wait_for(lambda: int(lab.pushes("R1", "9.9.9.9")[0]) in lab.mpls_routes("R2"), "R2's kernel to know that label",
             last=lambda: lab.mpls_routes("R2"))
    out = lab.run("R1", "ping", "-n", "-I", "1.1.1.1", "-c", "3", "-i", "0.2", "-W", "2", "9.9.9.9", check=False).stdout
    assert " 0% packet loss" in out, out
    lab.run("R1", "ip", "route", "del", "9.9.9.9/32", "proto", "bird", "metric", "32")
    wait_for(lambda: not lab.run("R1", "ip", "route", "show", "9.9.9.9").stdout, "the shadow to go with the route it shadowed",
             last=lambda: lab.run("R1", "ip", "route", "show", "9.9.9.9").stdout)
    lab.run("R2", "ip", "route", "del", "9.9.9.9/32", "proto", "bird", "metric", "32")
    lab.run("R3", "ip", "address", "del", "9.9.9.9/32", "dev", "LoopBack1")
    wait_for(lambda: not any(r["fec"] == "9.9.9.9/32" for r in lab.rows("R2", "display", "mpls", "ldp", "lsp")), "no LSP to it on R2",
             last=lambda: lab.rows("R2", "display", "mpls", "ldp", "lsp"))
    whole(lab)


@pytest.fixture
def reconfigured(lab):
    """Changes a router's configuration for one test: reconfigured(router, change) with change(text) -> text."""
    changed = []
    yield lambda router, edit: changed.append((router, lab.reconfigure(router, edit)))
    for router, text in reversed(changed):
        lab.reconfigure(router, lambda _, text=text: text)
    whole(lab)


def test_equal_routes_make_an_lsp_with_two_next_hops_that_both_carry_traffic(lab, reconfigured):
    whole(lab)
    reconfigured("R2", lambda text: text.replace(" preference 100", ""))
    label = int(wait_for(lambda: lab.pushes("R1", "4.4.4.4"), "R1's label")[0])

    def two_ways():
        hops = lab.mpls_routes("R2").get(label, {}).get("nexthops", [])
        return {h["dev"] for h in hops} == {"ge0-2-0", "ge0-3-0"}

    wait_for(two_ways, "both links under one label on R2", last=lambda: lab.mpls_routes("R2"))
    routes = lab.run("R2", "ip", "route", "show", "4.4.4.4").stdout
    assert routes.count("encap mpls") == 2, f"the ingress pushes on both links too: {routes}"
    with Capture(lab, "R3", CORE) as one, Capture(lab, "R3", "GigabitEthernet0/3/0") as two:
        # The kernel chooses by flow: many destinations are many flows. Nobody but the last one answers.
        others = [lab.popen("H1", ["ping", "-n", "-c", "1", "-W", "1", f"192.168.4.{last}"], stdout=subprocess.DEVNULL) for last in range(3, 23)]
        assert all(p.wait(30) == 1 for p in others)
        pings(lab)
        counts = [len([f for f in c.stop() if (label_stack(f) or [[]])[0]]) for c in (one, two)]
    assert min(counts) > 0, f"labelled packets on the two links: {counts}"


def test_ipv6_routes_hang_on_next_hop_objects_too(lab, reconfigured):
    def with_ipv6(text):
        text = text.replace(" ip address 10.0.12.1 255.255.255.0", " ip address 10.0.12.1 255.255.255.0\n ipv6 address 2001:db8:12::1/64")
        return text.replace("#\nreturn", "ipv6 route-static 2001:db8:99:: 48 2001:db8:12::2\nipv6 route-static 2001:db8:bad:: 48 NULL0\n#\nreturn")

    reconfigured("R1", with_ipv6)
    wait_for(lambda: "nhid" in lab.run("R1", "ip", "-6", "route", "show", "2001:db8:99::/48").stdout, "the IPv6 route",
             last=lambda: lab.run("R1", "ip", "-6", "route").stdout)
    route = lab.run("R1", "ip", "-6", "route", "show", "2001:db8:99::/48").stdout
    assert "via 2001:db8:12::2" in route and "proto 201" in route, route
    assert "blackhole" in lab.run("R1", "ip", "-6", "route", "show", "2001:db8:bad::/48").stdout
    rows = {r["prefix"]: r for r in lab.rows("R1", "display", "ipv6", "routing-table")}
    assert rows["2001:db8:99::/48"]["installed"] and rows["2001:db8:bad::/48"]["entries"][0]["black_hole"], rows
