#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""CTAPHID by hand, packet by packet (CTAP 2.1, 11.2): what libfido2 never sends."""
import os, select, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from softkey_lab import PATIENCE, Key, main, need

PING, MSG, INIT, CBOR, CANCEL, KEEPALIVE, ERROR = 0x81, 0x83, 0x86, 0x90, 0x91, 0xBB, 0xBF
BROADCAST = 0xFFFFFFFF
INVALID_CMD, INVALID_LEN, INVALID_SEQ, TIMEOUT, BUSY, INVALID_CHANNEL = 1, 3, 4, 5, 6, 0x0B
GET_INFO, SELECTION = b"\x04", b"\x0b"


class Raw:
    """A client that may break every rule."""

    def __init__(self, key):
        self.fd = os.open(key.path, os.O_RDWR | os.O_NOCTTY)
        self.cid = None

    def packet(self, cid, rest):
        data = b"\0" + cid.to_bytes(4, "big") + rest
        assert os.write(self.fd, data.ljust(65, b"\0")) == 65

    def send(self, command, data=b"", cid=None, length=None, packets=200):
        cid = self.cid if cid is None else cid
        length = len(data) if length is None else length
        self.packet(cid, bytes([command]) + length.to_bytes(2, "big") + data[:57])
        data = data[57:]
        for seq in range(packets):
            if not data:
                break
            self.packet(cid, bytes([seq]) + data[:59])
            data = data[59:]

    def read(self, wait=PATIENCE):
        """One packet: channel and the rest; None when nothing comes."""
        if not select.select([self.fd], [], [], wait)[0]:
            return None
        data = os.read(self.fd, 64)
        assert len(data) == 64, len(data)
        return int.from_bytes(data[:4], "big"), data[4:]

    def receive(self):
        """One message: channel, command, data."""
        cid, first = self.read()
        length = int.from_bytes(first[1:3], "big")
        data, seq = first[3:], 0
        while len(data) < length:
            other, rest = self.read()
            assert other == cid and rest[0] == seq, (other, rest[0], seq)
            data, seq = data + rest[1:], seq + 1
        return cid, first[0], data[:length]

    def init(self, cid=BROADCAST):
        nonce = os.urandom(8)
        self.send(INIT, nonce, cid)
        got, command, data = self.receive()
        assert got == cid and command == INIT and data[:8] == nonce and len(data) == 17 and data[12] == 2
        channel = int.from_bytes(data[8:12], "big")
        if cid == BROADCAST:
            self.cid = channel
        return channel

    def quiet(self):
        assert self.read(0.2) is None

    def error(self, code, cid=None):
        assert self.receive() == (self.cid if cid is None else cid, ERROR, bytes([code]))

    def answers(self):
        """The channel works again."""
        self.send(PING, b"hello")
        assert self.receive() == (self.cid, PING, b"hello")

    def __enter__(self):
        self.init()
        return self

    def __exit__(self, *unused):
        os.close(self.fd)


def test_ping_of_every_size():
    with Key() as key, Raw(key) as raw:
        for size in 0, 1, 57, 58, 116, 117, 1200, 7609:
            data = os.urandom(size)
            raw.send(PING, data)
            assert raw.receive() == (raw.cid, PING, data), size
        raw.send(PING, b"x", length=7610)
        raw.error(INVALID_LEN)
        raw.answers()


def test_channels():
    with Key() as key, Raw(key) as raw:
        first = raw.cid
        second = raw.init()
        assert first != second and first not in (0, BROADCAST)
        assert raw.init(first) == first
        for cid in 0, second + 1:
            raw.send(PING, b"x", cid)
            raw.error(INVALID_CHANNEL, cid)
        raw.send(PING, b"x", BROADCAST)
        raw.error(INVALID_CHANNEL, BROADCAST)
        raw.send(INIT, b"short", BROADCAST)
        raw.error(INVALID_LEN, BROADCAST)
        raw.answers()


def test_sequence():
    with Key() as key, Raw(key) as raw:
        raw.send(PING, bytes(200), packets=0)
        raw.packet(raw.cid, b"\x01")
        raw.error(INVALID_SEQ)
        raw.send(PING, bytes(200), packets=0)
        raw.send(PING, b"x")  # a new message in the middle of one
        raw.error(INVALID_SEQ)
        raw.packet(raw.cid, b"\x00")  # a continuation of nothing
        raw.quiet()
        raw.answers()


