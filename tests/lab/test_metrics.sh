#!/usr/bin/env bash
# Each process's counters in its own file, and what becomes of them. counters.py reads the files only by their documented
# layout.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

caller=$(compiled caller) || exit 125
metrics=$TMPDIR/metrics
nobody=65534

it_counts_what_a_process_does() {
    with_metrics
    equal "$ORIGIN_V4" "$(bypass "$CDN" "$caller" getaddrinfo "$CDN" inet 5)"
    equal 'caller hits=4 misses=1 queries=1 query_addresses=1 replies=1' "$(counters)"
    quiet
}

it_takes_the_directory_from_the_file_too() {
    with_metrics
    unset ORIGIN_BYPASS_METRICS
    echo "hosts = ( \"$CDN\" ); metrics = { directory = \"$metrics\"; };" >"$TMPDIR/settings.conf"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/settings.conf preloaded "$caller" getaddrinfo "$CDN" inet >"$TMPDIR/out"
    equal 1 "$(sum misses)"
}

it_writes_nothing_where_it_is_off() {
    with_metrics
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_METRICS='' bypass "$CDN" "$caller" getaddrinfo "$CDN" inet)"
    equal '' "$(ls "$metrics")"
    quiet
}

it_writes_nothing_for_a_program_that_resolves_nothing() {
    with_metrics
    bypass "$CDN" ls / >"$TMPDIR/ls"
    equal '' "$(ls "$metrics")"
}

it_tells_outcomes_apart() {
    with_metrics
    in_python '*.example.com' '
import socket
def look_up(name):
    try: socket.getaddrinfo(name, 443, socket.AF_INET)
    except socket.gaierror: pass
for name in "cdn.example.com missing.example.com six.example.com www.example.net localhost".split(): look_up(name)
' || return
    counters
    # A name that A denies is also asked for with AAAA.
    equal "1 1 2 2" "$(sum query_addresses) $(sum query_no_records) $(sum query_no_names) $(sum pass_throughs)"
    equal 1 "$(sum fallbacks)"
}

it_counts_an_outage() {
    with_metrics
    silence 8.8.8.8
    stop 1.1.1.1
    bypass "$CDN" "$caller" getaddrinfo "$CDN" inet >"$TMPDIR/out"
    counters
    equal '1 1' "$(sum fallbacks) $(sum misses)"
    (($(sum query_timeouts) >= 2))
    equal "$(sum queries)" "$(($(sum query_timeouts) + $(sum query_abandoned)))"
}

it_leaves_what_a_dead_process_has_counted_to_the_command() {
    with_metrics
    local times
    for times in 3 3 3 3 3; do bypass "$CDN" "$caller" getaddrinfo "$CDN" inet "$times" >"$TMPDIR/out"; done
    equal '5 files 0 totals' "$(files) files $(totals) totals"
    contains '0 running processes, 5 ended' "$(stats)"
    equal '0 files 1 totals' "$(files) files $(totals) totals"
    equal '10 5' "$(sum hits) $(sum misses)"
}

it_loses_nothing_of_a_process_that_is_killed() {
    with_metrics
    in_python "$CDN" "
import os, socket
for _ in range(4): socket.getaddrinfo('$CDN', 443, socket.AF_INET)
os.kill(os.getpid(), 9)" || :
    equal '3 1' "$(sum hits) $(sum misses)"
    stats
    equal '3 1 0' "$(sum hits) $(sum misses) $(files)"
}

it_loses_nothing_of_a_busy_process_that_ends() {
    with_metrics
    bypass "$CDN" "$caller" getaddrinfo "$CDN" inet 20000 >"$TMPDIR/out"
    equal 20000 "$(($(sum hits) + $(sum misses)))"
}

it_has_nearly_all_of_a_busy_process_that_is_killed() {
    with_metrics
    in_python "$CDN" "
import os, socket, time
began, times = time.monotonic(), 0
while times < 2000 or time.monotonic() - began < 1: socket.getaddrinfo('$CDN', 443, socket.AF_INET); times += 1
print(times, flush=True)
os.kill(os.getpid(), 9)" >"$TMPDIR/times" || :
    local times counted
    times=$(<"$TMPDIR/times") counted=$(($(sum hits) + $(sum misses)))
    echo "$counted of $times"
    ((counted <= times && counted >= times / 2))
}

