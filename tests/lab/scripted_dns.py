"""A DNS server that follows a script: scripted_dns.py ADDRESS PORT BEHAVIOUR [udp | reset]

It serves UDP and TCP (or UDP alone, or it resets every TCP connection) until it is killed, and writes each query to
standard output: "ID PORT NAME TYPE udp|tcp COOKIE MS", the client's port, the type's number, the cookie (RFC 7873) in
hexadecimal digits ("-" without one, "plain" without EDNS), and a clock's milliseconds.
BEHAVIOUR is one of the functions below that take a query: what it sends back for it, several messages or one, None for
nothing. Settings may follow it: well,after_ms=500,address=203.0.113.8. With @FILE it is read from there at each query.
"""

import heapq
import itertools
import os
import selectors
import socket
import struct
import sys
import time

QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
DEFAULTS = {
    "address": "203.0.113.7",  # the first one; the others follow it
    "addresses": 1,
    "ttl_s": 60,
    "soa_ttl_s": 60,
    "after_ms": 0,  # delay of every reply
    "of": "",  # a prefix of names; the first query for each is not answered
    "as": "nodata",  # what one_name says of the names with that prefix
    "source": None,  # another of our addresses to send from
    "piece": 0,  # over TCP: how many octets are sent at a time; 0: all at once
    "cookie": "none",  # the one in its replies, a function of COOKIES
    "tcp_cookie": None,  # over TCP another one
}
settings = dict(DEFAULTS)
over_tcp = False


def record(record_type, data, ttl_s, owner=b"\xc0\x0c"):
    return owner + struct.pack("!HHIH", record_type, 1, ttl_s, len(data)) + data


def address_records():
    first = int.from_bytes(socket.inet_aton(settings["address"]), "big")
    return [
        record(1, (first + i).to_bytes(4, "big"), int(settings["ttl_s"])) for i in range(int(settings["addresses"]))
    ]


def soa_record():
    times = struct.pack("!IIIII", 1, 3600, 600, 86400, int(settings["soa_ttl_s"]))
    return record(6, b"\0\0" + times, int(settings["soa_ttl_s"]))


def question_of(query):
    end = query.index(b"\0", 12) + 5
    return query[12:end]


def reply(query, flags=QR | RD | RA, answers=(), query_id=None, question=None, authority=()):
    question = question_of(query) if question is None else question
    query_id = query[:2] if query_id is None else query_id
    header = query_id + struct.pack("!HHHHH", flags, 1 if question else 0, len(answers), len(authority), 0)
    return header + question + b"".join(answers) + b"".join(authority)


def asks_for_ipv4(query):
    return question_of(query)[-4:-2] == b"\0\1"


def has_edns(query):
    return query[10:12] != b"\0\0"


# What a server's cookie is in its replies: a function of what the client has sent.
SERVER_COOKIE = b"\x5e" * 8
COOKIES = {
    "none": lambda sent: None,
    "good": lambda sent: sent[:8] + SERVER_COOKIE,
    "long": lambda sent: sent[:8] + SERVER_COOKIE * 4,
    "echo": lambda sent: sent,
    "other": lambda sent: bytes(octet ^ 1 for octet in sent[:8]) + SERVER_COOKIE,
    "short": lambda sent: sent[:8] + SERVER_COOKIE[:7],
    "stub": lambda sent: sent[:7],
    "huge": lambda sent: sent[:8] + SERVER_COOKIE * 4 + b"\0",
}
EDNS_HEAD = 11  # octets of an OPT record without options


def cookie_in(query):
    """The client's option is the only one. None: it has none."""
    options = query[12 + len(question_of(query)) + EDNS_HEAD :]
    return options[4:] if options[:2] == b"\0\x0a" else None


def with_cookie(query, message):
    """As the settings say."""
    sent, name = cookie_in(query), settings["tcp_cookie"] if over_tcp else None
    cookie = COOKIES[name or settings["cookie"]](sent) if sent is not None else None
    return message if cookie is None else with_edns(message, struct.pack("!HH", 10, len(cookie)) + cookie)


