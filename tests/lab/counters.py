"""Reads counters' files as include/originbypass/metrics/counters_file.h and command/stats/stats_total.h describe them,
without the library's own code.

counters.py DIRECTORY           a line for each file: NAME PROGRAM COUNTER=FIGURE... (those that are not zero)
counters.py DIRECTORY sum WORD  a counter's sum over all files and totals
counters.py DIRECTORY load      a line for each file: PROGRAM GENERATION SUCCESSFUL LOADED ERROR
"""
import os
import struct
import sys

COUNTERS = """hits stale_hits negative_hits misses refreshes refresh_failures fallbacks pass_throughs evictions failures
rejections queries query_addresses query_no_records query_no_names query_refusals query_timeouts query_abandoned replies
reply_ms upstream_downs upstream_backs reloads refused_reloads edges_seen edges_replaced""".split()
PLACES = 32


def text(octets):
    return octets.split(b"\0")[0].decode()


def read_file(path):
    with open(path, "rb") as file:
        data = file.read()
    assert len(data) == 1024 + PLACES * 8, f"{path} has {len(data)} octets"
    assert data[:8] == b"ocounter" and struct.unpack_from("=3I", data, 8) == (2, len(COUNTERS), PLACES)
    namespace, start, pid = struct.unpack_from("=QQI", data, 24)
    assert os.path.basename(path) == f"{namespace}-{pid}-{start}.counters"
    generation, successful, loaded, refused = struct.unpack_from("=IIqq", data, 152)
    return {
        "program": text(data[80:144]),
        "load": (generation, successful, loaded, text(data[176:688])),
        "figures": struct.unpack_from(f"={PLACES}Q", data, 1024),
    }


def read_total(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"ntrtotal" and struct.unpack_from("=I", data, 8) == (1,)
    return struct.unpack_from(f"={PLACES}Q", data, 32)


directory, what = sys.argv[1], sys.argv[2:]
names = sorted(os.listdir(directory))
files = {name: read_file(os.path.join(directory, name)) for name in names if name.endswith(".counters")}
totals = [read_total(os.path.join(directory, name)) for name in names if name.endswith(".total")]
if what[:1] == ["sum"]:
    place = COUNTERS.index(what[1])
    print(sum(file["figures"][place] for file in files.values()) + sum(total[place] for total in totals))
elif what == ["load"]:
    for file in files.values():
        print(file["program"], *file["load"])
else:
    for name, file in files.items():
        shown = [f"{word}={figure}" for word, figure in zip(COUNTERS, file["figures"]) if figure]
        print(name, file["program"], *shown)
