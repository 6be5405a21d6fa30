#!/usr/bin/env bash
# scripts/Containerfile, built without a network. A system of trixie replaces the images that it names. The result runs as its
# entrypoint and command say. The stand-in for nginx looks up a name and ends.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"

it_builds_an_image_in_which_the_program_is_led_to_the_origin() {
    with_image
    run_image >"$TMPDIR/ran"
    contains "$ORIGIN_V4" "$(<"$TMPDIR/ran")"
    contains 'arguments -g daemon off;' "$(<"$TMPDIR/ran")"
}

it_is_led_to_the_edge_without_our_entrypoint() {
    with_image
    lacks "$ORIGIN_V4" "$(run_image without)"
    contains "$EDGE_V4" "$(run_image without)"
}

it_keeps_what_the_image_has_in_ld_preload() {
    with_image
    run_image >"$TMPDIR/ran"
    contains 'LD_PRELOAD=/usr/local/lib/liboriginbypass.so:/usr/lib/libfirst.so' "$(<"$TMPDIR/ran")"
    contains libfirst.so "$(grep '^loaded' "$TMPDIR/ran")"
    contains liboriginbypass.so "$(grep '^loaded' "$TMPDIR/ran")"
}

it_builds_an_image_of_the_library_alone() {
    with_image
    local container
    container=$(buildah from --pull-never localhost/library)
    root=$(buildah mount "$container")
    set_up_root "$root"
    [[ -r $root/usr/local/lib/liboriginbypass.so && ! -e $root/src ]]
    buildah rm "$container" >/dev/null
}

it_shows_the_same_file_in_the_readme() {
    equal "$(cat "$top/scripts/Containerfile")" "$(readme_block 'In a container' 'AS build')"
}

it_has_a_compose_file_that_says_the_same() {
    needs_yaml
    equal "scripts/Containerfile $CDN *.example.net" "$(/usr/bin/python3 - "$top/scripts/compose.yaml" <<'END'
import os, sys, yaml
service, = yaml.safe_load(open(sys.argv[1]))["services"].values()
context = os.path.join(os.path.dirname(sys.argv[1]), service["build"]["context"])
assert os.path.exists(os.path.join(context, service["build"]["dockerfile"]))
print(service["build"]["dockerfile"], service["environment"]["ORIGIN_BYPASS_HOSTS"])
END
)"
    contains "$(cat "$top/scripts/compose.yaml")" "$(readme_block 'In a container' services:)"
}

needs_yaml() { /usr/bin/python3 -c 'import yaml' 2>/dev/null || skip 'python3-yaml is not installed'; }

# Makes the images that the file names from a Debian system, and builds from them; once for all tests.
with_image() {
    needs_program bwrap
    needs_program buildah
    [[ -d $roots/trixie ]] || skip "no system of trixie: $(cat "$roots/trixie.missing" 2>/dev/null || echo "tests/packaging/roots makes it")"
    ((EUID == 0)) || skip 'only root can make an image of a whole system'
    use_own_storage
    [[ -e $TMPDIR/containers/built ]] || make_image
}

use_own_storage() {
    mkdir -p "$TMPDIR/containers"
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$TMPDIR/containers/"{storage,run} \
        >"$TMPDIR/containers/storage.conf"
    export CONTAINERS_STORAGE_CONF=$TMPDIR/containers/storage.conf BUILDAH_ISOLATION=chroot
}

make_image() {
    local debian
    debian=$(sed -n 's/^FROM \(.*\) AS build$/\1/p' "$top/scripts/Containerfile")
    make_base "$debian"
    buildah tag "$debian" "$debian-slim"
    make_stand_in_for_nginx "$debian"
    build_stage originbypass localhost/library
    build_stage '' localhost/my-proxy
    touch "$TMPDIR/containers/built"
}

make_base() {
    local container
    container=$(buildah from scratch)
    cp -a "$roots/trixie/." "$(buildah mount "$container")"
    buildah commit -q --rm "$container" "$1"
}

make_stand_in_for_nginx() {
    local container mounted
    container=$(buildah from --pull-never "$1")
    mounted=$(buildah mount "$container")
    printf '#!/bin/sh\nexec "$@"\n' >"$mounted/docker-entrypoint.sh"
    cat >"$mounted/usr/bin/nginx" <<'END'
#!/bin/sh
echo "arguments $*"
echo "LD_PRELOAD=$LD_PRELOAD"
echo loaded $(grep -o '[^/]*\.so' /proc/self/maps | sort -u)
getent ahostsv4 cdn.example.com
END
    chmod +x "$mounted/docker-entrypoint.sh" "$mounted/usr/bin/nginx"
    echo 'int first;' | cc -shared -fPIC -x c -o "$mounted/usr/lib/libfirst.so" -
    buildah config --env LD_PRELOAD=/usr/lib/libfirst.so "$container"
    buildah commit -q --rm "$container" "$(sed -n 's/^FROM \([^ ]*nginx[^ ]*\)$/\1/p' "$top/scripts/Containerfile")"
}

# build_stage STAGE IMAGE: builds this stage, or the last one if STAGE is empty.
build_stage() {
    # Later versions of buildah raise these limits, and some systems do not allow even root to do that.
    local limits=(--ulimit "nofile=$(ulimit -Hn):$(ulimit -Hn)" --ulimit "nproc=$(ulimit -Hu):$(ulimit -Hu)")
    buildah bud -q --layers --pull-never --network host "${limits[@]}" ${1:+--target "$1"} -t "$2" \
        -f "$top/scripts/Containerfile" "$top"
}

# run_image [without]: runs its entrypoint and command with its environment; or without our part of the entrypoint.
run_image() {
    local container status=0
    container=$(buildah from --pull-never localhost/my-proxy)
    root=$(buildah mount "$container")
    set_up_root "$root"
    mapfile -t in_root_options < <(configuration_of_image '
for setting in config["Env"]:
    print("--setenv", *setting.split("=", 1), sep="\n")')
    mapfile -t command < <(configuration_of_image 'print(*config["Entrypoint"], *config["Cmd"], sep="\n")')
    [[ -z ${1-} ]] || command=("${command[@]:3}")
    in_root "${command[@]}" || status=$?
    buildah rm "$container" >/dev/null
    return "$status"
}

configuration_of_image() {
    buildah inspect --type image localhost/my-proxy |
        /usr/bin/python3 -c "import json, sys; config = json.load(sys.stdin)['OCIv1']['config']; exec(sys.argv[1])" "$1"
}

check_all "$@"
