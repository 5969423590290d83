"""The command line.

    penult-lab run   LAB [--story] [--keep]       up, the lab's own story and checks, down
    penult-lab up    LAB                          up, until `down`
    penult-lab exec  LAB NODE -- COMMAND…         in a lab that is up
    penult-lab down  LAB                          ends it
    penult-lab check LAB                          reads the topology and every router's configuration; starts nothing

Where the running kernel lacks what the topology needs, `run` starts a virtual machine with Debian's kernel.
Exit status: 0 all is well; 1 something in the lab was not as it should be; 2 wrong usage, topology or configuration.
"""
import argparse
import fcntl
import importlib.util
import os
import select
import signal
import subprocess
import sys

from . import vm
from .lab import Lab
from .net import LabError, enter
from .topology import SPEAKERS, Topology, TopologyError

STATES = "/run/penult-lab"
VM_TIMEOUT_S = 900


def default_build():
    """Where bin/fibd and the others are: beside an installed penult-lab, or in a source tree's build."""
    share = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    return share if os.path.exists(os.path.join(share, "bin", "fibd")) else "build/out"


def machine(topology, args):
    """Whether the lab has to run in a virtual machine. Said in plain words where that cannot be."""
    if args.native or vm.inside():
        return False
    return args.vm or not vm.kernel_has(topology.needs)


def run_in_vm(topology, args):
    if args.story:
        print("The lab runs in a virtual machine with Debian's own kernel.", flush=True)
    argv = [sys.executable, os.path.realpath(sys.argv[0]), "run", topology.folder, "--build", args.build, "--native"]
    argv += ["--story"] * args.story + ["--keep"] * args.keep
    child = subprocess.Popen(vm.command(argv, VM_TIMEOUT_S, args.build))
    try:
        return child.wait()
    except BaseException:  # Ctrl-C reached the machine as well; it ends by itself
        child.terminate()
        child.wait()
        raise


def run(topology, args):
    if machine(topology, args):
        return run_in_vm(topology, args)
    path = os.path.join(topology.folder, "story.py")
    if not os.path.exists(path):
        raise LabError(f"{topology.name} has no story.py to run; `penult-lab up` brings it up alone")
    spec = importlib.util.spec_from_file_location("story", path)
    story = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(story)
    lab = Lab(topology, args.build)
    try:
        lab.up(start=False)
        status = story.tell(lab, quiet=not args.story)
        lab.finish()
        return status
    except LabError as e:
        print(f"penult-lab: {e}\n{lab.logs()}", file=sys.stderr)
        return 1
    finally:
        if args.keep:
            folder = os.path.join(args.build, "labs", topology.name)
            lab.keep_logs(folder)
            print(f"logs: {folder}", file=sys.stderr)
        lab.close()


# --- a lab that stays: held by a process of its own, which keeps its state file locked ---


def state_path(topology):
    return os.path.join(STATES, topology.name)


def up(topology, args):
    if machine(topology, args):
        print("penult-lab: a lab in a virtual machine lives only as long as `penult-lab run`. With --native it comes up on "
              "this kernel, without labels.", file=sys.stderr)
        return 1
    os.makedirs(STATES, exist_ok=True)
    state = os.open(state_path(topology), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LabError(f"{topology.name} is up already; `penult-lab down` ends it") from None
    os.ftruncate(state, 0)
    told, tell = os.pipe()
    if os.fork() == 0:
        os.close(told)
        os._exit(hold(topology, args, state, tell))
    os.close(tell)
    os.close(state)
    with os.fdopen(told, encoding="utf-8") as f:
        answer = f.read()
    if answer != "up\n":
        raise LabError(answer.strip() or "the process that holds the lab ended")
    print(f"{topology.name} is up: penult-lab exec {args.lab} NODE -- COMMAND; penult-lab down {args.lab}")
    return 0


def hold(topology, args, state, tell):
    os.setsid()
    # From here on the signals that end a lab wait to be asked for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    try:
        with Lab(topology, args.build) as lab:
            os.write(state, f"{os.getpid()}\n{lab.net.tag}\n{lab.dir}\n".encode())
            os.write(tell, b"up\n")
            os.close(tell)
            signal.sigwait({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
        return 0
    except (LabError, OSError) as e:
        try:
            os.write(tell, str(e).encode())
        except OSError:  # it was up, and now nobody listens
            pass
        return 1
    finally:
        os.unlink(state_path(topology))


def held(topology):
    """(process id, namespaces' tag, folder) of a lab that is up."""
    try:
        with open(state_path(topology), encoding="utf-8") as f:
            fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with open(state_path(topology), encoding="utf-8") as f:
            words = f.read().split()
        if len(words) == 3:
            return int(words[0]), words[1], words[2]
    except FileNotFoundError:
        pass
    raise LabError(f"{topology.name} is not up; start it with `penult-lab up`")


def execute(topology, args):
    if args.node not in topology.nodes or not args.command:
        raise LabError(f"exec needs a node ({' '.join(topology.nodes)}) and a command: penult-lab exec {args.lab} NODE -- COMMAND")
    _, tag, folder = held(topology)
    os.environ["PENULT_RUN"] = os.path.join(folder, args.node)
    os.environ["PATH"] = f"{args.build}/bin:{os.environ['PATH']}"
    enter(os.open(f"/var/run/netns/{tag}-{args.node}", os.O_RDONLY))
    try:
        os.execvp(args.command[0], args.command)
    except OSError as e:
        raise LabError(f"cannot run {args.command[0]}: {e.strerror}") from None


def down(topology, _args):
    pid = held(topology)[0]
    watched = os.pidfd_open(pid)
    os.kill(pid, signal.SIGTERM)
    select.select([watched], [], [])
    return 0


def check(topology, args):
    """Every daemon reads its router's file as it would at its start."""
    bad = False
    for node in topology.nodes.values():
        for daemon in node.daemons if node.kind == "router" else ():
            if daemon not in SPEAKERS:
                config = os.path.join(topology.folder, f"{node.name}.conf")
                bad |= subprocess.call([os.path.join(args.build, "bin", daemon), "-t", "-c", config]) != 0
    return 2 if bad else 0


def arguments(argv):
    p = argparse.ArgumentParser(prog="penult-lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("verb", choices=["run", "up", "exec", "down", "check"])
    p.add_argument("lab", help="the folder with the topology")
    p.add_argument("node", nargs="?")
    p.add_argument("--build", default=default_build(), help="where the programs are (%(default)s)")
    p.add_argument("--story", action="store_true", help="tell what happens")
    p.add_argument("--keep", action="store_true", help="leave the logs in BUILD/labs")
    where = p.add_mutually_exclusive_group()
    where.add_argument("--native", action="store_true", help="never start a virtual machine")
    where.add_argument("--vm", action="store_true", help="always start one")
    own, command = argv, []
    if "--" in argv:
        own, command = argv[:argv.index("--")], argv[argv.index("--") + 1:]
    args = p.parse_args(own)
    args.command, args.build = command, os.path.abspath(args.build)
    return args


def main(argv):
    args = arguments(argv)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    try:
        topology = Topology(args.lab)
        return {"run": run, "up": up, "exec": execute, "down": down, "check": check}[args.verb](topology, args)
    except (TopologyError, LabError) as e:
        print(f"penult-lab: {e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("penult-lab: interrupted", file=sys.stderr)
        return 130
