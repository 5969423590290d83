"""Speakers of BGP from Debian beside R1: how each is configured, told what to announce, and asked what it has heard.

All are asked the same questions and answer in the same words: a route is a dict with `path` (text), `next_hop`, `med`,
`local_pref` (None: not said), `communities` and `large` (text, sorted); where they know it `originator`, `clusters` and `stale`.
"""
import json
import os
import re

from bgp import LINK, LINK6, OURS, OURS6
from penultlab import nodes

COMMUNITIES = {0xFFFFFF01: "no-export", 0xFFFFFF02: "no-advertise"}


def community(value):
    return COMMUNITIES.get(value, f"{value >> 16}:{value & 0xffff}")


class Speaker:
    """One, with a single session with R1. `ours` are R1's lines about it, behind `peer ADDRESS`."""

    kind = None

    def __init__(self, number, asn, families=("ipv4",), v6=False, peer_as=65001, ours=(), hold=90, passive=False, password=None, gtsm=False,
                 restart_s=None, add_path=False, name=None):
        self.name = name or f"{self.kind[0].upper()}{number}"
        self.number, self.asn, self.peer_as, self.families, self.ours = number, asn, peer_as, tuple(families), list(ours)
        self.v6, self.hold, self.passive, self.password, self.gtsm = v6, hold, passive, password, gtsm
        self.restart_s, self.add_path = restart_s, add_path
        self.id = ".".join([str(number)] * 4)
        self.address = (LINK6 if v6 else LINK) + str(number)
        self.peer = OURS6 if v6 else OURS
        self.lab = None

    @property
    def external(self):
        return self.asn != self.peer_as

    def line(self):
        return f"{self.kind} {self.name} {LINK}{self.number}/24 {LINK6}{self.number}/64"

    def prepare(self):
        """Once all is up."""

    def run(self, *argv, check=True):
        return self.lab.run(self.name, *argv, check=check).stdout

    @property
    def process(self):
        return self.lab.daemons[self.name, self.kind]

    def kill(self):
        self.process.kill()

    def start(self):
        self.lab.start(self.name, self.kind)

    def own_path(self, path):
        """How R1 has the path of a route that this speaker began with these ASes behind its own."""
        return " ".join(str(n) for n in ([self.asn] if self.external else []) + list(path))


