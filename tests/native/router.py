"""A node of the lab, and penult beside it."""
import os

from penult import wait_for


class Router:
    def __init__(self, lab, node, folder):
        self.lab, self.node, self.folder = lab, node, folder
        self.file = lab.config(node)

    def argv(self, *words):
        return [os.path.join(self.lab.build, "bin", "penult"), "-r", self.lab.run_dir(self.node), *words]

    def restart(self):
        for daemon in ("fibd", "ldpd"):
            self.lab.kill(self.node, daemon)
            self.lab.start(self.node, daemon)
        wait_for(lambda: self.penult("display", "current-configuration").returncode == 0, f"{self.node}'s daemons")

    def penult(self, *words):
        return self.lab.run(self.node, *self.argv(*words), check=False, timeout=120)

    def begin(self, *words, **kw):
        """Without waiting for its end."""
        return self.lab.popen(self.node, self.argv(*words), **kw)

    def write(self, text, name="candidate.conf"):
        path = os.path.join(str(self.folder), name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def load(self, text):
        return self.penult("load", self.write(text))

    def shown(self):
        p = self.penult("display", "current-configuration")
        assert p.returncode == 0 and p.stderr == "", p.stderr
        return p.stdout

    def logged(self, daemon, text):
        """How often a daemon has said that."""
        with open(self.lab.log(self.node, daemon), encoding="utf-8") as f:
            return f.read().count(text)
