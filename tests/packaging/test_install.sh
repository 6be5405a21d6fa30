#!/usr/bin/env bash
# make install, make uninstall, make dist.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"
# shellcheck source-path=SCRIPTDIR source=small_roots.sh
source "$(dirname "${BASH_SOURCE[0]}")/small_roots.sh"

it_installs_under_usr_local_where_nothing_is_said() {
    install_tree
    equal 755 "$(stat -c %a "$tree/usr/local/lib/liboriginbypass.so")"
    cmp "$LAB_LIBRARY" "$tree/usr/local/lib/liboriginbypass.so"
    [[ -x $tree/usr/local/share/originbypass/entrypoint ]]
    local page
    for page in "$top"/preload/man/*; do
        cmp "$page" "$tree/usr/local/share/man/man${page##*.}/${page##*/}"
    done
    [[ ! -e $build/originbypass || -x $tree/usr/local/bin/originbypass ]]
}

it_installs_where_it_is_told_to() {
    install_tree PREFIX=/opt/bypass LIBDIR=/opt/bypass/lib64
    [[ -e $tree/opt/bypass/lib64/liboriginbypass.so && ! -e $tree/usr ]]
}

it_installs_the_licences_of_all_that_is_linked_in() {
    install_tree
    contains 'Permission is hereby granted' "$(<"$tree/usr/local/share/doc/originbypass/LICENSE")"
    contains 'Massachusetts' "$(<"$tree/usr/local/share/doc/originbypass/c-ares")"
    contains 'LGPL' "$(<"$tree/usr/local/share/doc/originbypass/libconfig")"
    contains 'GNU LESSER GENERAL PUBLIC LICENSE' "$(<"$tree/usr/local/share/doc/originbypass/LGPL-2.1")"
}

it_replaces_a_library_that_programs_have_mapped_and_leaves_theirs_as_it_was() {
    install_tree
    local library=$tree/usr/local/lib/liboriginbypass.so before
    cp --remove-destination "$library" "$TMPDIR/before.so"
    before=$(stat -c %i "$library")
    exec {mapped}<"$library"
    LD_PRELOAD=$library sleep 60 &
    end_with_the_test $!
    until_true grep -q "$library" "/proc/$!/maps"
    install_again
    fails equal "$before" "$(stat -c %i "$library")"
    cmp "$TMPDIR/before.so" "/proc/self/fd/$mapped"
    contains "$library (deleted)" "$(cat "/proc/$!/maps")"
    equal '' "$(find "$tree" -name '*.new')"
}

it_leaves_the_old_library_where_the_new_one_can_not_be_written() {
    install_tree
    local library=$tree/usr/local/lib/liboriginbypass.so
    mkdir "$library.new" # where the new file would be written
    mkdir "$library.new/liboriginbypass.so"
    fails install_again 2>"$messages"
    contains "could not install $library" "$(<"$messages")"
    cmp "$LAB_LIBRARY" "$library"
}

it_says_so_where_nothing_is_built() {
    fails make -s -C "$top" -o all BUILD="$TMPDIR/empty" DESTDIR="$TMPDIR/nowhere" install 2>"$messages"
    contains 'build it with make' "$(<"$messages")"
}

it_removes_what_it_installed_and_nothing_else() {
    install_tree
    touch "$tree/usr/local/lib/another"
    make_in_tree DESTDIR="$tree" uninstall
    equal "$tree/usr/local/lib/another" "$(find "$tree" -type f)"
    [[ ! -e $tree/usr/local/share/originbypass ]]
}

it_does_not_remove_a_library_that_every_program_is_told_to_load() {
    install_tree
    mkdir -p "$tree/etc"
    echo /usr/local/lib/liboriginbypass.so >"$tree/etc/ld.so.preload"
    fails make_in_tree DESTDIR="$tree" uninstall 2>"$messages"
    contains 'take that line out first' "$(<"$messages")"
    [[ -e $tree/usr/local/lib/liboriginbypass.so ]]
}

it_packs_a_tree_that_works_wherever_it_is_unpacked() {
    local unpacked
    unpack_dist "$TMPDIR/some where"
    [[ -s $unpacked/README.md ]]
    unpacked=$TMPDIR/elsewhere
    mkdir -p "$unpacked"
    mv "$TMPDIR/some where"/*/* "$unpacked"
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_HOSTS=$CDN "$unpacked/share/originbypass/entrypoint" getent ahostsv4 "$CDN" |
        awk 'NR == 1 { print $1 }')"
}

it_packs_binaries_without_debugging_information() {
    local unpacked
    unpack_dist "$TMPDIR/packed"
    local file
    for file in "$unpacked"/lib/*/*; do lacks .debug_info "$(readelf --section-headers --wide "$file")"; done
    equal 'root/root' "$(tar -tvzf "$build"/originbypass-*.tar.gz | awk '{ print $2 }' | sort -u | sed 's|0/0|root/root|')"
}

