"""Numbered packets between two sites, both ways, for tests that count what a change costs."""
from penultlab.capture import Pacer, count_loss, sent_more

PACKETS = 500


class Checks:
    """As a teller of stories checks, for a test."""

    @staticmethod
    def check(ok, text):
        print(text)
        assert ok, text


class Pacers:
    """One packet each millisecond from each of two hosts to the other, between begin() and lost(). Each end is (host, its address)."""

    def __init__(self, lab, one, two, device="eth0"):
        self.lab, self.device, self.one, self.two, self.running = lab, device, one, two, {}

    def begin(self):
        for (host, address), (other, target) in ((self.one, self.two), (self.two, self.one)):
            self.running[f"{host} to {other}"] = Pacer(self.lab, host, other, target, bind=address)
        self.more()

    def more(self, count=PACKETS):
        sent_more(self.lab, self.one[0], self.device, count)

    def lost(self, most_ms, what):
        """After some more, so that what stays away is seen: what each way lost, in ms, which may be at most so much; both ways, or {way: ms}."""
        self.more()
        lost_ms = {}
        for way in list(self.running):
            most = most_ms[way] if isinstance(most_ms, dict) else most_ms
            lost_ms.update(count_loss(Checks, {way: self.running.pop(way)}, most, what))
        return lost_ms

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for pacer in self.running.values():  # of a test that has failed
            pacer.stop()
