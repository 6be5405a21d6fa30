#!/usr/bin/env bash
# originbypass doctor: a URL, and each way in which an origin can fail, told from the others.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"

# --- if all is well -------------------------------------------------------------------------------------------------

it_tells_each_step_to_an_origin_in_their_order() {
    doctor_of "$CDN" "https://$CDN/"
    finds_nothing_bad
    local https="https://$CDN:443/"
    equal "$https: connected to $ORIGIN_V4 port 443 in N ms.
$https: TLS handshake with SNI $CDN in N ms.
$https: the certificate is valid and for this name.
$https: status 200." "$(sed -n 's/[0-9]* ms/N ms/; s/^good  https/https/p' <<<"$report")"
    quiet
}

it_has_no_tls_to_tell_of_in_http() {
    doctor_of "$CDN" "http://$CDN/"
    finds_nothing_bad
    tells good "http://$CDN:80/: status 200"
    lacks TLS "$report"
}

it_shows_neither_password_nor_path_of_a_url() {
    doctor_of "$CDN" "https://somebody:secret@$CDN/private?token=1"
    finds_nothing_bad
    lacks secret "$report"
    lacks private "$report"
}

it_says_so_where_curl_is_not_installed() {
    PATH=/nowhere doctor_of "$CDN" "https://$CDN/"
    finds_nothing_bad
    tells note "https://$CDN:443/: curl is not installed"
}

it_does_not_take_a_curl_that_fails_for_an_origin_that_does() {
    doctor_with_curl 'echo "curl: (4) not built in" >&2; exit 4'
    finds_bad 1
    tells bad "https://$CDN:443/: curl ends with status 4 before it connects: not built in"
}

# curl 8 also does this.
it_finds_the_address_out_where_curl_does_not_say_it() {
    # shellcheck disable=SC2016  # the script expands it
    doctor_with_curl 'case $* in
    *telnet:*) printf "000 1 0 0.001 0.001 0 203.0.113.7"; exit 28 ;;
    esac
    printf "000 1 0 0 0 0 "; echo "curl: (35) no TLS" >&2; exit 35'
    finds_bad 1
    tells good "https://$CDN:443/: connected to $ORIGIN_V4 port 443"
    tells bad "https://$CDN:443/: no TLS handshake with SNI $CDN: no TLS"
}

it_says_without_an_address_that_it_is_connected_where_nothing_gives_one() {
    doctor_with_curl 'printf "000 1 0 0 0 0 "; echo "curl: (35) no TLS" >&2; exit 35'
    finds_bad 1
    tells good "https://$CDN:443/: connected to port 443."
    tells bad "https://$CDN:443/: no TLS handshake with SNI $CDN: no TLS"
}

it_uses_no_proxy_and_no_settings_of_curls() {
    echo 'url = "http://127.0.0.1:9/"' >"$TMPDIR/.curlrc"
    HOME=$TMPDIR https_proxy=http://127.0.0.1:9 doctor_of "$CDN" "https://$CDN/"
    rm "$TMPDIR/.curlrc"
    finds_nothing_bad
}

# --- the connection -------------------------------------------------------------------------------------------------

it_says_that_a_name_has_no_address() {
    doctor_of nobody.example.com https://nobody.example.com/
    tells bad 'https://nobody.example.com:443/: not tried: a program gets no address'
}

it_says_that_curl_finds_no_address() {
    doctor_with_curl 'printf "000 0 0 0 0 0 "; echo "curl: (6) no such host" >&2; exit 6'
    tells bad "https://$CDN:443/: curl finds no address: no such host"
    doctor_with_curl 'printf "000 0 0 0 0 0 "; echo "curl: (28) Resolving timed out" >&2; exit 28'
    tells bad "https://$CDN:443/: curl finds no address: Resolving timed out"
}

it_tells_an_origin_that_refuses_the_connection() {
    stop web
    doctor_of "$CDN" "https://$CDN/"
    finds_bad 1
    tells bad "https://$CDN:443/: no connection to port 443: refused" "If the origin admits only Cloudflare's addresses"
}

it_tells_an_origin_that_drops_the_connection() {
    fault 'tcp dport 443 drop'
    doctor_of "$CDN" "https://$CDN/"
    finds_bad 1
    tells bad "https://$CDN:443/: no connection to port 443 within 4 s" "If the origin admits only Cloudflare's addresses"
}

# --- TLS and certificate --------------------------------------------------------------------------------------------

