#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check: what it says of the packet filter, and whether the kernel does so. usage: test_check_filter.py BUILDDIR [TEST]...

Somebody comes from another host, a network namespace, by IPv4 and IPv6, and is let in when a word of the server arrives.
"""
import concurrent.futures, random, shutil
from admin_lib import *

for program in ("/usr/sbin/nft", "/usr/sbin/sshd"):
    if not os.path.exists(program):
        print(f"needs {program}")
        sys.exit(77)
OPEN, SHUT, UNKNOWN = "", "BLOCK", "UNKNOWN"
FOUR, SIX = "10.9.0.1", "fd00:9::1"
PEOPLE = concurrent.futures.ThreadPoolExecutor(2)
THERE = []  # the other host's namespace


def serve():
    """On sshd's port, a word for everybody."""
    nothing_listens()
    server = socket.create_server(("::", 22), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        while True:
            with contextlib.suppress(OSError), server.accept()[0] as one:
                one.send(b"SSH-")


def host():
    """With a wire to another one."""
    sh("ip", "link", "set", "lo", "up")
    bg("init", "--yes")
    bg("share", "new", "bg1", "--shares", "1/1", "--yes")
    serve()
    ready, say = os.pipe()
    there = os.fork()
    if there == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        ctypes.CDLL(None).unshare(0x40000000)
        os.write(say, b"x")
        signal.pause()
    os.read(ready, 1)
    sh("ip", "link", "add", "out0", "type", "veth", "peer", "name", "far0", "netns", str(there))
    for side, four, six, near in ((["nsenter", f"--net=/proc/{there}/ns/net"], "10.9.0.2/24", "fd00:9::2/64", "far0"),
                                  ([], FOUR + "/24", SIX + "/64", "out0")):
        sh(*side, "ip", "address", "add", four, "dev", near)
        sh(*side, "ip", "address", "add", six, "dev", near, "nodad")
        sh(*side, "ip", "link", "set", near, "up")
    sh("ip", "link", "add", "idle0", "type", "veth", "peer", "name", "idle1")  # nobody comes by these
    sh("ip", "link", "set", "idle0", "up")
    sh("ip", "link", "set", "idle1", "up")
    sh("ip", "link", "add", "idle2", "type", "veth", "peer", "name", "idle3")  # nor by this one, whose other end is down
    sh("ip", "address", "add", "10.8.0.1/24", "dev", "idle2")
    sh("ip", "link", "set", "idle2", "up")
    THERE.append(os.open(f"/proc/{there}/ns/net", os.O_RDONLY))
    until("both can be reached", lambda: comes() == [True, True])


def knocks(address):
    """In a thread, since it goes elsewhere."""
    ctypes.CDLL(None).setns(THERE[0], 0x40000000)
    try:
        with socket.create_connection((address, 22), timeout=0.4) as one:
            return one.recv(4) == b"SSH-"
    except OSError:
        return False


def beside():
    """Somebody comes by IPv4 and by IPv6, beside what else is done."""
    return [PEOPLE.submit(knocks, address) for address in (FOUR, SIX)]


def comes():
    """Are they let in?"""
    return [one.result() for one in beside()]


def says():
    p = subprocess.run(["/usr/sbin/breakglass", "check", "--json"], text=True, capture_output=True, timeout=60)
    mine = [f for f in json.loads(p.stdout)["findings"] if f["id"] == "SSH-14"]
    assert len(mine) <= 1, mine
    return (mine[0]["severity"], mine[0]) if mine else (OPEN, {})


def load(rules, check=True):
    """False: they are not rules."""
    return subprocess.run(["/usr/sbin/nft", "-f", "-"], input="flush ruleset\n" + rules.replace("} }", "}\n}"), text=True, check=check,
                          stderr=None if check else subprocess.DEVNULL).returncode == 0


def says_as_it_is(name):
    """It never says open or shut of what is not."""
    people = beside()
    said, finding = says()
    met = [one.result() for one in people]
    assert said == UNKNOWN or any(met) == (said == OPEN), (name, said, met)
    return said, finding


def out(rules, policy="drop", hook="output"):
    return f"table inet o {{ chain o {{ type filter hook {hook} priority 0; policy {policy};\nmeta l4proto {{ icmp, icmpv6 }} accept\n {rules}\n}} }}\n"


def base(rules, policy="drop", sets="", chains=""):
    return (f"table inet t {{ {sets}\n {chains}\n chain in {{ type filter hook input priority 0; policy {policy};\n"
            f"meta l4proto {{ icmp, icmpv6 }} accept\n {rules}\n}} }}\n")


KNOWN = "ct state established,related accept\n"
LONG = "t" * 200, "c" * 60
MASK = "tcp flags & (fin|syn|rst|ack)"
CASES = {
    "nothing": ("", OPEN),
    "all": (base(""), SHUT),
    "all_are_let_in": (base("", "accept"), OPEN),
    "the_port": (base(KNOWN + "tcp dport 22 accept"), OPEN),
    "another_port": (base(KNOWN + "tcp dport { 23, 80, 100-200 } accept"), SHUT),
    "of_several_ports": (base(KNOWN + "tcp dport { 80, 20-25 } accept"), OPEN),
    "of_all_but_it": (base(KNOWN + "tcp dport != { 20-25 } accept"), SHUT),
    "udp": (base(KNOWN + "udp dport 22 accept"), SHUT),
    "any_of_both": (base(KNOWN + "meta l4proto { tcp, udp } th dport 22 accept"), OPEN),
    "set_of_ports": (base(KNOWN + "tcp dport @p accept", sets="set p { type inet_service; flags interval; elements = { 22, 80-90 }; }"), OPEN),
    "set_without_it": (base(KNOWN + "tcp dport @p accept", sets="set p { type inet_service; elements = { 23 }; }"), SHUT),
    "empty_set": (base(KNOWN + "tcp dport @p accept", sets="set p { type inet_service; }"), SHUT),
    "this_host_alone": (base('iif lo accept'), SHUT),
    "its_address": (base("ip saddr 127.0.0.0/8 accept\nip6 saddr ::1 accept"), SHUT),
    "answers_alone": (base(KNOWN), SHUT),
    "first_packets_alone": (base("ct state new tcp dport 22 accept"), SHUT),
    "new_ones": (base(KNOWN + "ct state new tcp dport 22 accept"), OPEN),
    "state_by_map": (base("ct state vmap { established : accept, invalid : drop }\ntcp dport 22 accept"), OPEN),
    "state_by_map_drop": (base("ct state vmap { established : accept, new : drop }\ntcp dport 22 accept", "accept"), SHUT),
    "port_by_map": (base(KNOWN + "tcp dport vmap @m", sets="map m { type inet_service : verdict; elements = { 22 : accept, 23 : drop }; }"), OPEN),
    "port_by_map_drop": (base(KNOWN + "tcp dport vmap { 22 : drop, 23 : accept }", "accept"), SHUT),
    "dropped": (base(KNOWN + "tcp dport 22 drop", "accept"), SHUT),
    "rejected": (base("tcp dport 22 reject with icmpx admin-prohibited", "accept"), SHUT),
    "rejected_of_one_family": (base("tcp dport 22 reject with icmp host-unreachable", "accept"), OPEN),
    "rejected_of_each_family": (base("reject with icmp host-unreachable\nreject with icmpv6 no-route", "accept"), SHUT),
    "reset": ("table ip t { chain in { type filter hook input priority 0; tcp dport 22 reject with tcp reset; } }\n"
              "table ip6 t { chain in { type filter hook input priority 0; tcp dport 22 reject with tcp reset; } }", SHUT),
    # nft tells the same of a rule with "meta nfproto ipv4" before it
    "reset_of_one_family_perhaps": (base("tcp dport 22 reject with tcp reset", "accept"), UNKNOWN),
    "dropped_before_accept": (base("tcp dport 22 drop\ntcp dport 22 accept"), SHUT),
    "invalid_alone": (base("ct state invalid drop", "accept"), OPEN),
    "from_some": (base(KNOWN + "ip saddr 10.0.0.0/8 tcp dport 22 accept"), OPEN),
    "from_a_set": (base(KNOWN + "ip saddr @a tcp dport 22 accept", sets="set a { type ipv4_addr; flags timeout; elements = { 10.9.0.2 timeout 1h }; }"), OPEN),
    "from_an_empty_set": (base(KNOWN + "ip saddr @a tcp dport 22 accept", sets="set a { type ipv4_addr; }"), SHUT),
    "banned": (base("ip saddr { 192.0.2.7, 192.0.2.9 } drop\nip saddr @a drop\n" + KNOWN + "tcp dport 22 accept", sets="set a { type ipv4_addr; elements = { 192.0.2.1 }; }"), OPEN),
    "from_elsewhere_dropped": (base("ip saddr != 10.0.0.0/8 drop\n" + KNOWN + "tcp dport 22 accept"), OPEN),
    "everybody_banned": (base("ip saddr 0.0.0.0/0 drop\nip6 saddr ::/0 drop", "accept"), SHUT),
    "two_conditions": (base(KNOWN + "ip saddr != 10.0.0.0/8 drop\nip6 saddr != fd00::/8 drop\nip saddr 192.0.2.0/24 accept"), UNKNOWN),
    "halves": (base("ip saddr { 0.0.0.0/1, 128.0.0.0/1 } drop\nip6 saddr ::/0 drop", "accept"), SHUT),  # nft makes one of them
    "halves_apart": (base("ip saddr 0.0.0.0/1 drop\nip saddr 128.0.0.0/1 drop\nip6 saddr ::/0 drop", "accept"), UNKNOWN),
    "a_range": (base(KNOWN + "ip saddr 10.9.0.0-10.9.0.9 accept"), OPEN),
    "by_interface": (base(KNOWN + 'iifname "out0" tcp dport 22 accept'), OPEN),
    "by_interface_of_a_name": (base('iifname "out*" drop', "accept"), SHUT),
    "by_all_interfaces": (base('iifname { "lo", "out0" } drop', "accept"), SHUT),
    "by_another_interface": (base(KNOWN + 'iifname "wg0" tcp dport 22 accept'), SHUT),
    "by_all_but_lo": (base('iifname != "lo" drop', "accept"), SHUT),
    "one_family": (base(KNOWN + "meta nfproto ipv6 drop\ntcp dport 22 accept"), OPEN),
    "other_family": (base(KNOWN + "meta nfproto ipv4 drop\nip6 nexthdr tcp tcp dport 22 accept"), OPEN),
    "both_families": (base("meta nfproto ipv4 drop\nip6 nexthdr tcp drop", "accept"), SHUT),
    "protocol": (base("ip protocol tcp accept\nmeta protocol ip6 drop"), OPEN),
    "table_of_one_family": ("table ip t { chain in { type filter hook input priority 0; policy drop; } }", OPEN),
    "tables_of_both": ("table ip t { chain in { type filter hook input priority 0; policy drop; } }\n"
                       "table ip6 t { chain in { type filter hook input priority 0; policy drop; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; } }", SHUT),
    "a_second_chain": (base("accept") + "table inet u { chain in { type filter hook input priority 10; policy accept; tcp dport 22 drop; } }", SHUT),
    "a_second_chain_that_accepts": (base("tcp dport 22 drop") + "table inet u { chain in { type filter hook input priority -10; policy accept; accept; } }", SHUT),
    "before_routing": ("table inet t { chain p { type filter hook prerouting priority -300; policy accept; tcp dport 22 drop; } }", SHUT),
    "on_its_way_out": ("table inet t { chain o { type filter hook output priority 0; policy accept; tcp dport 22 drop; } }", OPEN),
    "forwarded": ("table inet t { chain f { type filter hook forward priority 0; policy drop; } }", OPEN),
    "jump": (base(KNOWN + "jump x", chains="chain x { tcp dport 22 accept; }"), OPEN),
    "jump_and_back": (base(KNOWN + "jump x\ntcp dport 22 accept", chains="chain x { tcp dport 22 return; drop; }"), OPEN),
    "jump_of_another": (base(KNOWN + "tcp dport 80 jump x", chains="chain x { accept; }"), SHUT),
    "jump_that_drops": (base("jump x\ntcp dport 22 accept", chains="chain y { tcp dport 22 drop; }\nchain x { jump y; }"), SHUT),
    "goto": (base("goto x\ntcp dport 22 accept", chains="chain x { tcp dport 80 accept; }"), SHUT),
    "goto_in_a_jump": (base("jump x\ntcp dport 22 accept", chains="chain y { tcp dport 80 drop; }\nchain x { goto y; drop; }"), OPEN),
    "goto_policy": (base("goto x", "accept", chains="chain x { tcp dport 80 drop; }"), OPEN),
    "jump_by_interface": (base(KNOWN + 'iifname vmap { lo : accept, "out0" : jump x }', chains="chain x { tcp dport 22 accept; }"), OPEN),
    "jump_of_some": (base("ip saddr 10.0.0.0/8 jump x\n" + KNOWN + "tcp dport 22 accept", chains="chain x { drop; }"), OPEN),
    "some_return": (base("jump x\ntcp dport 22 accept", "accept", chains="chain x { ip saddr 10.9.0.2 return; drop; }"), OPEN),
    "return": (base("tcp dport 22 return", "drop"), SHUT),
    "return_accept": (base("tcp dport 22 return\ndrop", "accept"), OPEN),
    "flags": (base(f"{MASK} != syn ct state new drop\n" + KNOWN + "tcp dport 22 accept"), OPEN),
    "flags_drop": (base(f"{MASK} == syn drop", "accept"), SHUT),
    "a_flag": (base("tcp flags syn / syn,ack drop", "accept"), SHUT),
    "limit": (base(KNOWN + "tcp dport 22 limit rate 100/minute accept"), OPEN),
    "limit_over_let_in": (base(KNOWN + "limit rate over 1000/minute accept"), UNKNOWN),
    "limit_over": (base("tcp dport 22 limit rate over 1000/minute drop\n" + KNOWN + "tcp dport 22 accept"), OPEN),
    "count_over": (base("tcp dport 22 ct count over 10 drop", "accept"), OPEN),
    "log_and_count": (base('counter log prefix "x" meta mark set 1\ntcp dport 22 counter drop', "accept"), SHUT),
    "to_this_host": (base("fib daddr type != local accept"), SHUT),
    "back_by_the_same_way": (base("fib saddr . iif oif missing drop\n" + KNOWN + "tcp dport 22 accept"), OPEN),
    # the answer has to go out
    "no_answer": (out(""), SHUT),
    "no_answer_from_the_port": (out("tcp sport 22 drop", "accept"), SHUT),
    "no_answer_after_routing": (out("tcp sport 22 drop", "accept", "postrouting"), SHUT),
    "answers_from_the_port": (out("tcp sport 22 accept"), OPEN),
    "answers_from_another_port": (out("tcp sport 80 accept"), SHUT),
    "answers_to_the_port": (out("tcp dport 22 accept"), SHUT),
    "answers_of_what_is_known": (out("ct state established,related accept"), OPEN),
    "answers_alone_dropped": (out("ct state established drop", "accept"), SHUT),
    "answers_by_interface": (out('oifname "out0" accept'), OPEN),
    "answers_by_another_interface": (out('oif "lo" accept'), SHUT),
    "answers_by_a_condition_of_the_way_in": (out('iifname "out0" accept'), UNKNOWN),
    "answers_to_some": (out("ip daddr 10.9.0.0/16 accept"), OPEN),
    "answers_to_nobody": (out("ip daddr 127.0.0.0/8 accept"), SHUT),
    "answers_to_others_than_come": (base(KNOWN + "ip saddr 10.9.0.0/16 tcp dport 22 accept") + out("ip daddr 192.0.2.0/24 accept"), UNKNOWN),
    "answers_by_a_mark": (out("meta mark 7 accept"), UNKNOWN),
    "answers_to_a_client's_port": (out("tcp dport 1024-65535 accept"), OPEN),
    "answers_to_some_clients'_ports": (out("tcp dport 40000-65535 accept"), UNKNOWN),
    "from_some_clients'_ports": (base(KNOWN + "tcp sport 40000-50000 tcp dport 22 accept"), UNKNOWN),
    "from_one_client's_port": (base("tcp sport { 53, 40000 } drop", "accept"), OPEN),
    "out_by_nat": ("table ip n { chain o { type nat hook postrouting priority 100; oifname \"out0\" masquerade; } }", OPEN),
    # names that look like references, and long ones
    "name_like_its_set": (base("iifname @foo drop", "accept", sets='set foo { type ifname; elements = { "@foo" }; }'), UNKNOWN),
    "name_like_its_map": (base("iifname vmap @foo", "accept", sets='map foo { type ifname : verdict; elements = { "@foo" : drop }; }'), UNKNOWN),
    "long_names": (f"table inet {LONG[0]} {{ chain {LONG[1]}a {{ drop; }}\nchain {LONG[1]}b {{ accept; }}\n"
                   f"chain in {{ type filter hook input priority 0; policy drop; jump {LONG[1]}b; }} }}", OPEN),
    "long_names_that_drop": (f"table inet {LONG[0]} {{ chain {LONG[1]}a {{ accept; }}\nchain {LONG[1]}b {{ drop; }}\n"
                             f"chain in {{ type filter hook input priority 0; policy accept; meta l4proto {{ icmp, icmpv6 }} accept; jump {LONG[1]}b; }} }}", SHUT),
    "by_an_interface_nobody_uses": (base(KNOWN + 'iifname "idle0" accept'), UNKNOWN),
    "by_an_interface_without_carrier": (base(KNOWN + 'iifname "idle2" accept'), UNKNOWN),
    "by_all_but_the_used_one": (base(KNOWN + 'iifname != "out0" accept'), UNKNOWN),
    "not_by_an_interface_nobody_uses": (base('iifname "idle0" drop', "accept"), OPEN),
    # what it does not know
    "by_a_device": ('table netdev t { chain i { type filter hook ingress device "out0" priority 0; policy drop; } }', UNKNOWN),
    "by_a_device_a_rule": ('table netdev t { chain i { type filter hook ingress device "out0" priority 0; policy accept; tcp dport 22 drop; } }', UNKNOWN),
    "by_a_device_out": ('table netdev t { chain i { type filter hook egress device "out0" priority 0; policy drop; } }', UNKNOWN),
    "by_a_device_nothing": ('table netdev t { chain i { type filter hook ingress device "out0" priority 0; policy accept; } }', OPEN),
    "by_a_bridge": ("table bridge t { chain i { type filter hook input priority 0; policy drop; } }", UNKNOWN),
    "by_arp": ("table arp t { chain i { type filter hook input priority 0; policy drop; } }", UNKNOWN),
    "answers_by_another_route": ("table inet t { chain o { type route hook output priority 0; policy accept; meta mark set 7; } }", UNKNOWN),
    "limit_with_a_name": (base('tcp dport 22 limit name "l" drop', "accept", sets="limit l { rate over 1/day burst 1 packets; }"), UNKNOWN),
    "mark": (base("meta mark 7 accept"), UNKNOWN),
    "mark_drop": (base("meta mark 7 drop", "accept"), UNKNOWN),
    "mark_that_matters_not": (base("meta mark 7 accept\ntcp dport 22 drop", "accept"), UNKNOWN),
    "mark_jump": (base("meta mark 7 jump x", "accept", chains="chain x { tcp dport 22 drop; }"), UNKNOWN),
    "mark_before_all": (base("meta mark 7 accept\n" + KNOWN + "tcp dport 22 accept"), OPEN),
    "mark_dropped_before_none": (base("meta mark 7 drop\ntcp dport 22 drop", "accept"), SHUT),
    "its_own_address": (base(KNOWN + "ip daddr 10.9.0.1 accept"), UNKNOWN),
    "concatenation": (base(KNOWN + "ip saddr . tcp dport { 10.9.0.2 . 22 } accept"), UNKNOWN),
    "from_a_port": (base("tcp sport < 1024 drop", "accept"), UNKNOWN),
    "another_way_in": ("table ip t { chain p { type nat hook prerouting priority -100; tcp dport 22 redirect to :23; } }\n"
                       "table ip6 t { chain p { type nat hook prerouting priority -100; tcp dport 22 redirect to :23; } }", UNKNOWN),
    "asleep": ("table inet t { flags dormant; chain in { type filter hook input priority 0; policy drop; } }", UNKNOWN),
    "queue": (base("tcp dport 22 queue num 3", "accept"), UNKNOWN),
}


def test_as_the_kernel_does():
    host()
    for name, (rules, wanted) in CASES.items():
        if not load(rules, check=name not in ("queue", "another_way_in", "by_a_device_out", "by_a_bridge", "by_arp", "out_by_nat")):
            continue  # this kernel has no such module
        said, finding = says_as_it_is(name)
        assert said == wanted, (name, wanted, said, finding)


def test_what_it_says_to_do():
    """The command of the sentence opens it."""
    host()
    load(base(KNOWN))
    said, finding = says()
    assert said == SHUT and finding["pam_service"] == "sshd" and '"inet t in"' in finding["text"] and "port 22" in finding["text"], finding
    sh("sh", "-c", re.search(r'"(nft [^"]*)"', finding["next"]).group(1))
    assert says()[0] == OPEN and comes() == [True, True]


def test_two_servers():
    """The accounts' own sshd is behind the filter, or the host's is."""
    host()
    bg("init", "--yes", "--sshd-instance", "2222")
    load(base(KNOWN + "tcp dport 22 accept"))
    said, finding = says()
    assert (said, finding["pam_service"]) == ("RISK", "breakglass-sshd") and "port 2222" in finding["text"], finding
    load(base(KNOWN + "tcp dport 2222 accept"))
    said, finding = says()
    assert (said, finding["pam_service"]) == ("RISK", "sshd"), finding
    load(base(KNOWN + "tcp dport { 22, 2222 } accept"))
    assert says()[0] == OPEN


def test_iptables():
    """Its rules, as nft tells of them: their own kinds of conditions are not known."""
    if not shutil.which("iptables-nft"):
        print("iptables is not installed")
        return
    host()
    known = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
    for rules, wanted in ((["-A INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset"], SHUT),
                          (["-P INPUT DROP", f"-A INPUT {known}", "-A INPUT -p tcp --dport 22 -m comment --comment x -j ACCEPT"], OPEN),
                          (["-P INPUT DROP", f"-A INPUT {known}", "-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT"], UNKNOWN),
                          (["-A INPUT -p tcp -m conntrack --ctstate INVALID -j DROP"], UNKNOWN),
                          (["-A INPUT -j LOG --log-prefix x", "-P INPUT DROP"], SHUT)):
        load("")
        sh("ip6tables-nft", "-P", "INPUT", "DROP")
        for rule in rules:
            sh("iptables-nft", *rule.split())
        said, finding = says()
        assert said == wanted, (rules, wanted, said, finding)
        assert said == UNKNOWN or knocks_four() == (said == OPEN), rules
    load("")
    sh("iptables-legacy", "-P", "INPUT", "DROP")  # of which nft says nothing
    assert says()[0] == UNKNOWN


def knocks_four():
    return comes()[0]


def test_nft_itself():
    """It is not there, does not answer, or answers nonsense."""
    host()
    load(base(""))
    shutil.copy("/usr/sbin/nft", "/root/nft")
    for script, wanted in (("exit 1", UNKNOWN), ("sleep 60", UNKNOWN), ("echo nonsense", UNKNOWN), ("echo '{}'", UNKNOWN),
                           ("echo '{\"nftables\": [{\"rule\": {}}]}'", UNKNOWN),
                           ("echo '{\"nftables\": [{\"element\": {}}]}'", UNKNOWN), ("echo '{\"nftables\": [{\"counter\": {}}]}'", OPEN)):
        write("/usr/sbin/nft", f"#!/bin/sh\nPATH=/usr/bin\n{script}\n", 0o755)
        began = time.monotonic()
        assert says()[0] == wanted, script
        assert time.monotonic() - began < 30
    os.unlink("/usr/sbin/nft")
    said, finding = says()
    assert said == UNKNOWN and "nft, which shows them, is not installed" in finding["text"] and "--baseline" in finding["next"], finding
    sh("/root/nft", "flush", "ruleset")
    assert says()[0] == OPEN
    if shutil.which("iptables-legacy"):
        for program in ("ip6tables-legacy", "iptables-legacy"):
            sh(program, "-t", "raw", "-A", "PREROUTING", "-j", "DROP")
            assert says()[0] == UNKNOWN, program


def test_work_is_bounded():
    """Many rules that look into a large set, or map, or go round and round."""
    host()
    ports = ", ".join(str(port) for port in range(1001, 61001, 2))
    jumps = "\n".join(f"chain x{n} {{ {('jump x%d' % (n - 1) + chr(10)) * 9 if n else ''} }}" for n in range(13))
    for rules in (base("tcp dport @p drop\n" * 3000, "accept", f"set p {{ type inet_service; elements = {{ {ports} }}; }}"),
                  base("tcp dport vmap @p\n" * 3000, "accept", "map p { type inet_service : verdict; elements = { %s }; }" % (ports.replace(",", " : drop,") + " : drop")),
                  base("jump x12", "accept", chains=jumps)):
        if not load(rules, check=False):
            continue  # the kernel counts as well
        began = time.monotonic()
        said = says()[0]
        print(said, time.monotonic() - began)
        assert said == UNKNOWN and time.monotonic() - began < 15, (rules[:80], said)


def test_where_sshd_listens():
    """Its addresses count, not its ports alone."""
    host()
    with open("/etc/ssh/sshd_config") as f:
        config = f.read()
    four, six = base(KNOWN + "meta nfproto ipv4 drop", "accept"), base(KNOWN + "meta nfproto ipv6 drop", "accept")
    for lines, rules, wanted in (("ListenAddress 0.0.0.0:2200", base(KNOWN + "tcp dport 2200 accept"), OPEN),
                                 ("ListenAddress 0.0.0.0:2200", base(KNOWN + "tcp dport 22 accept"), SHUT),
                                 ("ListenAddress 0.0.0.0:2200\nListenAddress [::]:22", base(KNOWN + "tcp dport 22 accept"), OPEN),
                                 ("AddressFamily inet", four, SHUT), ("AddressFamily inet", six, OPEN),
                                 ("AddressFamily inet6", four, OPEN), ("AddressFamily inet6", six, SHUT),
                                 (f"ListenAddress {FOUR}", four, SHUT), (f"ListenAddress {FOUR}", six, OPEN),
                                 ("ListenAddress 127.0.0.1", base(KNOWN), OPEN),  # another rule tells
                                 (f"ListenAddress 127.0.0.1\nListenAddress [{SIX}]:22", six, SHUT)):
        write("/etc/ssh/sshd_config", f"{lines}\n{config}")
        load(rules)
        said, finding = says()
        assert said == wanted, (lines, rules, wanted, said, finding)


CONDITIONS = ["", "tcp dport 22", "tcp dport != 22", "tcp dport { 22, 80 }", "udp dport 22", "ct state new", "ct state established", "ct state != invalid",
              "ip saddr 10.9.0.0/16", "ip saddr != 10.9.0.2", "ip6 saddr fd00:9::2", "iifname out0", "iifname lo", "iif != lo", "meta nfproto ipv4",
              "ip protocol tcp", "meta mark 0", "meta mark 1", "tcp flags syn", f"{MASK} == syn", "limit rate over 9000/second", "ip saddr @a", "tcp dport @p",
              "fib daddr type local", "meta pkttype host", "ip ttl 64"]
WAY_OUT = ["tcp sport 22", "tcp sport != 22", "tcp dport 22", "ct state new", "ct state established", "ip daddr 10.9.0.2", "ip6 daddr fd00:9::/64",
           "oifname out0", "oif lo", "meta nfproto ipv6", "meta mark 0", "tcp dport 1024-65535", "ip saddr 10.9.0.1", "tcp flags syn"]
VERDICTS = ["accept", "reject with icmpx admin-prohibited", "return", "jump x", "goto x", "jump y", "goto y", "counter", "meta mark set 1", "continue"]


def a_ruleset(dice):
    def rules(words, known=CONDITIONS):
        made = []
        for _ in range(dice.randrange(1, 5)):
            end = dice.choice(words)
            conditions = " ".join(dice.sample(known, dice.choice((0, 1, 1, 2))))
            made.append(f"{conditions} {end}")
        return "\n".join(made)
    low, middle = VERDICTS[:3] + VERDICTS[7:], VERDICTS[:3] + VERDICTS[5:]
    return base(rules(VERDICTS), dice.choice(("accept", "drop")),
                "set a { type ipv4_addr; elements = { 10.9.0.2 }; }\nset p { type inet_service; elements = { 22 }; }",
                f"chain y {{ {rules(low)}\n}}\nchain x {{ {rules(middle)}\n}}") + (
                    out(rules(["accept", "drop"], WAY_OUT), dice.choice(("accept", "drop"))) if dice.random() < 0.5 else "")


def test_by_chance():
    """Of rules that nobody thought of it never says open or shut of what is not."""
    host()
    seed, said = int(os.environ.get("BG_SEED", "1")), []
    for number in range(int(os.environ.get("BG_ROUNDS", "30"))):
        rules = a_ruleset(random.Random(f"{seed} {number}"))
        if load(rules, check=False):
            said.append(says_as_it_is(rules)[0])
    print({word: said.count(word) for word in sorted(set(said))})
    assert {OPEN, SHUT, UNKNOWN} <= set(said) or len(said) < 40, said


if __name__ == "__main__":
    main(globals())
