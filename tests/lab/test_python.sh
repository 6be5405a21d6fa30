#!/usr/bin/env bash
# Python: the socket module, and HTTPS by its standard library.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

in_python() { bypass "$CDN" "$python" -c "$1"; }

it_gets_the_origin_from_getaddrinfo() {
    equal "[('203.0.113.7', 443)]" "$(in_python 'import socket
print([info[4] for info in socket.getaddrinfo("cdn.example.com", 443, type=socket.SOCK_STREAM)])')"
    quiet
}

it_gets_the_origin_from_gethostbyname() {
    equal "203.0.113.7 ('cdn.example.com', [], ['203.0.113.7'])" "$(in_python 'import socket
print(socket.gethostbyname("cdn.example.com"), socket.gethostbyname_ex("cdn.example.com"))')"
}

it_gets_no_ipv6_address() {
    contains 'gaierror: [Errno -5]' "$(in_python 'import socket
try:
    print(socket.getaddrinfo("cdn.example.com", 443, socket.AF_INET6))
except socket.gaierror as error:
    print("gaierror:", error)')"
    nobody_asked "$LOCAL_DNS"
}

it_connects_to_the_origin() {
    equal "('203.0.113.7', 80)" "$(in_python 'import socket
print(socket.create_connection(("cdn.example.com", 80), 10).getpeername())')"
}

it_reaches_the_origin_over_https_with_certificate_check() {
    contains '"host":"cdn.example.com","sni":"cdn.example.com"' "$(in_python 'import ssl, urllib.request
context = ssl.create_default_context(cafile="/run/lab/tls/ca.pem")
print(urllib.request.urlopen("https://cdn.example.com/", timeout=10, context=context).read().decode())')"
}

it_meets_the_edge_without_the_library() {
    contains "$EDGE_V4" "$("$python" -c 'import socket; print(socket.gethostbyname("cdn.example.com"))')"
}

check_all "$@"