it_tells_a_server_that_does_not_speak_tls() {
    doctor_of "$CDN" "https://$CDN:80/"
    finds_bad 1
    tells good "https://$CDN:80/: connected to $ORIGIN_V4 port 80"
    tells bad "https://$CDN:80/: no TLS handshake with SNI $CDN"
}

it_tells_a_server_that_does_not_serve_the_name() {
    origin 8443 "$(certificate origin) server_name other.example.org;" 'ssl_reject_handshake on;'
    doctor_of "$CDN" "https://$CDN:8443/"
    finds_bad 1
    tells bad "https://$CDN:8443/: no TLS handshake with SNI $CDN" 'serves this name (SNI)'
}

it_tells_a_server_that_takes_the_connection_and_says_nothing() {
    "$python" -c '
import socket, time
server = socket.create_server(("203.0.113.7", 9443))
time.sleep(60)' &
    end_with_the_test $!
    until_true port_is_open "$ORIGIN_V4" 9443
    doctor_of "$CDN" "https://$CDN:9443/"
    finds_bad 1
    tells good "https://$CDN:9443/: connected to $ORIGIN_V4 port 9443"
    tells bad "https://$CDN:9443/: no TLS handshake with SNI $CDN: the server says nothing for 4 s"
}

it_tells_a_certificate_of_an_unknown_authority() {
    make_certificate unknown '/CN=nobody knows me' -days 2
    origin 8443 "$(certificate unknown)"
    doctor_of "$CDN" "https://$CDN:8443/"
    finds_bad 1
    tells good "https://$CDN:8443/: a server speaks TLS there, and was told SNI $CDN"
    tells bad "https://$CDN:8443/: the certificate is not valid: " 'nobody knows me' 'do not switch the check off'
}

it_tells_an_origin_ca_certificate() {
    make_certificate origin-ca '/C=US/O=CloudFlare, Inc./OU=CloudFlare Origin SSL Certificate Authority/L=San Francisco/ST=California' -days 2
    origin 8443 "$(certificate origin-ca)"
    doctor_of "$CDN" "https://$CDN:8443/"
    finds_bad 1
    tells bad "https://$CDN:8443/: the certificate is not valid, it is an Origin CA certificate" \
        "give the program Cloudflare's Origin CA root"
}

it_tells_a_certificate_for_another_name() {
    echo "$ORIGIN_V4 other.example.org" >>/etc/hosts
    doctor_of other.example.org https://other.example.org/
    tells bad 'https://other.example.org:443/: the certificate is not valid: ' 'Give the origin a certificate that is for this name'
}

it_tells_a_certificate_that_has_expired() {
    issue_certificate expired 20200101000000Z 20200102000000Z
    origin 8443 "$(certificate expired)"
    doctor_of "$CDN" "https://$CDN:8443/"
    finds_bad 1
    tells bad "https://$CDN:8443/: the certificate is not valid by this host's clock, which says $(date -u +%Y)-" expired "Renew the origin's certificate"
}

it_tells_a_certificate_that_is_not_yet_valid_and_what_the_clock_says() {
    issue_certificate early 30300101000000Z 30310101000000Z
    origin 8443 "$(certificate early)"
    doctor_of "$CDN" "https://$CDN:8443/"
    finds_bad 1
    tells bad "the certificate is not valid by this host's clock, which says $(date -u +%Y)-" 'Correct the clock of this host'
}

it_tells_that_there_are_no_authorities() {
    CURL_CA_BUNDLE=/nowhere doctor_of "$CDN" "https://$CDN/"
    finds_bad 1
    tells bad "https://$CDN:443/: the certificate is not valid: " 'package ca-certificates'
}

it_tells_an_origin_that_asks_for_cloudflares_client_certificate() {
    origin 8443 "$(certificate origin)" "ssl_client_certificate $LAB/tls/ca.pem; ssl_verify_client on;"
    doctor_of "$CDN" "https://$CDN:8443/"
    finds_bad 1
    tells bad "https://$CDN:8443/: status 400: the server asks for a client certificate" 'authenticated origin pulls'
}

it_tells_a_server_that_ends_the_handshake_for_want_of_a_client_certificate() {
    openssl s_server -accept "$ORIGIN_V4:8443" -cert "$LAB/tls/origin.pem" -key "$LAB/tls/origin.key" -Verify 1 \
        -verify_return_error -CAfile "$LAB/tls/ca.pem" -quiet >"$TMPDIR/s_server" 2>&1 &
    end_with_the_test $!
    until_true port_is_open "$ORIGIN_V4" 8443
    doctor_of "$CDN" "https://$CDN:8443/"
    finds_bad 1
    tells bad "https://$CDN:8443/: connected, and no answer: " 'authenticated origin pulls'
}

