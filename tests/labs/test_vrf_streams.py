"""TCP in VRF devices: the unit tests of it, on a kernel that has them."""
import os
import subprocess


def test_streams_in_vrf_devices(build):
    program = os.path.join(build, "tests", "unit", "host", "test_stream_device")
    done = subprocess.run([program], env={**os.environ, "PENULT_TEST_VRF": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "100%" in done.stdout, done.stdout
