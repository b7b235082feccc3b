# SPDX-License-Identifier: ISC
"""What the tests of rules of breakglass check share: findings by id and severity, and a host with something wrong."""
from admin_lib import *

OWN = ("ACC-", "NSS-", "CON-", "SUD-", "POL-")
TODAY = int(time.time()) // 86400


def found(*args):
    """Findings of our groups, as {(id, severity): text}; each must name what to do, and why."""
    p = subprocess.run(["/usr/sbin/breakglass", "check", *args, "--json"], text=True, capture_output=True, timeout=60)
    assert p.stderr == "", p.stderr
    out = json.loads(p.stdout)
    mine = [f for f in out["findings"] if f["id"].startswith(OWN)]
    for f in mine:
        assert f.get("next") and f["title"] and f["why"] and f["text"].endswith("."), f
        assert not f["file"] or f["line"] == 0 or f["line"] <= read(f["file"]).count("\n") + 1, f
    assert p.returncode == int(any(f["severity"] != "WARN" for f in out["findings"])), out
    return {(f["id"], f["severity"]): f["text"] for f in mine}


def only(*wanted):
    got = found()
    assert sorted(got) == sorted(wanted), got
    return " ".join(got.values())


def account(**fields):
    """Change bg1's line of the accounts file."""
    path = "/etc/breakglass/accounts"
    names = ("name", "x", "uid", "gid", "gecos", "home", "shell")
    out = []
    for line in read(path).splitlines():
        f = dict(zip(names, line.split(":")))
        if f["name"] == "bg1":
            f.update(fields)
        out.append(":".join(f.values()))
    write(path, "\n".join(out) + "\n")


def append(path, text):
    write(path, read(path) + text)


def passwd(*lines):
    append("/etc/passwd", "".join(line + "\n" for line in lines))


def shadow(lastchg="19000", maximum="", inactive="", expires="", name="bg1"):
    """An entry of shadow(5), and a stack that asks pam_unix for it."""
    text = "".join(line for line in read("/etc/shadow").splitlines(True) if not line.startswith(name + ":"))
    write("/etc/shadow", text + f"{name}:*:{lastchg}:0:{maximum}:7:{inactive}:{expires}:\n")


def asks_unix(service="sshd"):
    """pam_unix has its say about the account before our line does."""
    path = f"/etc/pam.d/{service}"
    if "account required pam_unix.so" not in read(path):
        write(path, "account required pam_unix.so\n" + read(path))
