"""What all pytest suites share: where the built programs are, labs as fixtures, and tests that need another kernel."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(HERE)
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "labs"), os.path.join(ROOT, "labs", "lsp"), os.path.join(HERE, "helper"), os.path.join(HERE, "conformance")]
pytest_plugins = ["in_vm"]


def pytest_addoption(parser):
    parser.addoption("--build", default=os.path.join(ROOT, "build", "out"), help="the build folder")


@pytest.fixture(scope="session")
def build(request):
    return os.path.abspath(request.config.getoption("--build"))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """A failed lab test shows the last lines of every daemon's log."""
    outcome = yield
    report = outcome.get_result()
    lab = getattr(item, "funcargs", {}).get("lab")
    if report.when == "call" and report.failed and hasattr(lab, "logs"):
        report.sections.append(("logs of the lab", lab.logs()))
