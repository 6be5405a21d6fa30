#!/usr/bin/env bash
# originbypass check: finds the errors in a configuration, and shows what it means.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=documents.sh
source "$lab/documents.sh"

default_file=/etc/originbypass/originbypass.conf

# --- errors ----------------------------------------------------------------------------------------------------------

it_names_file_and_line_of_every_error() {
    file_with $'hosts = (\n  "cdn.example.com",\n  "a b"\n);\nupstream = "8.8.8.8";\nquery = { timeout_ms = 0; };'
    equal "1
$file:3: \"a b\" is not a host name
$file:5: \"upstream\" is not a key of the configuration
$file:6: query.timeout_ms
$file: refused" "$(status check "$file" | sed -E 's/(file:[0-9]+: .*(name|configuration)): expected.*/\1/; s/(: (query.timeout_ms|refused)).*/\1/; s/: expected .*//')"
}

it_finds_what_the_library_finds() {
    file_with 'hosts = ( "cdn.example.com" ); upstream = "8.8.8.8";'
    local reason
    reason=$(ORIGIN_BYPASS_CONFIG_FILE=$file preloaded getent hosts "$CDN" >/dev/null && said file line reason)
    equal "error configuration refused file=$file line=1 reason=$(check "$file" | sed -n "s|^$file:1: ||p")" "$reason"
}

it_names_a_file_that_can_not_be_read() {
    equal "1
$TMPDIR/none: the file does not exist" "$(status check "$TMPDIR/none" | head -n 2)"
    equal "1
$TMPDIR: this is a directory: expected a regular file" "$(status check "$TMPDIR" | head -n 2)"
    file_with "hosts = ( \"$CDN\" ); answers = { reject = [ \"file:$TMPDIR/none\" ]; };"
    contains "$file:1: \"file:$TMPDIR/none\" cannot be used: the file does not exist" "$(status check "$file")"
}

# FILE | the line of the error | what is wrong and what to do
it_points_at_the_cause_of_an_error() {
    points_at 'hosts = ( "a.example.com",\n);' 2 'remove the comma before it'
    points_at 'hosts = ( “a.example.com” );' 1 'this is a curly quote; use " instead'
    points_at '\xef\xbb\xbfhosts = ( "a.example.com" );' 1 'a byte order mark (U+FEFF): save the file as UTF-8 without one'
    points_at 'hosts = ( "a.example.com"; "b.example.com" );' 1 'the values of a list are separated by commas'
    points_at 'hosts = ( "a.example.com;b.example.com" );' 1 'separate hosts by commas or blanks'
    points_at 'hosts = ( "a.example.com",\n"!a.example.com" );' 2 'contradicts the rule for the same name in line 1'
    points_at 'hosts = ( "a.example.com,\n"b.example.com" );' 2 'its closing quote is probably missing'
    points_at 'hosts = ( a.example.com );' 1 'text needs double quotes'
    points_at 'hosts = (\n"a.example.com\n' 2 'the string that begins here has no end'
    points_at 'hosts = (\n"a.example.com"\n' 1 'the "(" of this line is not closed'
    equal "1
ORIGIN_BYPASS_HOSTS: \"a.b;c.d\" has a semicolon in it: separate hosts by commas or blanks" \
        "$(ORIGIN_BYPASS_HOSTS='a.b;c.d' status check | head -n 2)"
    contains 'has quotes around it: remove them' "$(ORIGIN_BYPASS_HOSTS='"a.b"' status check)"
}

points_at() {
    printf '%b' "$1" >"$TMPDIR/cause.conf"
    local said
    said=$(status check "$TMPDIR/cause.conf")
    equal 1 "$(head -n 1 <<<"$said")"
    contains "$TMPDIR/cause.conf:$2: " "$(sed -n 2p <<<"$said")"
    contains "$3" "$(sed -n 2p <<<"$said")"
    contains 'running programs keep their former configuration' "$said"
}

it_reads_a_file_with_windows_line_ends_or_in_yaml_style() {
    printf 'hosts: [ "%s" ]\r\nfallback = "never"\r\n' "$CDN" >"$TMPDIR/windows.conf"
    contains ': good' "$(status check "$TMPDIR/windows.conf")"
}