it_gives_a_forked_child_a_file_that_begins_at_zero() {
    with_metrics
    in_python "$CDN" "
import os, socket
def look_up(times):
    for _ in range(times): socket.getaddrinfo('$CDN', 443, socket.AF_INET)
look_up(2)
child = os.fork()
look_up(3 if child == 0 else 0)
if child: os.waitpid(child, 0); look_up(5); print('\n'.join(sorted(os.listdir('$metrics'))), flush=True)
else: os._exit(0)" >"$TMPDIR/files"
    equal 2 "$(wc -l <"$TMPDIR/files")"
    equal $'python3 hits=3\npython3 hits=6 misses=1' "$(counters | cut -d' ' -f1-3 | sort)"
}

it_has_no_file_for_a_child_that_resolves_nothing() {
    with_metrics
    in_python "$CDN" "
import os, socket
socket.getaddrinfo('$CDN', 443, socket.AF_INET)
if os.fork() == 0: os._exit(0)
os.wait()"
    equal 1 "$(files)"
}

it_goes_on_in_the_same_file_when_the_process_executes_another_program() {
    with_metrics
    in_python "$CDN" "
import os, socket
socket.getaddrinfo('$CDN', 443, socket.AF_INET)
os.execv('$LAB/bin/lookup', ['lookup', 'getaddrinfo', '$CDN', 'inet'])" >"$TMPDIR/out"
    equal 'lookup misses=2' "$(counters | cut -d' ' -f1-2)"
    quiet
}

# A reader can hold the lock at that moment; it needs only the right to read.
it_goes_on_in_it_though_somebody_has_locked_it() {
    with_metrics
    in_python "$CDN" "
import glob, os, socket
socket.getaddrinfo('$CDN', 443, socket.AF_INET)
path, = glob.glob('$metrics/*.counters')
os.execvp('flock', ['flock', '--no-fork', path, '$LAB/bin/lookup', 'getaddrinfo', '$CDN', 'inet'])" >"$TMPDIR/out"
    equal 'lookup misses=2' "$(counters | cut -d' ' -f1-2)"
    quiet
}

it_counts_for_the_parent_what_a_child_of_vfork_looks_up_first() {
    with_metrics
    not_under 'thread|valgrind' 'it does not recognize a vfork'
    equal "1, 1 own" "$(bypass "$CDN" "$(compiled vforks)" "$metrics")"
    equal 'vforks hits=1 misses=1' "$(counters | cut -d' ' -f1-3)"
}

it_knows_processes_of_two_pid_namespaces_apart() {
    not_under address 'its search for leaks needs the /proc of its namespace'
    with_metrics
    unshare -pf true 2>"$TMPDIR/unshare" || skip "no PID namespace: $(<"$TMPDIR/unshare")"
    local times
    for times in 2 2; do bypass "$CDN" unshare -pf "$caller" getaddrinfo "$CDN" inet "$times" >"$TMPDIR/out"; done
    ls "$metrics"
    equal '2 2' "$(sum hits) $(sum misses)"
}

it_counts_in_many_threads() {
    with_metrics
    in_python "$CDN" "
import socket, threading
def work():
    for _ in range(20): socket.getaddrinfo('$CDN', 443, socket.AF_INET)
threads = [threading.Thread(target=work) for _ in range(100)]
for thread in threads: thread.start()
for thread in threads: thread.join()"
    equal 2000 "$(($(sum hits) + $(sum misses)))"
}

# --- what can be in the way ------------------------------------------------------------------------------------------

it_does_without_on_a_full_disk() {
    mkdir -p "$TMPDIR/full"
    mount -t tmpfs -o size=16k full "$TMPDIR/full"
    local status=0
    cat /dev/zero >"$TMPDIR/full/zeros" 2>"$TMPDIR/cat" || :
    is_told_once "$TMPDIR/full" 'no room is left on its disk' || status=1
    equal 'zeros' "$(ls "$TMPDIR/full")" || status=1
    umount "$TMPDIR/full"
    return "$status"
}

it_does_without_where_there_is_no_directory() { is_told_once "$TMPDIR/missing" 'the directory does not exist'; }

