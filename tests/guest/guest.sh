# shellcheck shell=bash
# For the tests here: the C programs beside them, which run as guests' hosts in the lab.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"

unwell=192.0.2.53
ip address replace "$unwell/32" dev lo

# guest PROGRAM [ARGUMENT...]: the program with the library. It fails and says why if a condition is false.
guest() { bypass '*.example.com' "$(compiled "$1")" "${@:2}"; }

# silent_at_first TIMEOUT_MS DEADLINE_MS [PREFIX]: a DNS server that does not answer the first query for each type of a name
# (that begins with PREFIX). It answers the next query, which follows after the time-out.
silent_at_first() {
    with_settings "query = { timeout_ms = $1; hedge_ms = $(($1 - 1)); deadline_ms = $2; };"
    scripted_at "$unwell" 53 "silence_at_first,of=${3-}"
    export ORIGIN_BYPASS_UPSTREAMS=$unwell
}