class Gobgp(Speaker):
    kind = "gobgp"
    NAMES = {"ipv4": "ipv4-unicast", "ipv6": "ipv6-unicast", "vpnv4": "l3vpn-ipv4-unicast", "vpnv6": "l3vpn-ipv6-unicast"}

    def files(self, _folder):
        text = f'[global.config]\n as = {self.asn}\n router-id = "{self.id}"\n[[neighbors]]\n [neighbors.config]\n'
        text += f'  neighbor-address = "{self.peer}"\n  peer-as = {self.peer_as}\n' + (f'  auth-password = "{self.password}"\n' if self.password else "")
        text += f' [neighbors.transport.config]\n  local-address = "{self.address}"\n  passive-mode = {str(self.passive).lower()}\n'
        text += f" [neighbors.timers.config]\n  connect-retry = 2\n  idle-hold-time-after-reset = 2\n  hold-time = {self.hold}\n  keepalive-interval = {self.hold // 3}\n"
        if self.restart_s:
            text += f" [neighbors.graceful-restart.config]\n  enabled = true\n  restart-time = {self.restart_s}\n"
        for family in self.families:
            text += f' [[neighbors.afi-safis]]\n  [neighbors.afi-safis.config]\n   afi-safi-name = "{self.NAMES[family]}"\n'
            text += "  [neighbors.afi-safis.mp-graceful-restart.config]\n   enabled = true\n" if self.restart_s else ""
            text += "  [neighbors.afi-safis.add-paths.config]\n   send-max = 4\n" if self.add_path else ""
        return {f"{self.name}.toml": text}

    def gobgp(self, *words):
        return self.run("gobgp", "--target", f"unix://{nodes.gobgp_control(self.lab, self.name)}", *words)

    def announce(self, prefix, med=None, communities=(), large=(), path=(), family="ipv4"):
        words = ["global", "rib", "add", "-a", family, prefix, "origin", "igp"]
        words += ["nexthop", self.address] if ":" in prefix or not self.v6 else []
        words += ["med", str(med)] if med is not None else []
        words += ["community", ",".join(communities)] if communities else []
        words += ["large-community", ",".join(large)] if large else []
        self.gobgp(*words, *(["aspath", ",".join(map(str, path))] if path else []))

    def withdraw(self, prefix, family="ipv4"):
        self.gobgp("global", "rib", "del", "-a", family, prefix)

    def announce_vpn(self, prefix, rd, target, label, family="vpnv4"):
        self.gobgp("global", "rib", "add", "-a", family, prefix, "label", str(label), "rd", rd, "rt", target)

    def withdraw_vpn(self, prefix, rd, _target, label, family="vpnv4"):
        self.gobgp("global", "rib", "del", "-a", family, prefix, "label", str(label), "rd", rd)

    def told(self, prefix, family="ipv4"):
        for rows in json.loads(self.gobgp("-j", "global", "rib", "-a", family) or "{}").values():
            for row in rows:
                if row["nlri"].get("prefix", "") == prefix and row.get("source-id") == "1.1.1.1":
                    return self.route(row)
        return None

    @staticmethod
    def route(row):
        a = {x["type"]: x for x in row["attrs"]}
        reach = a.get(14, {})
        return {"path": " ".join(str(n) for s in a.get(2, {}).get("as_paths") or [] for n in s["asns"]), "med": a.get(4, {}).get("metric"),
                "local_pref": a.get(5, {}).get("value"), "next_hop": a[3]["nexthop"] if 3 in a else reach.get("nexthop"),
                "communities": sorted(community(c) for c in a.get(8, {}).get("communities", [])),
                "large": sorted(":".join(str(v[k]) for k in ("ASN", "LocalData1", "LocalData2")) for v in a.get(32, {}).get("value", [])),
                "originator": a.get(9, {}).get("value"), "clusters": a.get(10, {}).get("value"), "stale": row.get("stale", False),
                "extended": a.get(16, {}).get("value"), "label": row["nlri"].get("labels"), "rd": row["nlri"].get("rd")}


