"""Frames off an interface, with their label stack read; and pings with sequence numbers that can be accounted for."""
import os
import re
import select
import socket
import struct
import subprocess
import threading
import time

ETH_P_ALL, ETH_P_MPLS = 3, 0x8847


def label_stack(frame):
    """Labels of an Ethernet frame, outermost first; empty when it is not labelled."""
    if len(frame) < 14 or struct.unpack("!H", frame[12:14])[0] != ETH_P_MPLS:
        return []
    labels, at = [], 14
    while at + 4 <= len(frame):
        entry = struct.unpack("!I", frame[at:at + 4])[0]
        labels.append(entry >> 12)
        at += 4
        if entry >> 8 & 1:
            break
    return labels


class Capture:
    """Frames that pass an interface of a node, both ways, until stopped."""

    def __init__(self, lab, node, device):
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/var/run/netns/{lab.namespace(node)}", os.O_RDONLY)
        from .net import CLONE_NEWNET, LIBC

        try:
            if LIBC.setns(there, CLONE_NEWNET) != 0:
                raise OSError("cannot enter the namespace")
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.bind((device, 0))
        finally:
            LIBC.setns(own, CLONE_NEWNET)
            os.close(own)
            os.close(there)
        self.frames, self.stopping = [], False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while not self.stopping:
            if select.select([self.socket], [], [], 0.1)[0]:
                self.frames.append(self.socket.recv(65535))

    def stop(self):
        self.stopping = True
        self.thread.join()
        self.socket.close()
        return self.frames

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if not self.stopping:
            self.stop()


class Pinger:
    """A running ping, one packet every `interval` seconds."""

    def __init__(self, lab, node, address, interval=0.05):
        self.started = time.monotonic()
        self.interval = interval
        self.popen = lab.popen(node, ["ping", "-n", "-D", "-i", str(interval), "-W", "2", address], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        self.lines, self.count = [], 0
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line)
            if "bytes from" in line:
                self.count += 1

    def replies(self):
        return self.count

    def stop(self):
        """(sent, received, lost sequence numbers)"""
        import signal

        self.popen.send_signal(signal.SIGINT)
        self.popen.wait(30)
        self.thread.join(30)
        text = "".join(self.lines)
        m = re.search(r"(\d+) packets transmitted, (\d+) received", text)
        if not m:
            raise RuntimeError(f"ping did not end as expected: {text[-500:]}")
        seen = {int(s) for s in re.findall(r"icmp_seq=(\d+) ttl", text)}
        sent = int(m.group(1))
        # The packet that was under way when it was told to stop is nobody's loss.
        lost = sorted(set(range(1, sent + 1)) - seen - {sent})
        return sent, len(seen), lost
