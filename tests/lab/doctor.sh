# shellcheck shell=bash
# For the tests of `originbypass doctor`: its report and its exit status. Sourced after check.sh.
# shellcheck disable=SC2154 # check.sh has these variables

# doctor [ARGUMENT...]: sets report and status.
doctor() {
    status=0
    "$originbypass" doctor "$@" >"$TMPDIR/report" 2>"$messages" || status=$?
    report=$(<"$TMPDIR/report")
}

# The same for a program with these hosts.
doctor_of() { ORIGIN_BYPASS_HOSTS=$1 doctor "${@:2}"; }

# tells good|note|bad TEXT...: the report has a line of this kind that contains all of these texts.
tells() {
    local line text
    while IFS= read -r line; do
        [[ ${line%% *} == "$1" ]] || continue
        for text in "${@:2}"; do [[ $line == *"$text"* ]] || continue 2; done
        return 0
    done <<<"$report"
    printf 'expected a line: %s\nin:\n%s\n' "$*" "$report"
    return 1
}

finds_nothing_bad() { lacks $'\nbad ' $'\n'"$report" && equal 0 "$status"; }

# Exactly this many lines report a problem.
finds_bad() {
    equal 1 "$status" && equal "$1" "$(grep -c '^bad ' <<<"$report")" && return
    echo "$report"
    return 1
}

configure() {
    mkdir -p /etc/originbypass
    printf '%s\n' "$1" >/etc/originbypass/originbypass.conf
}

# A program whose loader is a trap: a script with the usual name, which leaves a mark if it is run.
make_trap() {
    trap=$TMPDIR/trap program=$TMPDIR/trapped
    loader_name=$(basename "$(readelf -p .interp /bin/sh | grep -o '/.*')")
    mkdir -p "$trap"
    printf '#!/bin/sh\n: >%s/sprung\n' "$trap" >"$trap/$loader_name"
    chmod 755 "$trap/$loader_name"
    echo 'int main(void) { for (;;) pause(); }' |
        cc -include unistd.h -x c -Wl,--dynamic-linker="$trap/$loader_name" -o "$program" -
}

was_not_trapped() { [[ ! -e $trap/sprung ]] || { echo 'something that the program names was run' && return 1; }; }

# A program with the usual loader and a trap: a library that audits it, which leaves a mark if it is loaded.
make_audit_trap() {
    trap=$TMPDIR/trap program=$TMPDIR/audited
    mkdir -p "$trap"
    printf '#include <fcntl.h>\nunsigned la_version(unsigned v) { open("%s/sprung", O_CREAT | O_WRONLY, 0600); return v; }\n' "$trap" |
        cc -shared -fPIC -x c -o "$trap/audit.so" -
    echo 'int main(void) { for (;;) pause(); }' |
        cc -include unistd.h -x c -Wl,--audit="$trap/audit.so" -Wl,--depaudit="$trap/audit.so" -o "$program" -
}
