"""Runs a program the way its systemd unit would, on a machine where systemd is not in charge: as an unprivileged user with
the unit's capabilities and no others, the unit's UMask and limits, and filters for system calls and socket families. A system call
that the unit does not allow kills the process, whatever the unit says should happen: so none that is needed is overlooked.

    confined.py UNIT PROGRAM [ARGUMENT…]      as root
"""
import ctypes
import os
import resource
import subprocess
import sys

NOBODY = 65534
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_SET_KEEPCAPS = 38, 24, 47, 8
CAPS = {"CAP_NET_BIND_SERVICE": 10, "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}
KILL, ALLOW, EAFNOSUPPORT = 0x80000000, 0x7fff0000, 97
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17}
LIBC = ctypes.CDLL(None, use_errno=True)


def settings(path):
    out = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            key, equals, value = line.strip().partition("=")
            if equals and not key.startswith("#"):
                out.setdefault(key, []).append(value)
    return out


def expand(name):
    """The names of the system calls of a group."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout
    words = [line.split()[0] for line in text.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(expand(w) for w in words))


def allowed_calls(lines):
    allowed = expand("@default") | {"execve"}
    for line in lines:
        names = set().union(*(expand(n) for n in line.lstrip("~").split()))
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def check(result, what):
    if result < 0:
        sys.exit(f"confined: {what}: {os.strerror(ctypes.get_errno() or -result)}")


def filter_calls(unit):
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    number = {n: lib.seccomp_syscall_resolve_name(n.encode()) for n in allowed_calls(unit["SystemCallFilter"])}
    context = ctypes.c_void_p(lib.seccomp_init(KILL))
    add = lib.seccomp_rule_add_array
    families = [FAMILIES[f] for f in unit["RestrictAddressFamilies"][0].split()]
    for name, n in number.items():
        if n < 0:
            continue  # of another architecture
        if name == "socket":
            for family in families:
                check(add(context, ALLOW, n, 1, ctypes.byref(Comparison(0, 4, family, 0))), name)
            for family in set(range(46)) - set(families):
                check(add(context, 0x00050000 | EAFNOSUPPORT, n, 1, ctypes.byref(Comparison(0, 4, family, 0))), name)
        else:
            check(add(context, ALLOW, n, 0, None), name)
    check(lib.seccomp_load(context), "the filter")


def drop_privileges(unit):
    keep = {CAPS[c] for line in unit["CapabilityBoundingSet"] for c in line.split()}
    for c in range(64):
        if c not in keep:
            LIBC.prctl(PR_CAPBSET_DROP, c, 0, 0, 0)
    check(LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keeping capabilities")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    ambient = {CAPS[c] for line in unit.get("AmbientCapabilities", []) for c in line.split()}
    mask = sum(1 << c for c in ambient)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    check(LIBC.capset(header, data), "setting capabilities")
    for c in ambient:
        check(LIBC.prctl(PR_CAP_AMBIENT, 2, c, 0, 0), "raising a capability")


def set_limits(unit):
    for name in ("RTPRIO", "NICE", "MEMLOCK"):
        for value in unit.get("Limit" + name, []):
            limit = resource.RLIM_INFINITY if value == "infinity" else 20 - int(value) if name == "NICE" else int(value)
            try:
                resource.setrlimit(getattr(resource, "RLIMIT_" + name), (limit, limit))
            except (ValueError, OSError):
                pass  # not even root may here: the program has to do without, as it can


def main():
    unit = settings(sys.argv[1])
    set_limits(unit)
    os.umask(int(unit["UMask"][0], 8))
    drop_privileges(unit)
    if unit["NoNewPrivileges"][0] == "yes":
        check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    filter_calls(unit)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
