#!/usr/bin/env bash
# If DNS does not answer, or answers without addresses, we return the same as libc, with fallback = "never" and libc's own
# DNS dead. Tested for each outcome of A with each outcome of AAAA, from a server that does as it is told
# (scripted_dns.py), and for what real servers do.
#
# With MUSL=1 the programs are of musl, and are compared with it. What differs by design is left out, and says why.
# shellcheck source-path=SCRIPTDIR source=compare.sh
source "$(dirname "${BASH_SOURCE[0]}")/compare.sh"

settled=(address alias nodata nxdomain dangling) failed=(servfail refused notimp formerr yxdomain)
outcomes=("${settled[@]}" "${failed[@]}")
# Not among these: a message that is cut short, or is truncated over TCP too. We do not accept it as an answer and ask the
# next upstream (test_upstreams.sh); libc accepts as much of it as it can read.
odd_answers=(foreign other referral)
scripted=127.0.0.56 refusing=127.0.0.57 failing=127.0.0.58 forwarder=127.0.0.59

it_gives_the_error_that_libc_gives_for_each_pair_of_outcomes() { on_host both agree_on_pairs; }
it_takes_a_type_that_is_denied_for_one_without_a_record() { on_host both agree_on_denied_types; }
it_needs_as_large_a_buffer_as_libc_for_each_outcome() { on_host both agree_on_sizes; }
it_gives_the_error_that_libc_gives_for_odd_answers() { on_host both agree_on_odd_answers; }
it_takes_records_in_any_order_for_what_libc_gives_in_theirs() { on_host both agree_in_any_order; }
it_gives_the_error_that_libc_gives_for_silence() { on_host both agree_on_silence; }
it_gives_the_error_that_libc_gives_when_unbound_refuses() { on_host both agree_behind unbound_that_refuses; }
it_gives_the_error_that_libc_gives_when_unbound_fails() { on_host both agree_behind unbound_that_fails; }
it_gives_the_error_that_libc_gives_when_dnsmasq_has_no_server() { on_host both agree_behind dnsmasq_without_a_server; }
it_gives_the_error_that_libc_gives_when_knot_hangs() { on_host both agree_behind knot_that_hangs; }
it_gives_the_error_that_libc_gives_when_nobody_listens() { on_host both agree_behind nobody_who_listens; }

agree_on_pairs() {
    local names=() ipv4 ipv6
    for ipv4 in "${outcomes[@]}"; do
        for ipv6 in "${outcomes[@]}"; do
            is_denied_by_one_type "$ipv4.$ipv6" || names+=("$ipv4.$ipv6.pair.test")
        done
    done
    start_scripted
    give "$scripted" "${names[@]}"
    if [[ $checker == musl ]]; then
        leave_out_one_type_that_fails
        # musl takes the canonical name from the type that it has read last, though the other one has the addresses.
        except '^getaddrinfo "(address\.dangling|dangling\.address)\.pair.test" "443" family (0|10) .* flags (2|8|1a) '
    fi
    no_difference 'pairs of outcomes'
}

# musl fails a call for both types if one of them fails. The contract: the other one is the answer.
leave_out_one_type_that_fails() {
    local good bad
    printf -v good '|%s' "${settled[@]}" chain
    printf -v bad '|%s' "${failed[@]}" silence
    good=${good:1} bad=${bad:1}
    except "^getaddrinfo \"(($good)\.($bad)|($bad)\.($good))\..* \"443\" family (0|10) .* flags (2|8|1a) "
}

# The other type shows that the name exists.
is_denied_by_one_type() {
    [[ $1 =~ ^nxdomain\.(address|alias|nodata|dangling)$ || $1 =~ ^(address|alias|nodata|dangling)\.nxdomain$ ]]
}

# If one type denies a name and the other has it, we return what libc returns for a name without a record of the first.
agree_on_denied_types() {
    local names=() other
    for other in address alias nodata dangling; do names+=("$other.nxdomain.pair.test" "nxdomain.$other.pair.test"); done
    start_scripted
    libc_asks "$scripted"
    all_calls libcs "${names[@]//nxdomain/nodata}" >"$plain"
    alone "$scripted"
    all_calls ours "${names[@]}" | sed 's/nxdomain/nodata/g' >"$ours"
    no_difference 'denied types'
}

# For names that begin like an address, for which libc needs room for one, and for names that do not.
agree_on_sizes() {
    local names=() outcome outcomes=("${outcomes[@]}")
    [[ $checker != musl ]] || outcomes=("${settled[@]}") # it waits for a better answer in each of a thousand calls
    for outcome in "${outcomes[@]}"; do
        names+=("$outcome.$outcome.size.test")
        is_denied_by_one_type "address.$outcome" || names+=("address.$outcome.size.test")
    done
    start_scripted
    sed -i 's/^hosts:.*/hosts: dns/' /etc/nsswitch.conf
    agree "$scripted" hostents sizes "${names[@]}"
    cp "$WORLD/etc/nsswitch.conf" /etc
}

