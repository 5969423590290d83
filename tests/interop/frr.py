"""What FRR says of LDP, and whether both sides and both kernels say the same."""
from penult import answered, bindings, wait_for
from penultlab.nodes import frr_space

ADDRESS = {"R1": "1.1.1.1", "F2": "2.2.2.2", "R3": "3.3.3.3", "R4": "4.4.4.4"}
LOOPBACKS = [f"{a}/32" for a in ADDRESS.values()]
NEIGHBOURS = ("R1", "R3")  # of FRR
TEXT = {3: "imp-null", 0: "exp-null", None: "-"}  # how FRR writes labels


def session(lab, router):
    """A router's session with FRR; without one, as if it had not come up yet."""
    return next((s for s in lab.sessions(router) if s["peer"] == ADDRESS["F2"]), {"state": "NON_EXISTENT", "uid": 0})


def wait_session(lab, router, after=0):
    return wait_for(lambda: session(lab, router)["state"] == "OPERATIONAL" and session(lab, router)["uid"] > after and session(lab, router),
                    f"a session of {router} with FRR", 120, last=lambda: session(lab, router))


def configure(lab, *lines, node="F2"):
    """Lines of FRR's own configuration, from its top level."""
    words = [w for line in ("configure terminal", *lines) for w in ("-c", line)]
    lab.run(node, "vtysh", "-N", frr_space(lab, node), *words)


def told(lab, peer):
    """{prefix: (FRR's own label, the label the peer told it)} as FRR writes them."""
    rows = lab.vtysh("F2", "show mpls ldp binding json").get("bindings", [])
    return {b["prefix"]: (b["localLabel"], b["remoteLabel"]) for b in rows if b["neighborId"] == ADDRESS[peer]}


def own(lab, router, fec):
    """A router's own label; None where it has none."""
    return bindings(lab, router).get((fec, "0.0.0.0"))


def of_frr(lab, router, fec):
    """The label that FRR has told a router."""
    return bindings(lab, router).get((fec, ADDRESS["F2"]))


def differences(lab, router, fecs):
    """FECs whose labels the two ends of a session do not see alike: {FEC: (FRR's view, ours)}."""
    ours, theirs = bindings(lab, router), told(lab, router)
    views = {fec: tuple(TEXT.get(label, str(label)) for label in (ours.get((fec, ADDRESS["F2"])), ours.get((fec, "0.0.0.0")))) for fec in fecs}
    return {fec: (theirs.get(fec), views[fec]) for fec in fecs if theirs.get(fec) != views[fec] or "-" in views[fec]}


def frr_kernel_differences(lab, ways):
    """FECs whose label FRR's kernel does not swap as the peers told it: ways is {FEC: the router it leads to}."""
    kernel, wrong = lab.mpls_routes("F2"), {}
    for peer in set(ways.values()):
        labels = told(lab, peer)
        for fec in (f for f, p in ways.items() if p == peer):
            local, remote = labels.get(fec, ("-", "-"))
            entry = kernel.get(int(local)) if local.isdigit() else None
            if entry is None or TEXT.get(entry["to"] or 3, str(entry["to"])) != remote:
                wrong[fec] = (local, remote, entry)
    return wrong


def agree(lab, fecs=LOOPBACKS):
    """Waits until both ends of both sessions tell the same labels, and FRR's kernel uses them."""
    for router in NEIGHBOURS:
        wait_for(lambda r=router: not differences(lab, r, fecs), f"equal labels on {router} and FRR", 120, last=lambda r=router: differences(lab, r, fecs))
    ways = {f"{ADDRESS['R1']}/32": "R1", f"{ADDRESS['R3']}/32": "R3", f"{ADDRESS['R4']}/32": "R3"}
    wait_for(lambda: not frr_kernel_differences(lab, ways), "those labels in FRR's kernel", last=lambda: frr_kernel_differences(lab, ways))


def answers(lab, source="H1", target="192.168.4.2"):
    """Waits until all of a few pings are answered. A router asks from its loopback, which the others have routes to."""
    own_address = ["-I", ADDRESS[source]] if source in ADDRESS else []
    answered(lab, source, target, *own_address, count=2)


def whole(lab):
    """Labels the same everywhere, pushed at both ends, and pings through."""
    agree(lab)
    wait_for(lambda: lab.follow("4.4.4.4", "R1", "F2", "R3") and lab.follow("1.1.1.1", "R4", "R3", "F2"), "complete LSPs both ways",
             last=lambda: {r: lab.mpls_routes(r) for r in ADDRESS})
    answers(lab)
