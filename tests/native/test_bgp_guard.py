"""What guards a session: TCP MD5 (RFC 2385) with FRR, BIRD, GoBGP and OpenBGPD, and GTSM (RFC 5082) with FRR and BIRD."""
import pytest
from bgp import BgpLab, router, wait_for
from bgp_speakers import Bird, Exabgp, Frr, Gobgp, Openbgpd

SECRET = "s3cret-of-two"


def started(build, folder, speaker):
    return BgpLab(folder, build, [speaker], router(65001, [speaker], "network 192.0.2.0 255.255.255.0"))


# OpenBGPD has the password for calls of its own alone: on Linux its listener knows none (TCPMD5Unexpected counts there).
@pytest.mark.parametrize("kind, passive", [(k, p) for k in (Frr, Bird, Gobgp, Openbgpd, Exabgp) for p in (True, False) if k is not Openbgpd or not p],
                         ids=lambda v: {True: "we-call", False: "it-calls"}[v] if isinstance(v, bool) else v.kind)
def test_the_same_password_makes_a_session(build, tmp_path, kind, passive):
    ours = [f"password simple {SECRET}"] + ([] if passive else ["listen-only"])
    s = kind(2, 65002, password=SECRET, passive=passive, ours=ours)
    with started(build, tmp_path, s) as lab:
        lab.wait_up(s)
        lab.wait_told(s, "192.0.2.0/24")
        assert SECRET not in lab.ctl("R1", "display", "bgp", "peer", "verbose")


@pytest.mark.parametrize("passive", [True, False], ids=["we-call", "it-calls"])
@pytest.mark.parametrize("kind", [Frr, Bird], ids=lambda k: k.kind)
def test_another_password_makes_none_until_it_is_mended(build, tmp_path, kind, passive):
    ours = ["password simple another"] + ([] if passive else ["listen-only"])
    s = kind(2, 65002, password=SECRET, passive=passive, ours=ours)
    with started(build, tmp_path, s) as lab:
        if passive:  # our call is not answered, and the display says what may be the matter
            row = lab.wait_peer(s, lambda r: r["last_error"], "a reason")
            assert row["state"] in ("CONNECT", "ACTIVE", "IDLE") and row["ups"] == 0, row
            assert f"Last error: {row['last_error']}" in lab.ctl("R1", "display", "bgp", "peer", s.address, "verbose")
        else:  # the kernel drops its calls, and counts them
            def dropped():
                return int(dict(zip(*[line.split() for line in lab.run("R1", "cat", "/proc/net/netstat").stdout.splitlines()[:2]]))["TCPMD5Failure"])
            wait_for(dropped, "a call with the wrong password")
            assert lab.peer(s)["ups"] == 0 and lab.state(s) != "ESTABLISHED"
        lab.configure(lambda text: text.replace("password simple another", f"password simple {SECRET}"))
        lab.wait_up(s)


@pytest.mark.parametrize("kind", [Frr, Bird], ids=lambda k: k.kind)
def test_no_password_is_another_one(build, tmp_path, kind):
    s = kind(2, 65002, passive=False, ours=[f"password simple {SECRET}", "listen-only"])
    with started(build, tmp_path, s) as lab:
        def dropped():
            return int(dict(zip(*[line.split() for line in lab.run("R1", "cat", "/proc/net/netstat").stdout.splitlines()[:2]]))["TCPMD5NotFound"])
        wait_for(dropped, "a call without a password")
        assert lab.peer(s)["ups"] == 0
        lab.configure(lambda text: text.replace(f" peer {s.address} password simple {SECRET}\n", ""))
        lab.wait_up(s)


@pytest.mark.parametrize("passive", [True, False], ids=["we-call", "it-calls"])
@pytest.mark.parametrize("kind", [Frr, Bird], ids=lambda k: k.kind)
def test_who_is_on_the_link_passes(build, tmp_path, kind, passive):
    s = kind(2, 65002, gtsm=True, passive=passive, ours=["valid-ttl-hops 1"] + ([] if passive else ["listen-only"]))
    with started(build, tmp_path, s) as lab:
        lab.wait_up(s)
        lab.wait_told(s, "192.0.2.0/24")
        s.announce("10.2.1.0/24")
        lab.wait_path(s, "10.2.1.0/24")


@pytest.mark.parametrize("kind", [Frr, Bird], ids=lambda k: k.kind)
def test_who_seems_to_be_further_away_does_not(build, tmp_path, kind):
    """A speaker that does not know of GTSM sends with a TTL of 1, as if it came from 254 routers away."""
    s = kind(2, 65002, ours=["valid-ttl-hops 1", "listen-only"])
    with started(build, tmp_path, s) as lab:
        def dropped():
            return int(dict(zip(*[line.split() for line in lab.run("R1", "cat", "/proc/net/netstat").stdout.splitlines()[:2]]))["TCPMinTTLDrop"])
        wait_for(dropped, "a packet from too far away")
        assert lab.peer(s)["ups"] == 0
        lab.configure(lambda text: text.replace(f" peer {s.address} valid-ttl-hops 1\n", ""))
        lab.wait_up(s)
