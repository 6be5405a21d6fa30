#!/usr/bin/env bash
# make deb: the package, in a different system from the one that made it.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"

it_makes_a_package_that_lintian_has_nothing_to_say_about() {
    make_package
    needs_program lintian
    local said
    said=$(lintian --allow-root "${package%/*}"/originbypass_*.changes 2>&1 || :)
    equal '' "$(grep -E '^[EW]:' <<<"$said" || :)"
}

it_has_the_version_of_the_tree() {
    make_package
    equal "$(sed -n 's/.*VERSION "\(.*\)"/\1/p' "$top/include/originbypass/version.h")" \
        "$(dpkg-deb -f "$package" Version)"
}

it_says_of_whose_sources_the_library_is_made() {
    make_package
    contains 'c-ares (= ' "$(dpkg-deb -f "$package" Built-Using)"
    contains 'libconfig (= ' "$(dpkg-deb -f "$package" Built-Using)"
}

it_is_installed_answers_and_is_removed_without_a_trace() {
    install_in bullseye
    equal "$ORIGIN_V4" "$(in_root env "ORIGIN_BYPASS_HOSTS=$CDN" /usr/share/originbypass/entrypoint \
        getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    in_root dpkg --purge originbypass
    equal '' "$(find "$root"/{etc,usr,var/lib/dpkg/info} -name '*originbypass*')"
}

it_is_taken_out_of_every_program_before_it_is_removed() {
    install_in bullseye
    local library
    library=$(in_root sh -c 'echo /usr/lib/*/liboriginbypass.so')
    printf '%s\n' "$library" >"$root/etc/ld.so.preload"
    contains "$library" "$(in_root cat /proc/self/maps)"
    in_root dpkg --remove originbypass
    [[ ! -e $root/etc/ld.so.preload ]]
    equal '' "$(in_root true 2>&1)"
}

it_leaves_what_others_have_put_there() {
    install_in bullseye
    local library
    library=$(in_root sh -c 'echo /usr/lib/*/liboriginbypass.so')
    printf '%s\n' "/usr/lib/other.so $library" "$library:/opt/more.so" >"$root/etc/ld.so.preload"
    in_root dpkg --remove originbypass 2>"$messages"
    equal '/usr/lib/other.so /opt/more.so ' "$(tr '\n' ' ' <"$root/etc/ld.so.preload")"
}

# Made once for all tests, because it takes some seconds.
make_package() {
    needs_program dpkg-buildpackage
    needs_program dh
    package=$(echo "$TMPDIR"/build/deb/originbypass_*.deb)
    [[ -e $package ]] || package=$(make -s -C "$top" BUILD="$TMPDIR/build" deb)
}

install_in() {
    make_package
    with_root "$1"
    cp "$package" "$root/opt/originbypass.deb"
    in_root dpkg --install /opt/originbypass.deb
}

check_all "$@"
