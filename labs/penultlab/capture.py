"""Frames off an interface, with their label stack read; and pings with sequence numbers that can be accounted for."""
import ipaddress
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from .net import LabError, inside, wait_for

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6, ETH_P_MPLS = 3, 0x0800, 0x86dd, 0x8847


def label_stack(frame):
    """Labels of an Ethernet frame, outermost first, and where the packet behind them begins. None when cut short."""
    if len(frame) < 14:
        return None
    labels, at = [], 14
    bottom = struct.unpack("!H", frame[12:14])[0] != ETH_P_MPLS
    while not bottom:
        if at + 4 > len(frame):
            return None
        entry = struct.unpack("!I", frame[at:at + 4])[0]
        labels.append(entry >> 12)
        bottom = entry >> 8 & 1
        at += 4
    return labels, at


def stacks_to(frames, address):
    """The label stacks of the packets to an IPv4 or IPv6 address, in order; an empty stack for one without labels."""
    want, found = ipaddress.ip_address(address), []
    first = 24 if want.version == 6 else 16  # where the destination begins
    for frame in frames:
        stack = label_stack(frame)
        if stack is None or not (stack[0] or struct.unpack("!H", frame[12:14])[0] in (ETH_P_IP, ETH_P_IPV6)):
            continue
        labels, at = stack
        if len(frame) > at and frame[at] >> 4 == want.version and frame[at + first:at + first + len(want.packed)] == want.packed:
            found.append(labels)
    return found


class Capture:
    """Frames that pass an interface of a node, both ways, until stopped: one of the topology's, or a `device` by its name."""

    def __init__(self, lab, node, interface=None, device=None):
        with inside(lab.net.namespace(node)):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.bind((device or lab.topology.device(node, interface), 0))
        self.frames, self.times = [], []
        self.wake, self.waker = os.pipe()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        """What had arrived before stop() is still read."""
        stopping = False
        while not stopping:
            ready = select.select([self.socket, self.wake], [], [])[0]
            stopping = self.wake in ready
            while select.select([self.socket], [], [], 0)[0]:
                self.frames.append(self.socket.recv(65535))
                self.times.append(time.time())

    def stop(self):
        if self.thread.is_alive():
            os.write(self.waker, b".")
            self.thread.join()
            for descriptor in (self.wake, self.waker):
                os.close(descriptor)
            self.socket.close()
        return self.frames

    def stacks(self, address):
        return stacks_to(self.stop(), address)

    def tcpdump(self, words):
        """The captured frames as tcpdump prints them, those with `words` in their line."""
        self.stop()
        with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
            f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for at, frame in zip(self.times, self.frames):
                f.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)) + frame)
            f.flush()
            p = subprocess.run(["tcpdump", "-n", "-t", "-r", f.name], capture_output=True, text=True, check=False)
        # One packet's line goes on in the next one, which is indented.
        return [line for line in re.sub(r"\n[ \t]+", " ", p.stdout).splitlines() if words in line]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


class Pinger:
    """A running ping, one packet every `interval` seconds."""

    def __init__(self, lab, node, address, interval=0.05):
        self.interval, self.seen, self.lines = interval, set(), []
        self.popen = lab.popen(node, ["ping", "-n", "-O", "-i", str(interval), "-W", "2", address], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line)
            m = re.search(r"bytes from .*icmp_seq=(\d+) ttl", line)
            if m:
                self.seen.add(int(m.group(1)))

    def replies(self):
        return len(self.seen)

    def stop(self):
        """(how many were sent, the sequence numbers that were lost)"""
        self.popen.send_signal(signal.SIGINT)
        self.popen.wait(30)
        self.thread.join(30)
        text = "".join(self.lines)
        m = re.search(r"(\d+) packets transmitted", text)
        if not m:
            raise LabError(f"ping did not end as expected: {text[-500:]}")
        sent = int(m.group(1))
        # The packet that was under way when it was told to stop is nobody's loss.
        return sent, sorted(set(range(1, sent + 1)) - self.seen - {sent})

    def ms(self, lost):
        """How long packets were lost, by their number."""
        return round(len(lost) * self.interval * 1000)


class Pacer:
    """Numbered packets from one node to an address, one each `interval_us`, over several flows; and what of them arrives at another."""

    def __init__(self, lab, source, target, address, port=7777, interval_us=1000, flows=16, bind=None):
        pace = os.path.join(lab.build, "bin", "pace")
        self.interval_us = interval_us
        self.receiver = lab.popen(target, [pace, "receive", str(port)], stdout=subprocess.PIPE, text=True)
        wait_for(lambda: f":{port} " in lab.run(target, "ss", "-Hlun").stdout, f"{target} to listen")
        argv = [pace, "send", "-i", str(interval_us), "-f", str(flows)] + (["-s", bind] if bind else [])
        self.sender = lab.popen(source, argv + [address, str(port)], stdout=subprocess.PIPE, text=True)

    def stop(self):
        """(what the sender says, what the receiver says): see labs/pace.c."""
        said = []
        for p in (self.sender, self.receiver):
            p.send_signal(signal.SIGTERM)
            said.append(json.loads(p.communicate(timeout=60)[0]))
        return tuple(said)


def sent_more(lab, node, device, count):
    """Until so many more packets have left a node by a device: time as the packets have it."""
    def tx():
        return lab.json(node, "ip", "-j", "-s", "link", "show", device)[0]["stats64"]["tx"]["packets"]
    before = tx()
    wait_for(lambda: tx() >= before + count, f"{count} more packets from {node}", 120)


def which(sender, receiver):
    """Which packets are missing, in words."""
    ranges = [f"{first} to {last}" for first, last in receiver["ranges"]]
    if receiver["first"]:
        ranges.insert(0, f"0 to {receiver['first'] - 1}")
    if receiver["last"] + 1 < sender["sent"]:
        ranges.append(f"{receiver['last'] + 1} to the end")
    return "without " + ", ".join(ranges) + (f"; {sender['refused']} could not be sent" if sender["refused"] else "")


def count_loss(teller, pacers, most_ms, what, with_lateness=False):
    """Ends numbered packets, {the way they take: Pacer}, and checks that each way lost at most `most_ms` of them: of all that were sent, for
    what stays away until the end is lost as well. What each lost, in ms."""
    lost_ms = {}
    for way, pacer in pacers.items():
        sender, receiver = pacer.stop()
        each, lost = pacer.interval_us / 1000, sender["sent"] - receiver["received"]
        lost_ms[way] = lost * each
        if receiver["overflowed"]:
            raise LabError(f"{way}: the receiver itself had no room for {receiver['overflowed']} packets, so nobody knows what the network has lost")
        late = f"; the sender itself was up to {sender['late_max_us'] / 1000:.0f} ms late" if with_lateness else ""
        teller.check(receiver["received"] > 0 and lost * each <= most_ms,
                     f"{way}: {lost} of {sender['sent']} packets were lost {what}, {lost * each:.0f} ms (one each {each:.0f} ms{late})"
                     + (f": {which(sender, receiver)}" if lost * each > most_ms else ""))
    return lost_ms
