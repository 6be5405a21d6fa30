#!/usr/bin/env bash
# On a whole machine: what the README says to do, for one service and for every program.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"

it_is_in_every_program_and_out_again_as_the_readme_says() {
    with_root trixie
    make_in_tree DESTDIR="$root" install
    readme_block 'On a whole machine' 'getent ahosts' >"$TMPDIR/in"
    readme_block 'On a whole machine' 'grep -v' >"$TMPDIR/out"
    in_root bash <"$TMPDIR/in"
    equal "$ORIGIN_V4" "$(in_root getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    contains liboriginbypass.so "$(in_root cat /proc/self/maps)"
    in_root bash <"$TMPDIR/out"
    equal "$EDGE_V4" "$(in_root getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    lacks liboriginbypass.so "$(in_root cat /proc/self/maps)"
}

it_keeps_what_else_every_program_loads() {
    with_root trixie
    make_in_tree DESTDIR="$root" install
    echo /usr/lib/x86_64-linux-gnu/libcares.so.2 >"$root/etc/ld.so.preload"
    readme_block 'On a whole machine' 'getent ahosts' | in_root bash 2>/dev/null
    equal '/usr/lib/x86_64-linux-gnu/libcares.so.2 /usr/local/lib/liboriginbypass.so ' "$(tr '\n' ' ' <"$root/etc/ld.so.preload")"
    readme_block 'On a whole machine' 'grep -v' | in_root bash 2>/dev/null
    equal '/usr/lib/x86_64-linux-gnu/libcares.so.2' "$(<"$root/etc/ld.so.preload")"
}

it_has_a_drop_in_for_systemd_that_systemd_understands() {
    needs_program systemd-analyze
    equal "$(grep -v '^#' "$top/scripts/systemd/originbypass.conf")" "$(readme_block 'On a whole machine' '[Service]')"
    make_service
    equal '' "$(SYSTEMD_UNIT_PATH=$units:/lib/systemd/system systemd-analyze verify --man=no "$units/proxy.service" 2>&1 || :)"
    echo 'Colour=red' >>"$units/proxy.service.d/originbypass.conf"
    contains Colour "$(SYSTEMD_UNIT_PATH=$units:/lib/systemd/system systemd-analyze verify --man=no "$units/proxy.service" 2>&1 || :)"
}

it_leads_a_service_with_the_drop_in_to_the_origin() {
    with_root trixie
    make_in_tree DESTDIR="$root" install
    mapfile -t in_root_options < <(sed -n 's/^Environment=//p' "$top/scripts/systemd/originbypass.conf" |
        sed 's/^"\(.*\)"$/\1/; s/^\([A-Z_]*\)=/--setenv\n\1\n/')
    equal "$ORIGIN_V4" "$(in_root getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
}

it_accepts_the_programs_of_the_readme() {
    mkdir -p /etc/originbypass
    {
        echo "hosts = ( \"$CDN\" );"
        readme_block Settings 'programs ='
    } >/etc/originbypass/originbypass.conf
    cp /usr/bin/getent "$TMPDIR/served"
    local settings
    settings=$(sed "s|/usr/sbin/\*|$TMPDIR/served|" /etc/originbypass/originbypass.conf)
    equal "$EDGE_V4" "$(preloaded getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    echo "$settings" >/etc/originbypass/originbypass.conf
    equal "$ORIGIN_V4" "$(preloaded "$TMPDIR/served" ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    quiet
}

make_service() {
    units=$TMPDIR/units
    mkdir -p "$units/proxy.service.d"
    printf '[Service]\nExecStart=/bin/true\n' >"$units/proxy.service"
    cp "$top/scripts/systemd/originbypass.conf" "$units/proxy.service.d"
}

check_all "$@"