it_names_the_variable_at_fault() {
    contains "ORIGIN_BYPASS_HOSTS: \"a..b\" has an empty label" "$(ORIGIN_BYPASS_HOSTS=a..b status check)"
    contains "ORIGIN_BYPASS_CONFIG_FILE: ORIGIN_BYPASS_CONFIG_FILE is \"here\"" "$(ORIGIN_BYPASS_CONFIG_FILE=here status check)"
    equal 1 "$(ORIGIN_BYPASS_UPSTREAMS=dns ORIGIN_BYPASS_HOSTS=a.b status check | head -n 1)"
}

it_exits_with_2_for_a_wrong_command_line() {
    equal 2 "$(status check a b | head -n 1)"
    equal 2 "$(status check --wrong | head -n 1)"
    contains 'Usage: originbypass check' "$("$originbypass" check --help)"
}

# --- what it means ---------------------------------------------------------------------------------------------------

it_says_how_each_host_is_answered() {
    file_with 'hosts = ( "cdn.example.com", "*.example.net", "!keep.example.net",
  { name = "api.example.com"; query = "api-origin.example.com"; },
  { name = "shop.example.com"; upstreams = [ "203.0.113.53" ]; reject = [ "cloudflare" ]; fallback = "never"; },
  { name = "old.example.com"; addresses = [ "203.0.113.7", "2001:db8::7" ]; } );'
    equal "0
$file: good

rule               line  answered by
cdn.example.com       1  the upstreams
*.example.net         1  the upstreams
!keep.example.net     1  libc
api.example.com       2  the upstreams; asked for api-origin.example.com
shop.example.com      3  203.0.113.53; fallback = never; reject = cloudflare (22 prefixes)
old.example.com       4  always 203.0.113.7, 2001:db8::7" "$(status check "$file" | head -n 10)"
}

