#!/usr/bin/env bash
# A program that keeps running while its configuration changes. A change takes effect within a second or two, so a test
# asks again until it has, or long enough to see that it has not.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=asks.sh
source "$(dirname "${BASH_SOURCE[0]}")/asks.sh"

metrics=$TMPDIR/metrics
nobody=65534
OTHER=www.example.com

it_takes_a_changed_file() {
    begins_with "hosts = ( \"$OTHER\" );"
    equal "$EDGE_V4" "$(ask "$CDN")"
    change_to "hosts = ( \"$CDN\" );"
    comes_to "$CDN" "$ORIGIN_V4"
    quiet
}

it_takes_a_file_that_is_written_in_place() {
    begins_with "hosts = ( \"$OTHER\" );"
    equal "$EDGE_V4" "$(ask "$CDN")"
    echo "hosts = ( \"$CDN\" );" >"$file"
    comes_to "$CDN" "$ORIGIN_V4"
}

it_gives_a_removed_host_back_to_libc() {
    begins_with "hosts = ( \"$CDN\", \"$OTHER\" );"
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    change_to "hosts = ( \"$OTHER\" );"
    comes_to "$CDN" "$EDGE_V4"
}

it_serves_no_answer_of_other_settings() {
    begins_with "hosts = ( { name = \"$CDN\"; addresses = [ \"192.0.2.1\" ]; } );"
    equal 192.0.2.1 "$(ask "$CDN")"
    change_to "hosts = ( { name = \"$CDN\"; addresses = [ \"192.0.2.2\" ]; } );"
    comes_to "$CDN" 192.0.2.2
}

