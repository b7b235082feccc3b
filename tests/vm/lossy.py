# SPDX-License-Identifier: ISC
"""A disk with a volatile write cache, served to qemu by the NBD protocol: what was not flushed is lost when the power goes.

The base file is only read. Written blocks lie in memory: in the cache until a flush, and on the plate from then on. One that lies
says of a flush that it is done, and goes on holding the blocks in its cache.
"""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
import time

BLOCK = 4096
MAGIC, OPTION, REPLY = b"NBDMAGIC", b"IHAVEOPT", 0x3E889045565A9  # the handshake's, fixed newstyle
REQUEST, SIMPLE = 0x25609513, 0x67446698
EXPORT_NAME, ABORT, INFO, GO = 1, 2, 6, 7  # options
ACK, INFORMATION, UNSUPPORTED = 1, 3, 0x80000001  # their replies
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3  # commands
HAS_FLAGS, SEND_FLUSH, SEND_FUA = 1, 4, 8
FUA, EINVAL = 1, 22
Blocks = dict[int, bytes]


class Disk:
    """disk = Disk(base, socket path); disk.lies = True from a moment on; disk.power_cut() while no qemu holds it."""

    def __init__(self, base: str, path: str) -> None:
        self.base = os.open(base, os.O_RDONLY)
        self.size = os.fstat(self.base).st_size
        self.plate: Blocks = {}
        self.cache: Blocks = {}
        self.lies = False
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        threading.Thread(target=self._accept, daemon=True).start()

    def power_cut(self, chance: float = 0.5, never: frozenset[int] = frozenset()) -> tuple[int, int]:
        """Of the blocks in the cache any reach the plate, by chance, and of never none. How many of how many."""
        with self.lock:
            kept = {n: data for n, data in self.cache.items() if n not in never and random.random() < chance}
            held = len(self.cache)
            self.plate.update(kept)
            self.cache.clear()
            return len(kept), held

    # -- blocks ------------------------------------------------------------------------------------

    def _block(self, n: int) -> bytes:
        known = self.cache.get(n) or self.plate.get(n)
        return known or os.pread(self.base, BLOCK, n * BLOCK).ljust(BLOCK, b"\0")

    def _read(self, offset: int, length: int) -> bytes:
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        with self.lock:
            data = b"".join(self._block(n) for n in range(first, last + 1))
        return data[offset - first * BLOCK :][:length]

    def _write(self, offset: int, data: bytes, through: bool) -> None:
        with self.lock:
            while data:
                n, at = divmod(offset, BLOCK)
                part, data = data[: BLOCK - at], data[BLOCK - at :]
                old = self._block(n) if len(part) < BLOCK else b""
                self.cache[n] = old[:at] + part + old[at + len(part) :]
                if through and not self.lies:
                    self.plate[n] = self.cache.pop(n)
                offset += len(part)

    def _flush(self) -> None:
        with self.lock:
            self.plate.update(self.cache)
            self.cache.clear()

    # -- the protocol ------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self._client, args=(client,), daemon=True).start()

    def _client(self, client: socket.socket) -> None:
        with client:
            try:
                if self._negotiate(client):
                    while self._obey(client):
                        pass
            except OSError:
                pass  # qemu is gone: the power was cut

    def _negotiate(self, client: socket.socket) -> bool:
        flags = HAS_FLAGS | SEND_FLUSH | SEND_FUA
        client.sendall(MAGIC + OPTION + struct.pack(">H", 1))
        _exactly(client, 4)
        while True:
            _, option, length = struct.unpack(">8sII", _exactly(client, 16))
            _exactly(client, length)

            def reply(kind: int, data: bytes = b"", to: int = option) -> None:
                client.sendall(struct.pack(">QIII", REPLY, to, kind, len(data)) + data)

            if option == EXPORT_NAME:
                client.sendall(struct.pack(">QH", self.size, flags) + bytes(124))
                return True
            if option in (INFO, GO):
                reply(INFORMATION, struct.pack(">HQH", 0, self.size, flags))
                reply(ACK)
                if option == GO:
                    return True
            else:
                reply(ACK if option == ABORT else UNSUPPORTED)
                if option == ABORT:
                    return False

    def _obey(self, client: socket.socket) -> bool:
        """One request. False: the client leaves."""
        _, flags, command, handle, offset, length = struct.unpack(">IHHQQI", _exactly(client, 28))
        data, error = b"", 0
        if command == DISCONNECT:
            return False
        if command == READ:
            data = self._read(offset, length)
        elif command == WRITE:
            self._write(offset, _exactly(client, length), bool(flags & FUA))
        elif command == FLUSH:
            time.sleep(0.02)  # as a plate takes it: time enough to be cut in
            if not self.lies:
                self._flush()
        else:
            error = EINVAL
        client.sendall(struct.pack(">IIQ", SIMPLE, error, handle) + data)
        return True


def _exactly(client: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = client.recv(length - len(data))
        if not part:
            raise ConnectionResetError
        data += part
    return data
