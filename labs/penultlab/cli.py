"""The command line.

    penult-lab run  LAB [--story] [--build DIR] [--native]    up, the lab's own story and checks, down
    penult-lab up   LAB [--build DIR]                         up, and stay until interrupted
    penult-lab exec LAB NODE -- COMMAND…                      in a lab that `up` holds
    penult-lab down LAB                                       ends such a lab

Where the running kernel lacks what the topology needs, `run` starts a virtual machine with Debian's kernel.
"""
import argparse
import importlib.util
import os
import signal
import subprocess
import sys

from . import vm
from .net import Lab, LabError, ip
from .topology import Topology, TopologyError


def default_build():
    """Where bin/fibd and the others are: beside an installed penult-lab, or in a source tree's build."""
    share = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    return share if os.path.exists(os.path.join(share, "bin", "fibd")) else "build/out"


def state_file(topology):
    return f"/run/penult-lab-{topology.name}"


def run(topology, args):
    if not vm.kernel_has(topology.needs) and not args.native:
        if vm.inside():
            print("penult-lab: the virtual machine's kernel lacks MPLS too", file=sys.stderr)
            return 1
        if args.story:
            print("This kernel has no MPLS: the lab runs in a virtual machine with Debian's own.", flush=True)
        argv = [sys.executable, os.path.realpath(sys.argv[0]), "run", topology.folder, "--build", args.build]
        return subprocess.call(vm.command(argv + (["--story"] if args.story else []), 900))
    path = os.path.join(topology.folder, "story.py")
    spec = importlib.util.spec_from_file_location("story", path)
    story = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(story)
    lab = Lab(topology, args.build)
    try:
        lab.up(start=False)
        return story.tell(lab, quiet=not args.story)
    except (LabError, KeyboardInterrupt) as e:
        print(f"penult-lab: {e or 'interrupted'}\n{lab.logs()}", file=sys.stderr)
        return 1
    finally:
        lab.close()


def up(topology, args):
    if not vm.kernel_has(topology.needs) and not args.native:
        print("penult-lab: this kernel lacks MPLS; a lab in a virtual machine lives only as long as `penult-lab run`. "
              "With --native it comes up without labels in the kernel.", file=sys.stderr)
        return 1
    with Lab(topology, args.build) as lab:
        with open(state_file(topology), "w", encoding="utf-8") as f:
            f.write(f"{os.getpid()} {lab.tag} {lab.dir}\n")
        print(f"{topology.name} is up: penult-lab exec {args.lab} NODE -- COMMAND; Ctrl-C ends it", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass
        finally:
            os.unlink(state_file(topology))
    return 0


def held(topology):
    try:
        with open(state_file(topology), encoding="utf-8") as f:
            pid, tag, folder = f.read().split()
    except OSError:
        raise LabError(f"{topology.name} is not up; start it with `penult-lab up`") from None
    return int(pid), tag, folder


def execute(topology, args):
    _, tag, folder = held(topology)
    if args.node not in topology.nodes:
        raise LabError(f"{topology.name} has no node {args.node}; it has {' '.join(topology.nodes)}")
    env = dict(os.environ, PENULT_RUN=os.path.join(folder, args.node), PATH=f"{os.path.abspath(args.build)}/bin:{os.environ['PATH']}")
    return subprocess.call(["ip", "netns", "exec", f"{tag}-{args.node}", *args.command], env=env)


def down(topology, _args):
    pid, tag, _ = held(topology)
    os.kill(pid, signal.SIGINT)
    while os.path.exists(state_file(topology)):
        if not os.path.exists(f"/proc/{pid}"):
            os.unlink(state_file(topology))
            for node in topology.nodes:
                ip("netns", "del", f"{tag}-{node}", check=False)
    return 0


def main(argv):
    p = argparse.ArgumentParser(prog="penult-lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("verb", choices=["run", "up", "exec", "down"])
    p.add_argument("lab")
    p.add_argument("node", nargs="?")
    p.add_argument("--build", default=default_build())
    p.add_argument("--story", action="store_true", help="tell what happens")
    p.add_argument("--native", action="store_true", help="never start a virtual machine")
    own, _, command = argv, None, []
    if "--" in argv:
        own, command = argv[:argv.index("--")], argv[argv.index("--") + 1:]
    args = p.parse_args(own)
    args.command = command
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        topology = Topology(args.lab)
        return {"run": run, "up": up, "exec": execute, "down": down}[args.verb](topology, args)
    except (TopologyError, LabError) as e:
        print(f"penult-lab: {e}", file=sys.stderr)
        return 2
