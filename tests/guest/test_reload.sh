#!/usr/bin/env bash
# A configuration that changes again and again while a program's threads and children run.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

file=$TMPDIR/changing.conf

it_changes_under_threads_and_children() {
    not_under valgrind "the memory of other threads is always lost in a child"
    begin_with_a_file
    preloaded "$(compiled reloads)" "$file" 8000
    equal 1 "$(queries 8.8.8.8 "$CDN" A)"
}

it_changes_with_counters_in_files() {
    not_under valgrind "what other threads hold is lost in a child, as it has to be"
    begin_with_a_file
    mkdir -p "$TMPDIR/metrics"
    ORIGIN_BYPASS_METRICS=$TMPDIR/metrics preloaded "$(compiled reloads)" "$file" 2000
    quiet
    (($("$python" "$lab/counters.py" "$TMPDIR/metrics" sum reloads) >= 3))
}

begin_with_a_file() {
    cat >"$file" <<<'hosts = ( "cdn.example.com", { name = "pinned.example.com"; addresses = [ "192.0.2.1" ]; } );'
    export ORIGIN_BYPASS_CONFIG_FILE=$file
}

check_all "$@"
