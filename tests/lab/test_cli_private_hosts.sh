#!/usr/bin/env bash
# originbypass run --private-hosts: an /etc/hosts of its own for a program that a preloaded library cannot reach.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=documents.sh
source "$lab/documents.sh"

# Users without the right to make a mount namespace: an ordinary user, and root in a container.
as_nobody=(unshare --user --map-user=65534 --map-group=65534 --)
without_capability=(setpriv --bounding-set -sys_admin --inh-caps -sys_admin --)

it_leads_a_go_program_to_the_origin() {
    static_go "$TMPDIR/fetch"
    export SSL_CERT_FILE=$CURL_CA_BUNDLE
    contains 'error code: 1000' "$("$originbypass" run -H "$CDN" "$TMPDIR/fetch" "https://$CDN/" 2>"$messages")"
    contains "warning: $TMPDIR/fetch is a Go program without cgo" "$(<"$messages")"
    local as
    for as in env "${without_capability[*]}" "${as_nobody[*]}"; do
        echo "$as:"
        # shellcheck disable=SC2086 # words
        contains '"server":"origin"' "$($as "$originbypass" run --private-hosts -H "$CDN" "$TMPDIR/fetch" "https://$CDN/")"
    done
}

# With the paths that it has there, and less the empty lines that a server's answer ends with.
it_does_what_the_manual_page_shows_of_run_and_env() {
    local shown line
    mkdir -p "$TMPDIR"/installed/{bin,lib}
    cp "$originbypass" "$TMPDIR/installed/bin"
    cp "$LAB_LIBRARY" "$TMPDIR/installed/lib/liboriginbypass.so"
    cd "$TMPDIR"
    [[ -x fetch ]] || static_go "$TMPDIR/fetch"
    shown=$(manual_block originbypass.1 run getent && manual_block originbypass.1 run ./fetch &&
        manual_block originbypass.1 env 'originbypass env')
    export SSL_CERT_FILE=$CURL_CA_BUNDLE PATH=$TMPDIR/installed/bin:$PATH
    while read -r line; do
        [[ $line == '$ '* ]] || continue
        echo "$line"
        eval "${line#'$ '}" || :
    done <<<"$shown" >"$TMPDIR/said" 2>&1
    equal "$shown" "$(sed "/^\$/d; s|$TMPDIR/installed|/usr/local|" "$TMPDIR/said")"
}

it_lists_the_names_before_the_machines_own_and_in_the_place_of_theirs() {
    printf '127.0.0.1 localhost # home\n10.0.0.9\tCDN.example.com. other.example.org\n10.0.0.9 www.example.com\n%s' \
        '::1 localhost' >/etc/hosts
    cp /etc/hosts "$TMPDIR/before"
    private "$CDN www.example.com" cat /etc/hosts >"$TMPDIR/said"
    equal "$ORIGIN_V4 $CDN
$ORIGIN_V4 www.example.com
127.0.0.1 localhost # home
10.0.0.9 other.example.org
::1 localhost" "$(tail -n +2 "$TMPDIR/said")"
    equal '' "$(diff "$TMPDIR/before" /etc/hosts)"
}

it_asks_as_the_library_does() {
    cat >"$TMPDIR/a.conf" <<END
hosts = ( { name = "old.example.com"; addresses = [ "203.0.113.70", "2001:db8::70" ]; },
          { name = "api.example.net"; query = "$CDN"; }, "!www.example.com" );
END
    equal "2001:db8::70 old.example.com
203.0.113.70 old.example.com
$ORIGIN_V4 api.example.net
127.0.0.1 localhost" "$("$originbypass" run --private-hosts -c "$TMPDIR/a.conf" sed -n '2,5p' /etc/hosts)"
    nobody_asked "$LOCAL_DNS"
}

it_says_what_it_leaves_out() {
    private "$CDN *.example.net nosuch.example.com" true
    contains '*.example.net is left out: a hosts file knows no wildcards' "$(<"$messages")"
    contains 'nosuch.example.com is left out: external DNS has no address for it' "$(<"$messages")"
    equal '' "$("$originbypass" run -q --private-hosts -H "$CDN *.example.net nosuch.example.com" true 2>&1)"
}

