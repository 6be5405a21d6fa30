#!/usr/bin/env bash
# On a whole machine, and for one service of it: what the documents say besides what originbypass system does.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"

it_is_taken_out_of_every_program_before_it_is_uninstalled() {
    with_root trixie
    make_in_tree DESTDIR="$root" install
    printf '%s\n' /usr/lib/x86_64-linux-gnu/libcares.so.2 /usr/local/lib/liboriginbypass.so >"$root/etc/ld.so.preload"
    contains liboriginbypass.so "$(in_root cat /proc/self/maps)"
    in_root_options=(--ro-bind "$top" /mnt)
    in_root make -s -C /mnt uninstall 2>"$messages"
    equal /usr/lib/x86_64-linux-gnu/libcares.so.2 "$(<"$root/etc/ld.so.preload")"
    [[ ! -e $root/usr/local/lib/liboriginbypass.so && ! -e $root/usr/local/bin/originbypass ]]
}

it_has_a_drop_in_for_systemd_that_systemd_understands() {
    needs_program systemd-analyze
    equal "$(grep -v '^#' "$top/scripts/systemd/originbypass.conf")" "$(readme_block 'As a systemd service, or on a whole machine' '[Service]')"
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

it_accepts_the_programs_of_the_manual_page() {
    mkdir -p /etc/originbypass
    {
        echo "hosts = ( \"$CDN\" );"
        manual_block originbypass.conf.5 PROGRAMS 'programs ='
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
