# shellcheck shell=bash
# The world of the problem, inside the namespaces that `enter` made, and the functions that change and observe it.
#
# Every address is on the loopback interface. There is no other interface, and no route leads anywhere else.
#
#     8.8.8.8          external DNS: unbound, recursing to the authority
#     1.1.1.1          external DNS: dnsmasq, forwarding to the authority
#     198.51.100.53    the authority of the Internet's names: knot with world/internet.zone
#     203.0.113.53     the hidden primary of example.com: knot with world/primary.zone
#     10.0.0.10        the local DNS in /etc/resolv.conf: dnsmasq, which leads CDN names to the edge
#     web              one nginx: the edge (104.21.80.230, 2606:4700:3030::6815:50e6) refuses everything,
#                      the origin (203.0.113.7, 2001:db8::7) checks Host and SNI, 10.0.0.80 is a plain web server
#
# A server is started, stopped and silenced by its name in the first column. /etc is writable here; it is the lab's own.

# shellcheck disable=SC2034 # many of these variables are used by the files that source this one
LAB=/run/lab
EDGE_V4=104.21.80.230 EDGE_V6=2606:4700:3030::6815:50e6
ORIGIN_V4=203.0.113.7 ORIGIN_V6=2001:db8::7
LOCAL_WEB=10.0.0.80
LOCAL_DNS=10.0.0.10 AUTHORITY=198.51.100.53 PRIMARY=203.0.113.53
RESOLVERS=("$LOCAL_DNS" 8.8.8.8 1.1.1.1)
SERVERS=("$AUTHORITY" "$PRIMARY" "$LOCAL_DNS" 8.8.8.8 1.1.1.1 web)
WORLD=$(cd "$(dirname "${BASH_SOURCE[0]}")/world" && pwd)

# --- making it -------------------------------------------------------------------------------------------------------

make_world() {
    make_filesystem && make_network && make_zone && copy_servers || return
    make_certificates 2>"$LAB/log/openssl" || { cat "$LAB/log/openssl" >&2 && return 1; }
    local server
    for server in "${SERVERS[@]}"; do launch "$server"; done
    for server in "${SERVERS[@]}"; do await "$server" || return; done
}

