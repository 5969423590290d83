"""Any change, in any order: loaded one after another they end where a cold start from the last file ends."""
import json
import os
import random
import re

from penult import next_hops, wait_for


class Model:
    """A configuration that is changed at random and is always valid."""

    def __init__(self, rng):
        self.rng = rng
        self.routes, self.settings, self.peers, self.lists = {}, {}, {}, {}
        self.routes6 = {}
        self.interface = {"ldp": True, "shutdown": False, "mtu": None, "sub": None, "v6": False}
        self.loopbacks = {1: "1.1.1.1"}

    def change(self):
        r = self.rng
        what = r.randrange(12)
        if what <= 2:
            prefix = f"100.{r.randrange(3)}.{r.randrange(6)}.0 255.255.255.0"
            if prefix in self.routes and r.random() < 0.5:
                del self.routes[prefix]
            else:
                self.routes[prefix] = sorted({(r.choice(["10.0.12.2", "10.0.12.3", "10.0.13.2", "NULL0"]), r.choice([60, 70])) for _ in range(r.randint(1, 2))})
        elif what == 3:
            name, values = r.choice([("mpls ldp holdtime", [30, 90, 400]), ("mpls ldp discovery hello interval", [3, 7]),
                                     ("mpls ldp discovery hello holdtime", [12, 40]), ("mpls ldp backoff", ["1 9", "5 60"]),
                                     ("mpls ldp label-reuse-delay", [1, 9]), ("mpls ldp broken-lsp", ["pop"]),
                                     ("mpls ldp discovery targeted-hello holdtime", [30])])
            self.toggle(self.settings, name, r.choice(values))
        elif what == 4:
            self.toggle(self.peers, f"8.8.8.{r.randrange(1, 4)}", r.choice(["gtsm peer {} valid-ttl-hops 3", "gtsm peer {} disable",
                                                                            "md5-password plain {} orange", "outbound peer {} fec none"]))
        elif what == 5:
            self.toggle(self.lists, r.choice(["A", "B"]), r.choice(["permit 10.0.0.0 8 less-equal 32", "deny 0.0.0.0 0 less-equal 32"]))
        elif what == 6:
            self.toggle(self.loopbacks, r.randrange(2, 5), f"1.1.1.{r.randrange(2, 9)}")
            seen = set()
            for k, v in list(self.loopbacks.items()):  # an address has one interface
                if v in seen:
                    del self.loopbacks[k]
                seen.add(v)
        elif what == 7:
            self.interface["ldp"] = not self.interface["ldp"]
        elif what == 8:
            self.interface["mtu"] = r.choice([None, 1400, 1300])
        elif what == 9:
            self.interface["sub"] = r.choice([None, "10.0.13.1", "10.0.14.1"])
        elif what == 10:
            self.interface["shutdown"] = not self.interface["shutdown"] and r.random() < 0.3
        else:
            self.interface["v6"] = self.interface["v6"] or r.random() < 0.5
            self.toggle(self.routes6, f"2001:db8:{r.randrange(1, 5)}:: 48", r.choice(["NULL0", "2001:db8::2", "2001:db8::3"]))

    def toggle(self, where, key, value):
        if where.get(key) == value:
            del where[key]
        else:
            where[key] = value

    def text(self):
        lines = ["#", "sysname R1", "#"]
        lines += [f"ip ip-prefix {k} index 10 {v}" for k, v in self.lists.items()]
        lines += ["mpls lsr-id 1.1.1.1", "#", "mpls", "#", "mpls ldp"] + [" " + v.format(k) for k, v in self.peers.items()] + ["#"]
        lines += [f"{k} {v}" for k, v in self.settings.items()]
        lines += ["interface GigabitEthernet0/1/0", " shutdown" if self.interface["shutdown"] else " undo shutdown",
                  " ip address 10.0.12.1 255.255.255.0", " mpls"]
        lines += [f" ip address {self.interface['sub']} 255.255.255.0 sub"] if self.interface["sub"] else []
        lines += [" ipv6 address 2001:db8::1/64"] if self.interface["v6"] else []
        lines += [" mpls ldp"] if self.interface["ldp"] else []
        lines += [f" mtu {self.interface['mtu']}"] if self.interface["mtu"] else []
        for k, v in self.loopbacks.items():
            lines += ["#", f"interface LoopBack{k}", f" ip address {v} 255.255.255.255"]
        lines += ["#"]
        for prefix, hops in self.routes.items():
            for hop, preference in hops:
                lines.append(f"ip route-static {prefix} {hop}" + (f" preference {preference}" if preference != 60 else ""))
        lines += [f"ipv6 route-static {prefix} {hop}" for prefix, hop in self.routes6.items()]
        return "\n".join(lines + ["return", ""])

    def forwarded(self):
        """What the kernel must hold of the IPv4 routes: by prefix the next hops, as none for a black hole."""
        networks = ["10.0.12."] + ([self.interface["sub"][:8]] if self.interface["sub"] else [])
        networks = [] if self.interface["shutdown"] else networks
        found = {}
        for prefix, hops in self.routes.items():
            usable = [(preference, hop) for hop, preference in hops if hop == "NULL0" or hop[:8] in networks]
            best = {hop for preference, hop in usable if preference == min(usable)[0]}
            if best:
                found[prefix.split()[0] + "/24"] = best - {"NULL0"}
        return found


