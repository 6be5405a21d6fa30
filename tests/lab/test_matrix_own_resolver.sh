#!/usr/bin/env bash
# Programs that ask DNS themselves, so the library cannot help. Each still reaches the edge, and reaches the origin in
# another way.
# shellcheck disable=SC2016 # the signs of Markdown
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=matrix.sh
source "$lab/matrix.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
source "$lab/proxy.sh"

heading 'program with a resolver of its own' version 'with the library' 'what helps' 'with that'

it_does_not_serve_nginx_with_a_resolver() {
    asks_itself nginx_with "$LOCAL_DNS"
    helps 'nginx, `resolver`' nginx '`resolver 8.8.8.8 1.1.1.1 ipv6=off`' nginx_with '8.8.8.8 1.1.1.1 ipv6=off'
    helps_the_library 'nginx, `resolver`' nginx 'no variable in `proxy_pass`, and the library' \
        through nginx -p "$LAB/nginx" -c "$lab/proxies/nginx.conf"
}

it_does_not_serve_haproxy_with_resolvers() {
    asks_itself haproxy_with "$LOCAL_DNS"
    helps 'HAProxy, `resolvers`' haproxy '`nameserver google 8.8.8.8:53`' haproxy_with 8.8.8.8
    helps_the_library 'HAProxy, `resolvers`' haproxy 'no `resolvers`, and the library' \
        through haproxy -W -db -f "$lab/proxies/haproxy.cfg"
}

it_does_not_serve_squid() {
    asks_itself squid_with
    helps Squid squid '`dns_nameservers 8.8.8.8 1.1.1.1`' squid_with 'dns_nameservers 8.8.8.8 1.1.1.1'
}

it_does_not_serve_nodes_dns_resolve4() {
    asks_itself node_with ''
    helps "Node's \`dns.resolve4\`" node "\`dns.setServers(['8.8.8.8', '1.1.1.1'])\`" \
        node_with "dns.setServers(['8.8.8.8', '1.1.1.1']);"
}

it_does_not_serve_ruby_with_resolv_replace() {
    asks_itself ruby_with -rresolv-replace
    helps_the_library "Ruby's \`TCPSocket\`, \`-rresolv-replace\`" ruby 'no `-rresolv-replace`, and the library' ruby_with
}

it_does_not_serve_phps_dns_get_record() {
    asks_itself php_with "dns_get_record('$CDN', DNS_A)[0]['ip']"
    helps_the_library "PHP's \`dns_get_record\`" php '`gethostbyname`, and the library' php_with "gethostbyname('$CDN')"
}

it_does_not_serve_a_static_go_program() {
    local program=$TMPDIR/static
    CGO_ENABLED=0 go_build "$program"
    asks_itself directly "$program" "http://$CDN/"
    helps_the_library 'Go, static' go '`HTTP_PROXY`, a proxy under the library' by_way_of_tinyproxy "$program"
    echo "$ORIGIN_V4 $CDN" >>/etc/hosts
    helps 'Go, static' go 'the address in `/etc/hosts`' directly "$program" "http://$CDN/"
}

it_does_not_serve_a_go_program_with_cgo_until_that_is_told_to_ask_libc() {
    local program=$TMPDIR/dynamic
    CGO_ENABLED=1 go_build "$program"
    asks_itself directly "$program" "http://$CDN/"
    helps_the_library 'Go, with cgo' go '`GODEBUG=netdns=cgo`, and the library' \
        directly env GODEBUG=netdns=cgo "$program" "http://$CDN/"
}

it_is_what_the_manual_page_says() { equals_the_manual 'PROGRAMS WITH A RESOLVER OF THEIR OWN' 4; }

# --- what is proved --------------------------------------------------------------------------------------------------

# asks_itself COMMAND...: the library is in the program, and the program still reaches the edge.
asks_itself() {
    environment=("${with_library[@]}")
    equal edge "$(where "$@")"
}

# helps TITLE PROGRAM REMEDY COMMAND...: only the remedy, without the library.
helps() {
    environment=("${without_library[@]}")
    reaches_the_origin "$@"
}

helps_the_library() {
    equal edge "$(environment=("${without_library[@]}") && where "${@:4}")"
    environment=("${with_library[@]}")
    reaches_the_origin "$@"
}

reaches_the_origin() {
    local where
    where=$(where "${@:4}")
    row "$1" "$(version_of "$2")" edge "$3" "$where"
    equal origin "$where"
}

# --- the programs, with or without the library -----------------------------------------------------------------------

directly() { "${environment[@]}" "$@"; }

through() {
    run_proxy "${environment[@]}" "$@"
    ask "http://$CDN/"
}

# nginx asks only its own resolver for a name in a variable, when it needs it.
nginx_with() {
    sed "s|proxy_pass http://$CDN;|resolver $1; set \$origin $CDN; proxy_pass http://\$origin;|" \
        "$lab/proxies/nginx.conf" >"$TMPDIR/nginx.conf"
    through nginx -p "$LAB/nginx" -c "$TMPDIR/nginx.conf"
}

# HAProxy asks libc when it starts, and soon after that the server in the section.
haproxy_with() {
    sed 's|server origin .*|& resolvers own|' "$lab/proxies/haproxy.cfg" >"$TMPDIR/haproxy.cfg"
    printf 'resolvers own\n    nameserver own %s:53\n' "$1" >>"$TMPDIR/haproxy.cfg"
    run_proxy "${environment[@]}" haproxy -W -db -f "$TMPDIR/haproxy.cfg"
    until_true grep 'cdn/origin changed its IP' "$LAB/log/proxy"
    ask "http://$CDN/"
}

# squid_with [SETTING]
squid_with() {
    { cat "$lab/proxies/squid.conf" && echo "${1-}"; } >"$TMPDIR/squid.conf"
    way=("${forward[@]}")
    through "${as_nobody[@]}" squid -N -f "$TMPDIR/squid.conf"
}

node_with() {
    "${environment[@]}" node -e "
        const dns = require('dns');
        $1
        dns.resolve4('$CDN', (error, [address]) =>
            require('http').get({ host: address, headers: { host: '$CDN' } }, (response) => response.pipe(process.stdout)));"
}

# ruby_with [OPTION]. Not with Net::HTTP, which still asks libc in this version.
ruby_with() {
    "${environment[@]}" ruby "$@" -rsocket -e "
        connection = TCPSocket.new('$CDN', 80)
        connection.write(\"GET / HTTP/1.0\\r\\nHost: $CDN\\r\\n\\r\\n\")
        print connection.read"
}

# php_with EXPRESSION: the expression gives the address.
php_with() {
    "${environment[@]}" php -r "
        \$address = $1;
        echo file_get_contents(\"http://\$address/\", false, stream_context_create(['http' => ['header' => 'Host: $CDN']]));"
}

# Uses only the package's contents, nothing from the network.
go_build() {
    GOPROXY=off GO111MODULE=off GOCACHE=$TMPDIR/go go build -o "$1" "$lab/fetch.go"
}

by_way_of_tinyproxy() {
    run_proxy "${environment[@]}" tinyproxy -d -c "$lab/proxies/tinyproxy.conf"
    HTTP_PROXY=http://127.0.0.1:8080 "$1" "http://$CDN/"
}

check_and_print_table "$@"
