"""Tests marked `mpls` (with --in-vm all tests), on a kernel that has none: an inner pytest runs them in one virtual machine.

Starting a machine costs seconds, so it is started once, with the first such test, for all that were selected. The inner
pytest writes each of its reports as a line; here the line becomes the outer test's own report, as it arrives, with all
that a failure shows. A machine that dies early fails every test that it owes, with its last words.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile

import pytest
from penultlab import vm

TIMEOUT_S = 3600
DESCRIPTOR = "PENULT_REPORTS"  # in the machine: where the inner pytest writes
LINE = "pytest-report "


class Machine:
    """The virtual machine with the inner pytest, and the reports that have arrived from it."""

    def __init__(self, config, items):
        build = os.path.abspath(config.getoption("--build"))
        inner = [sys.executable, "-B", "-m", "pytest", "-q", f"--build={build}", f"--rootdir={config.rootpath}", *[i.nodeid for i in items]]
        # What the inner pytest prints is shown only when the machine dies; its reports have a descriptor of their own.
        shell = ["sh", "-c", f'{DESCRIPTOR}=3 exec "$@" 3>&1 >&2', "sh"]
        self.words = tempfile.TemporaryFile("w+")
        self.config, self.reports, self.told = config, {}, False
        self.popen = subprocess.Popen(vm.command(shell + inner, TIMEOUT_S, build), stdout=subprocess.PIPE, stderr=self.words, text=True,
                                      cwd=config.rootpath)

    def reports_of(self, item):
        """The reports of one test: set up, call, tear down."""
        while not any(r.when == "teardown" for r in self.reports.get(item.nodeid, [])):
            line = self.popen.stdout.readline()
            if not line:
                return self.reports.get(item.nodeid, []) + [self._missing(item)]
            if line.startswith(LINE):
                data = json.loads(base64.b64decode(line[len(LINE):]))
                report = self.config.hook.pytest_report_from_serializable(config=self.config, data=data)
                self.reports.setdefault(report.nodeid, []).append(report)
        return self.reports[item.nodeid]

    def _missing(self, item):
        text = f"the virtual machine ended with status {self.popen.wait()} before this test did"
        if not self.told:  # once is enough
            self.told = True
            self.words.seek(0)
            text += f"; its last words:\n{self.words.read()[-6000:]}"
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")

    def close(self):
        self.popen.terminate()
        self.popen.wait()


def needs_mpls(item):
    return item.get_closest_marker("mpls") or item.config.getoption("--in-vm")


class Outside:
    """Where the kernel lacks MPLS."""

    def __init__(self):
        self.machine = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        if not needs_mpls(item):
            return None
        if not self.machine:
            self.machine = Machine(item.config, [i for i in item.session.items if needs_mpls(i)])
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self.machine.reports_of(item):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_sessionfinish(self):
        if self.machine:
            self.machine.close()


class Inside:
    """Where an inner pytest tells its reports to the outer one."""

    def __init__(self, config, descriptor):
        self.config, self.descriptor = config, descriptor

    def pytest_runtest_logreport(self, report):
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        line = LINE + base64.b64encode(json.dumps(data, default=str).encode()).decode() + "\n"
        while line:
            line = line[os.write(self.descriptor, line.encode()):]


def pytest_addoption(parser):
    parser.addoption("--in-vm", action="store_true", help="run tests that are not marked `mpls` on a kernel that has it, too")


def pytest_configure(config):
    if DESCRIPTOR in os.environ:
        descriptor = int(os.environ[DESCRIPTOR])
        os.set_inheritable(descriptor, False)
        config.pluginmanager.register(Inside(config, descriptor))
    elif not vm.kernel_has({"mpls"}) and not vm.inside():
        config.pluginmanager.register(Outside())
