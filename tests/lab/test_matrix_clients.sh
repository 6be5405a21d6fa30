#!/usr/bin/env bash
# Programs that connect to the origin themselves and ask libc for its address. Each reaches the origin only with the
# library, and still reaches the names of the local network.
# shellcheck disable=SC2016 # other languages' variables
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=matrix.sh
source "$lab/matrix.sh"

heading program version 'without the library' 'with it' 'other names' 'asks libc'

it_serves_curl() {
    serves curl curl curl -sSf -H 'Connection: close'
}

it_serves_wget() {
    serves wget wget wget -q -O - --no-http-keep-alive
}

# A clone makes several requests.
it_serves_git() {
    make_repository
    local without with other
    without=$(where "${without_library[@]}" git clone -q "http://$CDN/files/work/.git" "$TMPDIR/clone")
    forget_lookups
    with=$(where "${with_library[@]}" git clone -q "http://$CDN/files/work/.git" "$TMPDIR/clone")
    contains 'hello' "$(<"$TMPDIR/clone/greeting")"
    local requests
    requests=$(wc -l <"$LAB/log/web")
    ((requests > 2))
    equal 1 "$(count_lookups)"
    other=$(where "${with_library[@]}" git ls-remote -q http://intranet.example.com/files/work/.git)
    concludes git git "$without" "$with" "$other" 'once a run'
}

it_serves_pythons_urllib() {
    serves "Python's urllib" python3 python3 -c '
import sys, urllib.request
for url in sys.argv[1:]:
    print(urllib.request.urlopen(url, timeout=20).read().decode())'
}

it_serves_nodes_http() {
    serves "Node's http" node node -e '
        const http = require("http");
        const fetch = (urls) => urls.length && http.get(urls[0], { agent: false }, (response) => {
            if (response.statusCode != 200) process.exit(1);
            response.pipe(process.stdout, { end: false });
            response.on("end", () => fetch(urls.slice(1)));
        });
        fetch(process.argv.slice(1));'
}

it_serves_nodes_fetch() {
    serves "Node's fetch" node node -e '
        (async () => {
            for (const url of process.argv.slice(1)) {
                const response = await fetch(url, { headers: { connection: "close" } });
                if (!response.ok) process.exit(1);
                console.log(await response.text());
            }
        })();'
}

it_serves_php() {
    serves PHP php php -r '
        foreach (array_slice($argv, 1) as $url) {
            $body = file_get_contents($url);
            if ($body === false) exit(1);
            echo $body;
        }'
}

it_serves_perl() {
    serves "Perl's HTTP::Tiny" perl perl -MHTTP::Tiny -e '
        for (@ARGV) {
            my $response = HTTP::Tiny->new(keep_alive => 0)->get($_);
            die $response->{reason} unless $response->{success};
            print $response->{content};
        }'
}

it_serves_ruby() {
    serves "Ruby's Net::HTTP" ruby ruby -rnet/http -e '
        ARGV.each do |url|
            response = Net::HTTP.get_response(URI(url))
            response.value
            puts response.body
        end'
}

# Java caches addresses for 30 seconds by itself, not because of the library, so this test takes longer than that.
it_serves_java() {
    compile_java -proc:none -11 -d "$TMPDIR" "$lab/Fetch.java"
    local fetch=("${java[@]}" -cp "$TMPDIR" Fetch) without with other
    reaches "${fetch[@]}"
    forget_lookups
    equal '1 1 2' "$("${with_library[@]}" "${fetch[@]}" "http://$CDN/" 25 "http://$CDN/" 6 "http://$CDN/" |
        while read -r; do count_lookups; done | paste -sd' ')"
    concludes Java java "$without" "$with" "$other" 'once in 30 s'
}

# Debian 13's ecj looks for its own main class in the wrong archive.
compile_java() {
    local IFS=: archives=(/usr/share/java/eclipse-jdt-core*.jar) compiler=(ecj)
    ecj -version >/dev/null 2>&1 ||
        compiler=("${java[@]}" -cp "${archives[*]}" org.eclipse.jdt.internal.compiler.batch.Main)
    "${compiler[@]}" "$@"
}

it_is_what_the_manual_page_says() { equals_the_manual Clients 6; }

it_is_what_the_readme_names() { is_named_in_the_readme; }

# serves TITLE PROGRAM COMMAND...: the command takes URLs, and fetches each over its own connection.
serves() {
    local without with other
    reaches "${@:3}"
    concludes "$1" "$2" "$without" "$with" "$other" "$(asks_libc "${@:3}")"
}

reaches() {
    without=$(where "${without_library[@]}" "$@" "http://$CDN/")
    with=$(where "${with_library[@]}" "$@" "http://$CDN/")
    other=$(where "${with_library[@]}" "$@" http://intranet.example.com/)
}

asks_libc() {
    local one two
    one=$(lookups_for "$@" "http://$CDN/")
    two=$(lookups_for "$@" "http://$CDN/" "http://$CDN/")
    case $((one > 0)),$((two - one)) in
        1,0) echo 'once a run' ;;
        1,"$one") echo 'for each connection' ;;
        *) echo "$one times for a connection, $two times for two" ;;
    esac
}

lookups_for() {
    forget_lookups
    "${with_library[@]}" "$@" >/dev/null
    count_lookups
}

# concludes TITLE PROGRAM WITHOUT WITH OTHER WHEN
concludes() {
    row "$1" "$(version_of "$2")" "${@:3}"
    equal 'edge, origin, local network' "$3, $4, $5"
}

make_repository() {
    local work=$LAB/files/work
    mkdir -p "$work"
    git init -q "$work"
    echo hello >"$work/greeting"
    git -C "$work" add greeting
    git -C "$work" -c user.name=lab -c user.email=lab@example.com commit -q -m greeting
    git -C "$work" update-server-info
}

check_and_print_table "$@"
