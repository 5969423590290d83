"""One running lab: what stories and tests do with it. Everything made here is removed again by close()."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from . import nodes
from .net import LabError, Net, wait_for
from .topology import SPEAKERS

# What a sanitizer says when it has found something.
FINDINGS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")
TOOLS = {"bfdctl": ["bfd"], "ldpctl": ["mpls ldp"], "igpctl": ["ospf"], "l2vpnctl": ["mpls l2vc", "mpls l2vpn", "display ccc"], "l3vpnctl": ["bgp", "ip vpn-instance"]}
CLOSING_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Lab:
    def __init__(self, topology, build):
        self.topology = topology
        self.build = os.path.abspath(build)
        self.net = Net(topology)
        self.dir = tempfile.mkdtemp(prefix="penult-lab-")
        os.chmod(self.dir, 0o755)  # FRR gives up root before it reads its files
        self.daemons = {}  # (node, daemon) -> Process
        self.spawned = []  # everything else that was started in nodes
        for program in sorted({d for n in topology.nodes.values() if n.kind == "router" for d in n.daemons if d not in SPEAKERS}):
            if not os.access(os.path.join(self.build, "bin", program), os.X_OK):
                shutil.rmtree(self.dir)
                raise LabError(f"{self.build}/bin/{program} is not built; run make, or name the build folder with --build")
        for node in topology.nodes.values():
            source = os.path.join(topology.folder, f"{node.name}.conf")
            if node.kind == "router" and os.path.exists(source):  # without one the daemon says so itself
                shutil.copyfile(source, self.config(node.name))

    # --- up and down ---

    def up(self, start=True):
        self.net.build()
        if start:
            self.start_all()

    def start_all(self):
        """All daemons at once, then until each says that it serves."""
        for name in self.topology.nodes:
            self.start_node(name)
        for process in self.daemons.values():
            process.wait_ready()

    def start_node(self, name):
        """All daemons of a node, of which only FRR's are waited for: they need zebra's socket."""
        node = self.topology.nodes[name]
        if node.kind == "frr":
            nodes.frr_prepare(self, node)
        for daemon in node.daemons:
            self.start(name, daemon, wait=node.kind == "frr")

    def close(self):
        """Removes everything. A second Ctrl-C waits until that is done."""
        old = signal.pthread_sigmask(signal.SIG_BLOCK, CLOSING_SIGNALS)
        try:
            for p in self.spawned:
                if p.poll() is None:
                    p.kill()
                    p.wait()
            for process in self.daemons.values():
                process.kill()
            self.net.remove()
            for node in self.topology.nodes.values():
                if node.kind == "frr":
                    nodes.frr_cleanup(self, node)
            shutil.rmtree(self.dir, ignore_errors=True)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, old)

    def finish(self):
        """Stops Penult's daemons as systemd would, and raises LabError when one had ended by itself, ends badly, or a
        sanitizer has found something."""
        trouble = self.troubles()
        for process in self.daemons.values():
            if process.notify and process.alive() and process.stop() != 0:
                trouble.append(f"{process} was stopped and ended with status {process.popen.returncode}\n{process.last_words()}")
        trouble += [t for t in self.troubles() if t not in trouble]
        if trouble:
            raise LabError("\n".join(trouble))

    def troubles(self):
        found = []
        for process in self.daemons.values():
            if not process.alive() and not process.wanted_gone:
                found.append(f"{process} ended by itself, status {process.popen.returncode}\n{process.last_words()}")
            m = FINDINGS.search(process.text())
            if m:
                found.append(f"a sanitizer found something in {process}:\n{process.text()[m.start():m.start() + 6000]}")
        return found

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, *exc):
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()

    # --- processes ---

    def popen(self, node, argv, **kw):
        """Starts a program inside a node; it is ended with the lab at the latest."""
        p = nodes.spawn(self.namespace(node), argv, **kw)
        self.spawned = [other for other in self.spawned if other.poll() is None] + [p]
        return p

    def run(self, node, *argv, check=True, timeout=120):
        p = self.popen(node, argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = p.communicate(timeout=timeout)
        if check and p.returncode:
            raise LabError(f"{node}: {' '.join(argv)} ended with {p.returncode}: {err.strip() or out.strip()}")
        return subprocess.CompletedProcess(argv, p.returncode, out, err)

    def namespace(self, node):
        return self.net.namespace(node)

    def run_dir(self, node):
        return os.path.join(self.dir, node)

    def config(self, node):
        """A router's configuration file: the lab's own copy, which may be written to."""
        return os.path.join(self.dir, f"{node}.conf")

    def log(self, node, daemon):
        return self.daemons[node, daemon].log

    def start(self, node, daemon, wait=True):
        process = nodes.process_of(self, self.topology.nodes[node], daemon).start()
        self.daemons[node, daemon] = process
        if wait:
            process.wait_ready()
        return process

    def kill(self, node, daemon):
        """As by `kill -9`: nothing is said to anybody."""
        process = self.daemons[node, daemon]
        if not process.alive() and not process.wanted_gone:
            raise LabError(f"{process} was to be killed but had ended by itself\n{process.last_words()}")
        process.kill()

    def restart(self, node, daemon):
        self.kill(node, daemon)
        return self.start(node, daemon)

    def reload(self, node, daemon):
        self.daemons[node, daemon].reload()

    def edit(self, node, edit):
        """Writes a router's configuration anew, edit(text) -> text. Returns the text before."""
        with open(self.config(node), encoding="utf-8") as f:
            before = f.read()
        with open(self.config(node) + ".new", "w", encoding="utf-8") as f:
            f.write(edit(before))
        os.replace(f.name, self.config(node))  # in one step: nobody reads half of it
        return before

    def reconfigure(self, node, edit, daemons=("fibd", "ldpd")):
        """The same, and has its daemons read it."""
        before = self.edit(node, edit)
        for daemon in daemons:
            self.reload(node, daemon)
        return before

    def logs(self, lines=15):
        """The last lines of every log, for when something failed."""
        return "\n".join(process.last_words(lines) for process in self.daemons.values())

    def keep_logs(self, folder):
        os.makedirs(folder, exist_ok=True)
        for process in self.daemons.values():
            shutil.copy(process.log, folder)

    # --- what the nodes say ---

    def _tool(self, node, *words, check=True):
        """Runs a command line tool, found by the words' subject; what is nobody's is fibd's."""
        line = f" {' '.join(words)} "
        tool = next((tool for tool, subjects in TOOLS.items() if any(f" {subject} " in line for subject in subjects)), "fibctl")
        return self.run(node, os.path.join(self.build, "bin", tool), "-r", self.run_dir(node), *words, check=check)

    def ctl(self, node, *words):
        """What the command line tool answers, as text."""
        return self._tool(node, *words).stdout

    def rows(self, node, *words):
        """The same as rows; none while the daemon is away."""
        p = self._tool(node, "--json", *words, check=False)
        if p.returncode:
            return []
        try:
            return json.loads(p.stdout)
        except ValueError as e:
            raise LabError(f"{node}: {' '.join(words)} --json is no JSON: {e}\n{p.stdout[:500]}") from e

    def vtysh(self, node, command):
        """What FRR says; as JSON when the command asks for it."""
        out = self.run(node, "vtysh", "-N", nodes.frr_space(self, node), "-c", command).stdout
        return json.loads(out or "{}") if command.endswith(" json") else out

    def sessions(self, node):
        return self.rows(node, "display", "mpls", "ldp", "session")

    def wait_sessions(self, node, count, timeout=60.0):
        """Until so many sessions are operational and have told all their labels."""
        def up():
            return len([r for r in self.sessions(node) if r["state"] == "OPERATIONAL" and r["label_exchange_done"]]) >= count

        wait_for(up, f"{count} LDP session(s) of {node}", timeout, last=lambda: self.sessions(node))

    def wait_recovered(self, node):
        """Until a restarted ldpd has relearned everything: what it swept is swept."""
        wait_for(lambda: [p for p in self.rows(node, "show", "mpls", "ldp", "parameters") if p["recovering"] is False],
                 f"{node}'s ldpd to have recovered", last=lambda: self.rows(node, "show", "mpls", "ldp", "parameters"))

    # --- what the kernels say ---

    def json(self, node, *argv):
        out = self.run(node, *argv).stdout
        return json.loads(out) if out.strip() else []

    def mpls_routes(self, node):
        """AF_MPLS routes by incoming label. Each has `to`: the label that replaces it, None for pop."""
        routes = {}
        for r in self.json(node, "ip", "-j", "-M", "route"):
            to = r.get("to")
            r["to"] = int(to[0] if isinstance(to, list) else to) if to else None
            routes[int(r["dst"])] = r
        return routes

    def pushes(self, node, prefix):
        """The label stacks that the route to a prefix pushes, one per next hop, as text: "1026" or "201/500"."""
        # Not from JSON: there the labels and the destination have the same name.
        return re.findall(r"encap mpls +(\S+)", self.run(node, "ip", "route", "show", prefix).stdout)

    def follow(self, prefix, *routers):
        """The labels on the way to a prefix: what the first router pushes, what each next one makes of it. None unless
        the chain is whole: the last router pops."""
        push = self.pushes(routers[0], prefix)
        labels = [int(push[0])] if push else None
        for router in routers[1:] if labels else ():
            entry = self.mpls_routes(router).get(labels[-1])
            if entry is None:
                return None
            if entry["to"] is None:
                return labels if router == routers[-1] else None
            labels.append(entry["to"])
        return None
