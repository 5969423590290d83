"""Pseudowires between two routers over the real bus and real sockets, with stand-ins for l2vpnd: what ldpd keeps over restarts."""
import pytest
from penult import wait_for
from pw_feed import Feed

R1, R2 = "1.1.1.1", "2.2.2.2"


@pytest.fixture
def ends(lab):
    """Both ends of pseudowire 100, agreed."""
    feeds = {"R1": Feed(lab, "R1"), "R2": Feed(lab, "R2")}
    feeds["R1"].say(f"want {R2} 5 100 600001 cw mtu 1500 text hello cc 1 cv 2")
    feeds["R2"].say(f"want {R1} 5 100 600002 cw mtu 1500")
    agree(feeds)
    yield feeds
    for feed in feeds.values():
        feed.close()


def agree(feeds):
    for node, label in ("R1", 600002), ("R2", 600001):
        wait_for(lambda n=node, wanted=label: works(feeds[n].row(100), wanted), f"the pseudowire at {node}", last=lambda n=node: feeds[n].row(100))


def works(row, label, stale=False):
    return row.get("remote_label") == label and row["control_word"] and row["session"] and row["stale"] == stale and not row["trouble"]


def test_each_end_shows_what_the_other_has_told(lab, ends):
    row = ends["R2"].row(100)
    assert (row["remote_description"], row["remote_vccv_cc"], row["remote_vccv_cv"], row["remote_mtu"]) == ("hello", 1, 2, 1500)
    text = lab.ctl("R2", "display", "mpls", "ldp", "pw", R1, "verbose")
    assert "Description     : hello" in text and "Control word    : used" in text, text
    assert "TOTAL: 0 pseudowire(s)" in lab.ctl("R2", "display", "mpls", "ldp", "pw", "9.9.9.9")


@pytest.mark.parametrize("node, other, label", [("R1", "R2", 600001), ("R2", "R1", 600002)], ids=["R1", "R2"])
def test_no_end_loses_its_label_while_an_ldpd_is_killed(lab, ends, node, other, label):
    since = ends[other].row(100)["since"]
    before = lab.sessions(other)[0]["uid"]
    lab.kill(node, "ldpd")
    wait_for(lambda: ends[other].row(100).get("stale"), "the other end to notice", last=lambda: ends[other].row(100))
    assert works(ends[other].row(100), label, stale=True)
    lab.start(node, "ldpd")

    def is_back():
        row = ends[other].row(100)
        assert row.get("remote_label") == label and row["control_word"], row
        return works(row, label) and lab.sessions(other)[0]["uid"] > before

    wait_for(is_back, "the session and its labels", last=lambda: ends[other].row(100))
    agree(ends)
    assert ends[other].row(100)["since"]["age_s"] >= since["age_s"], "nothing has changed there"


def test_when_l2vpnd_is_away_what_it_wanted_stays(lab, ends):
    ends["R1"].process.kill()
    wait_for(lambda: "l2vpnd is away" in lab.daemons["R1", "ldpd"].text(), "ldpd to notice")
    assert works(ends["R2"].row(100), 600001) and works(ends["R1"].row(100), 600002)
    back = Feed(lab, "R1")
    back.say(f"want {R2} 5 100 600001 cw mtu 1500 text hello cc 1 cv 2\nwant {R2} 5 101 600003 mtu 1500")
    wait_for(lambda: ends["R2"].row(101).get("remote_label") == 600003, "what it wants besides", last=lambda: ends["R2"].row(101))
    assert works(ends["R2"].row(100), 600001) and not ends["R2"].row(101)["requested"]
    back.close()
