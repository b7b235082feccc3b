#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""uhidkey.py PTY: the software key behind PTY (tests/tools/softkey) as a HID device of the kernel, by /dev/uhid.

It ends, and the device with it, when the pty or a signal says so.
"""
import os
import select
import struct
import sys

DESCRIPTOR = bytes.fromhex("06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0")
CREATE2, INPUT2, OUTPUT, GET_REPORT, GET_REPLY, SET_REPORT, SET_REPLY = 11, 12, 6, 9, 10, 13, 14
REPORT, BUS_USB, EIO = 64, 3, 5


def event(kind: int, payload: bytes) -> bytes:
    return struct.pack("<I", kind) + payload.ljust(4376, b"\0")


def main() -> None:
    pty = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
    uhid = os.open("/dev/uhid", os.O_RDWR)
    head = struct.pack("<128s64s64sHHIIII", b"softkey", b"", b"", len(DESCRIPTOR), BUS_USB, 0x1209, 1, 0, 0)
    os.write(uhid, event(CREATE2, head + DESCRIPTOR))
    waiting = b""
    while True:
        ready = select.select([pty, uhid], [], [])[0]
        if pty in ready:
            waiting += os.read(pty, REPORT)
            if len(waiting) >= REPORT:
                os.write(uhid, event(INPUT2, struct.pack("<H", REPORT) + waiting[:REPORT]))
                waiting = waiting[REPORT:]
        if uhid in ready:
            said = os.read(uhid, 4380)
            kind = struct.unpack_from("<I", said)[0]
            if kind == OUTPUT:
                size = struct.unpack_from("<H", said, 4 + 4096)[0]
                os.write(pty, said[4 : 4 + size])
            elif kind in (GET_REPORT, SET_REPORT):
                reply = GET_REPLY if kind == GET_REPORT else SET_REPLY
                os.write(uhid, event(reply, said[4:8] + struct.pack("<H", EIO)))


main()