it_does_without_where_all_may_write_and_the_sticky_bit_is_missing() {
    with_metrics
    chmod 777 "$metrics"
    is_told_once "$metrics" 'the directory is not safe: all may write to it, and it has no sticky bit'
    equal '' "$(ls "$metrics")"
}

it_does_without_where_the_directory_is_another_users() {
    with_metrics
    chown "$nobody" "$metrics" 2>/dev/null || skip "there is no user $nobody in this user namespace"
    is_told_once "$metrics" 'the directory is not safe: it belongs neither to this user nor to root'
}

it_does_without_where_the_process_may_not_write() {
    not_under 'address|thread|valgrind' 'it would run as another user, who may not write its reports'
    with_metrics
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    chmod 755 "$TMPDIR" "$LAB" "$metrics"
    equal "$ORIGIN_V4" "$(bypass "$CDN" setpriv --reuid "$nobody" --clear-groups "$caller" getaddrinfo "$CDN" inet)"
    equal "error metrics are off reason=this user may not write there" "$(said reason)"
}

it_shares_a_sticky_directory_among_users() {
    not_under 'address|thread|valgrind' 'it would be another user, who may not write its reports'
    with_metrics
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    chmod 755 "$TMPDIR" "$LAB"
    chmod 1777 "$metrics"
    local user
    for user in "$nobody" 0 "$nobody" 0; do
        bypass "$CDN" setpriv --reuid "$user" --clear-groups "$caller" getaddrinfo "$CDN" inet >>"$TMPDIR/out"
    done
    ls -l "$metrics"
    equal 4 "$(sum misses)"
    setpriv --reuid "$nobody" --clear-groups "$originbypass" stats
    equal '65534.total 2' "$(cd "$metrics" && ls -- *.total) $(files)"
    stats
    equal $'0.total\n65534.total 0' "$(cd "$metrics" && ls -- *.total) $(files)"
    equal 4 "$(sum misses)"
    quiet
}

it_leaves_alone_what_another_user_has_put_in_place_of_a_total() {
    not_under 'address|thread|valgrind' 'it would be another user, who may not write its reports'
    with_metrics
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    chmod 755 "$TMPDIR" "$LAB"
    chmod 1777 "$metrics"
    touch "$metrics/$nobody.total"
    bypass "$CDN" setpriv --reuid "$nobody" --clear-groups "$caller" getaddrinfo "$CDN" inet 3 >"$TMPDIR/out"
    contains "$nobody.total: left out: it does not belong to the user whom it is named after" "$(setpriv --reuid "$nobody" --clear-groups "$originbypass" stats 2>&1)"
    equal '1 2' "$(files) $(stats -j 2>"$TMPDIR/said" | "$python" -c 'import json, sys; print(json.load(sys.stdin)["all"]["counters"]["hits"])')" || {
        ls -l "$metrics"
        return 1
    }
}

# --- what becomes of the file while it is in use ---------------------------------------------------------------------

# Each of these would make a program fail that touches the file itself.
it_goes_on_when_its_file_is_made_shorter() {
    while_counting 'os.truncate(path, 0)'
    equal 'error metrics are off reason=its file there has been made shorter' "$(said reason)"
}
it_goes_on_when_its_file_is_made_shorter_again_and_again() {
    while_counting 'for _ in range(2000): os.truncate(path, 0); os.truncate(path, 1280)'
}
it_counts_on_when_its_file_is_removed() { while_counting 'os.unlink(path)' && quiet; }
it_counts_on_when_its_file_is_closed_to_it() { while_counting 'os.chmod(path, 0)' && quiet; }
it_counts_on_when_another_takes_its_name() {
    while_counting 'open("'"$metrics"'/other", "w").close(); os.rename("'"$metrics"'/other", path)' && quiet
}

it_counts_on_without_rights_root_and_descriptors() {
    with_metrics
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    in_python "$CDN" "
import os, resource, socket
def look_up(times):
    for _ in range(times): socket.getaddrinfo('$CDN', 443, socket.AF_INET)
look_up(2)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
look_up(2)
os.closerange(3, 1000)
look_up(2)
os.chroot('$TMPDIR')
look_up(2)
os.setuid($nobody)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
look_up(2)
os._exit(0)"
    equal '9 1' "$(sum hits) $(sum misses)"
    quiet
}

