#!/usr/bin/env bash
# The library in /etc/ld.so.preload, and so in every program of the machine. Each still does what it did before.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=matrix.sh
source "$lab/matrix.sh"
shopt -s inherit_errexit

everywhere=/run/lab/lib/liboriginbypass.so # readable for every user, unlike some build directories
as_another_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)

it_is_in_every_program_that_starts() {
    lacks "$everywhere" "$(cat /proc/self/maps)"
    preload_everywhere
    contains "$everywhere" "$(cat /proc/self/maps)"
}

it_leaves_a_shell_as_it_was() {
    local shell
    for shell in bash dash; do
        runs_as_before "$shell" -c 'printf "%s\n" /usr/*; echo one two | wc; (exit 3); echo $?; not-there; kill $$'
        contains 'not found' "$before"
        contains 'exit status 143' "$before"
    done
}

it_leaves_apt_get_as_it_was() {
    make_apt_repository
    runs_as_before apt_get_update file:/run/lab/files/repository
    contains 'exit status 0' "$before"
    runs_as_before apt_get_update http://intranet.example.com/files/repository
    contains 'exit status 0' "$before"
    runs_as_before apt_get_update http://intranet.example.com/files/not-there
    contains '404  Not Found' "$before"
}

it_leads_apt_get_to_the_origin() {
    make_apt_repository
    fails apt_get_update "http://$CDN/files/repository"
    preload_everywhere
    apt_get_update "http://$CDN/files/repository"
}

it_leaves_ssh_as_it_was() {
    runs_as_before ssh -V
    contains OpenSSH "$before"
    runs_as_before ssh -F none -o BatchMode=yes nobody@intranet.example.com
    contains 'Connection refused' "$before"
    runs_as_before ssh -F none -o BatchMode=yes nobody@nowhere.example.net
    contains 'Could not resolve hostname' "$before"
}

it_leaves_git_as_it_was() {
    runs_as_before commit_and_clone
    contains 'create mode 100644 greeting' "$before"
    contains "not-there.git/' not found" "$before"
}

it_leaves_a_compiler_as_it_was() {
    runs_as_before compile_and_run "${CC:-cc}" -g -O2 -pthread
    contains "$EDGE_V4 16" "$before"
    input='int main(void) { return nothing; }' runs_as_before "${CC:-cc}" -c -o "$TMPDIR/broken.o" -x c -
    contains 'undeclared' "$before"
}

it_leaves_other_languages_as_they_were() {
    runs_as_before python3 -c 'import socket, subprocess
print(subprocess.run(["true"]), socket.gethostbyname_ex("intranet.example.com"))'
    contains "returncode=0) ('intranet.example.com', [], ['$LOCAL_WEB'])" "$before"
    runs_as_before perl -MSocket -e 'print inet_ntoa(scalar gethostbyname "intranet.example.com"), " ", fork ? wait > 0 : exit'
    contains "$LOCAL_WEB 1" "$before"
    runs_as_before node -p '"node " + process.version'
    contains 'node v' "$before"
    runs_as_before "${java[@]}" -version
    contains 'openjdk version' "$before"
}

it_leaves_a_setuid_program_as_it_was() {
    needs_other_users
    runs_as_before "${as_another_user[@]}" su --version
    contains "util-linux" "$before"
    runs_as_before "${as_another_user[@]}" passwd -S
    contains 'nobody ' "$before"
    give_nobody_a_shell
    input='id; exit 5' runs_as_before env SHELL=/bin/sh "${as_another_user[@]}" newgrp nogroup
    contains 'uid=65534(nobody)' "$before"
}

# Once the program has capabilities, the loader ignores LD_PRELOAD.
it_serves_a_program_with_file_capabilities_and_only_so() {
    needs_other_users
    cp /usr/bin/curl "$TMPDIR/curl"
    install_library
    local fetch=("${as_another_user[@]}" "$TMPDIR/curl" -sSf --max-time 20)
    local preloaded=(env LD_PRELOAD="$everywhere" ORIGIN_BYPASS_HOSTS="$CDN")
    equal origin "$(where "${preloaded[@]}" "${fetch[@]}" "http://$CDN/")"
    setcap cap_net_bind_service+ep "$TMPDIR/curl"
    equal edge "$(where "${preloaded[@]}" "${fetch[@]}" "http://$CDN/")"
    preload_everywhere
    equal origin "$(where "${fetch[@]}" "http://$CDN/")"
    equal 'local network' "$(where "${fetch[@]}" http://intranet.example.com/)"
}

