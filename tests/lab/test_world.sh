#!/usr/bin/env bash
# The lab itself, which all other tests need.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_leads_a_program_without_the_library_to_the_edge_and_error_1000() {
    local answer
    answer=$(curl -s -w '%{http_code} %{ssl_verify_result} %{remote_ip}' "https://$CDN/")
    contains 'error code: 1000' "$answer"
    contains "403 0 $EDGE_V6" "$answer"
    contains 'error code: 1000 403' "$(curl -4 -s -w ' %{http_code}' "http://$CDN/" | tr -d '\n')"
}

it_has_an_origin_that_takes_its_own_host_and_sni_only() {
    local to_origin=(--connect-to "::[$ORIGIN_V4]:")
    contains '"host":"cdn.example.com","sni":"cdn.example.com"' "$(curl -s "${to_origin[@]}" "https://$CDN/")"
    equal 421 "$(status "${to_origin[@]}" -H 'Host: www.example.com' "https://$CDN/")"
    equal 421 "$(status -k "https://$ORIGIN_V4/")"
    equal 421 "$(status -k "${to_origin[@]}" https://www.example.org/)"
    equal 421 "$(status "${to_origin[@]}" http://www.example.org/)"
}

it_has_certificates_that_only_its_own_authority_vouches_for() {
    fails env -u CURL_CA_BUNDLE curl -s -o "$TMPDIR/body" "https://$CDN/"
    fails curl -s -o "$TMPDIR/body" --connect-to "::[$ORIGIN_V4]:" https://www.example.org/
}

it_knows_an_address_record_only_outside_and_the_edge_inside() {
    local server
    for server in 8.8.8.8 1.1.1.1; do
        equal "$ORIGIN_V4" "$(dig +short "@$server" "$CDN" A)"
        equal '' "$(dig +short "@$server" "$CDN" AAAA)"
        contains 'status: NOERROR' "$(dig "@$server" "$CDN" AAAA)"
        contains 'status: NXDOMAIN' "$(dig "@$server" nowhere.example.com A)"
    done
    equal "$EDGE_V4" "$(dig +short "@$LOCAL_DNS" "$CDN" A)"
    equal "$EDGE_V6" "$(dig +short "@$LOCAL_DNS" "$CDN" AAAA)"
}

it_truncates_a_long_answer_over_udp() {
    local server
    for server in 8.8.8.8 1.1.1.1; do
        contains ' tc ' "$(dig +ignore "@$server" crowd.example.com)"
        equal 120 "$(dig +short "@$server" crowd.example.com | wc -l)"
    done
}

it_counts_queries_by_server_name_and_type() {
    dig +short @8.8.8.8 "$CDN" A
    dig +short @1.1.1.1 "$CDN" AAAA
    dig +short "@$LOCAL_DNS" "$CDN" A
    dig +short "@$LOCAL_DNS" "$CDN" A
    equal '1 1 0' "$(queries 8.8.8.8) $(queries 8.8.8.8 "$CDN" A) $(queries 8.8.8.8 "$CDN" AAAA)"
    equal '1 0 1' "$(queries 1.1.1.1) $(queries 1.1.1.1 "$CDN" A) $(queries 1.1.1.1 "$CDN" AAAA)"
    equal '2 2' "$(queries "$LOCAL_DNS" "$CDN") $(queries "$LOCAL_DNS" "$CDN" A)"
    equal 0 "$(queries 8.8.8.8 dual.example.com)"
    equal "$LOCAL_DNS 8.8.8.8 1.1.1.1" "$(answered "$CDN" | paste -sd' ')"
}

it_can_let_a_server_refuse_be_silent_and_come_back() {
    stop 8.8.8.8
    contains 'connection refused' "$(dig +tries=1 @8.8.8.8 "$CDN" 2>&1)"
    start 8.8.8.8
    equal "$ORIGIN_V4" "$(dig +short @8.8.8.8 "$CDN")"
    silence 8.8.8.8
    contains 'timed out' "$(dig +tries=1 +time=1 @8.8.8.8 "$CDN" 2>&1)"
    unsilence 8.8.8.8
    equal "$ORIGIN_V4" "$(dig +short @8.8.8.8 "$CDN")"
}

it_has_no_way_out() {
    equal '' "$(ip route show default; ip -6 route show default)"
    equal 1 "$(ip -o link | wc -l)"
    fails ping_by_udp 9.9.9.9
}

