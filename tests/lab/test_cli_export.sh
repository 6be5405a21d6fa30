#!/usr/bin/env bash
# originbypass export: the same rules for programs that must do without the library, and these programs.
# shellcheck disable=SC2016 # nginx' variables
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
source "$lab/proxy.sh"

file=/etc/originbypass/originbypass.conf
export_of_all=$TMPDIR/exported

# --- hosts -----------------------------------------------------------------------------------------------------------

it_writes_hosts_with_which_libc_alone_reaches_the_origin() {
    configure 'hosts = ( "cdn.example.com", { name = "old.example.com"; addresses = [ "203.0.113.7", "2001:db8::7" ]; } );'
    exported hosts >>/etc/hosts
    equal "$ORIGIN_V4 STREAM" "$(getent ahosts "$CDN" | awk '/STREAM/ {print $1, $2}')"
    contains "$ORIGIN_V6" "$(getent ahosts old.example.com)"
    reaches_the_origin
}

it_writes_no_hosts_line_for_what_has_no_answer_of_external_dns() {
    configure $'hosts = ( "cdn.example.com",\n"intranet.example.com", "six.example.com" );'
    equal "1
$ORIGIN_V4 $CDN
$ORIGIN_V6 six.example.com" "$(status hosts | grep '^[0-9]')"
    contains "# intranet.example.com ($file:2): not expressed: external DNS has no usable answer now" "$(status hosts)"
    stop 8.8.8.8
    stop 1.1.1.1
    lacks "$EDGE_V4" "$(status hosts)"
}

it_says_in_hosts_what_is_an_edge_and_for_how_long_an_answer_holds() {
    configure 'hosts = ( "lost.example.com" ); cache = { max_ttl_s = 60; };'
    contains "# lost.example.com ($file:1): $EDGE_V4 is an edge of the CDN" "$(exported hosts)"
    contains "# lost.example.com ($file:1): may change in 60 s" "$(exported hosts)"
}

# --- when = "edge" ---------------------------------------------------------------------------------------------------

it_writes_hosts_lines_only_for_names_that_lead_to_an_edge() {
    configure $'when = "edge"; hosts = ( "cdn.example.com",\n"other.example.com" );'
    equal "0
$ORIGIN_V4 $CDN" "$(status hosts | grep '^[0-9]')"
    contains "# other.example.com ($file:2): needs no line now: libc leads to no edge" "$(status hosts)"
}

it_says_that_no_other_program_asks_the_local_dns_first() {
    local format
    configure $'when = "edge"; hosts = ( "cdn.example.com",\n"*" );'
    for format in nginx haproxy dnsmasq coredns; do
        contains "# cdn.example.com ($file:1): not expressed: when = edge: it holds whatever the local DNS says" \
            "$(exported "$format")"
        contains "# * ($file:2): not expressed: when = edge: list the names that the local DNS leads to the CDN" \
            "$(exported "$format")"
        lacks 'default $originbypass_name' "$(exported "$format")"
    done
}

# --- hostaliases -----------------------------------------------------------------------------------------------------

it_writes_hostaliases_with_which_libc_alone_asks_for_the_other_name() {
    configure 'hosts = ( { name = "shortcut"; query = "byoip.example.com"; },
        { name = "api.example.com"; query = "cdn.example.com"; } );'
    exported hostaliases >"$TMPDIR/aliases"
    fails curl -sS --max-time 20 http://shortcut/
    contains '"server":"origin"' "$(HOSTALIASES=$TMPDIR/aliases curl -sS --max-time 20 -H "Host: $CDN" http://shortcut/)"
    contains "# api.example.com ($file:2): not expressed: libc only looks up aliases for names without a dot" \
        "$(exported hostaliases)"
}

# --- nginx -----------------------------------------------------------------------------------------------------------

it_writes_what_nginx_reaches_the_origin_with() {
    configure 'hosts = ( "cdn.example.com" );'
    nginx_leads_to_the_origin "$CDN"
    configure 'hosts = ( "*.example.com", "!other.example.com" );'
    nginx_leads_to_the_origin "$CDN"
    configure 'hosts = ( { name = "fourth.example.com"; query = "origin-shop.example.com"; } );'
    nginx_leads_to_the_origin fourth.example.com
    configure 'hosts = ( { name = "cdn.example.com"; addresses = [ "203.0.113.7" ]; } );'
    nginx_leads_to_the_origin "$CDN"
    configure 'hosts = ( "*" );'
    nginx_leads_to_the_origin "$CDN"
}