def test_message_that_never_ends():
    with Key() as key, Raw(key) as raw:
        raw.send(PING, bytes(200), packets=1)
        raw.error(TIMEOUT)
        raw.answers()


def test_init_in_the_middle_of_a_message():
    with Key() as key, Raw(key) as raw:
        raw.send(PING, bytes(200), packets=1)
        assert raw.init(raw.cid) == raw.cid
        raw.quiet()
        raw.answers()


def test_unknown_commands():
    with Key() as key, Raw(key) as raw:
        for command in MSG, 0xFE:
            raw.send(command, b"\0\1")
            raw.error(INVALID_CMD)
        for data, status in (b"", 0x03), (b"\x77", 0x01), (b"\x02\xff", 0x12), (b"\x02", 0x14), (b"\x02\x80", 0x14):
            raw.send(CBOR, data)
            assert raw.receive() == (raw.cid, CBOR, bytes([status])), data
        raw.answers()


def test_busy_and_cancel():
    with Key("--touch", "never") as key, Raw(key) as raw:
        first = raw.cid
        second = raw.init()
        raw.send(CANCEL, b"", first)  # nothing to cancel
        raw.quiet()
        raw.send(CBOR, SELECTION, first)
        cid, rest = raw.read()
        assert cid == first and rest[:4] == bytes([KEEPALIVE, 0, 1, 2]), rest
        raw.send(PING, b"x", second)
        raw.send(CANCEL, b"", second)  # of another channel
        while (message := raw.read())[1][0] == KEEPALIVE:
            pass
        assert message[0] == second and message[1][:4] == bytes([ERROR, 0, 1, BUSY]), message
        for _ in range(3):
            assert raw.read()[1][0] == KEEPALIVE
        raw.send(CANCEL, b"", first)
        while (message := raw.read())[1][0] == KEEPALIVE:
            pass
        assert message[0] == first and message[1][:4] == bytes([CBOR, 0, 1, 0x2D]), message
        raw.answers()


def test_init_ends_a_command():
    with Key("--touch", "never") as key, Raw(key) as raw:
        raw.send(CBOR, SELECTION)
        assert raw.read()[1][0] == KEEPALIVE
        raw.send(INIT, bytes(8), raw.cid)
        while (message := raw.read())[1][0] == KEEPALIVE:
            pass
        assert message[1][0] == INIT
        raw.quiet()  # no answer to the abandoned command
        raw.answers()


def test_get_info_is_canonical():
    """Keys in order: the numbers of getInfo, and the options by length, then by letter."""
    with Key("--uv", "yes") as key, Raw(key) as raw:
        raw.send(CBOR, GET_INFO)
        _, _, data = raw.receive()
        assert data[0] == 0
        info, rest = decode(data[1:])
        assert rest == b""
        assert list(info) == sorted(info) and list(info[4]) == sorted(info[4], key=lambda k: (len(k), k)), info


def decode(data):
    """Enough of CBOR (RFC 8949) for getInfo; accepts only the shortest form."""
    kind, value, data = data[0] >> 5, data[0] & 31, data[1:]
    if kind == 7:
        return {20: False, 21: True}[value], data
    if value >= 24:
        size = 1 << (value - 24)
        value, data = int.from_bytes(data[:size], "big"), data[size:]
        assert value >= {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}[size]
    if kind in (2, 3):
        return (data[:value] if kind == 2 else data[:value].decode()), data[value:]
    if kind in (0, 1):
        return (value if kind == 0 else -1 - value), data
    pairs = []
    for _ in range(value):
        item, data = decode(data)
        if kind == 5:
            other, data = decode(data)
            item = (item, other)
        pairs.append(item)
    return (dict(pairs) if kind == 5 else pairs), data


def test_no_terminal_of_anybody():
    """A session leader that opens the device does not get it as its terminal, so pulling it out sends no SIGHUP."""
    with Key() as key:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            fd = os.open(key.path, os.O_RDWR)
            key.tell("unplug")  # the kernel hangs it up, and would send SIGHUP, before this is answered
            os._exit(0 if os.read(fd, 64) == b"" else 1)
        assert os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    need()
    main(globals())
