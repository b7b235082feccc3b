# SPDX-License-Identifier: ISC
"""A receiver that costs little: it notes when it took what, in a thread of its own.

    t = Taker(context, lines=False)   HTTP/1.1 by POST, or lines; over TLS, or with context None without; on 127.0.0.1, at t.port
    t.at                              when each was acknowledged, by its webhook-id, or by the first word after "id=" in the text
    t.stop(), t.start()               refused meanwhile
"""

import asyncio
import re
import threading
import time

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
NAME = re.compile(rb"\r\nwebhook-id: *([^\r]+)", re.I)
MARK = re.compile(rb"id=([0-9a-z.]+)")


class Connection(asyncio.Protocol):
    def __init__(self, taker):
        self.taker, self.rest, self.out = taker, b"", None

    def connection_made(self, transport):
        self.out = transport
        self.taker.open.add(transport)

    def connection_lost(self, exc):
        self.taker.open.discard(self.out)

    def data_received(self, data):
        self.rest += data
        (self.lines if self.taker.lines else self.requests)()

    def lines(self):
        *whole, self.rest = self.rest.split(b"\n")
        for line in whole:
            self.taker.took(MARK.search(line))

    def requests(self):
        answers = 0
        while (end := self.rest.find(b"\r\n\r\n")) >= 0:
            head = self.rest[:end]
            size = int(LENGTH.search(head)[1])
            if len(self.rest) < end + 4 + size:
                break
            body = self.rest[end + 4:end + 4 + size]
            self.taker.took(NAME.search(head) or MARK.search(body))
            self.rest = self.rest[end + 4 + size:]
            answers += 1
        self.out.write(OK * answers)


class Taker:
    def __init__(self, context=None, lines=False):
        self.context, self.lines, self.at, self.twice, self.port, self.open = context, lines, {}, 0, 0, set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.start()

    def took(self, found):
        name = found[1].decode() if found else "?"
        self.twice += name in self.at
        self.at.setdefault(name, time.monotonic())

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def start(self):
        async def go():
            return await self.loop.create_server(lambda: Connection(self), "127.0.0.1", self.port, ssl=self.context, backlog=128)
        self.server = self.call(go())
        self.port = self.server.sockets[0].getsockname()[1]

    def stop(self):
        async def go():
            self.server.close()
            for transport in list(self.open):
                transport.abort()
        self.call(go())
