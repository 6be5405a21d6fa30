# shellcheck shell=bash
# For the tests here: small systems of either libc, for this CPU or the other one, in which the command `in_small_root`
# runs programs. Sourced after packaging.sh.
# shellcheck disable=SC2154,SC2034 # packaging.sh has these variables, and the tests use them

here=${BASH_SOURCE[0]%/*}
debian_of_other=amd64
[[ $other_cpu != aarch64 ]] || debian_of_other=arm64
foreign_root=${LAB_LIBRARY%/*}/$other_cpu/root

# small_root CPU LIBC: at $root a system with this libc (glibc or musl), busybox, and /bin/caller, a program that looks
# names up. It has the lab's names.
small_root() {
    cpu=$1
    needs_program bwrap
    [[ $cpu == "$(uname -m)" ]] || needs_foreign
    root=$TMPDIR/$2-$cpu
    [[ ! -e $root ]] || rm -r "$root"
    mkdir -p "$root"/{bin,dev,proc,tmp,run,opt,etc,lib,lib64,usr/local}
    add_busybox && "add_$2" && add_places_for_qemu && set_up_root "$root"
}

add_busybox() {
    local busybox applet
    if [[ $cpu == "$(uname -m)" ]]; then
        needs_program busybox
        busybox=$(command -v busybox)
    else
        busybox=$(find "$foreign_root" -type f -path '*bin/busybox')
        [[ -n $busybox ]] || skip "there is no busybox in $foreign_root; remove that directory, and make fetches it"
    fi
    cp "$busybox" "$root/bin"
    for applet in sh cat cp dirname env grep head id ls mkdir readlink tar true uname; do
        ln -s busybox "$root/bin/$applet"
    done
}

add_glibc() {
    local compiler=${CC:-cc} loader libc
    [[ $cpu == "$(uname -m)" ]] || compiler=$cpu-linux-gnu-gcc
    "$compiler" -std=gnu11 -D_GNU_SOURCE -pthread -o "$root/bin/caller" "$lab/caller.c" || return
    loader=$(interpreter_of "$root/bin/caller")
    if [[ $cpu == "$(uname -m)" ]]; then
        libc=$("$compiler" -print-file-name=libc.so.6)
        cp -L "$loader" "$root$loader"
    else
        libc=$foreign_root/usr/lib/$cpu-linux-gnu/libc.so.6
        cp -L "$foreign_root$loader" "$root$loader" 2>/dev/null ||
            cp -L "$foreign_root/lib/$cpu-linux-gnu/${loader##*/}" "$root$loader"
    fi
    cp -L "$libc" "$root/lib"
}

# musl's loader is its libc.
add_musl() {
    local specs=$TMPDIR/musl-$cpu.specs libc
    if [[ $cpu == "$(uname -m)" ]]; then
        needs_program musl-gcc
        musl-gcc -std=gnu11 -D_GNU_SOURCE -pthread -o "$root/bin/caller" "$lab/caller.c" || return
        libc=/usr/lib/$cpu-linux-musl/libc.so
    else
        sed "s|/usr/|$foreign_root/usr/|g" "$foreign_root/usr/lib/$cpu-linux-musl/musl-gcc.specs" >"$specs"
        "$cpu-linux-gnu-gcc" -specs "$specs" -std=gnu11 -D_GNU_SOURCE -pthread -o "$root/bin/caller" "$lab/caller.c" ||
            return
        libc=$foreign_root/usr/lib/$cpu-linux-musl/libc.so
    fi
    cp -L "$libc" "$root/lib/ld-musl-$cpu.so.1"
}

# Where bwrap puts qemu and its libraries; it cannot make these places in a system that it mounts read-only.
add_places_for_qemu() {
    [[ $cpu != "$(uname -m)" ]] || return 0
    local file
    for file in $(files_of_qemu); do
        mkdir -p "$root${file%/*}" && touch "$root$file" || return
    done
}

interpreter_of() { readelf --program-headers --wide "$1" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p'; }

# in_small_root COMMAND...: runs it in the system at $root.
in_small_root() {
    if [[ $cpu == "$(uname -m)" ]]; then in_root "$@"; else in_foreign_root "$@"; fi
}

# --- the other CPU ---------------------------------------------------------------------------------------------------

# The kernel's list of interpreters for other formats (binfmt_misc) can be one of a user namespace, since Linux 6.7: what
# is entered there is not seen by the machine. The interpreter is opened when it is entered, and so need not be in the
# system in which it is used; only what qemu itself is linked with has to be.
in_foreign_root() {
    local options in_root_options=("${in_root_options[@]}")
    read -r -a options < <(options_for_qemu)
    in_root_options+=("${options[@]}")
    with_interpreter in_root "$@"
}

# bwrap's options that bring qemu into a system.
options_for_qemu() {
    local file
    for file in $(files_of_qemu); do printf '%s ' --ro-bind "$file" "$file"; done
    echo
}

files_of_qemu() {
    command -v "qemu-$cpu"
    ldd "$(command -v "qemu-$cpu")" | grep -o '/[^ ]*'
}

# with_interpreter FUNCTION ARGUMENT...: calls it where programs of $cpu can be executed.
with_interpreter() {
    export -f in_root
    export root TMPDIR
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --user --map-root-user --mount bash -euc '
        mount -n -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        printf "%s" "$1" >/proc/sys/fs/binfmt_misc/register
        eval "in_root_options=($2)"
        "${@:3}"' bash "$(entry_of_interpreter)" "${in_root_options[*]@Q}" "$@"
}

# An ELF file for the CPU: 64 bits, little-endian, a program or a shared object (proc(5), binfmt_misc).
entry_of_interpreter() {
    local machine
    case $cpu in
        aarch64) machine='\xb7\x00' ;;
        x86_64) machine='\x3e\x00' ;;
    esac
    local magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00'
    local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    echo ":$cpu:M::$magic$machine:$mask:$TMPDIR/interpret-$cpu:F"
}

# needs_foreign: skips the test if this machine cannot build for the other CPU, or not run what it built.
needs_foreign() {
    needs_program "qemu-$other_cpu"
    needs_program "$other_cpu-linux-gnu-gcc"
    [[ -d $foreign_root ]] || skip "there is no $foreign_root; make ARCH=$other_cpu makes it"
    unshare --user --map-root-user --mount mount -n -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc 2>/dev/null ||
        skip 'this kernel has no binfmt_misc of its own for a user namespace: it is older than 6.7, or forbids it'
    local interpret=$TMPDIR/interpret-$other_cpu qemu
    qemu=$(command -v "qemu-$other_cpu")
    [[ -e $interpret ]] ||
        "${CC:-cc}" -static -O1 -D_GNU_SOURCE "-DQEMU=\"$qemu\"" -o "$interpret" "$here/interpret.c"
}
