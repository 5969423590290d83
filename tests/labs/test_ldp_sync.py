"""labs/ldp-sync tells its story, and every check in it holds: with synchronization nothing is lost for want of a label, without it something is."""
import pytest
from stories import story_holds

pytestmark = pytest.mark.mpls


def test_the_story_of_labs_ldp_sync_holds(build):
    story_holds(build, "ldp-sync", 8)