def state_of(router):
    """The tables without what depends on when and in which order, and the kernel as it is."""
    lab, node = router.lab, router.node
    routes = lab.rows(node, "display", "ip", "routing-table")
    for r in routes:
        for e in r["entries"]:
            e.pop("since", None)
            for h in e.get("next_hops", []):
                h.pop("ifindex", None)
    kernel = sorted(re.sub(r"nhid \d+ ", "", line).strip() for family in ("-4", "-6")
                    for line in lab.run(node, "ip", family, "route", "show", "table", "all").stdout.splitlines() if "proto 201" in line)
    links = sorted((a["ifname"], a.get("mtu"), tuple(sorted(f"{i['local']}/{i['prefixlen']}" for i in a["addr_info"] if i["family"] == "inet")))
                   for a in lab.json(node, "ip", "-j", "addr"))
    parameters = lab.rows(node, "show", "mpls", "ldp", "parameters")
    interfaces = [{k: v for k, v in r.items() if k in ("name", "active", "hello_hold_ms")}
                  for r in lab.rows(node, "display", "mpls", "ldp", "interface")]
    return {"configuration": router.shown(), "routes": json.loads(json.dumps(routes)), "kernel": kernel, "links": links, "parameters": parameters,
            "interfaces": interfaces}


def forwarded(router):
    """The kernel's side of Model.forwarded()."""
    found = {}
    for route in router.lab.json(router.node, "ip", "-j", "-N", "route", "show", "proto", "201"):
        if route["dst"].startswith("100."):
            found[route["dst"]] = {h["gateway"] for h in next_hops(route) if "gateway" in h}
    return found


def settled(router):
    """Two looks alike: nothing is under way any more."""
    last = None

    def same():
        nonlocal last
        now = state_of(router)
        pending = [r for r in now["routes"] if not r["installed"] and any(not e.get("inactive") for e in r["entries"])]
        alike, last = now == last and not now["parameters"][0]["recovering"] and not pending, now
        return alike

    wait_for(same, f"{router.node} to settle")
    return last


def test_five_hundred_changes_end_where_a_cold_start_ends(router):
    seed = random.SystemRandom().randrange(1 << 32) if "PENULT_SEED" not in os.environ else int(os.environ["PENULT_SEED"])
    print(f"PENULT_SEED={seed}")
    rng = random.Random(seed)
    model = Model(rng)
    router.lab.kill("R2", "ldpd")  # what a neighbour says would come at its own time
    for step in range(500):
        model.change()
        p = router.load(model.text())
        assert p.returncode == 0, f"step {step}, PENULT_SEED={seed}: {p.stderr}\n{model.text()}"
        if step % 50 == 25:
            wait_for(lambda: forwarded(router) == model.forwarded(), "the kernel to hold what is configured",
                     last=lambda: f"PENULT_SEED={seed}, step {step}: {forwarded(router)} and not {model.forwarded()}")
            before = router.shown()
            bad = model.text().replace("return", rng.choice(["nonsense", "ip route-static 1.2.3.4 24 10.0.12.2", "mpls lsr-id 0.0.0.0"]) + "\nreturn")
            assert router.load(bad).returncode == 1
            assert router.shown() == before, f"PENULT_SEED={seed}: a refused file has changed something"
    warm = settled(router)
    for daemon in ("fibd", "ldpd"):
        router.lab.kill("R1", daemon)
    # A cold start: nothing of before is in the kernel.
    for line in router.lab.run("R1", "ip", "-o", "link").stdout.splitlines():
        name = line.split(": ")[1].split("@")[0]
        if name.lower().startswith("loopback"):
            router.lab.run("R1", "ip", "link", "del", name)
    router.lab.run("R1", "ip", "route", "flush", "proto", "201", check=False)
    router.lab.run("R1", "ip", "nexthop", "flush", check=False)
    router.lab.run("R1", "ip", "addr", "flush", "dev", next(n for n, *_ in warm["links"] if n.lower().startswith("ge") or "0-1-0" in n or "gi" in n.lower()))
    router.restart()
    cold = settled(router)
    for part in warm:
        assert warm[part] == cold[part], f"PENULT_SEED={seed}: {part} differs"
