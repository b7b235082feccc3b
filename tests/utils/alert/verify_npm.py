#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What arrives, checked by programs we did not write: npm's standardwebhooks and cloudevents.

usage: verify_npm.py BUILDDIR. The packages are fetched at the time of the test if they are not prepared; exit 77 without
npm or network, or without root, the reason in the last line of the output.
"""
import base64, json, os, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ["standardwebhooks@1.0.0", "cloudevents@8.0.3"]
PREPARED = "/usr/local/lib/breakglass-npm"  # tests/lab/provision has put them there, where tests have no network


def fetch():
    """A directory with the packages in it."""
    if os.geteuid() != 0 or not shutil.which("npm") or not shutil.which("node"):
        print("needs root, npm and node")
        sys.exit(77)
    if os.path.exists(PREPARED + "/why"):
        print("npm could not fetch the packages:", open(PREPARED + "/why", encoding="utf-8").read().strip())
        sys.exit(77)
    d = tempfile.mkdtemp(prefix="bg-npm.")
    if os.path.isdir(PREPARED + "/node_modules"):
        shutil.copytree(PREPARED, d, dirs_exist_ok=True, symlinks=True)
        return d
    p = subprocess.run(["npm", "install", "--fetch-retries=0", "--fetch-timeout=10000", "--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", d, *PACKAGES],
                       capture_output=True, text=True, timeout=300)
    if p.returncode != 0:
        shutil.rmtree(d)
        print("npm could not fetch the packages:", " ".join(p.stderr.split())[:200])
        sys.exit(77)
    return d


if "BG_NPM" not in os.environ:  # the network is gone in the namespace of the test
    place = fetch()
    try:
        sys.exit(subprocess.run([sys.executable, "-W", "ignore", *sys.argv], env={**os.environ, "BG_NPM": place}).returncode)
    finally:
        shutil.rmtree(place)

import test_alert as t  # noqa: E402

t.enter_namespace()
t.fresh()
r = t.Receiver(t.CERTS)
t.configure(r)
want = t.record(2, 'LDAP is down: "quoted", \\ backslash, \u00e4 \u65e5\u672c, \u202e and \x1b[2J') + t.record(1)
t.once(rc=0)
secret = "whsec_" + base64.b64encode(t.KEY).decode()
text = "".join(json.dumps({"headers": {k.lower(): v for k, v in h.items()}, "body": base64.b64encode(b).decode(),
                           "secret": secret}) + "\n" for h, b, _ in r.got)
p = subprocess.run(["node", f"{HERE}/verify.mjs"], input=text, capture_output=True, text=True, cwd=os.environ["BG_NPM"],
                   timeout=60)
print(p.stdout + p.stderr[-2000:])
assert p.returncode == 0
assert sorted(x.split()[0] for x in p.stdout.splitlines()) == sorted(want)
wrong = text.replace(secret, "whsec_" + base64.b64encode(bytes(32)).decode())
p = subprocess.run(["node", f"{HERE}/verify.mjs"], input=wrong, capture_output=True, text=True, cwd=os.environ["BG_NPM"],
                   timeout=60)
assert p.returncode != 0, "another secret must not verify"
print(f"{len(want)} verified by {' and '.join(PACKAGES)}")
