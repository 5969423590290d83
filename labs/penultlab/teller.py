"""Tells a lab's story: steps with the time they were reached, what was seen, and checks that decide the exit status."""
import time


class Teller:
    def __init__(self, quiet=False):
        self.quiet, self.begun, self.failed, self.checks = quiet, time.monotonic(), [], 0

    def say(self, text=""):
        if not self.quiet:
            print(text, flush=True)

    def step(self, text):
        self.say(f"\n[{time.monotonic() - self.begun:6.1f} s] {text}")

    def show(self, text, title=""):
        """Indented; a title stands before the first line."""
        lines = [line.rstrip() for line in text.strip("\n").splitlines()]
        for number, line in enumerate(lines):
            self.say(f"    {title if number == 0 else ' ' * len(title)}{line}")

    def check(self, ok, text):
        self.checks += 1
        if not ok:
            self.failed.append(text)
        if ok or not self.quiet:
            self.say(f"    {'ok' if ok else 'FAILED'}: {text}")
        return ok

    def end(self):
        """The exit status. What failed is said even by a quiet teller."""
        if self.failed:
            print(f"\n{len(self.failed)} of {self.checks} checks failed:\n    " + "\n    ".join(self.failed), flush=True)
            return 1
        self.step(f"The end: all {self.checks} checks held.")
        return 0