# --- the status -----------------------------------------------------------------------------------------------------

it_tells_error_1000_at_the_edge() {
    doctor_of shop.example.com https://shop.example.com/
    equal 1 "$status"
    tells bad 'https://shop.example.com:443/: connected to' 'an edge of the CDN and no origin'
    tells bad "https://shop.example.com:443/: status 403, Cloudflare's error 1000 (DNS points to prohibited IP)" \
        'First see to it that the connection goes to the origin'
}

it_tells_error_1000_all_the_same() {
    origin 8080 '' 'return 403 "error code: 1000";'
    doctor_of "$CDN" "http://$CDN:8080/"
    finds_bad 1
    tells bad "http://$CDN:8080/: status 403, Cloudflare's error 1000 all the same" CF-Connecting-IP
}

it_tells_error_1000_in_a_page_for_people() {
    origin 8080 '' "return 403 '<title>DNS points to prohibited IP</title><span class=\"cf-error-code\">1000</span>';"
    doctor_of "$CDN" "http://$CDN:8080/"
    tells bad "http://$CDN:8080/: status 403, Cloudflare's error 1000 all the same"
}

it_tells_an_origin_that_admits_only_cloudflare() {
    origin 8080 '' 'return 403 "Forbidden";'
    doctor_of "$CDN" "http://$CDN:8080/"
    finds_bad 1
    tells bad "http://$CDN:8080/: status 403: the server is there and does not admit this request" 'admits only Cloudflare'
}

it_tells_cloudflares_own_errors_from_an_origins() {
    origin 8080 '' 'add_header CF-RAY 0 always; return 522 "";'
    doctor_of "$CDN" "http://$CDN:8080/"
    finds_bad 1
    tells bad "http://$CDN:8080/: status 522 of Cloudflare: the edge's connection to its origin timed out"
    origin 8081 '' 'return 522 "";'
    doctor_of "$CDN" "http://$CDN:8081/"
    tells bad "http://$CDN:8081/: status 522: the server is there and fails"
}

it_tells_a_name_that_the_server_does_not_serve() {
    echo "$ORIGIN_V4 other.example.org" >>/etc/hosts
    doctor_of other.example.org http://other.example.org/
    tells bad 'http://other.example.org:80/: status 421: the server does not serve this name'
}

it_notes_that_a_page_is_missing() {
    doctor_of "$CDN" "https://$CDN/files/nothing"
    finds_nothing_bad
    tells note "https://$CDN:443/: status 404: the server is there and answers"
}

it_tells_an_origin_that_fails() {
    origin 8080 '' 'return 500;'
    doctor_of "$CDN" "http://$CDN:8080/"
    finds_bad 1
    tells bad "http://$CDN:8080/: status 500: the server is there and fails"
}

it_tells_an_origin_that_says_nothing() {
    origin 8080 '' 'return 444;'
    doctor_of "$CDN" "http://$CDN:8080/"
    finds_bad 1
    tells bad "http://$CDN:8080/: connected, and no answer"
}

it_takes_no_more_than_it_needs_of_a_large_page() {
    mkdir -p "$LAB/files"
    head -c 20000000 /dev/zero >"$LAB/files/large"
    doctor_of "$CDN" "https://$CDN/files/large"
    rm "$LAB/files/large"
    finds_nothing_bad
    tells good "https://$CDN:443/: status 200"
}

# --- beside the request ---------------------------------------------------------------------------------------------

it_tells_one_address_of_several_that_takes_no_connection() {
    ip address add 203.0.113.8/32 dev lo
    configure "hosts = ( { name = \"$CDN\"; addresses = [ \"$ORIGIN_V4\", \"203.0.113.8\" ]; } );"
    doctor "https://$CDN/"
    tells bad "https://$CDN:443/: 1 of 2 addresses do not take a connection to port 443 (203.0.113.8)" 'take the address out'
    fault 'ip daddr 203.0.113.8 tcp dport 443 drop'
    doctor "https://$CDN/"
    tells bad "https://$CDN:443/: 1 of 2 addresses do not take a connection to port 443 (203.0.113.8)"
    ip address del 203.0.113.8/32 dev lo
}