it_says_nothing_of_a_broken_configuration_in_programs_that_never_resolve() {
    configuration='hosts = ('
    runs_as_before bash -c 'echo one two | cat; git --version; ssh -G -F none host; perl -v; apt-get --version'
    contains 'one two' "$before"
    preload_everywhere
    contains 'configuration refused' "$(getent hosts "$CDN" 2>&1)"
}

# --- before and after ------------------------------------------------------------------------------------------------

configuration="hosts = ( \"$CDN\" );"

# runs_as_before COMMAND...: the same output, errors and exit status with the library. Sets before; "input" is its input.
runs_as_before() {
    local after
    before=$(all_of_it "$@")
    preload_everywhere
    after=$(all_of_it "$@")
    rm /etc/ld.so.preload
    equal "$before" "$after"
}

all_of_it() {
    local status=0
    "$@" >"$TMPDIR/out" 2>"$TMPDIR/err" <<<"${input-}" || status=$?
    cat "$TMPDIR/out"
    echo "errors:"
    cat "$TMPDIR/err"
    echo "exit status $status"
}

install_library() { install -D -m 755 "$LAB_LIBRARY" "$everywhere"; }

preload_everywhere() {
    install_library
    mkdir -p /etc/originbypass
    echo "$configuration" >/etc/originbypass/originbypass.conf
    echo "$everywhere" >/etc/ld.so.preload
}

# A user namespace has only one user, so the loader sees no change of users.
needs_other_users() {
    can_become_another_user || skip "only root can become another user, which a setuid program needs"
}

# newgrp of shadow starts $SHELL; that of util-linux starts the shell in /etc/passwd, which is nologin.
give_nobody_a_shell() {
    sed '/^nobody:/s|[^:]*$|/bin/sh|' /etc/passwd >"$TMPDIR/passwd"
    rm /etc/passwd # in the lab, a link to the real one
    trap 'ln -sf "$LAB/etc/passwd" /etc/passwd' EXIT
    install -m 644 "$TMPDIR/passwd" /etc/passwd
}

can_become_another_user() { "${as_another_user[@]}" true 2>/dev/null; }

# --- what runs -------------------------------------------------------------------------------------------------------

make_apt_repository() {
    local repository=$LAB/files/repository
    mkdir -p "$repository"
    printf '%s\n' 'Package: hello' 'Version: 1' 'Architecture: all' 'Filename: ./hello.deb' 'Size: 1' \
        'Description: nothing' >"$repository/Packages"
}

# apt_get_update REPOSITORY: without the machine's settings, some of which remove its files. The speeds that it prints
# differ from run to run.
apt_get_update() {
    local state=$TMPDIR/apt
    rm -rf "$state"
    mkdir -p "$state"/{lists,cache}/partial
    echo "deb [trusted=yes] $1 ./" >"$state/sources.list"
    cat >"$state/apt.conf" <<END
Dir::Etc { Main "/dev/null"; Parts "/dev/null"; SourceList "$state/sources.list"; SourceParts "/dev/null"; };
Dir::State::Lists "$state/lists";
Dir::Cache "$state/cache";
APT::Update::Error-Mode "any";
END
    can_become_another_user || echo 'APT::Sandbox::User "root";' >>"$state/apt.conf"
    APT_CONFIG=$state/apt.conf apt-get update | sed 's/^Fetched .*/Fetched/'
}

commit_and_clone() {
    rm -rf "$TMPDIR"/{work,clone}
    export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
    git init -q -b main "$TMPDIR/work" &&
        echo hello >"$TMPDIR/work/greeting" &&
        git -C "$TMPDIR/work" add greeting &&
        git -C "$TMPDIR/work" -c user.name=lab -c user.email=lab@example.com commit -m greeting &&
        git -C "$TMPDIR/work" log --stat &&
        git clone "file://$TMPDIR/work" "$TMPDIR/clone" &&
        git -C "$TMPDIR/clone" ls-remote http://intranet.example.com/files/not-there.git
}

compile_and_run() {
    "$@" -o "$TMPDIR/crowd" "$lab/crowd.c" && sha256sum "$TMPDIR/crowd" && "$TMPDIR/crowd" 4 4 2 many.example.com
}

check_all "$@"