it_runs_nothing_where_no_name_is_left() {
    refuses 'none of the names given has an address' -H '*.example.net'
    stop 8.8.8.8
    stop 1.1.1.1
    refuses 'none of the names given has an address' -H "$CDN"
    ORIGIN_BYPASS_DISABLED=1 refuses 'ORIGIN_BYPASS_DISABLED is set' -H "$CDN"
    ORIGIN_BYPASS_HOSTS=a..b refuses 'ORIGIN_BYPASS_HOSTS: "a..b" has an empty label'
}

it_leaves_user_groups_directory_and_the_rest_of_the_files_as_they_are() {
    local as what='id -u; id -g; pwd; ls -a /etc; cat /etc/resolv.conf; cat /proc/self/oom_score_adj'
    mkdir "$TMPDIR/here"
    cd "$TMPDIR/here"
    for as in env "${without_capability[*]}" "${as_nobody[*]}"; do
        # shellcheck disable=SC2086 # words
        equal "$($as sh -c "$what")" "$($as "$originbypass" run --private-hosts -H "$CDN" sh -c "$what" 2>&1)"
    done
}

it_covers_the_file_also_where_it_is_mounted_and_the_program_starts_beside_it() {
    echo '10.0.0.7 mounted.example.org' >"$TMPDIR/mounted"
    mount -n --bind "$TMPDIR/mounted" /etc/hosts
    cd /etc
    private "$CDN" cat hosts >"$TMPDIR/said"
    cd /
    umount -n /etc/hosts
    equal "$ORIGIN_V4 $CDN
10.0.0.7 mounted.example.org" "$(tail -n +2 "$TMPDIR/said")"
}

it_covers_what_a_link_leads_to() {
    mkdir /etc/static
    mv /etc/hosts /etc/static/hosts
    ln -s /etc/static/hosts /etc/hosts
    contains "$ORIGIN_V4 $CDN" "$(private "$CDN" cat /etc/hosts)"
    rm -r /etc/static
    refuses '/etc/hosts: the file does not exist' -H "$CDN"
}

it_can_be_read_by_whoever_the_program_becomes() {
    equal '644 regular file' "$(umask 077 && private "$CDN" stat -c '%a %F' /etc/hosts)"
}

it_needs_and_preloads_no_library() {
    mkdir "$TMPDIR/alone"
    cp "$originbypass" "$TMPDIR/alone"
    equal '' "$("$TMPDIR/alone/originbypass" run --private-hosts -H "$CDN" env | grep LD_PRELOAD)"
}

it_exits_as_the_program_does() {
    exits_with 42 "$originbypass" run --private-hosts -H "$CDN" sh -c 'exit 42'
    exits_with 127 "$originbypass" run --private-hosts -H "$CDN" /no/such/program
    exits_with 126 "$originbypass" run --private-hosts -H "$CDN" /etc/hosts
    exits_with 125 "$originbypass" run --private-hosts -H "$CDN"
    exits_with 125 "$originbypass" run --private-hosts=yes -H "$CDN" true
    exits_with 125 "$originbypass" run --private-hosts -H a..b true
}

it_says_so_and_runs_nothing_where_namespaces_are_forbidden() {
    local setting
    for setting in max_mnt_namespaces max_user_namespaces; do
        forbidden=$setting refuses 'the system does not let the program have an /etc/hosts of its own: unshare: ' -H "$CDN"
        contains "user.$setting" "$(<"$messages")"
    done
}

# --- helpers ---------------------------------------------------------------------------------------------------------

private() { "$originbypass" run --private-hosts -H "$1" "${@:2}" 2>"$messages"; }

exits_with() {
    local expected=$1 status=0
    "${@:2}" 2>"$messages" || status=$?
    equal "$expected" "$status"
}

# refuses COMPLAINT OPTION...: with the namespaces forbidden that are named in $forbidden.
refuses() {
    local command=("$originbypass" run --private-hosts "${@:2}" -- touch "$TMPDIR/was-run")
    [[ -z ${forbidden-} ]] || command=(unshare --user --map-root-user sh -c \
        "echo 0 >/proc/sys/user/$forbidden && exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin \"\$@\"" - "${command[@]}")
    exits_with 125 "${command[@]}"
    contains "$1" "$(<"$messages")"
    fails test -e "$TMPDIR/was-run"
}

static_go() {
    CGO_ENABLED=0 GOPROXY=off GO111MODULE=off GOCACHE=$TMPDIR/go HOME=$TMPDIR /usr/bin/go build -o "$1" "$lab/fetch.go"
}

check_all "$@"