it_counts_no_address_as_dead_for_which_this_host_has_no_route() {
    ip route add unreachable 198.51.100.0/24
    configure "hosts = ( { name = \"$CDN\"; addresses = [ \"$ORIGIN_V4\", \"198.51.100.7\" ]; } );"
    doctor "https://$CDN/"
    ip route del unreachable 198.51.100.0/24
    lacks 'take a connection' "$report"
}

it_tells_a_redirect_to_another_host() {
    origin 8080 '' 'return 301 http://www.example.com/;'
    doctor_of "$CDN" "http://$CDN:8080/"
    finds_nothing_bad
    tells note "http://$CDN:8080/: redirects to www.example.com, which is not listed, so libc answers for it" 'list that host, too'
    doctor_of "$CDN www.example.com" "http://$CDN:8080/"
    tells note "http://$CDN:8080/: redirects to www.example.com, which is listed"
}

it_says_nothing_of_a_redirect_to_the_same_host() {
    origin 8080 '' "return 301 https://$CDN/;"
    doctor_of "$CDN" "http://$CDN:8080/"
    lacks redirects "$report"
}

it_says_that_the_environment_names_a_proxy_and_shows_no_password() {
    https_proxy=http://me:secret@127.0.0.1:9 doctor_of "$CDN" "https://$CDN/"
    finds_nothing_bad
    tells note "https://$CDN:443/: https_proxy is set here" 'the proxy does' "Add $CDN to no_proxy"
    lacks secret "$report"
    https_proxy=http://127.0.0.1:9 doctor_of "$CDN" "http://$CDN/"
    lacks 'is set here' "$report"
}

# --- helpers --------------------------------------------------------------------------------------------------------

# doctor_with_curl SCRIPT: runs doctor for the CDN's host, with a script in place of curl.
doctor_with_curl() {
    mkdir -p "$TMPDIR/bin"
    printf '#!/bin/sh\n%s\n' "$1" >"$TMPDIR/bin/curl"
    chmod 755 "$TMPDIR/bin/curl"
    PATH=$TMPDIR/bin:$PATH doctor_of "$CDN" "https://$CDN/"
    rm "$TMPDIR/bin/curl"
}

# origin PORT DIRECTIVES DIRECTIVES: one more web server at the origin, until the test ends. The first directives name a
# certificate, if it has one.
origin() {
    local listen=$ORIGIN_V4:$1 directory=$TMPDIR/origin$1
    mkdir -p "$directory"
    [[ -z $2 ]] || listen+=' ssl'
    cat >"$directory/nginx.conf" <<END
user root root;
daemon off;
pid $directory/pid;
error_log $directory/error;
events { }
http {
    access_log off;
    client_body_temp_path $directory/body;
    proxy_temp_path $directory/proxy;
    fastcgi_temp_path $directory/fastcgi;
    uwsgi_temp_path $directory/uwsgi;
    scgi_temp_path $directory/scgi;
    server { listen $listen; $2 ${3-} location / { return 200 "origin"; } }
}
END
    "$LAB/bin/nginx" -p "$directory" -c "$directory/nginx.conf" >"$directory/out" 2>&1 &
    end_with_the_test $!
    until_true port_is_open "$ORIGIN_V4" "$1"
}

certificate() { echo "ssl_certificate $LAB/tls/$1.pem; ssl_certificate_key $LAB/tls/$1.key;"; }

# make_certificate NAME SUBJECT OPTION...: a self-signed certificate.
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" "${@:3}" \
        -addext "subjectAltName=DNS:$CDN" -out "$LAB/tls/$1.pem" -keyout "$LAB/tls/$1.key"
}

# issue_certificate NAME START END: a certificate from the lab's authority.
issue_certificate() {
    : >"$TMPDIR/index"
    cat >"$TMPDIR/ca.conf" <<END
[ca]
default_ca = lab
[lab]
database = $TMPDIR/index
new_certs_dir = $TMPDIR
rand_serial = yes
policy = any
default_md = sha256
[any]
commonName = supplied
END
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -out "$LAB/tls/$1.csr" \
        -keyout "$LAB/tls/$1.key"
    openssl ca -batch -config "$TMPDIR/ca.conf" -notext -cert "$LAB/tls/ca.pem" -keyfile "$LAB/tls/ca.key" \
        -in "$LAB/tls/$1.csr" -out "$LAB/tls/$1.pem" -extfile "$LAB/tls/server.ext" -startdate "$2" -enddate "$3"
}

it_says_the_name_in_sni_without_its_final_dot() {
    doctor_of "$CDN" "https://$CDN./"
    tells good "TLS handshake with SNI $CDN in "
}

check_all "$@"
