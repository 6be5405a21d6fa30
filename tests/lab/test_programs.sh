#!/usr/bin/env bash
# The key `programs`, with the library in /etc/ld.so.preload: which programs it serves, and that it does nothing in others.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

everywhere=/run/lab/lib/liboriginbypass.so

it_leaves_an_excluded_program_to_libc() {
    serve 'exclude = [ "*/getent", "/usr/bin/wget" ];'
    equal edge "$(where_getent)"
    equal origin "$(where_curl)"
    nothing_said
}

it_serves_an_included_program_and_no_other() {
    serve 'include = [ "/usr/bin/curl" ];'
    equal edge "$(where_getent)"
    equal origin "$(where_curl)"
    serve 'include = [ "/usr/bin/*" ]; exclude = [ "*/curl" ];'
    equal origin "$(where_getent)"
    equal edge "$(where_curl)"
}

it_takes_the_path_of_the_executable_and_not_the_name_it_was_called_by() {
    serve 'exclude = [ "/usr/bin/getent" ];'
    ln -sf /usr/bin/getent "$TMPDIR/another-name"
    equal edge "$(where "$TMPDIR/another-name" ahostsv4 "$CDN")"
    equal edge "$(where bash -c "exec -a curl /usr/bin/getent ahostsv4 $CDN")"
    equal edge "$(cd /usr/bin && where ./getent ahostsv4 "$CDN")"
    cp /usr/bin/getent "$TMPDIR/getent"
    equal origin "$(where bash -c "exec -a /usr/bin/getent $TMPDIR/getent ahostsv4 $CDN")"
}

it_tells_scripts_from_one_another_by_an_argument() {
    echo "import socket; print(socket.getaddrinfo('$CDN', 443, socket.AF_INET)[0][4][0])" >"$TMPDIR/left.py"
    cp "$TMPDIR/left.py" "$TMPDIR/served.py"
    serve 'exclude = [ "*/python3*:*/left.py" ];'
    equal edge "$(where "$python" -O "$TMPDIR/left.py")"
    equal origin "$(where "$python" -O "$TMPDIR/served.py")"
    serve 'include = [ "*/python3*:*/served.py" ];'
    equal edge "$(where "$python" "$TMPDIR/left.py")"
    equal origin "$(where "$python" "$TMPDIR/served.py")"
}

it_says_nothing_in_an_excluded_program_however_broken_the_configuration() {
    serve 'exclude = [ "*/getent" ];' 'colour = "red"; hosts = 5;'
    equal edge "$(where_getent)"
    nothing_said
    equal edge "$(where_curl)"
    contains 'configuration refused' "$(<"$messages")"
}

it_tells_every_program_of_a_mistake_in_the_lists() {
    serve 'include = [ "getent" ];'
    equal edge "$(where_getent)"
    contains 'matches no executable' "$(<"$messages")"
}

it_leaves_requests_in_the_background_to_libc() {
    local asynchronous
    asynchronous=$(compiled_asynchronous)
    serve 'exclude = [ ];'
    equal origin "$(where "$asynchronous" "$CDN")"
    serve "exclude = [ \"$asynchronous\" ];"
    equal edge "$(where "$asynchronous" "$CDN")"
}

it_keeps_nothing_in_an_excluded_program() {
    not_under 'address|thread|valgrind' 'it counts mappings'
    serve 'exclude = [ "*/grep" ];'
    rm /etc/ld.so.preload
    local plain excluded
    # The library's own mappings and what the loader makes for it, but no page of anonymous memory in addition.
    plain=$(ORIGIN_BYPASS_DISABLED=1 mapping_count)
    excluded=$(mapping_count)
    equal "$plain" "$excluded"
    serve 'exclude = [ ];'
    rm /etc/ld.so.preload
    (($(mapping_count) > plain))
}

it_serves_nobody_whom_it_can_not_tell_where_some_are_included() {
    serve 'include = [ "*" ];'
    equal origin "$(where_getent)"
    equal edge "$(without_proc where_getent)"
    serve 'exclude = [ "*" ];'
    equal origin "$(without_proc where_getent)"
}

it_serves_the_command_always() {
    local companion=${LAB_LIBRARY%/*}/originbypass
    [[ -x $companion ]] || skip 'the command is not built'
    serve 'include = [ "/usr/sbin/nginx" ];'
    equal origin "$(where "$companion" resolve "$CDN")"
    serve 'exclude = [ "*" ];'
    equal origin "$(where "$companion" resolve "$CDN")"
}

it_leaves_alone_a_program_that_runs_with_more_rights_than_its_user() {
    as_another_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    "${as_another_user[@]}" true 2>/dev/null || skip 'only root can become another user'
    cp /usr/bin/getent "$TMPDIR/secure"
    chmod 4755 "$TMPDIR/secure"
    chmod 755 "$TMPDIR" "$LAB"
    serve 'exclude = [ ];'
    equal origin "$(where "${as_another_user[@]}" "$TMPDIR/secure" ahostsv4 "$CDN")"
    serve "exclude = [ \"$TMPDIR/secure\" ];"
    equal edge "$(where "${as_another_user[@]}" "$TMPDIR/secure" ahostsv4 "$CDN")"
}

mapping_count() { LD_PRELOAD=$everywhere grep -c . /proc/self/maps; }

# serve PROGRAMS [SETTINGS]: sets the configuration of every program from now on.
serve() {
    install -D -m 755 "$LAB_LIBRARY" "$everywhere"
    mkdir -p /etc/originbypass
    printf 'programs = { %s };\n%s\n' "$1" "${2-hosts = ( \"$CDN\" );}" >/etc/originbypass/originbypass.conf
    echo "$everywhere" >/etc/ld.so.preload
}

# where COMMAND...: whose address the command prints; its standard error is kept.
where() {
    local printed
    printed=$("$@" 2>"$messages")
    case $printed in
        *"$ORIGIN_V4"* | *'"server":"origin"'*) echo origin ;;
        *"$EDGE_V4"* | *'error code: 1000'*) echo edge ;;
        *) echo "$printed" ;;
    esac
}

where_getent() { where getent ahostsv4 "$CDN"; }

where_curl() { where curl -4 -sS --max-time 20 "https://$CDN/"; }

nothing_said() { equal '' "$(<"$messages")"; }

without_proc() (
    mount -n -t tmpfs none /proc
    status=0
    "$@" || status=$?
    umount -n /proc
    exit "$status"
)

compiled_asynchronous() {
    cat >"$TMPDIR/background.c" <<'END'
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

int main(int argc, char **argv) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct gaicb request = {.ar_name = argv[argc - 1], .ar_request = &hints}, *requests[] = {&request};
    char text[INET_ADDRSTRLEN];
    if (getaddrinfo_a(GAI_WAIT, requests, 1, NULL) != 0 || gai_error(&request) != 0)
        return 1;
    puts(inet_ntop(AF_INET, &((struct sockaddr_in *)request.ar_result->ai_addr)->sin_addr, text, sizeof(text)));
    return 0;
}
END
    compile -o "$TMPDIR/background" "$TMPDIR/background.c"
    echo "$TMPDIR/background"
}

check_all "$@"