def with_edns(message, options=b"", extended_code=0):
    record = b"\0" + struct.pack("!HHBBHH", 41, 1232, extended_code, 0, 0, len(options)) + options
    return message[:10] + struct.pack("!H", int.from_bytes(message[10:12], "big") + 1) + message[12:] + record


def well(query):
    return reply(query, answers=address_records()) if asks_for_ipv4(query) else no_record(query)


def well_with_odd_records(query):
    """The additional section has records that a parser of all records would not accept."""
    if not asks_for_ipv4(query):
        return no_record(query)
    short_address, cut_option = record(1, b"\x7f\0\0", 60), b"\0" + struct.pack("!HHIHHH", 41, 1232, 0, 4, 10, 99)
    message = reply(query, answers=address_records())
    return message[:10] + struct.pack("!H", 2) + message[12:] + short_address + cut_option


def odd_records_over_tcp(query):
    return well_with_odd_records(query) if over_tcp else truncation(query)


def both(query):
    if asks_for_ipv4(query):
        return well(query)
    return reply(query, answers=[record(28, socket.inet_pton(socket.AF_INET6, "2001:db8::7"), int(settings["ttl_s"]))])


def both_over_tcp(query):
    """Each connection ends with its first reply, as with every behaviour of this server."""
    return both(query) if over_tcp else truncation(query)


def both_without_edns(query):
    """RFC 6891, section 7: the server does not know EDNS."""
    return format_error(query) if has_edns(query) else both(query)


def both_without_edns_over_tcp(query):
    return both_without_edns(query) if over_tcp or has_edns(query) else truncation(query)


def format_error_for_cookies(query):
    """As some servers that know EDNS and no option of it."""
    return both(query) if cookie_in(query) is None else with_edns(format_error(query))


def bad_version_for_cookies(query):
    return both(query) if cookie_in(query) is None else with_edns(reply(query), extended_code=1)


def bad_cookie(query):
    """RFC 7873, section 5.4; the code is 23."""
    cookie = b"" if cookie_in(query) is None else cookie_in(query)[:8] + SERVER_COOKIE
    return with_edns(reply(query, QR | RD | RA | 7), struct.pack("!HH", 10, len(cookie)) + cookie, extended_code=1)


def bad_cookie_without_its_own(query):
    return both(query) if (cookie_in(query) or b"").endswith(SERVER_COOKIE) else bad_cookie(query)


def bad_cookie_over_udp(query):
    return both(query) if over_tcp else bad_cookie(query)


def bad_cookie_without_a_cookie(query):
    return both(query) if over_tcp else with_edns(reply(query, QR | RD | RA | 7), extended_code=1)


def forged_over_udp(query):
    """Right but for the cookie: settings say which it has."""
    settings["address"] = "203.0.113.7" if over_tcp else "203.0.113.66"
    return well(query)


def bare_without_edns(query):
    """As before, but the reply is only a header: some servers read no more of such a query."""
    return reply(query, QR | RD | RA | 1, question=b"") if has_edns(query) else both(query)


def truncation_for_ipv4_and_a_late_ipv6(query):
    """The IPv6 answer comes after the client has acted on the first reply."""
    if asks_for_ipv4(query):
        return truncation(query)
    time.sleep(0.3)
    return both(query)


def well_backwards(query):
    return reply(query, answers=address_records()[::-1]) if asks_for_ipv4(query) else no_record(query)


def well_for_ipv4_alone(query):
    return well(query) if asks_for_ipv4(query) else server_failure(query)


def silence_for_ipv6_alone(query):
    return well(query) if asks_for_ipv4(query) else None


def failure_for_ipv4_and_silence_for_ipv6(query):
    return server_failure(query) if asks_for_ipv4(query) else None


def no_record(query):
    return reply(query, authority=[soa_record()])


def no_record_without_soa(query):
    return reply(query)


def no_name_without_soa(query):
    return reply(query, QR | RD | RA | 3)


