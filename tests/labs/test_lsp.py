"""labs/lsp, asserted from the kernels' own tables and from captured packets."""
import re

import pytest
import story
from penultlab.capture import Capture, Pinger
from penultlab.net import wait_for

ROUTERS = story.ROUTERS
LOOPBACK = {r: ".".join(r[1] * 4) for r in ROUTERS}
# Who is on the way from one end to the other.
WAYS = {("R1", "R4"): ["R2", "R3"], ("R4", "R1"): ["R3", "R2"]}


def follow(lab, start, goal):
    """The labels from `start` to `goal`'s loopback through the kernels' tables; None while the chain is not complete."""
    push = lab.pushes(start, LOOPBACK[goal])
    if not push:
        return None
    labels = [int(push[0])]
    for router in WAYS[start, goal]:
        entry = lab.mpls_routes(router).get(labels[-1])
        if entry is None:
            return None
        to = entry.get("to")
        if not to:
            return labels
        labels.append(int(to[0] if isinstance(to, list) else to))
    return None


def whole(lab):
    return wait_for(lambda: all(follow(lab, *way) for way in WAYS), "complete LSPs both ways")


@pytest.mark.parametrize("way", WAYS)
def test_labels_chain_from_end_to_end_and_are_popped_at_the_penultimate_hop(lab, way):
    labels = wait_for(lambda: follow(lab, *way), f"a complete LSP {way}")
    assert len(labels) == 2, f"pushed at {way[0]}, swapped once, popped once: {labels}"


@pytest.mark.parametrize("router", ROUTERS)
def test_every_ldp_lsp_is_in_the_kernel_with_the_labels_that_ldpd_tells(lab, router):
    whole(lab)
    kernel = lab.mpls_routes(router)
    for lsp in lab.ctl(router, "display", "mpls", "ldp", "lsp", json_rows=True):
        if lsp["egress"]:
            assert lsp["in_label"] == 3, f"{router}: the egress asks for implicit null: {lsp}"
            continue
        entry = kernel.get(lsp["in_label"])
        assert entry, f"{router}: label {lsp['in_label']} for {lsp['fec']} is not in the kernel"
        out = lsp["next_hops"][0]["out_label"]
        to = entry.get("to")
        assert (int(to[0] if isinstance(to, list) else to) if to else 3) == out, f"{router}: {lsp} against {entry}"


@pytest.mark.parametrize("router", ROUTERS)
def test_the_routing_table_shows_what_ip_shows(lab, router):
    shown = {r["prefix"]: r for r in lab.ctl(router, "display", "ip", "routing-table", json_rows=True)}
    kernel = lab.json(router, "ip", "-j", "route", "show", "proto", "201")
    assert kernel, f"{router} has no route of ours in the kernel"
    for route in kernel:
        prefix = route["dst"] if "/" in str(route["dst"]) else None
        if prefix is None:
            continue  # with labels iproute2 gives two fields one name; the labels are checked above
        assert shown[prefix]["installed"], f"{router}: {prefix} is in the kernel and not shown as such"
    static = [p for p, r in shown.items() if r["installed"] and r["entries"][0]["protocol"] == "STATIC"]
    assert len(static) == len(kernel), f"{router} shows {static}, the kernel has {kernel}"


def test_pings_carry_the_label_on_the_wire_and_none_after_the_penultimate_hop(lab):
    whole(lab)
    labels = follow(lab, "R1", "R4")
    with Capture(lab, "R2", "ge0-1-0") as one, Capture(lab, "R3", "ge0-1-0") as two, Capture(lab, "R4", "ge0-1-0") as three:
        out = lab.run("H1", "ping", "-n", "-c", "5", "-i", "0.2", "-W", "2", "192.168.4.2", check=False).stdout
        frames = [c.stop() for c in (one, two, three)]
    assert " 0% packet loss" in out, out
    stacks = [story.labelled(f, "192.168.4.2") for f in frames]
    assert stacks[0] and all(s == [labels[0]] for s in stacks[0]), f"R1 to R2: {stacks[0]}, wanted {labels[0]}"
    assert stacks[1] and all(s == [labels[1]] for s in stacks[1]), f"R2 to R3: {stacks[1]}, wanted {labels[1]}"
    assert stacks[2] == [], f"R3 to R4 is popped, yet there are labels: {stacks[2]}"


