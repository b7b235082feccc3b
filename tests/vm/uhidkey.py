#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""uhidkey.py PTY NAME: the software key behind PTY (tests/tools/softkey) as a HID device of the kernel, by /dev/uhid.
uhidkey.py --keyboard NAME: a keyboard that nobody types on.

It ends, and the device with it, when the pty or a signal says so.
"""
import os
import select
import struct
import sys

FIDO = bytes.fromhex("06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0")
KEYBOARD = bytes.fromhex("05010906a101050719e029e71500250175019508810295017508810195067508150025650507190029658100c0")
CREATE2, INPUT2, OUTPUT, GET_REPORT, GET_REPLY, SET_REPORT, SET_REPLY = 11, 12, 6, 9, 10, 13, 14
REPORT, BUS_USB, EIO = 64, 3, 5


def event(kind: int, payload: bytes) -> bytes:
    return struct.pack("<I", kind) + payload.ljust(4376, b"\0")


def create(name: str, descriptor: bytes, product: int) -> int:
    uhid = os.open("/dev/uhid", os.O_RDWR)
    head = struct.pack("<128s64s64sHHIIII", name.encode(), b"", b"", len(descriptor), BUS_USB, 0x1209, product, 0, 0)
    os.write(uhid, event(CREATE2, head + descriptor))
    return uhid


def from_kernel(uhid: int, pty: int) -> None:
    said = os.read(uhid, 4380)
    kind = struct.unpack_from("<I", said)[0]
    if kind == OUTPUT and pty >= 0:
        size = struct.unpack_from("<H", said, 4 + 4096)[0]
        os.write(pty, said[4 : 4 + size])
    elif kind in (GET_REPORT, SET_REPORT):
        reply = GET_REPLY if kind == GET_REPORT else SET_REPLY
        os.write(uhid, event(reply, said[4:8] + struct.pack("<H", EIO)))


def main(source: str, name: str) -> None:
    pty = -1 if source == "--keyboard" else os.open(source, os.O_RDWR | os.O_NOCTTY)
    uhid = create(name, *((KEYBOARD, 0x77) if pty < 0 else (FIDO, 1)))
    waiting = b""
    while True:
        ready = select.select([fd for fd in (pty, uhid) if fd >= 0], [], [])[0]
        if pty in ready:
            waiting += os.read(pty, REPORT)
            if len(waiting) >= REPORT:
                os.write(uhid, event(INPUT2, struct.pack("<H", REPORT) + waiting[:REPORT]))
                waiting = waiting[REPORT:]
        if uhid in ready:
            from_kernel(uhid, pty)


main(*sys.argv[1:])