def dangling(query):
    """The alias has the same TTL as the address had; RFC 2308 limits it to the SOA record's."""
    return reply(query, answers=[record(5, b"\4gone\xc0\x0c", 60)], authority=[soa_record()])


def no_name(query):
    return reply(query, QR | RD | RA | 3, authority=[soa_record()])


def format_error(query):
    return reply(query, QR | RD | RA | 1)


def server_failure(query):
    return reply(query, QR | RD | RA | 2)


def failure_later_for_ipv6(query):
    settings["after_ms"] = 0 if asks_for_ipv4(query) else 100
    return server_failure(query)


def not_implemented(query):
    return reply(query, QR | RD | RA | 4)


def refusal(query):
    return reply(query, QR | RD | 5)


def silence(_query):
    return None


asked_before = set()


def silence_at_first(query):
    question = (name_in(query), asks_for_ipv4(query))
    if question in asked_before or not name_in(query).startswith(settings["of"]):
        return well(query)
    asked_before.add(question)
    return None


def noise(query):
    return bytes(byte ^ 0xA5 for byte in query) * 3


def nothing(_query):
    return b""


def header_alone(query):
    return reply(query, question=b"")[:12]


def half_an_answer(query):
    return well(query)[:-6]


def other_id(query):
    return reply(query, answers=address_records(), query_id=bytes([query[0] ^ 0xFF, query[1]]))


def other_question(query):
    other = b"\5other\7example\3com\0" + question_of(query)[-4:]
    return reply(query, answers=address_records(), question=other)


def others_and_then_well(query):
    message = well(query)
    settings["address"] = "203.0.113.66"
    return [other_id(query), other_question(query), message]


def in_mixed_case(query):
    question = question_of(query)
    return question not in (question.lower(), question.upper())


def alias_below_for_mixed_case(query):
    """The name is an alias of a.NAME, spelled with the question's letters."""
    alias = record(5, b"\1a\xc0\x0c", 60)
    address = record(1, bytes([203, 0, 113, 7]), 60, owner=b"\1a\xc0\x0c")
    return reply(query, answers=[alias, address]) if in_mixed_case(query) else refusal(query)


def well_with_whole_names(query):
    """Names are not compressed, and are spelled as in the question."""
    owner = question_of(query)[:-4]
    address = record(1, bytes([203, 0, 113, 7]), 60, owner=owner)
    return reply(query, answers=[address]) if asks_for_ipv4(query) else no_record(query)


def both_in_small_letters(query):
    """It does not keep the case. It answers a lowercase question in capitals."""
    question = question_of(query)
    changed = question.lower() if in_mixed_case(query) else question[:-4].upper() + question[-4:]
    message = both(query)
    return message[:12] + changed + message[12 + len(question) :]


def forged_case(query):
    """All of it is right except the case of one letter."""
    forged = reply(query, answers=[record(1, bytes([203, 0, 113, 66]), 60)])
    return forged[:13] + forged[13:14].swapcase() + forged[14:]


def forged_case_and_then_well(query):
    return [forged_case(query), well(query)] if in_mixed_case(query) else well(query)


def bare_refusal(query):
    return reply(query, QR | RD | 5, question=b"")


def bare_failure_without_edns(query):
    return format_error(query) if has_edns(query) else bare_refusal(query)


def cname_loop(query):
    """The name is an alias of a.NAME, which is an alias of the name."""
    there = record(5, b"\1a\xc0\x0c", 60)
    back = record(5, b"\xc0\x0c", 60, owner=b"\1a\xc0\x0c")
    return reply(query, answers=[there, back])


def alias_with_an_escape(query):
    """The name is an alias of one that would change a terminal's colour and has the address."""
    target = b"\x05\x1b[31m\7example\3com\0"
    alias = record(5, target, 60)
    return reply(query, answers=[alias, record(1, bytes([203, 0, 113, 7]), 60, owner=target)])


def echo(query):
    return query


def truncation(query):
    return reply(query, QR | RD | RA | TC)


