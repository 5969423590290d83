"""Debian's FRR as a peer: its daemons in a node's namespace, with sockets and configuration of their own.

The node's folder has NODE.zebra.conf, NODE.staticd.conf and so on, one file per daemon.
"""
import json
import os
import shutil

from .net import Process, ip, wait_for

DAEMONS = "/usr/lib/frr"


def space(lab, node):
    return f"{lab.tag}-{node}"


def start(lab, node):
    """FRR leaves MPLS on interfaces to the operator, so that is done here."""
    name = node.name
    with_mpls = ["sh", "-c", "echo 100000 > /proc/sys/net/mpls/platform_labels; for f in /proc/sys/net/mpls/conf/*/input; do echo 1 > $f; done; "
                 "echo 1 > /proc/sys/net/ipv4/ip_forward"]
    lab.run(name, *with_mpls)
    ip("-n", lab.namespace(name), "link", "set", "lo", "up")
    run = os.path.join("/var/run/frr", space(lab, name))
    os.makedirs(run, exist_ok=True)
    for folder in (os.path.dirname(run), run):
        shutil.chown(folder, "frr", "frr")
    os.chmod(lab.dir, 0o755)  # FRR gives up root before it reads
    for daemon in node.daemons:
        config = os.path.join(lab.dir, f"{name}.{daemon}.conf")
        source = os.path.join(lab.topology.folder, f"{name}.{daemon}.conf")
        if os.path.exists(source):
            shutil.copy(source, config)
        else:
            open(config, "w", encoding="utf-8").close()
        argv = [os.path.join(DAEMONS, daemon), "-N", space(lab, name), "-f", config, "--log", "stdout"]
        lab.daemons[name, daemon] = Process(lab, name, argv, lab.log(name, daemon)).start()
        if daemon == "zebra":
            wait_for(lambda: os.path.exists(os.path.join(run, "zserv.api")), f"zebra of {name}")


def vtysh(lab, node, command):
    """What FRR says; as JSON when the command asks for it."""
    out = lab.run(node, "vtysh", "-N", space(lab, node), "-c", command).stdout
    return json.loads(out or "{}") if command.endswith(" json") else out
