#!/usr/bin/env bash
# make deb: the package, in a different system from the one that made it.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"
# shellcheck source-path=SCRIPTDIR source=small_roots.sh
source "$(dirname "${BASH_SOURCE[0]}")/small_roots.sh"

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

it_makes_one_for_the_other_cpu_that_answers_there() {
    make_package_for_the_other_cpu
    equal "$debian_of_other" "$(dpkg-deb -f "$package" Architecture)"
    contains "_$debian_of_other.deb" "$package"
    equal 'libc6 (>= 2.17)' "$(dpkg-deb -f "$package" Depends)"
    contains 'c-ares (= ' "$(dpkg-deb -f "$package" Built-Using)"
    contains 'libconfig (= ' "$(dpkg-deb -f "$package" Built-Using)"
    small_root "$other_cpu" glibc
    dpkg-deb --extract "$package" "$root"
    equal "$EDGE_V4" "$(in_small_root caller getaddrinfo "$CDN" inet)"
    equal "$ORIGIN_V4" "$(in_small_root originbypass run -H "$CDN" caller getaddrinfo "$CDN" inet)"
}

it_makes_none_for_another_cpu_without_its_libraries() {
    needs_program dpkg-buildpackage
    needs_program dh
    mkdir -p "$TMPDIR/none"
    fails env FOREIGN="$other_cpu" FOREIGN_ROOT="$TMPDIR/none" BUILD="$TMPDIR/build/none" "$top/scripts/make-deb" 2>"$messages"
    contains "no list of packages in $TMPDIR/none" "$(<"$messages")"
}

# Made once for all tests, because it takes some seconds.
make_package() {
    needs_program dpkg-buildpackage
    needs_program dh
    package=$(echo "$TMPDIR"/build/deb/originbypass_*.deb)
    [[ -e $package ]] || package=$(make -s -C "$top" BUILD="$TMPDIR/build" deb)
}

make_package_for_the_other_cpu() {
    needs_program dpkg-buildpackage
    needs_program dh
    needs_foreign
    package=$(make -s -C "$top" ARCH="$other_cpu" BUILD="$TMPDIR/build/$other_cpu" FOREIGN_ROOT="$foreign_root" deb)
}

install_in() {
    make_package
    with_root "$1"
    cp "$package" "$root/opt/originbypass.deb"
    in_root dpkg --install /opt/originbypass.deb
}

check_all "$@"
