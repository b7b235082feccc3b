#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass report: the page. usage: test_report.py BUILDDIR [TEST]..."""
import html.parser, os, re, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CONF = "/etc/breakglass/breakglass.conf"
VOID = {"meta", "br", "rect"}
SHARES = []


def init(conf=""):
    bg("init", "--yes")
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1) + conf)
    SHARES[:] = bg_json("share", "new", "bg1", "--yes")["shares"]


def use(name, reason):
    p = subprocess.run([HELPER, "--tty", "bg1"], input="\n".join(["", SHARES[0], SHARES[1], name, reason]) + "\n", text=True, capture_output=True,
                       timeout=60)
    assert p.returncode == 0, p.stderr


class Page(html.parser.HTMLParser):
    """What a browser makes of it; each element is closed where it was opened."""
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.open, self.ids, self.refs = [], [], "", [], [], []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, k, v) for k, v in attrs]
        self.ids += [v for k, v in attrs if k == "id"]
        self.refs += [w for k, v in attrs if k == "aria-labelledby" for w in v.split()]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, k, v) for k, v in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.open)

    def handle_data(self, data):
        self.text += data


def page(*args, rc=1):
    raw = bg("report", *args, rc=rc)
    p = Page(raw)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", raw)
    # nothing is fetched, nothing runs
    assert not set(p.tags) & {"script", "img", "link", "iframe", "object", "embed", "form", "a", "style-src"}, set(p.tags)
    assert not [a for a in p.attributes if a[1] in ("src", "href", "style") or a[1].startswith("on")], p.attributes
    assert not re.search(r"url\(|@import", raw) and "default-src 'none'; style-src 'unsafe-inline'" in [v for _, _, v in p.attributes]
    return p


def test_what_stands_there():
    init("[sink pager]\ntype = ntfy\nurl = https://ntfy.example/\ntopic = wake\n")
    bg("init", "--yes", "--account", "bg2")
    p = page("--html")
    has(p.text, "Emergency accounts of", "bg1", "cards, any 2 of 3", "bg2", "no: what is enrolled does not suffice", "What is due", "drill bg1",
        "breakglass drill open bg1 --by NAME --until 2h", "No drill has ended yet.", "There was none.", "pager", "ntfy, page, outside this host", "never",
        "P-01", "P-38", "UNKNOWN is never a pass")
    assert p.tags.count("h1") == 1 and p.tags.count("main") == 1 and p.tags.count("h2") == 7, p.tags
    assert ("html", "lang", "en") in p.attributes and ("meta", "name", "viewport") in p.attributes
    heads = [v for tag, k, v in p.attributes if tag == "th" and k == "scope"]
    assert len(heads) == p.tags.count("th") and set(heads) == {"row", "col"}
    assert p.tags.count("caption") == p.tags.count("table") and len(p.ids) == len(set(p.ids)) and set(p.refs) <= set(p.ids)


def test_hostile():
    """Names, reasons and whatever else people type stay text."""
    init()
    name, reason = "<script>alert(1)</script>\u202e\"' Mallory", "</td></table><h1>PASSED</h1> &amp; <img src=x onerror=alert(1)> \x1b[2J"
    use(name, reason)
    bg("drill", "open", "bg1", "--by", "O'Neil & <Sons>", "--until", "2h", "--paths", "rescue", "--purpose", "<b>bold</b>")
    use("<i>Ada</i>", "quarterly drill, <svg onload=alert(1)>")
    bg("drill", "close", "bg1", "--yes", rc=1)
    write("/etc/breakglass/people", "[person eve]\nname = <u>Eve</u>\nroles = use\n", 0o600)
    p = page()
    for part in ("<script>alert(1)</script>\\u{202E}\"' Mallory", "</td></table><h1>PASSED</h1> &amp; <img src=x onerror=alert(1)>", "<i>Ada</i> (drill)",
                 "O'Neil & <Sons>", "<u>Eve</u> has neither phone nor mail"):
        assert part in p.text, (part, p.text[:6000])
    assert p.tags.count("h1") == 1 and "b" not in p.tags and "i" not in p.tags and "u" not in p.tags


def test_the_plot():
    """Its bars are as many as logins, and say the same in words."""
    init()
    bg("drill", "open", "bg1", "--by", "Grace Hopper", "--until", "2h", "--paths", "rescue")
    use("Ada Lovelace", "quarterly drill of this host")
    use("Ada Lovelace", "the second login of the drill")
    bg("drill", "close", "bg1", "--yes", rc=1)
    raw = bg("report", rc=1)
    p = page()
    assert p.tags.count("svg") == 1 and ("svg", "role", "img") in p.attributes and set(p.refs) == {"logins-bg1-title", "logins-bg1-words"} == set(p.ids)
    assert len(re.findall(r'<rect class="bar"', raw)) == 2
    widths = [int(w) for w in re.findall(r'<rect class="bar"[^>]* width="(\d+)"', raw)]
    wide = int(re.search(r'<rect class="track"[^>]* width="(\d+)"', raw).group(1))
    assert max(widths) == wide and all(0 < w <= wide for w in widths), widths
    assert re.search(r"rescue, by shares: [\d.]+ seconds; rescue, by shares: [\d.]+ seconds\.", p.text), p.text
    has(p.text, "NOT PASSED", "announced by Grace Hopper")


def test_states():
    init()
    use("Ada Lovelace", "the directory does not answer")
    has(page().text, "awaiting review", "not reviewed yet")
    u = [e for e in journal() if ".use.granted." in e["type"]][-1]["data"]["unmapped"]["breakglass"]["use"]
    bg("review", "close", u, "--verdict", "misuse", "--by", "Grace Hopper", "--cause", "nothing was broken at all", "--actions", "the person was asked why",
       "--yes")
    has(page().text, "misuse, by Grace Hopper", "no: it is disabled")
    os.rename("/var/lib/breakglass/journal", "/var/lib/breakglass/gone")
    text = page().text
    has(text, "The journal cannot be read.")
    assert "sealed" not in text.split("What is due")[0]


def test_findings():
    init()
    sshd_listens()
    assert "PAM-03" not in page().text
    write("/etc/pam.d/su", "auth required pam_deny.so\n" + read("/etc/pam.d/su"))
    has(page().text, "PAM-03 BLOCK", "breakglass check --service su --trace")


def test_file():
    init()
    bg("report", "--output", "/run/report.html", rc=1)
    assert oct(os.stat("/run/report.html").st_mode & 0o777) == "0o600"
    Page(read("/run/report.html"))
    os.symlink("/run/report.html", "/run/link")
    os.mkfifo("/run/pipe")
    for name in ("link", "pipe", "missing/x"):
        bg("report", "--output", "/run/" + name, rc=3)
    out = bg_json("report", "--output", "/run/report.html", rc=1)
    assert out["output"] == "/run/report.html" and len(out["controls"]) == 38
    bg("report", rc=3, **NOBODY)
    bg("report", "surplus", rc=2)


def test_nothing_is_set_up():
    p = Page(bg("report", rc=1))
    has(p.text, "There is no emergency account on this host.")


main(globals())
