#!/usr/bin/env bash
# Other preloaded libraries that answer in libc's place: their results are checked before they are used.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

dual=dual.example.com
strange=$TMPDIR/strange.so
"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O1 -g -shared -fPIC -pthread -o "$strange" "$top/tests/guest/strange.c" -ldl || exit 125

it_takes_no_node_of_another_family() {
    asked as_proxychains 443 unspec "2 1 6 $ORIGIN_V4 443"
    asked as_proxychains 443 inet "2 1 6 $ORIGIN_V4 443"
    asked as_proxychains 443 inet6 'ai_family not supported'
}

it_takes_no_node_that_claims_another_family_than_its_address() {
    asked claimed_family 443 unspec "2 1 6 $ORIGIN_V4 443"
    asked claimed_family 443 inet6 'ai_family not supported'
}

it_takes_no_node_without_a_whole_address() {
    asked no_address 443 unspec 'ai_family not supported'
    asked short_address 443 unspec 'ai_family not supported'
    asked nothing 443 unspec 'ai_family not supported'
}

it_takes_no_node_for_another_socket() {
    asked other_socktype 443 unspec 'ai_family not supported'
    asked other_protocol 443 unspec 'ai_family not supported'
    asked huge_socktype 443 unspec 'ai_family not supported' 0
}

it_takes_no_node_for_another_port() {
    asked other_port 443 unspec 'ai_family not supported'
    asked other_port 0 unspec 'ai_family not supported'
}

it_takes_each_node_once() { asked twice 443 unspec "2 1 6 $ORIGIN_V4 443"; }
it_takes_no_canonical_name() { asked canonical_name 443 unspec "2 1 6 $ORIGIN_V4 443"; }

it_takes_no_host_without_an_address_where_external_dns_has_none() {
    export ORIGIN_BYPASS_UPSTREAMS=127.0.0.1:9
    asked names 443 inet 'No address associated with hostname'
    equal -1 "$(behind_us names "$dual")"
}

it_keeps_nothing_of_a_thread_that_is_cancelled_where_libc_waits() {
    local function
    not_under 'address|thread|valgrind|jemalloc' 'it manages the memory itself'
    export ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/many.conf ORIGIN_BYPASS_UPSTREAMS=127.0.0.1:9 STRANGE_FILE=$TMPDIR/waits
    compiled cancelled_in_libc >/dev/null
    cd "$TMPDIR"
    for function in getaddrinfo gethostbyname gethostbyname_r; do
        rm -f "$STRANGE_FILE"
        {
            echo 'hosts = ( "lost.example.com", { name = "pinned.example.com"; addresses = [ "192.0.2.1" ]; }'
            printf ', "%d.example.com"\n' {1..150000}
            echo ');'
        } >"$ORIGIN_BYPASS_CONFIG_FILE"
        STRANGE=waits env LD_PRELOAD="$LAB_LIBRARY $strange" "$LAB/tmp/cancelled_in_libc" "$ORIGIN_BYPASS_CONFIG_FILE" \
            "$function" 2>>"$messages" || return
    done
}

# libc uses no network for that, so no thread is cancelled there. Otherwise the lookup's resources and the list would leak.
it_ends_no_thread_in_the_middle_of_what_a_service_means() {
    not_under 'address|thread' 'no thread may end in its own getaddrinfo, which calls ours'
    export STRANGE_FILE=$TMPDIR/went-on
    behind_us cancels "$dual" 443 2 1 6 >/dev/null || :
    [[ -e $STRANGE_FILE ]]
}

it_leads_through_proxychains_to_the_origin() {
    local library
    library=$(ldconfig -p | awk '$1 == "libproxychains.so.4" && !found++ { print $NF }')
    [[ -n $library ]] || skip 'there is no libproxychains.so.4; scripts/install-deps check installs it'
    not_checked proxychains
    printf '%s\n' strict_chain proxy_dns 'remote_dns_subnet 224' '[ProxyList]' 'socks5 127.0.0.1 8080' \
        >"$TMPDIR/proxychains.conf"
    microsocks -i 127.0.0.1 -p 8080 >/dev/null 2>"$LAB/log/proxy" &
    end_with_the_test $!
    until_true port_is_open 127.0.0.1 8080
    export PROXYCHAINS_CONF_FILE=$TMPDIR/proxychains.conf PROXYCHAINS_QUIET_MODE=1
    contains '"server":"origin"' "$(ORIGIN_BYPASS_HOSTS=$CDN env LD_PRELOAD="$LAB_LIBRARY $library" \
        curl -sS --max-time 20 "https://$CDN/")"
    grep -q "$ORIGIN_V4" "$LAB/log/proxy"
}

# asked WAY SERVICE FAMILY EXPECTED [SOCKTYPE]: what a program gets.
asked() {
    local -A families=([unspec]=0 [inet]=2 [inet6]=10)
    local socktype=${5-1}
    equal "$4" "$(behind_us "$1" "$dual" "$2" "${families[$3]}" "$socktype" $((socktype == 1 ? 6 : 0)))"
}

# behind_us WAY ARGUMENT...: with the other library after ours, which answers in that way.
behind_us() {
    local program
    program=$(compiled asks_for)
    STRANGE=$1 ORIGIN_BYPASS_HOSTS=$dual env LD_PRELOAD="$checker_before $LAB_LIBRARY $strange" "${checker_runs[@]}" \
        "$program" "${@:2}" 2>>"$messages"
}

check_all "$@"
