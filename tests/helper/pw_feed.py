"""helper/pw_feed.c beside a router: what l2vpnd would say of pseudowires, line by line."""
import os


class Feed:
    def __init__(self, lab, node):
        self.lab, self.node = lab, node
        fifo = os.path.join(lab.dir, f"feed-{len(os.listdir(lab.dir))}")
        os.mkfifo(fifo)
        self.pipe = os.open(fifo, os.O_RDWR)
        program = os.path.join(lab.build, "tests", "helper", "pw_feed")
        self.process = lab.popen(node, ["sh", "-c", f"exec {program} -r {lab.run_dir(node)} < {fifo}"])

    def say(self, line):
        os.write(self.pipe, (line + "\n").encode())

    def row(self, number, kind=5):
        rows = self.lab.rows(self.node, "display", "mpls", "ldp", "pw")
        return next((r for r in rows if r["vc_id"] == number and r["type"] == kind), {})

    def close(self):
        os.close(self.pipe)
        self.process.kill()
        self.process.wait()
