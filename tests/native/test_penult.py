"""penult: check, load and print back, all daemons as one."""
import glob
import json
import os
import random
import re
import signal

import pytest
from penultlab.net import wait_for

GOOD = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "conf", "good")
CASES = sorted(os.path.basename(p)[:-3] for p in glob.glob(os.path.join(GOOD, "*.in")))


class Router:
    """A node of the lab, and penult beside it."""

    def __init__(self, lab, node, folder):
        self.lab, self.node, self.folder = lab, node, folder
        self.file = lab.config(node)

    def restart(self):
        for daemon in ("fibd", "ldpd"):
            self.lab.kill(self.node, daemon)
            self.lab.start(self.node, daemon)
        wait_for(lambda: self.penult("display", "current-configuration").returncode == 0, f"{self.node}'s daemons")

    def penult(self, *words):
        return self.lab.run(self.node, os.path.join(self.lab.build, "bin", "penult"), "-r", self.lab.run_dir(self.node), "-c", self.file, *words,
                            check=False, timeout=120)

    def write(self, text):
        path = os.path.join(str(self.folder), "candidate.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def load(self, text):
        return self.penult("load", self.write(text))

    def shown(self):
        p = self.penult("display", "current-configuration")
        assert p.returncode == 0 and p.stderr == "", p.stderr
        return p.stdout


@pytest.fixture
def router(lab, tmp_path):
    return Router(lab, "R1", tmp_path)


def test_there_are_cases():
    assert len(CASES) >= 3


def test_each_good_file_is_printed_back_and_taken_again_without_a_difference(router):
    for case in CASES:
        with open(os.path.join(GOOD, f"{case}.in"), encoding="utf-8") as f:
            p = router.load(f.read())
        assert p.returncode == 0, f"{case}: {p.stderr}"
        printed = router.shown()
        with open(os.path.join(GOOD, f"{case}.ok"), encoding="utf-8") as f:
            assert printed == f.read(), case
        assert router.load(printed).returncode == 0
        assert router.shown() == printed, f"{case}: load, print, load makes a difference"


@pytest.mark.parametrize("mode", [0o640, 0o664, 0o600])
def test_a_file_that_is_loaded_belongs_to_whom_the_one_before_belonged(router, mode):
    text = router.shown()
    os.chown(router.file, 65534, 65533)
    os.chmod(router.file, mode)
    before = os.stat(router.file)
    assert router.load(text.replace("sysname R1", "sysname R9")).returncode == 0
    after = os.stat(router.file)
    assert after.st_ino != before.st_ino, "it was replaced"
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


def test_no_password_is_printed_in_clear(router):
    with open(os.path.join(GOOD, "everything.in"), encoding="utf-8") as f:
        assert router.load(f.read()).returncode == 0
    printed = router.shown()
    for secret in ("lemon", "pear", "apple"):
        assert secret not in printed
    assert printed.count("%^") == 3


def test_what_a_change_does_not_touch_stays_up(router):
    before = router.lab.sessions("R1")[0]
    p = router.load(router.shown().replace("#\nreturn", "ip route-static 9.9.9.9 32 10.0.12.2\n#\nreturn"))
    assert p.returncode == 0, p.stderr
    wait_for(lambda: "9.9.9.9" in router.lab.run("R1", "ip", "route").stdout, "the new route")
    after = router.lab.sessions("R1")[0]
    assert (after["uid"], after["state"]) == (before["uid"], "OPERATIONAL")


def test_a_change_of_the_hold_time_gives_its_warning_back_to_the_operator(router):
    p = router.load(router.shown().replace("#\nreturn", "mpls ldp holdtime 400\n#\nreturn"))
    assert p.stdout == "%Previously established sessions may not use the new holdtime.\n", p


def test_check_changes_nothing(router):
    before = router.shown()
    assert router.penult("check", router.write(before.replace("sysname R1", "sysname R9"))).returncode == 0
    assert router.shown() == before


def test_one_daemon_that_objects_keeps_all_from_changing(router):
    before, file = router.shown(), open(router.file, encoding="utf-8").read()
    kernel = router.lab.run("R1", "ip", "route").stdout
    p = router.load(before.replace("#\nreturn", "ip route-static 9.9.9.9 32 10.0.12.2\nmpls lsr-id 224.0.0.1\n#\nreturn"))
    assert p.returncode == 1
    assert re.search(r"candidate\.conf:\d+: an LSR id is the address", p.stderr), p.stderr
    assert router.shown() == before
    assert router.lab.run("R1", "ip", "route").stdout == kernel
    assert open(router.file, encoding="utf-8").read() == file


def test_every_error_is_told_once_in_the_order_of_the_lines(router):
    p = router.load("sysname X\nnonsense\ninterface GigabitEthernet0/1/0\n ip address 10.0.0.0 24\n#\nmpls lsr-id 127.0.0.1\n")
    lines = [int(m) for m in re.findall(r"candidate\.conf:(\d+):", p.stderr)]
    assert lines == [2, 4, 6], p.stderr


def test_what_was_loaded_is_what_a_restart_reads(router):
    assert router.load(router.shown().replace("#\nreturn", "ip route-static 9.9.9.9 32 10.0.12.2\nmpls ldp backoff 3 30\n#\nreturn")).returncode == 0
    printed = router.shown()
    router.restart()
    assert router.shown() == printed


def test_a_daemon_that_does_not_run_is_named_and_takes_the_file_when_it_starts(router):
    router.lab.kill("R1", "ldpd")
    text = open(router.file, encoding="utf-8").read().replace("#\nreturn", "#\nmpls ldp backoff 3 30\n#\nip route-static 9.9.9.9 32 10.0.12.2\nreturn")
    p = router.load(text)
    assert p.returncode == 0 and "ldpd does not run" in p.stderr, p
    router.lab.start("R1", "ldpd")
    wait_for(lambda: "mpls ldp backoff 3 30" in router.penult("display", "current-configuration").stdout, "ldpd to have read the file")


def test_a_daemon_that_starts_anew_between_the_phases_is_given_the_candidate_again(router):
    lab = router.lab
    text = router.shown().replace("sysname R1", "sysname R7").replace("#\nreturn", "mpls ldp backoff 3 30\n#\nreturn")
    stopped = lab.daemons["R1", "fibd"].popen
    stopped.send_signal(signal.SIGSTOP)  # the first to be asked: penult waits for it
    p = lab.popen("R1", [os.path.join(lab.build, "bin", "penult"), "-r", lab.run_dir("R1"), "-c", router.file, "load", router.write(text)])
    lab.kill("R1", "ldpd")
    lab.start("R1", "ldpd")
    stopped.send_signal(signal.SIGCONT)
    assert p.wait(60) == 0
    assert "sysname R7" in router.shown() and "mpls ldp backoff 3 30" in router.shown()


def test_a_file_that_is_not_there_and_no_daemon_at_all_are_said(router):
    p = router.penult("load", "/nonexistent")
    assert p.returncode == 1 and "/nonexistent" in p.stderr
    for daemon in ("fibd", "ldpd"):
        router.lab.kill("R1", daemon)
    p = router.penult("load", router.file)
    assert p.returncode == 1 and "no daemon runs" in p.stderr
    assert router.penult("frobnicate").returncode == 2


# --- any change, in any order ---


class Model:
    """A configuration that is changed at random and is always valid."""

    def __init__(self, rng):
        self.rng = rng
        self.routes, self.settings, self.peers, self.lists = {}, {}, {}, {}
        self.interface = {"address": "10.0.12.1 255.255.255.0", "ldp": True, "shutdown": False, "mtu": None}
        self.loopbacks = {1: "1.1.1.1"}

    def change(self):
        r = self.rng
        what = r.randrange(9)
        if what <= 2:
            prefix = f"100.{r.randrange(3)}.{r.randrange(6)}.0 255.255.255.0"
            if prefix in self.routes and r.random() < 0.5:
                del self.routes[prefix]
            else:
                self.routes[prefix] = sorted({(r.choice(["10.0.12.2", "10.0.12.3", "NULL0"]), r.choice([60, 70])) for _ in range(r.randint(1, 2))})
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
        else:
            self.interface["mtu"] = r.choice([None, 1400, 1300])

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
        lines += ["interface GigabitEthernet0/1/0", " undo shutdown", " ip address " + self.interface["address"], " mpls"]
        lines += [" mpls ldp"] if self.interface["ldp"] else []
        lines += [f" mtu {self.interface['mtu']}"] if self.interface["mtu"] else []
        for k, v in self.loopbacks.items():
            lines += ["#", f"interface LoopBack{k}", f" ip address {v} 255.255.255.255"]
        lines += ["#"]
        for prefix, hops in self.routes.items():
            for hop, preference in hops:
                lines.append(f"ip route-static {prefix} {hop}" + (f" preference {preference}" if preference != 60 else ""))
        return "\n".join(lines + ["return", ""])


def state_of(router):
    """The tables without what depends on when and in which order, and the kernel as it is."""
    lab, node = router.lab, router.node
    routes = lab.rows(node, "display", "ip", "routing-table")
    for r in routes:
        for e in r["entries"]:
            e.pop("since", None)
            for h in e.get("next_hops", []):
                h.pop("ifindex", None)
    kernel = sorted(re.sub(r"nhid \d+ ", "", line).strip() for line in lab.run(node, "ip", "route", "show", "table", "all").stdout.splitlines()
                    if "proto 201" in line)
    links = sorted((a["ifname"], a.get("mtu"), tuple(sorted(f"{i['local']}/{i['prefixlen']}" for i in a["addr_info"] if i["family"] == "inet")))
                   for a in lab.json(node, "ip", "-j", "addr"))
    parameters = lab.rows(node, "show", "mpls", "ldp", "parameters")
    interfaces = [{k: v for k, v in r.items() if k in ("name", "active", "hello_hold_ms")}
                  for r in lab.rows(node, "display", "mpls", "ldp", "interface")]
    return {"configuration": router.shown(), "routes": json.loads(json.dumps(routes)), "kernel": kernel, "links": links, "parameters": parameters,
            "interfaces": interfaces}


def settled(router):
    """Two looks alike: nothing is under way any more."""
    last = None

    def same():
        nonlocal last
        now = state_of(router)
        pending = [r for r in now["routes"] if not r["installed"]]
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
