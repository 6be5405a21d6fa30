"""What a program gets for each outcome of A beside each of AAAA: matrix.py STATE SCRIPT

To be run with the library. Names are FOR_A.FOR_AAAA.FAMILY.example.com, and the upstream does as they say, in a behaviour
that it reads from the file SCRIPT. Before that it has both addresses, unless STATE is new: for a second where it is
stale, for long where it is fresh. libc has the edge's addresses for all names.

Prints what is not as the contract has it, "NAME: RESULT, and not EXPECTED", and in the end how many names there were.
"""

import itertools
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HAS, LACKS, DENIES, FAILS = range(4)
KINDS = {
    "address": HAS,
    "shuffled": HAS,
    "nodata": LACKS,
    "dangling": LACKS,
    "nxdomain": DENIES,
    "servfail": FAILS,
    "silence": FAILS,
    "rejected": FAILS,
}
ORIGIN = {socket.AF_INET: "203.0.113.7", socket.AF_INET6: "2001:db8::7"}
EDGE = {socket.AF_INET: "104.21.80.230", socket.AF_INET6: "2606:4700::1"}
FAMILIES = {"unspec": (socket.AF_INET, socket.AF_INET6), "inet": (socket.AF_INET,), "inet6": (socket.AF_INET6,)}
# The error that libc gives, which it gives for a dangling chain by rules of its own: the parity tests compare it.
FINAL = "no address"
ERRORS = {socket.EAI_NONAME: FINAL, socket.EAI_NODATA: FINAL, socket.EAI_AGAIN: "EAI_AGAIN"}


def listed(addresses):
    return ",".join(sorted(addresses))


def kinds_of(name):
    """What each family's record type comes to: a name that one type has is not denied by the other."""
    outcomes = name.split(".")[:2]
    kinds = [KINDS[outcome] for outcome in outcomes]
    for one, other in (0, 1), (1, 0):
        exists = kinds[other] in (HAS, LACKS) or outcomes[other] == "rejected"
        if kinds[one] == DENIES and exists:
            kinds[one] = LACKS
    return dict(zip((socket.AF_INET, socket.AF_INET6), kinds))


def expected(state, name):
    """The contract's table of outcomes."""
    families, kinds = FAMILIES[name.split(".")[2]], kinds_of(name)
    of_wanted = [kinds[family] for family in families]
    if state != "new":
        return listed(ORIGIN[family] for family in families)
    if HAS in of_wanted:
        return listed(ORIGIN[family] for family in families if kinds[family] == HAS)
    if DENIES in of_wanted:
        return listed(EDGE[family] for family in families)
    if FAILS not in of_wanted:
        return FINAL
    # Of IPv6 alone a witness is asked for: libc must not give the edge's address of a name that has another.
    if families == (socket.AF_INET6,) and kinds[socket.AF_INET] == HAS:
        return "EAI_AGAIN"
    return listed(EDGE[family] for family in families if kinds[family] != LACKS)


def behave(script, behaviour):
    with open(script + ".new", "w", encoding="ascii") as file:
        file.write(behaviour)
    os.rename(script + ".new", script)


def look_up(name, family):
    try:
        found = socket.getaddrinfo(name, 443, family, socket.SOCK_STREAM)
    except socket.gaierror as error:
        return ERRORS.get(error.errno, str(error))
    return listed(entry[4][0] for entry in found)


def look_up_as_named(name):
    families = FAMILIES[name.split(".")[2]]
    return look_up(name, families[0] if len(families) == 1 else socket.AF_UNSPEC)


def main(state, script):
    names = [".".join(parts) + ".example.com" for parts in itertools.product(KINDS, KINDS, FAMILIES)]
    names.sort(key=lambda name: "silence" in name)  # they make the upstream look as if it were down
    with ThreadPoolExecutor(64) as pool:
        if state != "new":
            behave(script, "both,ttl_s=1" if state == "stale" else "both")
            known = set(pool.map(lambda name: look_up(name, socket.AF_UNSPEC), names))
            assert known == {listed(ORIGIN.values())}, known
        behave(script, "as_named")
        if state == "stale":
            time.sleep(1.1)
        for group in False, True:
            group = [name for name in names if ("silence" in name) == group]
            for name, result in zip(group, pool.map(look_up_as_named, group)):
                if result != expected(state, name):
                    print(f"{name}: {result}, and not {expected(state, name)}")
    print(len(names))


main(*sys.argv[1:])