it_packs_one_archive_that_gives_the_origin_with_either_libc_on_either_cpu() {
    local unpacked machine libc
    unpack_dist "$TMPDIR/packed"
    for machine in "$(uname -m)" "$other_cpu"; do
        for libc in glibc musl; do
            small_root "$machine" "$libc"
            cp -R "$unpacked" "$root/opt/originbypass"
            equal "$EDGE_V4" "$(in_small_root caller getaddrinfo "$CDN" inet)"
            equal "$machine-$libc $ORIGIN_V4" "$machine-$libc $(in_small_root /opt/originbypass/bin/originbypass run -H "$CDN" \
                caller getaddrinfo "$CDN" inet)"
            equal "$ORIGIN_V4" "$(in_small_root env "ORIGIN_BYPASS_HOSTS=$CDN" /opt/originbypass/share/originbypass/entrypoint \
                caller getaddrinfo "$CDN" inet)"
        done
    done
}

it_packs_an_entrypoint_that_finds_the_library_of_the_cpu_where_the_command_is_left_out() {
    local unpacked machine libc
    unpack_dist "$TMPDIR/packed"
    for machine in "$(uname -m)" "$other_cpu"; do
        for libc in glibc musl; do
            small_root "$machine" "$libc"
            cp -R "$unpacked" "$root/opt/originbypass"
            rm "$root"/opt/originbypass/{bin,lib/*}/originbypass
            equal "$machine-$libc $ORIGIN_V4" "$machine-$libc $(in_small_root env "ORIGIN_BYPASS_HOSTS=$CDN" \
                /opt/originbypass/share/originbypass/entrypoint caller getaddrinfo "$CDN" inet)"
        done
    done
}

it_packs_a_command_that_is_found_through_a_link() {
    local unpacked
    unpack_dist "$TMPDIR/packed"
    small_root "$(uname -m)" glibc
    cp -R "$unpacked" "$root/opt"
    ln -s "../opt/${unpacked##*/}/bin/originbypass" "$root/bin/originbypass"
    equal "$ORIGIN_V4" "$(in_small_root originbypass run -H "$CDN" caller getaddrinfo "$CDN" inet)"
}

it_packs_a_command_that_says_so_on_a_cpu_that_is_not_supported() {
    local unpacked status=0
    unpack_dist "$TMPDIR/packed"
    mkdir -p "$TMPDIR/another"
    printf '#!/bin/sh\necho riscv64\n' >"$TMPDIR/another/uname"
    chmod +x "$TMPDIR/another/uname"
    PATH=$TMPDIR/another:$PATH "$unpacked/bin/originbypass" run true 2>"$messages" || status=$?
    equal 125 "$status"
    contains "there is no $unpacked/lib/riscv64/originbypass" "$(<"$messages")"
}

it_packs_the_manual_pages_and_all_licences() {
    local unpacked page
    unpack_dist "$TMPDIR/packed"
    for page in "$top"/preload/man/*; do cmp "$page" "$unpacked/share/man/man${page##*.}/${page##*/}"; done
    equal 'LGPL-2.1 LICENSE c-ares libconfig musl ' \
        "$(cd "$unpacked/share/doc/originbypass" && printf '%s\n' * | LC_ALL=C sort | tr '\n' ' ')"
}

it_packs_the_same_octets_each_time() {
    local unpacked
    unpack_dist "$TMPDIR/packed"
    cp "$build"/originbypass-*.tar.gz "$TMPDIR/first"
    touch "$build"/liboriginbypass.so
    (umask 077 && make_in_tree dist) >/dev/null
    cmp "$TMPDIR/first" "$build"/originbypass-*.tar.gz
}

it_says_what_is_missing_to_pack() {
    needs_binaries
    rm "$build/static/originbypass"
    fails make_in_tree dist 2>"$messages"
    contains "there is no $build/static/originbypass; make STATIC=1 ARCH=$(uname -m) builds it" "$(<"$messages")"
    mkdir -p "$TMPDIR/path"
    ln -sf "$(command -v make)" /bin/sh /usr/bin/{env,uname,sed,cc,bash} "$TMPDIR/path"
    fails env PATH="$TMPDIR/path" make -s -C "$top" dist 2>"$messages"
    contains "there is no $other_cpu-linux-gnu-gcc; scripts/install-deps dist installs it" "$(<"$messages")"
    rm "$TMPDIR/path/uname"
    printf '#!/bin/sh\necho %s\n' "$other_cpu" >"$TMPDIR/path/uname"
    chmod +x "$TMPDIR/path/uname"
    fails env PATH="$TMPDIR/path" make -s -C "$top" dist 2>"$messages"
    contains "there is no $(uname -m)-linux-gnu-gcc; scripts/install-deps dist installs it" "$(<"$messages")"
    fails make -s -C "$top" ARCH="$other_cpu" BUILD="$TMPDIR/not-made" dist 2>"$messages"
    contains 'is for both CPUs: leave ARCH out' "$(<"$messages")"
    [[ ! -e $TMPDIR/not-made ]]
}

# install_tree [VARIABLE=VALUE...]: installs into $tree, which is empty before.
install_tree() {
    tree=$TMPDIR/tree
    rm -rf "$tree"
    install_again "$@"
}

install_again() { make_in_tree DESTDIR="$tree" "$@" install; }

check_all "$@"