it_keeps_the_answers_of_hosts_whose_settings_are_the_same() {
    begins_with "hosts = ( \"$CDN\", { name = \"$OTHER\"; addresses = [ \"192.0.2.1\" ]; } );"
    equal "$ORIGIN_V4 192.0.2.1" "$(ask "$CDN") $(ask "$OTHER")"
    stop 8.8.8.8
    stop 1.1.1.1
    change_to "# moved down
        hosts = ( { name = \"$OTHER\"; addresses = [ \"192.0.2.2\" ]; }, \"$CDN\" );"
    comes_to "$OTHER" 192.0.2.2
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    quiet
}

it_follows_a_swap_of_links_as_of_a_config_map() {
    local map=$TMPDIR/map
    rm -rf "$map"
    mkdir -p "$map/..1" "$map/..2"
    echo "hosts = ( \"$OTHER\" );" >"$map/..1/originbypass.conf"
    echo "hosts = ( \"$CDN\" );" >"$map/..2/originbypass.conf"
    ln -s ..1 "$map/..data"
    ln -s ..data/originbypass.conf "$map/originbypass.conf"
    file=$map/originbypass.conf
    begins
    equal "$EDGE_V4" "$(ask "$CDN")"
    ln -s ..2 "$map/..data_tmp"
    mv -T "$map/..data_tmp" "$map/..data"
    comes_to "$CDN" "$ORIGIN_V4"
}

it_takes_a_file_that_appears_at_the_usual_place() {
    export ORIGIN_BYPASS_HOSTS="$CDN $OTHER"
    file=/etc/originbypass/originbypass.conf
    begins_without_variable
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    mkdir -p /etc/originbypass
    change_to 'family = "ipv6";'
    comes_to "$CDN" -
}

it_takes_a_changed_file_of_prefixes() {
    echo 203.0.113.0/24 >"$TMPDIR/prefixes"
    begins_with "hosts = ( \"*.example.com\" ); answers = { reject = [ \"file:$TMPDIR/prefixes\" ]; };"
    equal "$EDGE_V4" "$(ask mixed.example.com)"
    echo 104.16.0.0/12 >"$TMPDIR/prefixes"
    comes_to mixed.example.com "$ORIGIN_V4"
}

it_lets_the_environment_win_as_at_the_start() {
    export ORIGIN_BYPASS_HOSTS=$CDN
    begins_with "hosts = ( \"$OTHER\" );"
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    change_to "hosts = ( \"alias.example.com\" ); family = \"ipv6\";"
    comes_to "$CDN" -
    equal "$EDGE_V4" "$(ask "$OTHER")"
}

it_takes_a_broken_file_that_was_mended() {
    begins_with oops
    equal "$EDGE_V4" "$(ask "$CDN")"
    change_to "hosts = ( \"$CDN\" );"
    comes_to "$CDN" "$ORIGIN_V4"
    equal 1 "$(wc -l <"$messages")"
}

it_says_at_level_info_that_it_took_the_file() {
    begins_with "hosts = ( \"$OTHER\" );"
    equal "$EDGE_V4" "$(ask "$CDN")"
    change_to "hosts = ( \"$CDN\", \"$OTHER\" ); log = { level = \"info\"; };"
    comes_to "$CDN" "$ORIGIN_V4"
    contains "info configuration reloaded file=$file generation=2 hosts=2" "$(said file generation hosts)"
}

# --- what is not accepted --------------------------------------------------------------------------------------------

it_keeps_the_old_configuration_where_the_new_one_is_broken() {
    begins_with "hosts = ( \"$CDN\" );"
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    change_to $'hosts = ( "www.example.com" );\nupstream = [ "8.8.8.8" ];'
    stays "$CDN" "$ORIGIN_V4"
    equal "$EDGE_V4" "$(ask "$OTHER")"
    equal "error configuration refused file=$file line=2 now=the former configuration stays in force" "$(said file line now)"
    change_to "hosts = ( \"$OTHER\" );"
    comes_to "$OTHER" "$ORIGIN_V4"
}

it_keeps_the_old_configuration_where_the_file_is_gone() {
    begins_with "hosts = ( \"$CDN\" );"
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    rm "$file"
    stays "$CDN" "$ORIGIN_V4"
    quiet
    change_to "hosts = ( \"$OTHER\" );"
    comes_to "$CDN" "$EDGE_V4"
}

it_takes_no_file_that_others_may_write() {
    begins_with "hosts = ( \"$CDN\" );"
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    echo "hosts = ( \"$OTHER\" );" >"$file.new"
    chmod 666 "$file.new"
    mv "$file.new" "$file"
    stays "$CDN" "$ORIGIN_V4"
    contains 'nobody else can write to it' "$(said reason)"
    equal 1 "$(wc -l <"$messages")"
    chmod 644 "$file"
    comes_to "$CDN" "$EDGE_V4"
}

it_takes_no_file_of_another_user() {
    begins_with "hosts = ( \"$CDN\" );"
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    echo "hosts = ( \"$OTHER\" );" >"$file.new"
    chown "$nobody" "$file.new" 2>/dev/null || skip "there is no user $nobody in this user namespace"
    mv "$file.new" "$file"
    stays "$CDN" "$ORIGIN_V4"
    contains 'root or the user who started the program owns it' "$(said reason)"
}

it_takes_no_file_of_another_root() {
    not_under address 'its search for leaks needs /proc'
    local root=$TMPDIR/root
    rm -rf "$root"
    mkdir -p "$root$TMPDIR"
    echo "hosts = ( \"$CDN\" );" >"$file"
    echo "hosts = ( { name = \"$CDN\"; addresses = [ \"192.0.2.1\" ]; } );" >"$root$file"
    export ORIGIN_BYPASS_CONFIG_FILE=$file
    begins "$root"
    stays "$CDN" "$ORIGIN_V4"
    change_to "hosts = ( { name = \"$CDN\"; addresses = [ \"192.0.2.2\" ]; } );"
    stays "$CDN" "$ORIGIN_V4"
}

it_tells_metrics_what_became_of_it() {
    rm -rf "$metrics"
    mkdir "$metrics"
    begins_with "hosts = ( \"$CDN\" ); metrics = { directory = \"$metrics\"; };"
    ask "$CDN"
    contains 'asks 1 1 ' "$(load)"
    change_to 'oops'
    stays "$CDN" "$ORIGIN_V4"
    contains "asks 1 0 " "$(load)"
    contains " $file:" "$(load)"
    change_to "hosts = ( \"$OTHER\" ); metrics = { directory = \"$metrics\"; };"
    comes_to "$CDN" "$EDGE_V4"
    contains 'asks 2 1 ' "$(load)"
    lacks "$file" "$(load)"
    equal '1 1' "$("$python" "$lab/counters.py" "$metrics" sum reloads) $("$python" "$lab/counters.py" "$metrics" sum refused_reloads)"
}

it_begins_metrics_with_a_new_configuration() {
    rm -rf "$metrics"
    mkdir "$metrics"
    begins_with "hosts = ( \"$CDN\" );"
    equal "$ORIGIN_V4" "$(ask "$CDN")"
    change_to "hosts = ( \"$OTHER\" ); metrics = { directory = \"$metrics\"; };"
    comes_to "$CDN" "$EDGE_V4"
    contains 'asks 2 1 ' "$(load)"
    equal 1 "$("$python" "$lab/counters.py" "$metrics" sum misses)"
}

it_leaves_no_descriptor_behind() {
    begins_with "hosts = ( \"$OTHER\" );"
    ask "$CDN"
    local before
    before=$(ls "/proc/$program/fd")
    change_to "hosts = ( \"$CDN\" );"
    comes_to "$CDN" "$ORIGIN_V4"
    equal "$before" "$(ls "/proc/$program/fd")"
}

# ---------------------------------------------------------------------------------------------------------------------

load() { "$python" "$lab/counters.py" "$metrics" load; }

# Asks for long enough to see a change.
stays() {
    local attempt
    for attempt in {1..35}; do
        equal "$2" "$(ask "$1")" || { echo "in answer $attempt"; return 1; }
        sleep 0.1
    done
}

check_all "$@"