class Bird(Speaker):
    kind = "bird"
    CHANNELS = {"ipv4": "ipv4", "ipv6": "ipv6", "vpnv4": "vpn4 mpls", "vpnv6": "vpn6 mpls"}
    TABLES = {"vpnv4": "vpn4", "vpnv6": "vpn6"}  # others are there already

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.routes, self.folder, self.more = {}, None, ""  # more: lines of its protocol

    def text(self):
        channels = ""
        for family in self.families:
            add_path = "add paths tx;" if self.add_path else ""
            table = f"table {family};" if family in self.TABLES else ""
            channels += f"  {self.CHANNELS[family]} {{ {table} import all; export filter others; {add_path} }};\n"
        restart = f"graceful restart on; graceful restart time {self.restart_s};" if self.restart_s else ""
        return (f"log stderr all;\nrouter id {self.id};\n{'graceful restart wait 20;' if self.restart_s else ''}\nprotocol device {{}}\n"
                + "".join(f"{kind} table {name};\n" for name, kind in self.TABLES.items()) +
                # A MED crosses the border only when a filter says so.
                "filter others { if proto = \"r1\" then reject; if defined(bgp_med) then bgp_med = bgp_med; accept; }\n"
                f"protocol bgp r1 {{\n  local {self.address} as {self.asn};\n  neighbor {self.peer} as {self.peer_as};\n  direct;\n"
                f"  hold time {self.hold}; connect delay time 1; connect retry time 2; error wait time 1, 4; {restart} {self.more}\n"
                f"  {'passive on;' if self.passive else ''} {'ttl security on;' if self.gtsm else ''}\n"
                f"  {f'password {chr(34)}{self.password}{chr(34)};' if self.password else ''}\n{channels}}}\n" + "".join(self.routes.values()))

    def files(self, folder):
        self.folder = folder
        return {f"{self.name}.bird": self.text()}

    def birdc(self, *words):
        return self.run("birdc", "-s", os.path.join(self.lab.run_dir(self.name), "bird.ctl"), *words)

    def changed(self):
        self.lab.write(self.folder, f"{self.name}.bird", self.text())
        if self.lab.daemons.get((self.name, self.kind)):
            out = self.birdc("configure")
            assert "Reconfig" in out, out

    def put(self, key, channel, route, attributes):
        name = "p_" + re.sub(r"\W", "_", key)
        self.routes[key] = f"protocol static {name} {{ {channel}; route {route} {{ {' '.join(attributes)} }}; }}\n"
        self.changed()

    def announce(self, prefix, med=None, communities=(), large=(), path=(), family="ipv4"):
        attributes = [f"bgp_med = {med};"] if med is not None else []
        attributes += [f"bgp_community.add(({c.replace(':', ',')}));" for c in communities]
        attributes += [f"bgp_large_community.add(({c.replace(':', ',')}));" for c in large]
        attributes += [f"bgp_path.prepend({n});" for n in reversed(path)]
        self.put(prefix, self.CHANNELS[family], f"{prefix} blackhole", ["bgp_origin = ORIGIN_IGP;", *attributes])

    def withdraw(self, prefix, family="ipv4"):
        del self.routes[prefix]
        self.changed()

    def announce_vpn(self, prefix, rd, target, label, family="vpnv4"):
        # Its own labels BIRD 2.0 does not announce: the label is that of a next hop on the link.
        gateway = f"{LINK6 if family == 'vpnv6' else LINK}1{self.number}"
        self.put(f"{rd} {prefix}", f"{self.TABLES[family]} {{ table {family}; }}", f"{rd} {prefix} via {gateway} mpls {label}",
                 [f"bgp_ext_community.add((rt, {target.replace(':', ',')}));"])

    def withdraw_vpn(self, prefix, rd, *_):
        self.withdraw(f"{rd} {prefix}")

    def told(self, prefix, family="ipv4"):
        out = self.birdc("show", "route", "all", "protocol", "r1")
        m = re.search(rf"^[^\S\n]*(\S+ )?{re.escape(prefix)} .*\n((?:\t.*\n)*)", out, re.M)
        if not m:
            return None
        a = dict(re.findall(r"^\t(?:BGP\.)?(\S+): ?(.*)$", m.group(2), re.M))

        def tuples(text):
            return sorted(":".join(x.split(",")) for x in re.findall(r"\((\d+(?:,\d+)+)\)", text.replace(" ", "")))
        return {"path": a.get("as_path", ""), "med": int(a["med"]) if "med" in a else None, "next_hop": a.get("next_hop", "").split(" ")[0],
                "local_pref": int(a["local_pref"]) if "local_pref" in a else None, "communities": tuples(a.get("community", "")),
                "large": tuples(a.get("large_community", "")), "originator": a.get("originator_id"), "clusters": a.get("cluster_list"),
                "stale": False, "extended": a.get("ext_community"), "label": a.get("mpls_label_stack"), "rd": (m.group(1) or "").strip()}


