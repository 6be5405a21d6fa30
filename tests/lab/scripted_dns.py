"""A DNS server that follows a script: scripted_dns.py ADDRESS PORT BEHAVIOUR [udp | reset]

It serves UDP and TCP (or UDP alone, or it resets every TCP connection) until it is killed, and writes each query to
standard output: "ID PORT NAME", the client's port.
BEHAVIOUR is one of the functions below that take a query: what it sends back for it, None for nothing.
"""

import selectors
import socket
import struct
import sys

ADDRESS_RECORD = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + bytes([203, 0, 113, 7])
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080


def question_of(query):
    end = query.index(b"\0", 12) + 5
    return query[12:end]


def reply(query, flags=QR | RD | RA, answers=(), query_id=None, question=None):
    question = question_of(query) if question is None else question
    query_id = query[:2] if query_id is None else query_id
    header = query_id + struct.pack("!HHHHH", flags, 1 if question else 0, len(answers), 0, 0)
    return header + question + b"".join(answers)


def well(query):
    is_address = question_of(query)[-4:-2] == b"\0\1"
    return reply(query, answers=[ADDRESS_RECORD] if is_address else [])


def well_for_ipv4_alone(query):
    is_address = question_of(query)[-4:-2] == b"\0\1"
    return reply(query, answers=[ADDRESS_RECORD]) if is_address else server_failure(query)


def format_error(query):
    return reply(query, QR | RD | RA | 1)


def server_failure(query):
    return reply(query, QR | RD | RA | 2)


def not_implemented(query):
    return reply(query, QR | RD | RA | 4)


def refusal(query):
    return reply(query, QR | RD | 5)


def silence(_query):
    return None


asked_before = set()


def silence_at_first(query):
    question = question_of(query)
    if question in asked_before:
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
    return reply(query, answers=[ADDRESS_RECORD], query_id=bytes([query[0] ^ 0xFF, query[1]]))


def other_question(query):
    other = b"\5other\7example\3com\0" + question_of(query)[-4:]
    return reply(query, answers=[ADDRESS_RECORD], question=other)


def echo(query):
    return query


def truncation(query):
    return reply(query, QR | RD | RA | TC)


def address_record(kind, owner=b"\xc0\x0c"):
    octets = bytes([203, 0, 113, 7]) if kind == 1 else bytes([0x20, 1, 0x0D, 0xB8] + [0] * 11 + [7])
    return owner + struct.pack("!HHIH", kind, 1, 60, len(octets)) + octets


def alias_record(target):
    return b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 60, len(target)) + target


TARGET = b"\6target\4test\0"
ANSWERS = {
    "address": lambda kind: [address_record(kind)],
    "alias": lambda kind: [alias_record(TARGET), address_record(kind, TARGET)],
    "backwards": lambda kind: [address_record(kind, TARGET), alias_record(TARGET)],
    "before": lambda kind: [address_record(kind), alias_record(TARGET)],
    "dangling": lambda kind: [alias_record(TARGET)],
    "foreign": lambda kind: [address_record(kind, TARGET)],
    "other": lambda kind: [address_record(29 - kind)],  # A for AAAA, and AAAA for A
    "nodata": lambda kind: [],
}
FAILURES = {"formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5, "yxdomain": 6}


def as_named(query):
    """A name says what becomes of it, its first label for A, the second for AAAA: servfail.address.pair.test."""
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


def serve(address, port, behaviour, over_tcp_too=None):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    over_udp = socket.socket(family, socket.SOCK_DGRAM)
    over_udp.bind((address, port))
    selector = selectors.DefaultSelector()
    selector.register(over_udp, selectors.EVENT_READ, serve_udp)
    if over_tcp_too is not None:
        over_tcp = socket.create_server((address, port), family=family)
        selector.register(over_tcp, selectors.EVENT_READ, over_tcp_too)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            key.data(key.fileobj, behaviour)


def serve_udp(server, behaviour):
    query, client = server.recvfrom(4096)
    message = answer(query, client, behaviour)
    if message is not None:
        server.sendto(message, client)


def serve_tcp(server, behaviour):
    stream, client = server.accept()
    with stream:
        query = stream.recv(4096)[2:]
        message = answer(query, client, behaviour) if query else None
        if message is not None:
            stream.sendall(struct.pack("!H", len(message)) + message)


def reset_tcp(server, _behaviour):
    """The client's next write is to a connection that both sides have ended: the kernel sends SIGPIPE for it."""
    stream, _client = server.accept()
    stream.shutdown(socket.SHUT_WR)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def answer(query, client, behaviour):
    print(int.from_bytes(query[:2], "big"), client[1], name_in(query), flush=True)
    return behaviour(query)


def name_in(query):
    labels, rest = [], query[12:]
    while rest[0]:
        labels.append(rest[1 : 1 + rest[0]].decode("latin-1"))
        rest = rest[1 + rest[0] :]
    return ".".join(labels)


if __name__ == "__main__":
    tcp = {"tcp": serve_tcp, "udp": None, "reset": reset_tcp}[sys.argv[4] if sys.argv[4:] else "tcp"]
    serve(sys.argv[1], int(sys.argv[2]), globals()[sys.argv[3]], tcp)
