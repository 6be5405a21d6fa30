# shellcheck shell=bash
# For the tests here: other systems to run what was built in, in the lab's network, and the documents' own commands.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"
# shellcheck source-path=SCRIPTDIR source=../lab/documents.sh
source "$lab/documents.sh"

roots=${PACKAGING_ROOTS:-/var/cache/originbypass-tests}
needs_program() { command -v "$1" >/dev/null || skip "$1 is not installed; scripts/install-deps check installs it"; }

# --- systems ---------------------------------------------------------------------------------------------------------

# with_root NAME: a fresh, writable system of this Debian release at $root, until the test ends.
with_root() {
    [[ -d $roots/$1 ]] || skip "no system of $1: $(cat "$roots/$1.missing" 2>/dev/null || echo "tests/packaging/roots makes it")"
    needs_program bwrap
    root=$TMPDIR/root
    rm -rf "$TMPDIR"/root{,-changes,-work}
    mkdir -p "$TMPDIR"/root{,-changes,-work}
    mount -n -t overlay -o "lowerdir=$roots/$1,upperdir=$TMPDIR/root-changes,workdir=$TMPDIR/root-work" overlay "$root"
    trap 'umount -n -R "$root"' EXIT
    set_up_root "$root"
}

# Gives the system the lab's own names, like every program of the lab.
set_up_root() {
    rm -f "$1"/etc/resolv.conf
    cp "$WORLD"/etc/{resolv.conf,hosts,nsswitch.conf} "$1/etc"
}

# in_root COMMAND...: runs it in the system at $root.
in_root() {
    bwrap --bind "$root" / --proc /proc --dev /dev --tmpfs /tmp --tmpfs /run --die-with-parent --clearenv \
        --setenv PATH /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --setenv HOME / "${in_root_options[@]}" "$@"
}
in_root_options=()

# --- the build -------------------------------------------------------------------------------------------------------

# Each test file has its own copy of the build directory, because other files run make at the same time.
build=$TMPDIR/build
mkdir -p "$build"
cp -p "${LAB_LIBRARY%/*}"/{liboriginbypass.so,originbypass} "$build"
case $(uname -m) in
    aarch64) other_cpu=x86_64 ;;
    *) other_cpu=aarch64 ;;
esac

# The tree's make, without the settings of the tests, so every test makes the same. Nothing is compiled again.
make_in_tree() { make -s -C "$top" -o all -o binaries BUILD="$build" "$@"; }

# What else make binaries has built: the command for any libc, and all for the other CPU.
needs_binaries() {
    local file binaries=({,"$other_cpu/"}static/originbypass "$other_cpu"/{liboriginbypass.so,originbypass})
    for file in "${binaries[@]}"; do
        [[ -e ${LAB_LIBRARY%/*}/$file ]] || skip "there is no ${LAB_LIBRARY%/*}/$file; make binaries makes it"
    done
    (cd "${LAB_LIBRARY%/*}" && cp -p --parents "${binaries[@]}" "$build")
}

# unpack_dist DIRECTORY: packs and unpacks the archive for every container; sets unpacked to the tree.
unpack_dist() {
    needs_binaries
    rm -f "$build"/originbypass-*.tar.gz
    make_in_tree dist >/dev/null
    mkdir -p "$1"
    tar -xzf "$build"/originbypass-*.tar.gz -C "$1"
    # shellcheck disable=SC2034 # for the caller
    unpacked=$(echo "$1"/*)
}