class Frr(Speaker):
    kind = "frr"
    NAMES = {"ipv4": "ipv4 unicast", "ipv6": "ipv6 unicast", "vpnv4": "ipv4 vpn", "vpnv6": "ipv6 vpn"}

    def line(self):
        return f"frr {self.name} daemons zebra,bgpd"

    def files(self, _folder):
        n = f" neighbor {self.peer}"
        text = f"router bgp {self.asn}\n bgp router-id {self.id}\n no bgp ebgp-requires-policy\n no bgp network import-check\n no bgp default ipv4-unicast\n"
        text += f" bgp graceful-restart\n bgp graceful-restart restart-time {self.restart_s}\n bgp graceful-restart preserve-fw-state\n" if self.restart_s else ""
        text += f"{n} remote-as {self.peer_as}\n{n} timers {self.hold // 3} {self.hold}\n{n} timers connect 2\n{n} advertisement-interval 0\n"
        text += f"{n} passive\n" if self.passive else ""
        text += f"{n} password {self.password}\n" if self.password else ""
        text += f"{n} ttl-security hops 1\n" if self.gtsm else ""
        for family in self.families:
            text += f" address-family {self.NAMES[family]}\n {n} activate\n" + (f" {n} addpath-tx-all-paths\n" if self.add_path else "") + " exit-address-family\n"
        return {f"{self.name}.bgpd.conf": "log stdout\n" + text,
                f"{self.name}.zebra.conf": f"interface eth0\n ip address {LINK}{self.number}/24\n ipv6 address {LINK6}{self.number}/64\n"}

    @property
    def process(self):
        return self.lab.daemons[self.name, "bgpd"]

    def start(self):
        self.lab.start(self.name, "bgpd")

    def vtysh(self, *commands):
        return self.run("vtysh", "-N", nodes.frr_space(self.lab, self.name), *(w for c in commands for w in ("-c", c)))

    def within(self, family, *commands):
        self.vtysh("configure terminal", f"router bgp {self.asn}", f"address-family {self.NAMES[family]}", *commands)

    def announce(self, prefix, med=None, communities=(), large=(), path=(), family="ipv4"):
        name = re.sub(r"\W", "_", prefix)
        sets = [f"set metric {med}"] if med is not None else []
        sets += [f"set community {' '.join(communities)}"] if communities else []
        sets += [f"set large-community {' '.join(large)}"] if large else []
        sets += [f"set as-path prepend {' '.join(map(str, path))}"] if path else []
        self.vtysh("configure terminal", f"route-map {name} permit 10", *sets)
        self.within(family, f"network {prefix} route-map {name}")

    def withdraw(self, prefix, family="ipv4"):
        self.within(family, f"no network {prefix}")

    def announce_vpn(self, prefix, rd, target, label, family="vpnv4"):
        self.vtysh("configure terminal", f"route-map T{label} permit 10", f"set extcommunity rt {target}")
        self.within(family, f"network {prefix} rd {rd} label {label} route-map T{label}")

    def withdraw_vpn(self, prefix, rd, _target, label, family="vpnv4"):
        self.within(family, f"no network {prefix} rd {rd} label {label}")

    def told(self, prefix, family="ipv4"):
        out = json.loads(self.vtysh(f"show bgp {self.NAMES[family]} {prefix} json") or "{}")
        paths = out.get("paths") or [p for rd in out.values() if isinstance(rd, dict) for p in rd.get("paths", [])]
        for p in paths:
            if p.get("peer", {}).get("peerId") == self.peer:
                return {"path": p["aspath"]["string"].replace("Local", ""), "med": p.get("metric", p.get("med")), "local_pref": p.get("locPrf"),
                        "next_hop": next((h["ip"] for h in p["nexthops"] if h.get("scope") != "link-local"), None),
                        "communities": sorted(p.get("community", {}).get("list", [])), "large": sorted(p.get("largeCommunity", {}).get("list", [])),
                        "originator": p.get("originatorId"), "clusters": p.get("clusterList", {}).get("list"), "stale": p.get("stale", False),
                        "extended": p.get("extendedCommunity", {}).get("string"), "label": p.get("remoteLabel"), "rd": None}
        return None