it_says_the_general_settings() {
    printf '192.0.2.0/24\n198.51.100.0/24\n' >"$TMPDIR/set"
    file_with "hosts = ( \"$CDN\" ); upstreams = [ \"9.9.9.9\", \"[2001:db8::53]:5353\" ]; fallback = \"never\";
        family = \"ipv4\"; query = { hedge_ms = 50; deadline_ms = 900; timeout_ms = 800; };
        cache = { mode = \"ttl\"; max_ttl_s = 300; max_entries = 10; };
        answers = { reject = [ \"private\", \"192.0.2.1\", \"file:$TMPDIR/set\" ]; accept = [ \"10.1.0.0/16\" ]; strict = true; };
        log = { level = \"info\"; file = \"/tmp/log\"; };"
    local said
    said=$(check "$file" | sed 's/  */ /')
    contains 'upstreams 9.9.9.9, [2001:db8::53]:5353' "$said"
    contains 'fallback never' "$said"
    contains 'family ipv4' "$said"
    contains 'query timeout 800 ms, the next upstream after 50 ms, deadline 900 ms' "$said"
    contains 'cache ttl: past its TTL an answer is asked for again; TTL 1 to 300 s, negative at most 60 s; 10 names' "$said"
    contains "private (11 prefixes)" "$said"
    contains '192.0.2.1/32' "$said"
    contains "file:$TMPDIR/set (2 prefixes)" "$said"
    contains 'accept 10.1.0.0/16; strict' "$said"
    contains 'log info, to /tmp/log' "$said"
}

it_counts_the_environment_where_no_file_is_named() {
    mkdir -p /etc/originbypass
    echo 'hosts = ( "in-the-file.example.com" );' >"$default_file"
    contains 'in-the-file.example.com' "$(check)"
    lacks 'in-the-file' "$(ORIGIN_BYPASS_HOSTS=$CDN check)"
    contains "$CDN" "$(ORIGIN_BYPASS_HOSTS=$CDN check)"
    contains 'upstreams  9.9.9.9' "$(ORIGIN_BYPASS_UPSTREAMS=9.9.9.9 check)"
    contains 'ORIGIN_BYPASS_UPSTREAMS, LOG_LEVEL' "$(LOG_LEVEL=debug ORIGIN_BYPASS_UPSTREAMS=9.9.9.9 check)"
    lacks LOG_LEVEL "$(LOG_LEVEL=verbose ORIGIN_BYPASS_UPSTREAMS=9.9.9.9 check)"
    file_with "hosts = ( \"$CDN\" );"
    contains "$file: good" "$(ORIGIN_BYPASS_CONFIG_FILE=$file check)"
}

it_counts_no_environment_where_a_file_is_named() {
    file_with 'hosts = ( "in-the-file.example.com" );'
    equal "$(check "$file")" "$(ORIGIN_BYPASS_HOSTS=a..b ORIGIN_BYPASS_UPSTREAMS=9.9.9.9 ORIGIN_BYPASS_DISABLED=1 check "$file")"
}

it_says_when_there_is_nothing_to_check() {
    contains 'nothing is configured' "$(check)"
    contains 'ORIGIN_BYPASS_DISABLED says so' "$(ORIGIN_BYPASS_DISABLED=yes ORIGIN_BYPASS_HOSTS=$CDN check)"
}

# --- notes -----------------------------------------------------------------------------------------------------------

it_notes_a_rule_that_changes_nothing() {
    file_with $'hosts = (\n"*.example.com",\n"cdn.example.com", "!other.example.com",\n"x.other.example.com", "!example.org" );'
    equal "$file:3: note: \"cdn.example.com\" changes nothing: \"*.example.com\" ($file:2) says the same of it
$file:4: note: \"x.other.example.com\" changes nothing: \"*.example.com\" ($file:2) says the same of it
$file:4: note: \"!example.org\" excludes what no other rule lists: libc answers anyway" "$(notes)"
    file_with 'hosts = ( "*", "!*.dev", { name = "cdn.example.com"; family = "ipv4"; } );'
    equal '' "$(notes)"
    equal 0 "$(status check "$file" | head -n 1)"
}

it_notes_every_name_without_fallback() {
    file_with 'hosts = ( "*" ); fallback = "never";'
    contains '"*" with fallback = "never"' "$(notes)"
    file_with 'hosts = ( "*" );'
    equal '' "$(notes)"
}

it_notes_a_rule_for_a_name_that_stays_at_home() {
    local name
    for name in db.svc.cluster.local '*.local' '*.local.home.arpa' intranet; do
        file_with "hosts = ( \"*\", \"$name\" );"
        contains "\"$name\" is a name of the local network" "$(notes)"
        lacks 'changes nothing' "$(notes)"
    done
    file_with 'hosts = ( "*.dev" );'
    equal '' "$(notes)"
}

it_notes_addresses_that_lead_nowhere() {
    file_with "hosts = ( { name = \"a.example.com\"; addresses = [ \"$EDGE_V4\" ]; },
        { name = \"b.example.com\"; addresses = [ \"$ORIGIN_V6\", \"$ORIGIN_V4\" ]; family = \"ipv4\"; } );"
    equal "$file:1: note: \"a.example.com\" has the address $EDGE_V4, which is an edge of the CDN (cloudflare), and no origin
$file:2: note: \"b.example.com\" never has its address $ORIGIN_V6: family is \"ipv4\"" "$(notes)"
}

it_notes_a_variable_whose_name_is_misspelt() {
    file_with "hosts = ( \"$CDN\" );"
    contains 'note: ORIGIN_BYPASS_HOST is not read: did you mean ORIGIN_BYPASS_HOSTS?' \
        "$(ORIGIN_BYPASS_HOST=$CDN ORIGIN_BYPASS_CONFIG_FILE=$file check)"
    contains 'note: ORIGIN_BYPASS_LOGLEVEL is not read: did you mean ORIGIN_BYPASS_LOG_LEVEL?' \
        "$(ORIGIN_BYPASS_LOGLEVEL=info check "$file")"
    contains 'note: ORIGIN_BYPASS_HOST is not read' "$(ORIGIN_BYPASS_HOST=$CDN check)"
    contains 'note: ORIGIN_BYPAS_HOSTS is not read: did you mean ORIGIN_BYPASS_HOSTS?' "$(ORIGIN_BYPAS_HOSTS=$CDN check)"
    contains '"reason": "ORIGIN_BYPASS_HOST is not read: did you mean ORIGIN_BYPASS_HOSTS?"' \
        "$(ORIGIN_BYPASS_HOST=$CDN check --json "$file")"
    lacks 'is not read' "$(ORIGIN_BYPASS_LIBRARY=/x.so ORIGINBYPASS_SERVICE_HOST=10.0.0.1 ORIGIN_PROXY_HOSTS=x check "$file")"
}

it_notes_that_the_variable_replaces_the_hosts_of_the_file() {
    file_with "hosts = ( \"$CDN\", { name = \"shop.example.com\"; addresses = [ \"$ORIGIN_V4\" ]; } );"
    contains "$file: note: its host rules (2) and their settings have no effect: ORIGIN_BYPASS_HOSTS replaces them" \
        "$(ORIGIN_BYPASS_HOSTS=shop.example.com ORIGIN_BYPASS_CONFIG_FILE=$file check)"
    lacks 'have no effect' "$(ORIGIN_BYPASS_CONFIG_FILE=$file check)"
    file_with 'upstreams = [ "8.8.8.8" ];'
    lacks 'have no effect' "$(ORIGIN_BYPASS_HOSTS=shop.example.com ORIGIN_BYPASS_CONFIG_FILE=$file check)"
}

it_notes_a_file_that_running_programs_do_not_accept() {
    file_with "hosts = ( \"$CDN\" );"
    equal '' "$(notes)"
    chmod 666 "$file"
    contains "$file: note: programs that run already do not accept this file: " "$(notes)"
    chmod 664 "$file"
    contains 'nobody else can write to it' "$(notes)"
    chmod 644 "$file"
}

it_notes_that_no_host_is_listed() {
    file_with 'upstreams = [ "8.8.8.8" ]; query = { timeout_ms = 3000; };'
    contains "$file: note: no host is listed" "$(notes)"
    contains "$file: note: query.timeout_ms (3000) is never reached" "$(notes)"
}

# --- for programs and terminals --------------------------------------------------------------------------------------

it_is_a_document_of_json() {
    file_with $'hosts = (\n"cdn.example.com",\n{ name = "shop.example.com"; upstreams = [ "203.0.113.53" ]; }, "!x.org" );'
    equal "True [] ['excludes what no other rule lists: libc answers anyway']
cdn.example.com 2 False ['8.8.8.8', '1.1.1.1', '2001:4860:4860::8888', '2606:4700:4700::1111']
shop.example.com 3 False ['203.0.113.53']
!x.org 3 True None" "$("$originbypass" check --json "$file" | json '
print(document["good"], document["errors"], [note["reason"] for note in document["notes"]])
for rule in document["rules"]:
    print(rule["rule"], rule["line"], rule["excluded"], rule.get("upstreams"))')"
    file_with 'upstream = 1;'
    equal "False 1 $file" "$("$originbypass" check --json "$file" | json '
print(document["good"], document["errors"][0]["line"], document["errors"][0]["file"])')"
    contains '"good": true' "$("$originbypass" check --json)"
}

it_notes_a_log_file_that_can_not_be_written() {
    file_with "hosts = ( \"$CDN\" ); log = { file = \"$TMPDIR/none/log\"; };"
    equal "$file: note: messages to $TMPDIR/none/log are lost, for a program of this user: its directory does not exist" \
        "$(notes)"
    mkdir "$TMPDIR/none"
    equal '' "$(notes)"
    equal '' "$(ls "$TMPDIR/none")"
    mount -t tmpfs -o size=4k tmpfs "$TMPDIR/none"
    head -c 4096 /dev/zero >"$TMPDIR/none/filler"
    contains 'no space is left for it' "$(notes)"
    mount -o remount,ro "$TMPDIR/none"
    contains 'its file system can only be read' "$(notes)"
    umount "$TMPDIR/none"
    mkfifo "$TMPDIR/of_another" # as if another process had made it
    ln -s "$TMPDIR/of_another" "$TMPDIR/to_output"
    for name in /dev/stdout /dev/stderr /proc/self/fd/2 /dev/null "$TMPDIR/to_output"; do
        file_with "hosts = ( \"$CDN\" ); log = { file = \"$name\"; };"
        equal '' "$(notes)"
    done
}

it_says_nothing_to_the_terminal_but_colours() {
    file_with $'hosts = ( "ev\033il.example.com" ); log = { file = "/tmp/\033[31m"; };'
    lacks $'\033' "$(status check "$file")"
    mv "$file" "$TMPDIR/"$'ev\033il'
    lacks $'\033' "$(status check "$TMPDIR/"$'ev\033il')"
    file_with $'hosts = ( "cdn.example.com" ); log = { file = "/tmp/\033[31m"; };'
    contains 'log        warn, to /tmp/\x1b[31m' "$(check "$file")"
}

# --- the manual page -------------------------------------------------------------------------------------------------

it_says_what_the_manual_page_shows() {
    local block
    block=$(manual_block originbypass.1 check 'originbypass check broken.conf')
    cd "$TMPDIR"
    printf 'hosts = (\n  "cdn.example.com",\n  "https://api.example.com" );\nqeury = { timeout_ms = 500; };\n' >broken.conf
    mkdir -p /etc/originbypass
    cat >"$default_file" <<'END'
hosts = (
  "*.example.com",
  "!other.example.com",
  { name = "mixed.example.com"; reject = [ "cloudflare" ]; },
  { name = "shop.example.com"; upstreams = [ "203.0.113.53" ]; },
  { name = "api.example.com"; query = "api-origin.example.com"; },
  { name = "old.example.com"; addresses = [ "203.0.113.7" ]; },
  "alias.example.com" );
END
    equal "$block" "$(grep '^\$ ' <<<"$block" | while IFS= read -r command; do
        echo "$command"
        PATH=${originbypass%/*}:$PATH bash -c "${command#$ }" || :
    done)"
}

# --- -----------------------------------------------------------------------------------------------------------------

check() { "$originbypass" check "$@"; }

# The exit status, and then the command's output.
status() {
    local said status=0
    said=$("$originbypass" "$@" 2>&1) || status=$?
    echo "$status"
    echo "$said"
}

notes() { check "$file" | grep ': note: ' || :; }

file=$TMPDIR/originbypass.conf
file_with() { printf '%s\n' "$1" >"$file"; }

# json PROGRAM: what the Python program prints about the document on standard input.
json() {
    "$python" -c "import json, sys
document = json.load(sys.stdin)
$1"
}

it_notes_a_port_that_is_for_dns_over_tls() {
    local why='port 853 is for DNS over TLS, which the library does not speak; leave it out'
    contains 'note: the upstream 2001:db8::8888:53 is taken as an address without a port: for an IPv6 address with a port, write [ADDRESS]:PORT' \
        "$(ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_UPSTREAMS=2001:db8::8888:53 "$originbypass" check)"
    contains "note: the upstream 8.8.8.8:853: $why" "$(ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_UPSTREAMS=8.8.8.8:853 "$originbypass" check)"
    echo "hosts = ( { name = \"$CDN\"; upstreams = [ \"192.0.2.1:853\" ]; } );" >"$TMPDIR/port.conf"
    contains "the upstream 192.0.2.1:853: $why" "$("$originbypass" check "$TMPDIR/port.conf")"
}

it_says_that_the_usual_file_is_a_link_to_nothing() {
    mkdir -p /etc/originbypass
    ln -s "$TMPDIR/nowhere" /etc/originbypass/originbypass.conf
    contains '/etc/originbypass/originbypass.conf is a symbolic link to a file that is not there' "$("$originbypass" check)"
    contains '(/etc/originbypass/originbypass.conf: a symbolic link to a file that is not there)' "$("$originbypass" run true 2>&1)"
    rm /etc/originbypass/originbypass.conf
}

check_all "$@"
