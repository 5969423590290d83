"""labs/bfd-static tells its story, and every check in it holds: the cut, the failover, the return and what they cost, with one prefix and with 10,000."""
from stories import story_holds


def test_the_story_of_labs_bfd_static_holds(build):
    story_holds(build, "bfd-static", 18)
