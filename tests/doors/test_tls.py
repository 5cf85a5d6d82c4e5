"""TLS of a server: when a certificate is loaded again, what is told, how many handshakes."""

from __future__ import annotations

import asyncio
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from structlog.testing import capture_logs

from milepost.doors.certificates import (
    LIFE,
    RENEW_BEFORE,
    BadCertificate,
    Pair,
    make_own,
    signed,
)
from milepost.doors.serving import let_go, look_at
from milepost.doors.tls import Tls, context_of, utc, with_given, with_own
from tests.pairs import BAD, key_bytes, pair_in, spoil

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
MOST = 100


class Clock:
    """A written clock."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    pair = Pair(tmp_path / "cert.pem", tmp_path / "key.pem")
    make_own(pair, ["localhost"], NOW)
    return pair


@pytest.fixture
def tls(pair: Pair, clock: Clock) -> Tls:
    return Tls(pair, clock, renew=None, most=MOST)


def handshake(context: ssl.SSLContext, trust: Pair, name: str = "localhost") -> ssl.SSLObject:
    """A whole handshake in memory; the client's side."""
    client_context = ssl.create_default_context(cafile=trust.certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    client.getpeercert()
    return client


def peer_of(context: ssl.SSLContext, trust: Pair) -> bytes | None:
    return handshake(context, trust).getpeercert(binary_form=True)


def looks(tls: Tls, times: int) -> list[dict[str, Any]]:
    """What is logged in so many looks, without what is the same in all records."""
    with capture_logs() as records:
        for _ in range(times):
            tls.look()
    return [dict(record) for record in records]


def test_nothing_is_done_while_nothing_changes(tls: Tls) -> None:
    before = tls.context.current
    assert looks(tls, 5) == []
    assert tls.context.current is before


def test_a_new_pair_is_loaded_once_it_stands_still(tls: Tls, pair: Pair) -> None:
    old = peer_of(tls.context, pair)
    make_own(pair, ["localhost"], NOW)
    assert looks(tls, 1) == []
    (record,) = looks(tls, 3)
    assert record["event"] == "certificate loaded"
    assert record["log_level"] == "info"
    assert record["file"] == str(pair.certificate)
    assert record["sha256"] == tls.certificate.fingerprint
    assert peer_of(tls.context, pair) != old


def test_half_a_pair_is_not_looked_at(tls: Tls, pair: Pair, tmp_path: Path) -> None:
    """The certificate is written, and the key a little later."""
    other = Pair(tmp_path / "other" / "cert.pem", tmp_path / "other" / "key.pem")
    make_own(other, ["localhost"], NOW)
    pair.certificate.write_bytes(other.certificate.read_bytes())
    assert looks(tls, 1) == []
    pair.key.write_bytes(other.key.read_bytes())
    assert looks(tls, 1) == []
    assert [record["event"] for record in looks(tls, 2)] == ["certificate loaded"]


def test_when_asked_it_is_loaded_at_once(tls: Tls, pair: Pair) -> None:
    make_own(pair, ["localhost"], NOW)
    tls.ask()
    assert tls.is_asked()
    assert [record["event"] for record in looks(tls, 1)] == ["certificate loaded"]
    assert not tls.is_asked()
    assert looks(tls, 3) == []


def test_being_asked_is_answered_even_when_nothing_is_new(tls: Tls) -> None:
    tls.ask()
    assert [record["event"] for record in looks(tls, 2)] == ["certificate loaded"]


@pytest.mark.parametrize("how", BAD)
def test_a_bad_pair_keeps_the_one_before_and_is_told_once(tmp_path: Path, how: str) -> None:
    pair = pair_in(tmp_path)
    tls = Tls(pair, utc, renew=None, most=MOST)
    before, certificate = tls.context.current, tls.certificate
    told = spoil(pair, how)
    (record,) = looks(tls, 5)
    assert (record["event"], record["log_level"]) == (
        "certificate not loaded, the one before stays",
        "error",
    )
    assert told in record["reason"]
    assert str(tmp_path) in record["reason"]
    assert (tls.context.current, tls.certificate) == (before, certificate)
    for path in pair[:2]:
        if path.is_dir():
            path.rmdir()
    pair_in(tmp_path)
    assert [record["event"] for record in looks(tls, 3)] == ["certificate loaded"]


def test_another_fault_is_told_again_and_so_is_every_question(tls: Tls, pair: Pair) -> None:
    pair.key.write_bytes(b"")
    assert len(looks(tls, 4)) == 1
    pair.key.unlink()
    assert len(looks(tls, 4)) == 1
    tls.ask()
    assert len(looks(tls, 4)) == 1


def test_a_pair_that_becomes_valid_later_is_loaded_then(tls: Tls, pair: Pair, clock: Clock) -> None:
    make_own(pair, ["localhost"], NOW + DAY)
    assert [record["log_level"] for record in looks(tls, 4)] == ["error"]
    clock.now = NOW + DAY
    assert [record["event"] for record in looks(tls, 4)] == ["certificate loaded"]


def test_its_end_is_told_once_a_day(tls: Tls, clock: Clock) -> None:
    end = tls.certificate.ends
    clock.now = end - timedelta(days=14, seconds=1)
    assert looks(tls, 2) == []
    told = []
    for hours in range(0, 15 * 24, 6):
        clock.now = end - timedelta(days=14) + timedelta(hours=hours)
        told += [(hours, record["event"], record["log_level"]) for record in looks(tls, 2)]
    assert told == [(day * 24, "certificate expires soon", "warning") for day in range(15)]
    clock.now = end + DAY
    (record,) = looks(tls, 2)
    assert record["event"] == "certificate has expired"
    assert record["ends"] == end.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_our_own_is_renewed_by_itself(tmp_path: Path, clock: Clock) -> None:
    tls = with_own(tmp_path / "tls", "127.0.0.1", MOST, clock)
    first = tls.certificate
    clock.now = first.ends - RENEW_BEFORE
    assert looks(tls, 2) == []
    clock.now += timedelta(seconds=1)
    assert [record["event"] for record in looks(tls, 2)] == ["certificate loaded"]
    assert tls.certificate.ends == clock.now + LIFE
    assert tls.certificate.fingerprint != first.fingerprint


def test_our_own_is_made_again_when_it_was_removed(tmp_path: Path) -> None:
    tls = with_own(tmp_path / "tls", "127.0.0.1", MOST)
    tls.pair.key.unlink()
    assert [record["event"] for record in looks(tls, 3)] == ["certificate loaded"]
    assert tls.pair.key.exists()


def test_our_own_that_cannot_be_renewed_stays_and_is_told_once(
    tmp_path: Path, clock: Clock
) -> None:
    tls = with_own(tmp_path / "tls", "127.0.0.1", MOST, clock)
    tls.pair.key.with_name("key.pem.new").mkdir()
    clock.now = tls.certificate.ends - RENEW_BEFORE + DAY
    (record,) = looks(tls, 3)
    assert record["log_level"] == "error"
    assert 'tls = "self"' in record["reason"]
    tls.pair.key.with_name("key.pem.new").rmdir()
    assert [record["event"] for record in looks(tls, 3)] == ["certificate loaded"]


@pytest.mark.parametrize("how", BAD)
def test_a_bad_pair_at_the_start(tmp_path: Path, how: str) -> None:
    pair = pair_in(tmp_path)
    told = spoil(pair, how)
    with pytest.raises(BadCertificate) as caught:
        with_given(pair.certificate, pair.key, MOST)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_weak_certificate_is_told_as_such(tmp_path: Path) -> None:
    pair = weak_pair(tmp_path)
    with pytest.raises(BadCertificate, match=r"tls_cert .*too weak.*EE_KEY_TOO_SMALL"):
        context_of(pair)


def weak_pair(folder: Path) -> Pair:
    pair = Pair(folder / "cert.pem", folder / "key.pem")
    pair.key.write_bytes(key_bytes(bits=1024))
    key: Any = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    made = signed(key, ["localhost"], NOW).public_bytes(serialization.Encoding.PEM)
    pair.certificate.write_bytes(made)
    return pair


def test_both_may_be_in_one_file(pair: Pair) -> None:
    both = pair.certificate.with_name("both.pem")
    both.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())
    assert context_of(Pair(both, both)).minimum_version == ssl.TLSVersion.TLSv1_2


