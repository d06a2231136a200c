"""Hosts that strangers name: whom they may stand for, and that nobody else is asked."""

import socket
import threading

import pytest

from pixace.runtime import hosts
from pixace.runtime.hosts import RefusedError, is_public, reached, refuse_private_number


@pytest.mark.parametrize(
    "number",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.1.2.3"),
        *("169.254.169.254", "172.16.0.1", "192.0.0.1", "192.0.2.1", "192.168.1.1"),
        *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1"),
        *("240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
        *("64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "100::1"),
        *("2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "4000::1"),
        *("fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
    ],
)
def test_numbers_that_are_no_single_hosts_on_the_public_internet(number):
    assert not is_public(number)


@pytest.mark.parametrize(
    "number", ["1.1.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8"]
)
def test_numbers_that_are(number):
    assert is_public(number)


@pytest.fixture
def named(monkeypatch):
    """Makes a name stand for other numbers each time it is asked for; lists when it was."""
    asked = []

    def name(*answers):
        answers = list(answers)

        def look_up(host, port, *_, **__):
            asked.append(host)
            return [(socket.AF_INET, None, 0, "", (number, port)) for number in answers.pop(0)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return name


@pytest.fixture
def own_is_public(monkeypatch):
    """Of this machine's numbers, the usual one counts as public and the others do not."""
    monkeypatch.setattr(hosts, "is_public", lambda number: number == "127.0.0.1")


@pytest.fixture
def two():
    """A public host and a private one, listening at one port."""
    with (
        socket.create_server(("127.0.0.1", 0)) as public,
        socket.create_server(("127.0.0.2", public.getsockname()[1])) as private,
    ):
        public.setblocking(False)
        private.setblocking(False)
        yield public, private


def test_who_was_looked_at_is_who_is_connected_to(named, own_is_public, two):
    """As of a name that stands for a private number the second time it is asked for."""
    asked = named(["127.0.0.1"], ["127.0.0.2"])
    public, private = two
    with reached("rebound.example", public.getsockname()[1], 5, allow_private=False) as line:
        assert line.getpeername() == public.getsockname()
    assert asked == ["rebound.example"]
    with pytest.raises(BlockingIOError):
        private.accept()


def test_one_private_number_among_others_is_enough(named, own_is_public, two):
    named(["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"])
    for _ in range(2):
        with pytest.raises(RefusedError, match="is not on the public internet"):
            reached("both.example", two[0].getsockname()[1], 5, allow_private=False)
    for each in two:
        with pytest.raises(BlockingIOError):
            each.accept()


def test_numbers_are_tried_in_turn(named, two):
    named(["127.0.0.3", "127.0.0.2"])
    _, private = two
    with reached("some.example", private.getsockname()[1], 5, allow_private=True) as line:
        assert line.getpeername() == private.getsockname()


def test_a_name_that_is_never_found_is_not_waited_for(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(60))
    with pytest.raises(TimeoutError):
        reached("slow.example", 80, 0.1, allow_private=True)
    never.set()


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f000001", "2130706433", "::1", "localhost", "A.localhost.", "10.0.0.1"]
)
def test_what_a_proxy_is_not_sent_to(host):
    with pytest.raises(RefusedError, match="is not on the public internet"):
        refuse_private_number(host)


def test_a_proxy_looks_up_names_itself():
    refuse_private_number("pixace.invalid")
    refuse_private_number("1.1.1.1")