class Openbgpd(Speaker):
    kind = "openbgpd"

    def files(self, _folder):
        more = (" passive\n" if self.passive else "") + (f' tcp md5sig password "{self.password}"\n' if self.password else "")
        text = f"AS {self.asn}\nrouter-id {self.id}\nfib-update no\nholdtime {self.hold}\nneighbor {self.peer} {{\n remote-as {self.peer_as}\n"
        text += f" local-address {self.address}\n" + more + "".join(f" announce {'IPv6' if f == 'ipv6' else 'IPv4'} unicast\n" for f in self.families)
        return {f"{self.name}.openbgpd": text + "}\nallow from any\nallow to any\n"}

    def bgpctl(self, *words):
        return self.run("bgpctl", "-s", nodes.openbgpd_control(self.lab, self.name), *words)

    def own_path(self, path):
        return str(self.asn) if self.external else ""  # it cannot be told what to begin with

    def announce(self, prefix, med=None, communities=(), large=(), path=(), family="ipv4"):
        words = (["metric", str(med)] if med is not None else []) + [w for c in communities for w in ("community", c)]
        self.bgpctl("network", "add", prefix, *words, *(w for c in large for w in ("large-community", c)))

    def withdraw(self, prefix, family="ipv4"):
        self.bgpctl("network", "delete", prefix)

    def told(self, prefix, family="ipv4"):
        for r in json.loads(self.bgpctl("-j", "show", "rib", "detail", prefix) or "{}").get("rib", []):
            if r.get("neighbor", {}).get("remote_addr") == self.peer and r["prefix"] == prefix:
                a = {x["type"]: x for x in r.get("attributes", [])}
                return {"path": r["aspath"], "med": r.get("metric") or None, "local_pref": r.get("localpref"), "next_hop": r["exit_nexthop"],
                        "communities": sorted(r.get("communities", [])), "large": sorted(r.get("large_communities", [])), "stale": r.get("stale", False),
                        "originator": a.get("Originator Id", {}).get("originator"), "clusters": a.get("Cluster Id List", {}).get("cluster_list")}
        return None


class Exabgp(Speaker):
    kind = "exabgp"

    def files(self, _folder):
        more = (f"  md5-password \"{self.password}\";\n" if self.password else "") + ("  passive true;\n  listen 179;\n" if self.passive else "")
        can = (f"graceful-restart {self.restart_s}; " if self.restart_s else "") + ("add-path send; " if self.add_path else "")
        families = " ".join(f"{'ipv6' if f.endswith('6') else 'ipv4'} {'mpls-vpn' if f.startswith('vpn') else 'unicast'};" for f in self.families)
        return {f"{self.name}.exabgp": f"neighbor {self.peer} {{\n  router-id {self.id};\n  local-address {self.address};\n  local-as {self.asn};\n"
                f"  peer-as {self.peer_as};\n  hold-time {self.hold};\n{more}  capability {{ {can}route-refresh; asn4 enable; }}\n"
                f"  family {{ {families} }}\n  api saying {{ processes [ say ]; }}\n"
                "  api hearing { processes [ heard ]; receive { parsed; update; } }\n}\n"}

    def say(self, line):
        with open(nodes.exabgp_files(self.lab, self.name)[0], "a", encoding="utf-8") as f:
            f.write(line + "\n")

    def announce(self, prefix, med=None, communities=(), large=(), path=(), family="ipv4", more=""):
        words = (f" med {med}" if med is not None else "") + (f" community [{' '.join(communities)}]" if communities else "")
        words += (f" large-community [{' '.join(large)}]" if large else "") + more
        whole = ([self.asn] if self.external else []) + list(path)
        self.say(f"announce route {prefix} next-hop {self.address}{words} as-path [{' '.join(map(str, whole))}]")

    def withdraw(self, prefix, family="ipv4", more=""):
        self.say(f"withdraw route {prefix} next-hop {self.address}{more}")

    def told(self, prefix, family="ipv4"):
        """It keeps no routes: what it heard last of one."""
        route = None
        with open(nodes.exabgp_files(self.lab, self.name)[1], encoding="utf-8") as f:
            for line in f.read().split("\n")[:-1]:
                update = json.loads(line).get("neighbor", {}).get("message", {}).get("update", {})
                for by_hop in update.get("announce", {}).values():
                    for hop, nlri in by_hop.items():
                        if any(isinstance(n, dict) and n.get("nlri") == prefix for n in nlri):
                            a = update.get("attribute", {})
                            route = {"path": " ".join(str(n) for n in re.findall(r"\d+", json.dumps(a.get("as-path", [])))), "med": a.get("med"),
                                     "local_pref": a.get("local-preference"), "next_hop": hop,
                                     "communities": sorted(":".join(map(str, c)) for c in a.get("community", [])),
                                     "large": sorted(":".join(map(str, c)) for c in a.get("large-community", [])), "stale": False,
                                     "originator": a.get("originator-id"), "clusters": a.get("cluster-list")}
                for nlri in update.get("withdraw", {}).values():
                    if any(isinstance(n, dict) and n.get("nlri") == prefix for n in nlri):
                        route = None
        return route
