# SPDX-License-Identifier: ISC
"""The few functions of libfido2 that the tests call, through ctypes: no header needed, and it is the system's library."""
import ctypes, os, time
from ctypes import c_char_p, c_int, c_size_t, c_void_p

RP = b"example.org"
ES256 = -7
OMIT, FALSE, TRUE = 0, 1, 2  # fido_opt_t
OK, ERR_RX = 0, -2


def load():
    """The library, or None."""
    try:
        lib = ctypes.CDLL("libfido2.so.1")
    except OSError:
        return None
    for name in ("fido_dev_new", "fido_cred_new", "fido_assert_new", "fido_cbor_info_new", "es256_pk_new", "fido_cred_id_ptr",
                 "fido_cred_pubkey_ptr"):
        getattr(lib, name).restype = c_void_p
    for name in ("fido_cred_id_len", "fido_cred_pubkey_len", "fido_assert_count"):
        getattr(lib, name).restype = c_size_t
    for name in ("fido_dev_is_fido2",):
        getattr(lib, name).restype = ctypes.c_bool
    lib.fido_strerr.restype = c_char_p
    lib.fido_assert_flags.restype = ctypes.c_uint8
    lib.fido_assert_sigcount.restype = ctypes.c_uint32
    lib.fido_init(0)
    return lib


LIB = load()


class Timed:
    """What a call returned and how many seconds it took."""

    def __init__(self, function, *arguments):
        began = time.monotonic()
        self.code = function(*arguments)
        self.seconds = time.monotonic() - began
        self.name = LIB.fido_strerr(self.code).decode()

    def __repr__(self):
        return f"{self.name} {self.seconds:.2f} s"


class Device:
    def __init__(self, path, timeout_ms=-1):
        self.dev = c_void_p(LIB.fido_dev_new())
        LIB.fido_dev_set_timeout(self.dev, timeout_ms)
        self.opened = Timed(LIB.fido_dev_open, self.dev, path.encode())

    def patience(self, timeout_ms):
        LIB.fido_dev_set_timeout(self.dev, timeout_ms)

    def is_fido2(self):
        return LIB.fido_dev_is_fido2(self.dev)

    def info(self):
        ci = c_void_p(LIB.fido_cbor_info_new())
        return Timed(LIB.fido_dev_get_cbor_info, self.dev, ci)

    def make(self, pin=None, exclude=None):
        cred = c_void_p(LIB.fido_cred_new())
        LIB.fido_cred_set_type(cred, ES256)
        LIB.fido_cred_set_clientdata_hash(cred, os.urandom(32), c_size_t(32))
        LIB.fido_cred_set_rp(cred, RP, RP)
        LIB.fido_cred_set_user(cred, b"user", c_size_t(4), b"alice", None, None)
        if exclude:
            LIB.fido_cred_exclude(cred, exclude, c_size_t(len(exclude)))
        timed = Timed(LIB.fido_dev_make_cred, self.dev, cred, pin)
        if timed.code == OK:
            timed.id = ctypes.string_at(LIB.fido_cred_id_ptr(cred), LIB.fido_cred_id_len(cred))
            timed.public = ctypes.string_at(LIB.fido_cred_pubkey_ptr(cred), LIB.fido_cred_pubkey_len(cred))
            timed.verified = LIB.fido_cred_verify_self(cred)
        return timed

    def get(self, made, pin=None, up=TRUE, uv=OMIT):
        """An assertion by the credential that make() returned; .verified is what the check of its signature said."""
        a = c_void_p(LIB.fido_assert_new())
        LIB.fido_assert_set_rp(a, RP)
        LIB.fido_assert_set_clientdata_hash(a, os.urandom(32), c_size_t(32))
        LIB.fido_assert_allow_cred(a, made.id, c_size_t(len(made.id)))
        LIB.fido_assert_set_up(a, up)
        LIB.fido_assert_set_uv(a, uv)
        timed = Timed(LIB.fido_dev_get_assert, self.dev, a, pin)
        if timed.code == OK and LIB.fido_assert_count(a) == 1:
            key = c_void_p(LIB.es256_pk_new())
            LIB.es256_pk_from_ptr(key, made.public, c_size_t(len(made.public)))
            timed.flags = LIB.fido_assert_flags(a, c_size_t(0))
            timed.counter = LIB.fido_assert_sigcount(a, c_size_t(0))
            timed.verified = LIB.fido_assert_verify(a, c_size_t(0), ES256, key)
        return timed

    def cancel(self):
        LIB.fido_dev_cancel(self.dev)

    def close(self):
        LIB.fido_dev_close(self.dev)
        LIB.fido_dev_free(ctypes.byref(self.dev))