it_leaves_no_descriptor_open() {
    with_metrics
    in_python "$CDN" "
import os, socket
before = os.listdir('/proc/self/fd')
for _ in range(3): socket.getaddrinfo('$CDN', 443, socket.AF_INET)
print(before == os.listdir('/proc/self/fd'))" >"$TMPDIR/same"
    equal 'True 2' "$(<"$TMPDIR/same") $(sum hits)"
}

it_is_on_in_every_process_that_stats_reads_in_a_loop() {
    with_metrics
    bypass "$CDN" bash -c "
        while :; do '$originbypass' stats; done >/dev/null 2>&1 & first=\$!
        while :; do '$originbypass' stats --prometheus; done >/dev/null 2>&1 & second=\$!
        for time in {1..300}; do '$caller' getaddrinfo $CDN inet 2 >/dev/null; done
        kill \$first \$second
        wait"
    equal '300 300' "$(sum hits) $(sum misses)"
    quiet
    contains '300 ended' "$(stats)"
    equal 0 "$(files)"
}

it_gets_no_signal_from_a_limit_for_files() {
    not_checked "bash, which sets the limit,"
    with_metrics
    equal "$ORIGIN_V4" "$(bypass "$CDN" bash -c "ulimit -f 1; '$caller' getaddrinfo $CDN inet")"
    contains 'ulimit -f' "$(said reason)"
}

it_leaves_off_in_another_root_without_a_word() {
    with_metrics
    in_python "$CDN" "
import os, socket
socket.getaddrinfo('$CDN', 443, socket.AF_INET)
child = os.fork()
if child == 0:
    os.chroot('$TMPDIR')
    socket.getaddrinfo('$CDN', 443, socket.AF_INET)
    os._exit(0)
os.waitpid(child, 0)"
    equal 1 "$(files)"
    quiet
}

it_tells_a_family_of_processes_once() {
    export ORIGIN_BYPASS_METRICS=$TMPDIR/missing
    in_python "$CDN" "
import os, socket
for _ in range(3):
    socket.getaddrinfo('$CDN', 443, socket.AF_INET)
    if os.fork() == 0:
        socket.getaddrinfo('$CDN', 443, socket.AF_INET)
        os._exit(0)
    os.wait()"
    equal 1 "$(wc -l <"$messages")"
}

# ---------------------------------------------------------------------------------------------------------------------

with_metrics() {
    rm -rf "$metrics"
    mkdir -p "$metrics"
    export ORIGIN_BYPASS_METRICS=$metrics
    cp "$caller" "$LAB/bin/lookup"
}

# Without the files' names, and without the time of the replies.
counters() { "$python" "$lab/counters.py" "$metrics" | cut -d' ' -f2- | sed 's/ reply_ms=[0-9]*//'; }
sum() { "$python" "$lab/counters.py" "$metrics" sum "$1"; }
totals() { find "$metrics" -name '*.total' | wc -l; }
stats() { "$originbypass" stats --directory "$metrics" "$@"; }
files() { find "$metrics" -name '*.counters' | wc -l; }

# in_python HOSTS PROGRAM [ARGUMENT...]
in_python() {
    not_under address 'Python leaks memory of its own'
    local hosts=$1
    shift
    bypass "$hosts" "$python" -c "$@"
}

# while_counting PROGRAM: a process keeps counting while another does this to its file, whose name is in `path`.
while_counting() {
    with_metrics
    in_python "$CDN" "
import glob, os, socket, subprocess, sys
def look_up(times):
    for _ in range(times): socket.getaddrinfo('$CDN', 443, socket.AF_INET)
look_up(2)
path, = glob.glob('$metrics/*.counters')
other = subprocess.Popen([sys.executable, '-c', 'import os, sys; path = sys.argv[1]\n' + sys.argv[1], path])
while other.poll() is None: look_up(1)
look_up(500)
assert other.returncode == 0
print('alive')" "$1" >"$TMPDIR/out"
    equal alive "$(<"$TMPDIR/out")"
}

# is_told_once DIRECTORY REASON: the program still gets its answers.
is_told_once() {
    export ORIGIN_BYPASS_METRICS=$1
    equal "$ORIGIN_V4" "$(bypass "$CDN" "$caller" getaddrinfo "$CDN" inet 10)"
    equal "error metrics are off directory=$1 reason=$2" "$(said directory reason)"
}

check_all "$@"