def test_handshakes_have_a_bound(pair: Pair, clock: Clock) -> None:
    tls = Tls(pair, clock, renew=None, most=2)

    def begin() -> ssl.SSLObject:
        return tls.context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)

    waiting = [begin(), begin()]
    for _ in range(2):
        with pytest.raises(ssl.SSLError, match="more than 2 handshakes"):
            begin()
    waiting.pop()
    done = [handshake(tls.context, pair) for _ in range(5)]
    assert len(done) == 5
    waiting.append(begin())
    with pytest.raises(ssl.SSLError):
        begin()


def test_the_time_is_utc() -> None:
    assert abs(utc().timestamp() - time.time()) < 60
    assert utc().utcoffset() == timedelta()


# The server around it.


class Faulty:
    """A certificate whose keeper has a fault."""

    def look(self) -> None:
        raise RuntimeError("a fault")


def test_a_fault_of_the_keeper_does_not_end_the_server() -> None:
    faulty: Any = Faulty()
    with capture_logs() as records:
        asyncio.run(look_at(faulty))
    assert [record["event"] for record in records] == ["certificate not looked after"]


class Transport:
    """A connection: whether it is closing, and what it has yet to send."""

    def __init__(self, *, closing: bool, unsent: int) -> None:
        self.closing, self.unsent, self.aborted = closing, unsent, False
        self.transport: Any = self

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted = True


def test_only_what_has_ended_is_cut_off() -> None:
    at_work = Transport(closing=False, unsent=0)
    unread = Transport(closing=True, unsent=1)
    ended = Transport(closing=True, unsent=0)
    connections = [at_work, unread, ended]
    seen = let_go(connections, set())
    assert not ended.aborted, "it has a moment for its goodbye"
    let_go(connections, seen)
    assert [each.aborted for each in connections] == [False, False, True]
