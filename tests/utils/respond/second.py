# SPDX-License-Identifier: ISC
"""A second implementation of breakglass-challenge(7), written from that page: rows, challenges, answers, lines of keys, and a key in
software (ECDSA on P-256, FIPS 186-4), with nothing but Python's own library. For tests."""
import hashlib
import secrets

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RP = b"breakglass:text"
WHAT = "breakglass text challenge 1"
UP, UV = 1, 4


# --- symbols and rows

def multiply(a, b):
    product = 0
    for bit in range(5):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(9, 4, -1):
        if product >> bit & 1:
            product ^= 0b100101 << (bit - 5)
    return product


def remainder(symbols):
    """Of symbols * x^3 divided by x^3 + 14 x^2 + 29 x + 10, by long division."""
    work = list(symbols) + [0, 0, 0]
    for i in range(len(symbols)):
        head = work[i]
        for k, factor in enumerate((1, 14, 29, 10)):
            work[i + k] ^= multiply(head, factor)
    return work[-3:]


def symbols_of(number, count):
    return [number >> 5 * (count - 1 - i) & 31 for i in range(count)]


def number_of(symbols):
    value = 0
    for s in symbols:
        value = value << 5 | s
    return value


def tag(digest):
    return symbols_of(int.from_bytes(digest, "big") >> 256 - 15, 3)


def sealed(digest, number, data):
    return data + remainder(tag(digest) + [number] + data)


def shown(row):
    text = "".join(DIGITS[s] for s in row)
    return "-".join(text[i:i + 5] for i in range(0, 25, 5))


def read_row(text):
    plain = text.upper().replace("-", "").replace(" ", "").replace("I", "1").replace("L", "1").replace("O", "0")
    assert len(plain) == 25, text
    return [DIGITS.index(c) for c in plain]


# --- the challenge

def lines(*words):
    return hashlib.sha256("".join(w + "\n" for w in words).encode()).digest()


class Challenge:
    def __init__(self, text):
        host, account, service, *row = text.split()
        self.host, self.account, self.service = host.lower(), account.lower(), service.lower()
        self.row = read_row("".join(row))
        names = lines(WHAT, self.host, self.account, self.service)
        assert self.row == sealed(names, 0, self.row[:22]), "a typing error"
        self.time = number_of(self.row[:7])
        self.hash = lines(WHAT, self.host, self.account, self.service, "".join(DIGITS[s] for s in self.row))


def challenge(host, account, service, seconds, nonce):
    data = symbols_of(seconds, 7) + symbols_of(nonce, 15)
    return f"{host} {account} {service} " + shown(sealed(lines(WHAT, host, account, service), 0, data))


# --- the answer

def answer_rows(digest, flags, counter, signature):
    bits = flags << 32 + 512 | counter << 512 | int.from_bytes(signature, "big")
    data = symbols_of(bits, 110)
    return [shown(sealed(digest, n, data[22 * (n - 1):22 * n])) for n in range(1, 6)]


def authdata(flags, counter):
    return hashlib.sha256(RP).digest() + bytes([flags]) + counter.to_bytes(4, "big")


# --- a key in software: P-256

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def add(p, q):
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    if p == q:
        slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def scaled(k, p):
    total = None
    while k:
        if k & 1:
            total = add(total, p)
        p, k = add(p, p), k >> 1
    return total


class Key:
    """An authenticator with one credential."""

    def __init__(self, name="paper", secret=None, counter=0):
        self.name, self.counter = name, counter
        self.secret = secret or 1 + secrets.randbelow(N - 1)
        self.public = b"".join(v.to_bytes(32, "big") for v in scaled(self.secret, G))
        self.id = hashlib.sha256(self.public).digest()

    def sign(self, digest, flags=UP | UV):
        """flags, counter, signature: an assertion."""
        self.counter += 1
        e = int.from_bytes(hashlib.sha256(authdata(flags, self.counter) + digest).digest(), "big")
        k = 1 + secrets.randbelow(N - 1)
        r = scaled(k, G)[0] % N
        s = pow(k, -1, N) * (e + r * self.secret) % N
        return flags, self.counter, r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def respond(self, text, host, flags=UP | UV):
        """The five rows that answer a challenge."""
        c = Challenge(text)
        assert c.host == host.lower(), f"the challenge of {c.host}"
        return answer_rows(c.hash, *self.sign(c.hash, flags))

    def line(self, flags=UP | UV):
        """What is enrolled on a host."""
        facts = f"breakglass-text-key-1 es256 {self.name} {bytes(16).hex()} 0 {self.id.hex()} {self.public.hex()}"
        flags, counter, signature = self.sign(hashlib.sha256(facts.encode()).digest(), flags)
        return f"{facts} {flags} {counter} {signature.hex()}"