@pytest.mark.parametrize("router", ROUTERS)
@pytest.mark.parametrize("daemon", ["ldpd", "fibd"])
def test_a_daemon_killed_and_restarted_loses_no_packet(lab, router, daemon):
    whole(lab)
    ping = Pinger(lab, "H1", "192.168.4.2")
    wait_for(lambda: ping.replies() > 10, "ten pings before")
    lab.kill(router, daemon)
    before = ping.replies()
    wait_for(lambda: ping.replies() > before + 10, f"ten pings without {daemon} on {router}")
    lab.start(router, daemon)
    lab.wait_sessions(router, story.SESSIONS[router])
    # Until everything was swept that is going to be: the restarted ldpd says when it is complete.
    wait_for(lambda: lab.ctl(router, "show", "mpls", "ldp", "parameters", json_rows=True)[0]["recovering"] is False,
             f"{router}'s labels to be complete")
    before = ping.replies()
    wait_for(lambda: ping.replies() > before + 20, f"twenty pings after {daemon} on {router} is back")
    sent, _, lost = ping.stop()
    assert lost == [], f"{len(lost)} of {sent} pings were lost: {lost}"
    whole(lab)


def test_labels_stay_the_same_over_a_restart_of_ldpd(lab):
    whole(lab)
    before = follow(lab, "R1", "R4")
    lab.kill("R2", "ldpd")
    lab.start("R2", "ldpd")
    lab.wait_sessions("R2", 2)
    wait_for(lambda: lab.ctl("R2", "show", "mpls", "ldp", "parameters", json_rows=True)[0]["recovering"] is False, "R2 to recover")
    assert follow(lab, "R1", "R4") == before


def test_a_cut_moves_the_lsp_to_the_parallel_link_and_its_return_moves_it_back(lab):
    whole(lab)

    def leaves_by(device):
        return {r.get("dev") for r in lab.mpls_routes("R2").values() if r.get("to")} == {device}

    assert leaves_by("ge0-2-0"), lab.mpls_routes("R2")
    lab.cut("R3", "GigabitEthernet0/1/0")
    try:
        wait_for(lambda: leaves_by("ge0-3-0"), "R2's labels on the parallel link", last=lambda: lab.mpls_routes("R2"))
        whole(lab)
        with Capture(lab, "R3", "ge0-3-0") as other:
            out = lab.run("H1", "ping", "-n", "-c", "5", "-i", "0.2", "-W", "2", "192.168.4.2", check=False).stdout
            stacks = story.labelled(other.stop(), "192.168.4.2")
        assert " 0% packet loss" in out and len(stacks) == 5, f"{out}\n{stacks}"
        assert all(s["state"] == "OPERATIONAL" for s in lab.sessions("R2")), "the session has another link and must not end"
    finally:
        lab.cut("R3", "GigabitEthernet0/1/0", mended=True)
    wait_for(lambda: leaves_by("ge0-2-0"), "R2's labels on the first link again", last=lambda: lab.mpls_routes("R2"))
    whole(lab)


@pytest.mark.parametrize("flush", [["route", "flush", "proto", "201"], ["nexthop", "flush"], ["-M", "route", "flush", "proto", "201"]],
                         ids=["routes", "nexthops", "labels"])
def test_what_somebody_else_deletes_is_put_back(lab, flush):
    whole(lab)
    before = lab.run("R2", "ip", "route", "show").stdout
    lab.run("R2", "ip", *flush, check=False)

    def restored():
        now = re.sub(r"nhid \d+", "", lab.run("R2", "ip", "route", "show").stdout)
        return now == re.sub(r"nhid \d+", "", before)

    wait_for(restored, f"the routes of R2 after `ip {' '.join(flush)}`", last=lambda: lab.run("R2", "ip", "route", "show").stdout)
    whole(lab)
    wait_for(lambda: all(r["installed"] for r in lab.ctl("R2", "display", "ip", "routing-table", json_rows=True)), "every route shown as installed")