it_leaves_it_to_no_resolver_of_nginx_where_to_go_for_other_names() {
    configure 'hosts = ( "*.example.com", "!cdn.example.com" );'
    run_nginx "$CDN"
    fails ask "http://$CDN/" 2>"$messages"
    contains 'error: 500' "$(<"$messages")"
    stop_proxy
    nobody_asked 8.8.8.8
}

# --- haproxy ---------------------------------------------------------------------------------------------------------

it_writes_what_haproxy_reaches_the_origin_with() {
    configure 'hosts = ( "cdn.example.com" );'
    haproxy_leads_to_the_origin
    configure "hosts = ( \"www.example.com\", { name = \"cdn.example.com\"; query = \"shop.example.com\"; upstreams = [ \"$PRIMARY\" ]; } );"
    haproxy_leads_to_the_origin
    contains 'resolvers originbypass-2' "$(exported haproxy)"
    configure 'hosts = ( { name = "cdn.example.com"; addresses = [ "203.0.113.7" ]; } );'
    haproxy_leads_to_the_origin
}

# --- dnsmasq ---------------------------------------------------------------------------------------------------------

it_writes_what_dnsmasq_leads_to_the_origin_with() {
    configure "hosts = ( \"cdn.example.com\", \"*.apps.example.net\", \"!keep.apps.example.net\",
        { name = \"shop.example.com\"; upstreams = [ \"$PRIMARY\" ]; },
        { name = \"old.example.com\"; addresses = [ \"203.0.113.7\" ]; },
        { name = \"*.pinned.example.com\"; addresses = [ \"2001:db8::7\", \"203.0.113.7\" ]; } );"
    run_dnsmasq
    reaches_the_origin
    equal "$ORIGIN_V4 $ORIGIN_V4" "$(ask_dns shop.example.com A) $(ask_dns a.b.apps.example.net A)"
    equal "$EDGE_V4 $EDGE_V4" "$(ask_dns keep.apps.example.net A) $(ask_dns www.example.com A)"
    equal "$ORIGIN_V4 " "$(ask_dns old.example.com A) $(ask_dns old.example.com AAAA)"
    equal "$ORIGIN_V4 $ORIGIN_V6" "$(ask_dns a.pinned.example.com A) $(ask_dns a.pinned.example.com AAAA)"
    nobody_asked_for "$LOCAL_DNS" "$CDN" shop.example.com old.example.com a.pinned.example.com
}

it_leaves_the_names_below_where_they_were_with_dnsmasq() {
    configure 'hosts = ( "apps.example.net", "*.many.example.com", "!stay.many.example.com" );'
    run_dnsmasq
    equal "$EDGE_V4" "$(ask_dns a.apps.example.net A)" # not listed, so the local DNS answers
    equal "$ORIGIN_V4" "$(ask_dns a.many.example.com A)"
    equal "$EDGE_V4" "$(ask_dns stay.many.example.com A)"
    equal "$ORIGIN_V4" "$(ask_dns a.stay.many.example.com A)" # below the name that is excluded
    equal "$EDGE_V4" "$(ask_dns many.example.com A)"          # "*." does not match it
}

# --- coredns ---------------------------------------------------------------------------------------------------------

it_writes_a_block_of_coredns_for_each_name() {
    configure "hosts = ( \"cdn.example.com\", \"*.example.net\", \"!keep.example.net\",
        { name = \"api.example.com\"; query = \"api-origin.example.com\"; },
        { name = \"old.example.com\"; addresses = [ \"203.0.113.7\" ]; } );"
    equal 'cdn.example.com:53 forward . 8.8.8.8:53 1.1.1.1:53
example.net:53 forward . 8.8.8.8:53 1.1.1.1:53
keep.example.net:53 forward . /etc/resolv.conf
api.example.com:53 name regex ^api\.example\.com\.$ api-origin.example.com.
api.example.com:53 forward . 8.8.8.8:53 1.1.1.1:53
old.example.com:53 answer "{{ .Name }} 60 IN A 203.0.113.7"' "$(blocks)"
}

it_writes_what_coredns_leads_to_the_origin_with() {
    command -v coredns >/dev/null || skip 'coredns is not installed (nor in Debian): only its blocks are tested, above'
    configure 'hosts = ( "cdn.example.com", { name = "api.example.com"; query = "origin-shop.example.com"; },
        { name = "old.example.com"; addresses = [ "203.0.113.7" ]; }, "!www.example.com" );'
    { exported coredns | sed 's/:53 {/:5353 {/' && printf '.:5353 {\n    forward . /etc/resolv.conf\n}\n'; } >"$TMPDIR/Corefile"
    coredns -conf "$TMPDIR/Corefile" >"$LAB/log/coredns" 2>&1 &
    end_with_the_test $!
    until_true port_is_open 127.0.0.1 5353
    local name
    for name in "$CDN" api.example.com old.example.com; do
        equal "$ORIGIN_V4" "$(dig @127.0.0.1 -p 5353 +short "$name" A)"
    done
    equal "$EDGE_V4" "$(dig @127.0.0.1 -p 5353 +short www.example.com A)"
}

# --- all of them -----------------------------------------------------------------------------------------------------

it_drops_no_rule_silently() {
    configure 'hosts = ( "a.example.com", "*.b.example.com", "!c.example.com", "*", "short",
        { name = "d.example.com"; query = "e.example.com"; },
        { name = "f.example.com"; addresses = [ "203.0.113.7", "203.0.113.8" ]; },
        { name = "*.g.example.com"; query = "e.example.com"; },
        { name = "h.example.com"; reject = [ "cloudflare" ]; family = "ipv4"; },
        { name = "i.example.com"; upstreams = [ "[2001:db8::53]:5353" ]; } );'
    local format rule
    for format in hosts hostaliases nginx haproxy dnsmasq coredns; do
        status "$format" >"$export_of_all"
        for rule in a.example.com b.example.com c.example.com d.example.com f.example.com g.example.com h.example.com \
            i.example.com short; do
            grep -qw -- "$rule" "$export_of_all" || { echo "$format does not mention $rule" && return 1; }
        done
        grep -qE '^# \* |default \$originbypass_name' "$export_of_all" || { echo "$format does not mention *" && return 1; }
        [[ $format == host* ]] || contains 'reject = cloudflare (22 prefixes)' "$(<"$export_of_all")"
    done
}

it_writes_from_what_the_environment_says() {
    contains "server=/$CDN/1.1.1.1#5353" "$(ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_UPSTREAMS=1.1.1.1:5353 exported dnsmasq)"
    contains 'from the environment' "$(ORIGIN_BYPASS_HOSTS=$CDN exported dnsmasq)"
    contains 'server=/cdn.example.com/2001:db8::53#53' \
        "$(ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_UPSTREAMS='2001:db8::53' exported dnsmasq)"
}

it_exits_with_1_without_rules_and_with_2_for_a_wrong_command_line() {
    equal 1 "$(status hosts | head -n 1)"
    configure 'upstream = 1;'
    equal 1 "$(status nginx | head -n 1)"
    contains 'configuration is refused' "$(status nginx)"
    equal 2 "$(status none | head -n 1)"
    equal 2 "$("$originbypass" export 2>"$messages" || echo $?)"
}

it_keeps_its_comments_on_one_line() {
    mkdir -p /etc/originbypass
    echo 'hosts = ( "*.example.com" );' >$'/etc/originbypass/x\n203.0.113.9 evil'
    equal '' "$(ORIGIN_BYPASS_CONFIG_FILE=$'/etc/originbypass/x\n203.0.113.9 evil' exported hosts | grep -v '^#' | grep .)"
}

# --- -----------------------------------------------------------------------------------------------------------------

exported() { "$originbypass" export --format "$1"; }

# The exit status, and then the output.
status() {
    local written status=0
    written=$(exported "$1" 2>&1) || status=$?
    echo "$status"
    echo "$written"
}

configure() {
    mkdir -p /etc/originbypass
    printf '%s\n' "$1" >"$file"
}

reaches_the_origin() {
    contains '"server":"origin"' "$(curl -sS --max-time 20 --cacert "$LAB/tls/ca.pem" "https://$CDN/")"
    contains "\"sni\":\"$CDN\"" "$(curl -sS --max-time 20 --cacert "$LAB/tls/ca.pem" "https://$CDN/")"
}

# run_nginx NAME: a proxy at 127.0.0.1:8080 that leads to the name with TLS, through the exported file.
run_nginx() {
    exported nginx >"$TMPDIR/originbypass.conf"
    local location='set $originbypass_name '$1'; proxy_pass https://$originbypass_target;
        proxy_set_header Host $originbypass_name; proxy_ssl_name $originbypass_name;'
    awk -v location="$location" -v include="    include $TMPDIR/originbypass.conf;" \
        '/proxy_pass/ {print location; next} {print} /^http/ {print include}' "$WORLD/proxy.conf" >"$TMPDIR/nginx.conf"
    nginx -t -q -p "$LAB/nginx" -c "$TMPDIR/nginx.conf"
    run_proxy nginx -p "$LAB/nginx" -c "$TMPDIR/nginx.conf"
}

nginx_leads_to_the_origin() {
    run_nginx "$1"
    contains "\"host\":\"$1\",\"sni\":\"$1\"" "$(curl -sS --max-time 20 http://127.0.0.1:8080/)"
    stop_proxy
}

# Uses the exported sections, and the server lines from their comments.
haproxy_leads_to_the_origin() {
    local line
    line=$(exported haproxy | sed -n "/^# $CDN .*in its backend:/{n;s/^# *//;s/:443/:80/;p;}")
    [[ -n $line ]]
    { sed "s|server origin .*|$line|" "$lab/proxies/haproxy.cfg" && exported haproxy; } >"$TMPDIR/haproxy.cfg"
    haproxy -c -q -f "$TMPDIR/haproxy.cfg"
    run_proxy haproxy -W -db -f "$TMPDIR/haproxy.cfg"
    until_true ask_is_answered_by_the_origin
    stop_proxy
    nobody_asked_for "$LOCAL_DNS" "$CDN"
}

ask_is_answered_by_the_origin() { [[ $(curl -sS --max-time 20 "${way[@]}" "http://$CDN/") == *'"server":"origin"'* ]]; }

# Makes the local DNS in /etc/resolv.conf a dnsmasq with the exported file, which forwards to the previous one.
run_dnsmasq() {
    exported dnsmasq >"$TMPDIR/dnsmasq.conf"
    "$LAB/bin/dnsmasq" --test --conf-file="$TMPDIR/dnsmasq.conf" 2>"$LAB/log/dnsmasq"
    cp /etc/resolv.conf "$TMPDIR/resolv.conf"
    "$LAB/bin/dnsmasq" --no-daemon --no-hosts --bind-interfaces --listen-address=127.0.0.1 --pid-file= --cache-size=0 \
        --resolv-file="$TMPDIR/resolv.conf" --conf-file="$TMPDIR/dnsmasq.conf" >"$LAB/log/dnsmasq" 2>&1 &
    end_with_the_test $!
    until_true port_is_open 127.0.0.1 53
    echo 'nameserver 127.0.0.1' >/etc/resolv.conf
}

ask_dns() { dig @127.0.0.1 +short +tries=1 +time=5 "$1" "$2" | paste -sd' '; }

nobody_asked_for() {
    local name
    for name in "${@:2}"; do equal "0 for $name" "$(queries "$1" "$name") for $name" || return; done
}

# Prints each block's zone with each of its lines that decide; fails if the braces do not match.
blocks() {
    exported coredns | awk '
        /^#/ { next }
        /{$/ { if (depth++ == 0) zone = $1 }
        $1 == "}" { depth-- }
        $1 == "forward" || ($1 == "name" && $2 == "regex") || ($1 == "answer" && $2 != "name") {
            sub(/^ */, ""); sub(/ {$/, ""); print zone, $0
        }
        END { exit depth != 0 }'
}

check_all "$@"