# /run is covered because it has doors to the outside (the sockets of nscd and systemd-resolved), and /var/log because
# servers open their default log before they read where to log. /etc becomes a directory of links to the real entries,
# and ours replace those that name resolution reads. In a lab within the lab, the real entries are not in /etc and are
# about to be covered, so they are bound through the working directory.
make_filesystem() (
    if [[ -d $LAB/etc ]]; then cd "$LAB/etc"; else cd /etc; fi || return
    mount -n -t proc proc /proc 2>/dev/null # refused inside some containers; nothing here depends on it
    mount -n -t tmpfs lab /run && mount -n -t tmpfs lab /var/log && mkdir -p /var/log/nginx || return
    mkdir -p "$LAB"/{bin,etc,log,pid,tls,tmp,nginx,knot,primary} || return
    mount -n --no-canonicalize --rbind . "$LAB/etc" && mount -n -t tmpfs lab /etc || return
    shopt -s dotglob
    local entry
    for entry in "$LAB"/etc/*; do
        if [[ -L $entry ]]; then cp -P "$entry" /etc; else ln -s "$entry" /etc; fi || return
    done
    restore_etc
)

# Hides the machine's own settings for the library and for preloading.
restore_etc() {
    cp --remove-destination "$WORLD"/etc/* /etc
    rm -rf /etc/originbypass /etc/ld.so.preload
}

make_network() {
    ip link set lo up || return
    local address
    for address in "$AUTHORITY" "$PRIMARY" "$LOCAL_DNS" "$LOCAL_WEB" 8.8.8.8 1.1.1.1 "$EDGE_V4" "$ORIGIN_V4"; do
        ip address add "$address/32" dev lo || return
    done
    for address in "$EDGE_V6" "$ORIGIN_V6"; do
        ip address add "$address/128" dev lo nodad && continue
        echo "lab: the world needs IPv6 on the loopback interface (net.ipv6.conf.lo.disable_ipv6 = 0)" >&2
        return 1
    done
}

# Long answers are generated: sixty.example.com, and crowd.example.com, which needs TCP whatever EDNS allows.
make_zone() {
    cp "$WORLD"/{internet,primary}.zone "$LAB" &&
        printf 'sixty.example.com. A 203.0.113.%d\n' {1..60} >>"$LAB/internet.zone" &&
        printf 'crowd.example.com. A 203.0.113.%d\n' {1..120} >>"$LAB/internet.zone"
}

# One certification authority, and one certificate each for the origin and the edge; Cloudflare has one for its customers.
make_certificates() {
    local tls=$LAB/tls key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes) server
    openssl req -x509 "${key[@]}" -days 2 -subj '/CN=originbypass lab CA' -out "$tls/ca.pem" -keyout "$tls/ca.key" \
        -addext keyUsage=critical,keyCertSign,cRLSign || return
    printf '%s\n' subjectAltName=DNS:example.com,DNS:*.example.com,DNS:*.example.net,DNS:*.apps.example.net \
        basicConstraints=critical,CA:FALSE authorityKeyIdentifier=keyid extendedKeyUsage=serverAuth >"$tls/server.ext"
    for server in origin edge; do
        openssl req "${key[@]}" -subj "/CN=$server" -out "$tls/$server.csr" -keyout "$tls/$server.key" &&
            openssl x509 -req -in "$tls/$server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 2 \
                -extfile "$tls/server.ext" -out "$tls/$server.pem" || return
    done
}

# On Ubuntu, AppArmor's profiles for unbound and dnsmasq match the path of the program and would forbid our files.
copy_servers() {
    local program
    for program in unbound dnsmasq knotd nginx; do
        cp "$(command -v "$program")" "$LAB/bin/" || return
    done
}

# --- changing it -----------------------------------------------------------------------------------------------------

start() {
    is_up "$1" && return
    launch "$1"
    await "$1"
}

# From now on it refuses: nobody listens at its address any more.
stop() {
    is_up "$1" || return 0
    local pid
    pid=$(<"$LAB/pid/$1")
    kill "$pid" # not KILL: nginx' workers would survive it
    until_true is_gone "$pid" && rm "$LAB/pid/$1"
}

# From now on it swallows packets without a word: the address is routed to a network where nobody has it.
silence() {
    is_silent "$1" && return
    ip address del "$1/32" dev lo && ip route add "$1/32" dev lo
}

unsilence() {
    is_silent "$1" || return 0
    ip route del "$1/32" dev lo && ip address add "$1/32" dev lo
}

# fault RULE...: applies these rules to packets from now on. They are rules of an nft chain, and the first match counts.
# fault_nat is for rules that change addresses. 192.0.2.0/24, where nobody is, then has a route.
fault() { add_faults input 'type filter hook input priority 0;' "$@"; }
fault_nat() { add_faults nat 'type nat hook output priority -100;' "$@"; }

add_faults() {
    ip route replace 192.0.2.0/24 dev lo
    nft add table ip fault && nft add chain ip fault "$1" "{ $2 }" || return
    local rule
    for rule in "${@:3}"; do
        nft add rule ip fault "$1" "$rule" || return
    done
}

end_faults() {
    ! ip route del 192.0.2.0/24 dev lo 2>/dev/null || nft delete table ip fault
}

# start_proxy [VARIABLE=VALUE...]: the reverse proxy of world/proxy.conf at 127.0.0.1:8080, with these variables.
start_proxy() {
    env "$@" nginx -p "$LAB/nginx" -c "$WORLD/proxy.conf" >"$LAB/log/proxy" 2>&1 </dev/null &
    proxy=$!
    until_true port_is_open 127.0.0.1 8080
}

# Returns when the old worker has gone, because until then it can take new connections.
reload_proxy() {
    local worker
    worker=$(worker_of_the_proxy)
    kill -HUP "$proxy"
    until_true is_gone "$worker"
    until_true worker_of_the_proxy >/dev/null
}

worker_of_the_proxy() { pgrep -P "$proxy"; }

stop_proxy() {
    kill "$proxy" 2>/dev/null
    wait "$proxy"
}

# Resets everything to the initial state, with empty logs.
heal_world() {
    local server
    restore_etc
    end_faults || return
    for server in "${SERVERS[@]}"; do
        [[ $server == web ]] || unsilence "$server"
        start "$server" || return
    done
    forget "${SERVERS[@]}"
}

forget() {
    local server
    for server in "$@"; do : >"$LAB/log/$server"; done
}

is_up() { [[ -e $LAB/pid/$1 ]] && kill -0 "$(<"$LAB/pid/$1")" 2>/dev/null; }

is_gone() { ! kill -0 "$1" 2>/dev/null; }

is_silent() { [[ -n $(ip route show "$1/32") ]]; }

# As an orphan, so that process 1 sees its end at once, whatever process started it.
launch() {
    local name=$1 command
    case $name in
        8.8.8.8) command=("$LAB/bin/unbound" -d -c "$WORLD/unbound.conf") ;;
        1.1.1.1) command=("$LAB/bin/dnsmasq" --conf-file="$WORLD/forwarder.conf") ;;
        "$LOCAL_DNS") command=("$LAB/bin/dnsmasq" --conf-file="$WORLD/local.conf") ;;
        "$AUTHORITY") command=("$LAB/bin/knotd" -c "$WORLD/knot.conf") ;;
        "$PRIMARY") command=("$LAB/bin/knotd" -c "$WORLD/primary.conf") ;;
        web) command=("$LAB/bin/nginx" -p "$LAB/nginx" -c "$WORLD/web.conf") ;;
    esac
    (
        "${command[@]}" >>"$LAB/log/$name.out" 2>&1 </dev/null &
        echo $! >"$LAB/pid/$name"
    )
}

await() {
    until_true answered_or_gone "$1" && is_up "$1" && return
    echo "lab: the server $1 did not start:" >&2
    tail -n 20 "$LAB/log/$1.out" "$LAB/log/$1" >&2 2>/dev/null
    return 1
}

answered_or_gone() { answers "$1" || ! is_up "$1"; }

answers() {
    if [[ $1 == web ]]; then
        port_is_open "$ORIGIN_V4" 443
    else
        dig @"$1" +short +tries=1 +time=2 ready.example.com A | grep -q '^[0-9]'
    fi
}

port_is_open() { (: <"/dev/tcp/$1/$2") 2>/dev/null; }

# Waits until a condition is true, and gives up after half a minute at the earliest.
until_true() {
    local attempt
    for attempt in {1..3000}; do
        "$@" && return
        sleep 0.01
    done
    return 1
}

# --- observing it ----------------------------------------------------------------------------------------------------

# queries SERVER [NAME [TYPE]]: how many queries for the name and type the server has seen.
queries() {
    local name=${2-.*} type=${3-[^] ]+}
    [[ -n ${2-} ]] && name=${2//./\\.}
    grep -Eci "query\[$type\] $name from |query: [^ ]+ $name\. $type IN" "$LAB/log/$1" || :
}

# How many queries of any kind the hidden primary has seen since its start.
primary_queries() {
    knotc -s "$LAB/primary/control" stats mod-stats.server-operation 2>/dev/null |
        sed -n 's/.*\[query\] = //p' | grep . || echo 0
}

# The servers that have sent a reply for the name; fails if there are none.
answered() {
    local server name=${1//./\\.} status=1
    for server in "${RESOLVERS[@]}"; do
        grep -Eqi "(reply|cached|config|/etc/hosts) $name is |reply: [^ ]+ $name\. [A-Z0-9]+ IN " "$LAB/log/$server" || continue
        echo "$server"
        status=0
    done
    return "$status"
}