def test_another_daemons_route_gets_its_label_by_a_shadow_and_is_not_touched(lab):
    """A route as BIRD would put it into the kernel: protocol 12, metric 32 (doc/decisions/0002)."""
    whole(lab)
    lab.run("R3", "ip", "address", "add", "9.9.9.9/32", "dev", "LoopBack1")
    for router, via in (("R2", "10.0.23.3"), ("R1", "10.0.12.2")):
        lab.run(router, "ip", "route", "add", "9.9.9.9/32", "via", via, "proto", "bird", "metric", "32")
    foreign = "9.9.9.9 via 10.0.12.2 dev ge0-1-0 proto bird metric 32"
    wait_for(lambda: lab.pushes("R1", "9.9.9.9"), "a shadow route that pushes", last=lambda: lab.run("R1", "ip", "route", "show", "9.9.9.9").stdout)
    shown = lab.run("R1", "ip", "route", "show", "9.9.9.9").stdout
    assert foreign in shown and "proto 201 metric 10" in shown, shown
    assert int(lab.pushes("R1", "9.9.9.9")[0]) in lab.mpls_routes("R2")
    out = lab.run("R1", "ping", "-n", "-I", "1.1.1.1", "-c", "3", "-i", "0.2", "-W", "2", "9.9.9.9", check=False).stdout
    assert " 0% packet loss" in out, out
    lab.run("R1", "ip", "route", "del", "9.9.9.9/32", "proto", "bird", "metric", "32")
    wait_for(lambda: not lab.run("R1", "ip", "route", "show", "9.9.9.9").stdout, "the shadow to go with the route it shadowed")
    lab.run("R2", "ip", "route", "del", "9.9.9.9/32", "proto", "bird", "metric", "32")
    lab.run("R3", "ip", "address", "del", "9.9.9.9/32", "dev", "LoopBack1")
    whole(lab)


@pytest.fixture
def reconfigured(lab, tmp_path):
    """Changes a router's configuration for one test: reconfigured(router, change) with change(text) -> text."""
    import os
    import signal

    changed = []

    def change(router, edit):
        path = lab.config(router)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        copy = os.path.join(lab.dir, f"{router}.changed.conf")
        with open(copy, "w", encoding="utf-8") as f:
            f.write(edit(text))
        # The daemon was started with a path of its own: a copy takes its place for this lab.
        for daemon in ("fibd", "ldpd"):
            lab.kill(router, daemon)
        lab.config = lambda node, was=lab.config: copy if node == router else was(node)
        for daemon in ("fibd", "ldpd"):
            lab.start(router, daemon)
        lab.wait_sessions(router, story.SESSIONS[router])
        changed.append((router, copy, text))

    yield change
    for router, copy, text in changed:
        with open(copy, "w", encoding="utf-8") as f:
            f.write(text)
        for daemon in ("fibd", "ldpd"):
            lab.daemons[router, daemon].popen.send_signal(signal.SIGHUP)
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
    with Capture(lab, "R3", "ge0-1-0") as one, Capture(lab, "R3", "ge0-3-0") as two:
        for last in range(3, 23):  # the kernel chooses by flow: many destinations are many flows
            lab.run("H1", "ping", "-n", "-c", "1", "-W", "1", f"192.168.4.{last}", check=False)
        lab.run("H1", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", "192.168.4.2")
        counts = [len([f for f in c.stop() if story.label_stack(f)]) for c in (one, two)]
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
    rows = {r["prefix"]: r for r in lab.ctl("R1", "display", "ipv6", "routing-table", json_rows=True)}
    assert rows["2001:db8:99::/48"]["installed"] and rows["2001:db8:bad::/48"]["entries"][0]["black_hole"], rows