it_passes_the_status_of_its_command_on() {
    local status=0
    "$lab/enter" sh -c 'exit 42' || status=$?
    equal 42 "$status"
}

it_leaves_nothing_behind_after_success() { leaves_nothing_behind true; }
it_leaves_nothing_behind_after_a_failure() { leaves_nothing_behind false; }
it_leaves_nothing_behind_after_ctrl_c() { leaves_nothing_behind_after INT 130; }
it_leaves_nothing_behind_after_sigterm() { leaves_nothing_behind_after TERM 143; }
it_leaves_nothing_behind_after_sigkill() { leaves_nothing_behind_after KILL 137; }

it_names_the_setting_where_user_namespaces_are_forbidden() {
    local said
    # shellcheck disable=SC2016 # for the inner shell
    said=$(unshare --user --map-root-user sh -c '
        echo 0 >/proc/sys/user/max_user_namespaces
        exec setpriv --bounding-set -all "$0" true' "$lab/enter" 2>&1) || echo "status $?" >"$TMPDIR/status"
    equal 'status 125' "$(<"$TMPDIR/status")"
    contains 'user.max_user_namespaces is 0' "$said"
    contains 'root without the capability CAP_SYS_ADMIN' "$said"
    lacks chroot "$said"
}

it_names_the_setting_where_network_namespaces_are_forbidden() {
    local said
    # shellcheck disable=SC2016 # for the inner shell
    said=$(unshare --user --map-root-user sh -c '
        echo 0 >/proc/sys/user/max_net_namespaces
        exec "$0" true' "$lab/enter" 2>&1) || echo "status $?" >"$TMPDIR/status"
    equal 'status 125' "$(<"$TMPDIR/status")"
    contains 'user.max_net_namespaces is 0' "$said"
    lacks CAP_SYS_ADMIN "$said"
    lacks chroot "$said"
}

it_names_the_chroot_where_it_is_in_one() {
    local said
    # shellcheck disable=SC2016 # for the inner shell
    said=$(unshare --mount bash -c '
        for entry in bin dev etc lib lib64 proc run sbin sys tmp usr "${1%%/*}"; do
            [[ ! -d /$entry ]] || { mkdir -p "$2/$entry" && mount -n --rbind "/$entry" "$2/$entry"; } || exit
        done
        exec chroot "$2" "$0" true' "$lab/enter" "${top#/}" "$TMPDIR/system" 2>&1) || echo "status $?" >"$TMPDIR/status"
    equal 'status 125' "$(<"$TMPDIR/status")"
    contains 'this is a chroot' "$said"
    lacks CAP_SYS_ADMIN "$said"
}

status() { curl -s -o "$TMPDIR/body" -w '%{http_code}' "$@"; }

ping_by_udp() { echo >"/dev/udp/$1/53"; }

# Makes a world inside this world, with its own pid namespace. Anything that it left would be seen here.
leaves_nothing_behind() {
    need_own_proc
    before=$(traces)
    "$lab/enter" "$@" || :
    equal "$before" "$(traces)"
}

# The inner world says that it is there, and would then sleep for ten minutes.
leaves_nothing_behind_after() {
    local signal=$1 expected=$2 status=0
    need_own_proc
    before=$(traces)
    exec 3< <(exec env --default-signal=INT "$lab/enter" sh -c 'echo ready; sleep 600')
    local inner=$!
    read -r -t 300 -u 3
    fails equal "$before" "$(traces)" >/dev/null
    kill -s "$signal" "$inner"
    wait "$inner" || status=$?
    equal "$expected" "$status"
    [[ $signal != KILL ]] || until_true is_as_before # no process was left to wait for the end
    equal "$before" "$(traces)"
}

need_own_proc() {
    [[ $(readlink /proc/1/ns/pid) == "$(readlink /proc/self/ns/pid)" ]] ||
        skip 'this system does not allow the lab its own /proc, so its processes cannot be told from others'
}

is_as_before() { [[ $(traces) == "$before" ]]; }

traces() {
    pgrep -x 'knotd|unbound|dnsmasq|nginx|sleep|unshare|init|enter' -l | cut -d' ' -f2 | sort
    find /run /var/log -path "$LAB/etc" -prune -o -print | sort
}

check_all "$@"