agree_on_odd_answers() {
    not_under musl 'it takes records of any name for those of the name, and a referral for the end'
    local names=() odd other
    for odd in "${odd_answers[@]}"; do
        names+=("$odd.$odd.odd.test")
        for other in address nodata; do names+=("$odd.$other.odd.test" "$other.$odd.odd.test"); done
    done
    start_scripted
    give "$scripted" "${names[@]}"
    no_difference 'odd answers'
}

# An answer is a set of records; libc reads it as a sequence.
agree_in_any_order() {
    local orders=(alias=backwards chain=shuffled chain=mixed) order other names
    start_scripted
    for order in "${orders[@]}"; do
        names=("${order%=*}.${order%=*}.set.test")
        for other in address nodata servfail; do names+=("${order%=*}.$other.set.test" "$other.${order%=*}.set.test"); done
        libc_asks "$scripted"
        all_calls libcs "${names[@]}" >"$plain"
        alone "$scripted"
        all_calls ours "${names[@]//${order%=*}/${order#*=}}" | sed "s/${order#*=}/${order%=*}/g" >"$ours"
        if [[ $checker == musl ]]; then
            leave_out_one_type_that_fails
        fi
        no_difference "$order"
    done
}

agree_on_silence() {
    local names=(silence.silence.test) other
    for other in address nodata nxdomain servfail; do names+=("$other.silence.test" "silence.$other.test"); done
    start_scripted
    give_at_once "$scripted" "${names[@]}"
    # libc drops the answer for AAAA if it gets none for A. The contract: one type answers, the other fails.
    if [[ $checker == musl ]]; then
        leave_out_one_type_that_fails
    else
        except '^getaddrinfo "silence\.(address|nodata|nxdomain)\.test" "443" family 0 '
    fi
    no_difference 'silence'
}

# agree_behind SERVER_FUNCTION: the function starts a server and sets `server` to its address.
agree_behind() {
    local server
    "$1"
    give_at_once "$server" dual.test v4.test nosuch.test text.test single
    no_difference "$1"
}

# --- failing calls -----------------------------------------------------------------------------------------------------

# give SERVER NAME...
give() {
    libc_asks "$1"
    all_calls libcs "${@:2}" >"$plain"
    alone "$1"
    all_calls ours "${@:2}" >"$ours"
}

# musl waits until its time is over for a better answer than a failure.
all_calls() {
    if [[ $checker == musl ]]; then
        at_once "$@"
        return
    fi
    "$1" addrinfos few "${@:2}"
    "$1" hostents few "${@:2}"
}

# The same for calls that only wait: each program runs as a process for each name, all at the same time.
give_at_once() {
    be_impatient
    libc_asks "$1"
    at_once libcs "${@:2}" >"$plain"
    alone "$1"
    at_once ours "${@:2}" >"$ours"
}

at_once() {
    local name program processes=() parts=()
    for name in "${@:2}"; do
        for program in addrinfos hostents; do
            parts+=("$TMPDIR/part.$program.$name")
            "$1" "$program" few "$name" >"${parts[-1]}" &
            processes+=($!)
        done
    done
    wait "${processes[@]}"
    cat "${parts[@]}"
}

# --- servers that are not well -----------------------------------------------------------------------------------------

start_scripted() {
    [[ $checker != musl ]] || be_impatient
    : >"$TMPDIR/asked" # an earlier server has written there that it is ready
    "$python" "$lab/scripted_dns.py" "$scripted" 53 as_named >"$TMPDIR/asked" &
    until_true grep -q ready "$TMPDIR/asked"
}

unbound_that_refuses() { unbound_at "$refusing" REFUSED -e 's|access-control: .*|access-control: 127.0.0.0/8 refuse|'; }
unbound_that_fails() { unbound_at "$failing" SERVFAIL -e 's|do-not-query-localhost: no|do-not-query-localhost: yes|'; }

# unbound_at ADDRESS STATUS SED_ARGUMENT...
unbound_at() {
    server=$1
    sed -e "s|interface: .*|interface: $server|" "${@:3}" "$parity/world/unbound.conf" >"$TMPDIR/unwell.conf"
    "$LAB/bin/unbound" -d -c "$TMPDIR/unwell.conf" >"$LAB/log/unwell" 2>&1 </dev/null &
    until_true says "$2"
}

dnsmasq_without_a_server() {
    server=$forwarder
    "$LAB/bin/dnsmasq" --no-daemon --bind-interfaces --listen-address="$server" --no-resolv --no-hosts --pid-file= \
        --conf-file=/dev/null >"$LAB/log/unwell" 2>&1 </dev/null &
    until_true says REFUSED
}

says() { dig "@$server" +tries=1 +time=2 dual.test | grep -q "status: $1"; }

knot_that_hangs() {
    server=$authority
    kill -STOP "$knot"
    until_true is_stopped "$knot"
}

is_stopped() { ! grep -L '^State:.*stopped' "/proc/$1"/task/*/status | grep -q .; }

nobody_who_listens() { server=$nobody; }

compare_all "$@"
