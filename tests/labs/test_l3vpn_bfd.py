"""labs/l3vpn-bfd tells its story, and every check in it holds: reference 002 in the kernels, on the wires and in the displays."""
import pytest
from stories import story_holds

pytestmark = pytest.mark.mpls


def test_the_story_of_labs_l3vpn_bfd_holds(build):
    story_holds(build, "l3vpn-bfd", 18, timeout=900)