def address_record(kind, owner=b"\xc0\x0c"):
    octets = bytes([203, 0, 113, 7]) if kind == 1 else bytes([0x20, 1, 0x0D, 0xB8] + [0] * 11 + [7])
    return owner + struct.pack("!HHIH", kind, 1, 60, len(octets)) + octets


def rejected_record(kind):
    """An address in a prefix that a test rejects."""
    return record(kind, socket.inet_aton("198.18.0.66") if kind == 1 else socket.inet_pton(socket.AF_INET6, "2001:2::66"), 60)


def edges(query):
    """Gives the edge for every name, as a cluster's DNS does."""
    if asks_for_ipv4(query):
        return reply(query, answers=[record(1, socket.inet_aton("104.21.80.230"), 60)])
    return reply(query, answers=[record(28, socket.inet_pton(socket.AF_INET6, "2606:4700::1"), 60)])


def alias_record(target, owner=b"\xc0\x0c"):
    return owner + struct.pack("!HHIH", 5, 1, 60, len(target)) + target


TARGET, MIDDLE = b"\6target\4test\0", b"\6middle\4test\0"


def chain(kind):
    return [alias_record(MIDDLE), alias_record(TARGET, MIDDLE), address_record(kind, TARGET)]


ANSWERS = {
    "address": lambda kind: [address_record(kind)],
    "alias": lambda kind: [alias_record(TARGET), address_record(kind, TARGET)],
    "backwards": lambda kind: [address_record(kind, TARGET), alias_record(TARGET)],
    "chain": chain,
    "shuffled": lambda kind: chain(kind)[::-1],
    "mixed": lambda kind: [address_record(kind, MIDDLE)] + [chain(kind)[i] for i in (1, 2, 0)],
    "rejected": lambda kind: [rejected_record(kind)],
    "before": lambda kind: [address_record(kind), alias_record(TARGET)],
    "dangling": lambda kind: [alias_record(TARGET)],
    "foreign": lambda kind: [address_record(kind, TARGET)],
    "other": lambda kind: [address_record(29 - kind)],  # A for AAAA, and AAAA for A
    "nodata": lambda kind: [],
}
FAILURES = {"formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5, "yxdomain": 6}


def as_named(query):
    """The name gives the outcomes. Its first label is for A, the second for AAAA: servfail.address.pair.test."""
    kind = question_of(query)[-3]
    outcome = name_in(query).split(".")[0 if kind == 1 else 1]
    if outcome in ANSWERS:
        return reply(query, QR | AA | RD | RA, ANSWERS[outcome](kind))
    if outcome in FAILURES:
        return reply(query, QR | RD | RA | FAILURES[outcome])
    return {
        "silence": lambda: None,
        "half": lambda: reply(query, answers=[address_record(kind)])[:-2],
        "truncation": lambda: truncation(query),
        "referral": lambda: reply(query, QR | RD),
    }[outcome]()


def only_ipv6_elsewhere(query):
    """An IPv6 address of a network to which the lab has no route."""
    return no_record(query) if asks_for_ipv4(query) else reply(query, answers=[record(28, socket.inet_pton(socket.AF_INET6, "2001:db8:1::7"), 60)])


def one_name(query):
    """Only the names with the prefix `of` are special: `as` says how. Of all others there is none."""
    if not name_in(query).startswith(settings["of"]):
        return no_name(query)
    outcomes = {"silence": silence, "ipv6": only_ipv6_elsewhere, "edges": edges, "nodata": no_record, "address": well}
    if settings["as"] in outcomes:
        return outcomes[settings["as"]](query)
    if settings["as"] == "dangling":
        return reply(query, answers=ANSWERS["dangling"](1))
    return reply(query, QR | RD | RA | FAILURES[settings["as"]])


def truncation_over_udp(query):
    return well(query) if over_tcp else truncation(query)


def another_address_over_tcp(query):
    if over_tcp:
        settings["address"] = "203.0.113.8"
    return well(query)


def truncation_and_silence_over_tcp(query):
    return None if over_tcp else truncation(query)


def well_but_for_large(query):
    """As behind a firewall that blocks TCP: large.example.com is truncated, and TCP gets no answer."""
    return truncation_and_silence_over_tcp(query) if name_in(query).startswith("large.") else well(query)


# A heap of what must be sent later: when, a number, and the function that sends it.
late, numbers = [], itertools.count()


def send_in_time(send):
    heapq.heappush(late, (time.monotonic() + int(settings["after_ms"]) / 1000, next(numbers), send))


def send_what_is_due():
    while late and late[0][0] <= time.monotonic():
        try:
            heapq.heappop(late)[2]()
        except OSError:
            pass  # the client is gone


def serve(address, port, script, over_tcp_too=None):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    over_udp = socket.socket(family, socket.SOCK_DGRAM)
    over_udp.bind((address, port))
    selector = selectors.DefaultSelector()
    selector.register(over_udp, selectors.EVENT_READ, serve_udp)
    if over_tcp_too is not None:
        over_tcp = socket.create_server((address, port), family=family)
        selector.register(over_tcp, selectors.EVENT_READ, over_tcp_too)
    tell("ready")
    while True:
        for key, _ in selector.select(max(0, late[0][0] - time.monotonic()) if late else None):
            key.data(key.fileobj, script)
        send_what_is_due()


def tell(*fields):
    """One line in one write: print() makes several if PYTHONUNBUFFERED is set, and a test may read, or empty the file, in between."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, fields)) + "\n").encode())


def behaviour_of(script):
    if script.startswith("@"):
        with open(script[1:], encoding="ascii") as file:
            script = file.read()
    name, *words = script.strip().split(",")
    settings.update(DEFAULTS)
    settings.update(word.split("=") for word in words)
    return globals()[name]


def answers(query, client, script, by_tcp):
    global over_tcp
    over_tcp = by_tcp
    query_type = int.from_bytes(question_of(query)[-4:-2], "big")
    transport = "tcp" if by_tcp else "udp"
    cookie = (cookie_in(query) or b"").hex() or ("-" if has_edns(query) else "plain")
    tell(int.from_bytes(query[:2], "big"), client[1], name_in(query), query_type, transport, cookie, int(time.monotonic() * 1000))
    messages = behaviour_of(script)(query)
    messages = messages if isinstance(messages, list) else [messages] if messages is not None else []
    return [with_cookie(query, message) for message in messages]


def serve_udp(server, script):
    query, client = server.recvfrom(4096)
    for message in answers(query, client, script, False):
        send_in_time(lambda sender=sender_for(server), message=message: sender.sendto(message, client))


def sender_for(server):
    if settings["source"] is None:
        return server
    sender = socket.socket(server.family, socket.SOCK_DGRAM)
    sender.bind((settings["source"], server.getsockname()[1]))
    return sender


# Connections that get no answer are kept open here, so that the client does not see them end.
unanswered = []


def serve_tcp(server, script):
    stream, client = server.accept()
    length, query = int.from_bytes(stream.recv(2), "big"), stream.recv(4096)
    query = query[:length]
    for message in answers(query, client, script, True) if query else []:
        send_in_time(lambda message=message: send_in_pieces(stream, struct.pack("!H", len(message)) + message))
        return
    unanswered.append(stream)


def send_in_pieces(stream, octets):
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    size = int(settings["piece"]) or len(octets)
    for at in range(0, len(octets), size):
        stream.sendall(octets[at : at + size])
    stream.close()


def reset_tcp(server, _script):
    """Both sides have ended the connection, so the client's next write would raise SIGPIPE."""
    stream, _client = server.accept()
    stream.shutdown(socket.SHUT_WR)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def name_in(query):
    """In lower case, because a client may mix the case."""
    labels, rest = [], query[12:]
    while rest[0]:
        labels.append(rest[1 : 1 + rest[0]].decode("latin-1"))
        rest = rest[1 + rest[0] :]
    return ".".join(labels).lower()


if __name__ == "__main__":
    tcp = {"tcp": serve_tcp, "udp": None, "reset": reset_tcp}[sys.argv[4] if sys.argv[4:] else "tcp"]
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], tcp)
