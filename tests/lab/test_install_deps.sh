#!/usr/bin/env bash
# scripts/install-deps, with our own apt-get that "installs" a program by uncovering it.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

policy=/usr/sbin/policy-rc.d
install_deps=$top/scripts/install-deps

it_does_nothing_when_nothing_is_missing() {
    stand_in_for_apt
    "$install_deps" build demo check >"$TMPDIR/said" 2>&1 || :
    equal '' "$(<"$TMPDIR/said")"
    fails test -e "$TMPDIR/apt"
}

it_says_what_is_missing_and_why_and_installs_that_alone() {
    stand_in_for_apt
    hide dig
    hide curl
    "$install_deps" demo >"$TMPDIR/said" 2>&1
    contains 'bind9-dnsutils   asks the lab' "$(<"$TMPDIR/said")"
    contains 'curl             a program' "$(<"$TMPDIR/said")"
    equal 'update
install -y --no-install-recommends curl bind9-dnsutils
frontend noninteractive' "$(grep -v '^policy\|^systemctl' "$TMPDIR/apt")"
}

# The names of Debian's packages for x86_64 have no underscore, but those of the programs in them have one.
it_finds_the_compiler_for_the_other_cpu_on_either_cpu() {
    stand_in_for_apt
    local machine
    for machine in aarch64 x86_64; do
        echo "echo $machine" | stand_in uname
        "$install_deps" cross
    done
    fails test -e "$TMPDIR/apt"
}

it_takes_another_package_where_apt_does_not_know_the_first() {
    stand_in_for_apt
    hide dig
    APT_DOES_NOT_KNOW=bind9-dnsutils "$install_deps" demo
    contains 'install -y --no-install-recommends dnsutils' "$(<"$TMPDIR/apt")"
}

it_keeps_the_services_of_what_it_installs_from_starting_at_the_next_boot() {
    stand_in_for_apt
    hide unbound
    "$install_deps" demo
    contains ' unbound.service' "$(grep '^systemctl disable' "$TMPDIR/apt")"
}

it_looks_for_what_the_group_needs_alone() {
    stand_in_for_apt
    hide dig
    "$install_deps" build
    "$install_deps"
    fails test -e "$TMPDIR/apt"
}

it_forbids_services_to_start_while_it_installs() {
    stand_in_for_apt
    hide dig
    "$install_deps" demo
    equal 'policy 101' "$(grep '^policy' "$TMPDIR/apt")"
    fails test -e "$policy"
}

it_brings_back_a_policy_that_was_there() {
    stand_in_for_apt
    hide dig
    printf '#!/bin/sh\nexit 0\n' >"$policy"
    "$install_deps" demo
    equal 'policy 101' "$(grep '^policy' "$TMPDIR/apt")"
    equal 'exit 0' "$(tail -n 1 "$policy")"
}

it_brings_the_policy_back_when_the_installation_fails() {
    stand_in_for_apt
    hide dig
    printf '#!/bin/sh\nexit 0\n' >"$policy"
    APT_FAILS=yes fails "$install_deps" demo
    equal 'exit 0' "$(tail -n 1 "$policy")"
}

it_brings_the_policy_back_when_it_is_interrupted() {
    stand_in_for_apt
    hide dig
    printf '#!/bin/sh\nexit 0\n' >"$policy"
    APT_HANGS=yes "$install_deps" demo &
    until_true test -e "$TMPDIR/hanging"
    kill -TERM $! "$(<"$TMPDIR/hanging")"
    fails wait $!
    equal 'exit 0' "$(tail -n 1 "$policy")"
}

it_names_the_packages_and_stops_without_the_right_to_install() {
    stand_in_for_apt
    hide dig
    stand_in sudo <<<'exit 1'
    local status=0
    unshare --user "$install_deps" demo 2>"$TMPDIR/said" || status=$?
    equal 1 "$status"
    contains 'no right to install' "$(<"$TMPDIR/said")"
    contains 'apt-get install --no-install-recommends bind9-dnsutils' "$(<"$TMPDIR/said")"
    fails test -e "$TMPDIR/apt"
}

it_uses_sudo_where_that_asks_for_no_password() {
    stand_in_for_apt
    hide dig
    fails unshare --user "$install_deps" demo 2>"$TMPDIR/said" # without the right to uncover, the programs stay hidden
    contains 'install -y --no-install-recommends bind9-dnsutils' "$(<"$TMPDIR/apt")"
}

it_says_so_where_there_is_no_apt() {
    stand_in_for_apt
    hide dig
    rm "$TMPDIR/stand-in/apt-get"
    hide apt-get
    local status=0
    "$install_deps" demo 2>"$TMPDIR/said" || status=$?
    equal 1 "$status"
    contains 'there is no apt-get here' "$(<"$TMPDIR/said")"
}

it_fails_when_something_is_still_missing_afterwards() {
    stand_in_for_apt
    hide dig
    local status=0
    APT_FAILS=yes "$install_deps" demo 2>"$TMPDIR/said" || status=$?
    equal 1 "$status"
    contains 'still missing' "$(<"$TMPDIR/said")"
}

it_refuses_an_unknown_group() {
    local status=0
    "$install_deps" everything 2>"$TMPDIR/said" || status=$?
    equal 2 "$status"
}

# In PATH: an apt-get that records its arguments and what the policy said, and the other tools that go with it. In place
# of /usr/sbin, where the policy is: our own directory with the same programs.
stand_in_for_apt() {
    trap uncover EXIT
    rm -rf "$TMPDIR"/{apt,hanging,hidden,sbin,stand-in}
    mkdir -p "$TMPDIR"/{machine-sbin,sbin,stand-in}
    mount -n --bind /usr/sbin "$TMPDIR/machine-sbin"
    ln -s "$TMPDIR"/machine-sbin/* "$TMPDIR/sbin"
    rm -f "$TMPDIR/sbin/policy-rc.d"
    mount -n --bind "$TMPDIR/sbin" /usr/sbin
    : >"$TMPDIR/hidden"
    stand_in apt-get <<'END'
shift 3 # -q -o DPkg::Lock::Timeout=120
echo "$@" >>"$TMPDIR/apt"
[ "$1" = install ] || exit 0
echo "frontend $DEBIAN_FRONTEND" >>"$TMPDIR/apt"
/usr/sbin/policy-rc.d
echo "policy $?" >>"$TMPDIR/apt"
[ -z "$APT_HANGS" ] || { echo $$ >"$TMPDIR/hanging"; exec sleep 60; }
[ -z "$APT_FAILS" ] || exit 100
xargs -r umount -n <"$TMPDIR/hidden" && : >"$TMPDIR/hidden"
END
    stand_in apt-cache <<'END'
[ "$2" != "$APT_DOES_NOT_KNOW" ]
END
    stand_in systemctl <<'END'
echo "systemctl $*" >>"$TMPDIR/apt"
END
    stand_in sudo <<'END'
[ "$1" = -n ] && shift && exec "$@"
END
    PATH=$TMPDIR/stand-in:$PATH
}

stand_in() {
    { echo '#!/bin/sh' && cat; } >"$TMPDIR/stand-in/$1"
    chmod +x "$TMPDIR/stand-in/$1"
}

hide() {
    local program
    program=$(command -v "$1")
    mount -n --bind /dev/null "$program"
    echo "$program" >>"$TMPDIR/hidden"
}

uncover() {
    xargs -r umount -n <"$TMPDIR/hidden"
    umount -n /usr/sbin
    umount -n "$TMPDIR/machine-sbin"
}

check_all "$@"
