"""Labs of BGP: R1, which is Penult, on one link with speakers from Debian (bgp_speakers.py), and what it shows of them."""
import os

from penult import Lab, LabError, Topology, wait_for

LINK, LINK6 = "10.0.0.", "fd00::"
OURS, OURS6 = LINK + "1", LINK6 + "1"
PATIENCE = 120  # only ends what is broken
HEAD = """#
sysname R1
#
interface GigabitEthernet0/1/0
 undo shutdown
 ip address 10.0.0.1 255.255.255.0
 ipv6 address fd00::1/64
#
ip route-static 192.0.2.0 255.255.255.0 NULL0
ip route-static 203.0.113.0 255.255.255.0 NULL0
ipv6 route-static 2001:db8:1:: 48 NULL0
#
"""
FAMILY_WORDS = {"IPV4": (), "IPV6": ("ipv6",), "VPNV4": ("vpnv4", "all"), "VPNV6": ("vpnv6", "all")}
VIEWS = {"ipv4": "ipv4-family unicast", "ipv6": "ipv6-family unicast", "vpnv4": "ipv4-family vpnv4", "vpnv6": "ipv6-family vpnv6"}


def router(asn, speakers, more="", views=None, head=HEAD):
    """R1's configuration: its peers, `more` lines of the view bgp, and what stands in views of families by their short names."""
    text = [f"{head}bgp {asn}", " router-id 1.1.1.1", *(f" {line}" for line in more.splitlines())]
    for s in speakers:
        text += [f" peer {s.address} as-number {s.asn}", *(f" peer {s.address} {line}" for line in s.ours)]
    views = dict(views or {})
    for family, view in VIEWS.items():
        lines = [f"peer {s.address} enable" for s in speakers if family in s.families] + views.pop(family, "").splitlines()
        if lines:
            text += [" #", f" {view}", *(f"  {line}" for line in lines)]
    return "\n".join([*text, "#", "return", ""])


class BgpLab(Lab):
    """One with its speakers, each on a port of the same switch. `config` is R1's; files are written into a folder of the test."""

    def __init__(self, folder, build, speakers, config, hosts=(), daemons="fibd,l3vpnd"):
        lines = [f"router R1 daemons {daemons}", *(s.line() for s in speakers), *(f"host {name} {address}" for name, address in hosts), "switch S"]
        lines += ["link R1 GigabitEthernet0/1/0 S p1"]
        lines += [f"link {name} eth0 S {name}" for name in [*(s.name for s in speakers), *(name for name, _ in hosts)]]
        folder = os.path.join(str(folder), "bgp")
        os.makedirs(folder)
        self.write(folder, "topology", "\n".join(lines) + "\n")
        self.write(folder, "R1.conf", config)
        for s in speakers:
            for name, text in s.files(folder).items():
                self.write(folder, name, text)
        super().__init__(Topology(folder), build)
        self.speakers = {s.name: s for s in speakers}
        for s in speakers:
            s.lab = self

    @staticmethod
    def write(folder, name, text):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def start_all(self):
        """Who waits for calls is there before who calls: the next attempt would take long."""
        waiting = [s.name for s in self.speakers.values() if s.passive]
        for group in waiting, ["R1"], [name for name in self.topology.nodes if name not in waiting and name != "R1"]:
            for name in group:
                self.start_node(name)
            for (name, _), process in self.daemons.items():
                if name in group:
                    process.wait_ready()

    def up(self, start=True):
        super().up(start)
        for s in self.speakers.values() if start else ():
            s.prepare()

    # --- R1 ---

    def bgp_log(self):
        return self.daemons["R1", "l3vpnd"].text()

    def answers_about_next_hops(self):
        """False: nobody tells R1 whether next hops lead anywhere, so it uses none of what it hears, and tells it to nobody."""
        return any(p["unused"] == "" for r in self.rows("R1", "display", "bgp", "routing-table") for p in r["paths"] if p["peer"])

    def peer(self, s, family="IPV4"):
        address = s if isinstance(s, str) else s.address
        rows = self.rows("R1", "display", "bgp", *FAMILY_WORDS[family], "peer", address)
        return rows[0] if rows else None

    def state(self, s, family="IPV4"):
        row = self.peer(s, family)
        return row and row["state"]

    def wait_peer(self, s, good, what, family="IPV4", timeout=PATIENCE):
        """Until good(row of the peer); the row."""
        def look():
            row = self.peer(s, family)
            return row if row and good(row) else None
        return wait_for(look, f"{what} of {s if isinstance(s, str) else s.name}", timeout, last=lambda: self.peer(s, family))

    def wait_up(self, s, family="IPV4", timeout=PATIENCE):
        return self.wait_peer(s, lambda r: r["state"] == "ESTABLISHED", "a session", family, timeout)

    def wait_all_up(self):
        for s in self.speakers.values():
            self.wait_up(s, s.families[0].upper())

    def paths(self, prefix, family="IPV4", rd=""):
        """The paths of one destination."""
        for r in self.rows("R1", "display", "bgp", *FAMILY_WORDS[family], "routing-table", prefix):
            if r["prefix"] == prefix and r["rd"] == rd and r["family"] == family:
                return r["paths"]
        return []

    def path(self, s, prefix, family="IPV4", rd=""):
        """What a peer has told of a destination; None: nothing."""
        address = s if isinstance(s, str) else s.address
        return next((p for p in self.paths(prefix, family, rd) if p["peer"] == address), None)

    def wait_path(self, s, prefix, family="IPV4", rd="", good=lambda p: True, timeout=PATIENCE):
        def look():
            p = self.path(s, prefix, family, rd)
            return p if p and good(p) else None
        return wait_for(look, f"{prefix} of {s if isinstance(s, str) else s.name}", timeout,
                        last=lambda: (self.paths(prefix, family, rd), self.peer(s, family)))

    def wait_no_path(self, s, prefix, family="IPV4", rd="", timeout=PATIENCE):
        wait_for(lambda: self.path(s, prefix, family, rd) is None, f"{prefix} to be gone", timeout, last=lambda: self.paths(prefix, family, rd))

    def wait_log(self, text, count=1, timeout=PATIENCE):
        wait_for(lambda: self.bgp_log().count(text) >= count, f"R1 to say `{text}`", timeout, last=lambda: self.bgp_log()[-2000:])

    def wait_told(self, s, prefix, good=lambda r: True, family="ipv4", timeout=PATIENCE):
        """Until a speaker has a route of R1's that is good; what it says of it."""
        def look():
            route = s.told(prefix, family)
            return route if route and good(route) else None
        return wait_for(look, f"{s.name} to have {prefix}", timeout, last=lambda: s.told(prefix, family))

    def wait_not_told(self, s, prefix, family="ipv4", timeout=PATIENCE):
        wait_for(lambda: s.told(prefix, family) is None, f"{s.name} to have {prefix} no more", timeout, last=lambda: s.told(prefix, family))

    def configure(self, edit):
        """R1's l3vpnd and fibd read their configuration again."""
        return self.reconfigure("R1", edit, ("fibd", "l3vpnd"))


__all__ = ["BgpLab", "LabError", "router", "wait_for", "HEAD", "OURS", "OURS6", "PATIENCE"]
