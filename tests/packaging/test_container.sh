#!/usr/bin/env bash
# scripts/Containerfile, built without a network. A system of trixie and small ones replace the images that it names. The
# result runs as its entrypoint and command say. The stand-in for nginx looks up a name and ends.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"
# shellcheck source-path=SCRIPTDIR source=small_roots.sh
source "$(dirname "${BASH_SOURCE[0]}")/small_roots.sh"

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

it_builds_an_image_of_the_library_alone_that_serves_either_libc() {
    with_image
    serves_either_libc
}

it_builds_the_same_for_the_other_cpu_without_running_anything_of_it() {
    needs_foreign
    with_image_for_the_other_cpu
    serves_either_libc
}

# What the init container of Kubernetes does with localhost/library, image by image.
serves_either_libc() {
    local container libc image kustomization=$top/scripts/kubernetes/init-container/kustomization.yaml
    container=$(buildah from --pull-never localhost/library)
    image=$(buildah mount "$container")
    [[ ! -e $image/src ]]
    for libc in glibc musl; do
        small_root "$built_for" "$libc"
        mkdir -p "$image/opt/originbypass" "$root/opt/originbypass"
        # shellcheck disable=SC2046 # a command and its arguments
        in_image "$image" $(sed -n 's/^ *command: \[\(.*\)\]/\1/p' "$kustomization" | tr -d ,)
        mv "$image"/opt/originbypass/* "$root/opt/originbypass"
        equal "$built_for $libc $ORIGIN_V4" "$built_for $libc $(in_small_root /opt/originbypass/originbypass run -H "$CDN" \
            caller getaddrinfo "$CDN" inet)"
    done
    buildah rm "$container" >/dev/null
}

in_image() {
    local root=$1
    in_small_root "${@:2}"
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
    built_for=$(uname -m) arguments=()
    needs_images
    use_own_storage containers
    [[ -e $TMPDIR/containers/built ]] || make_image
}

# In a storage of its own, because there a name is an image of another CPU. Not with --platform: buildah 1.28 does not
# find such an image in its own storage, but would look for it in a registry.
with_image_for_the_other_cpu() {
    local debian
    built_for=$other_cpu arguments=(--build-arg "TARGETARCH=$debian_of_other")
    needs_images
    use_own_storage containers-other
    debian=$(sed -n 's/^FROM [^ ]* \(.*\) AS build$/\1/p' "$top/scripts/Containerfile")
    make_base "$debian"
    make_busybox
    build_stage originbypass localhost/library
}

needs_images() {
    needs_program bwrap
    needs_program buildah
    [[ -d $roots/trixie ]] || skip "no system of trixie: $(cat "$roots/trixie.missing" 2>/dev/null || echo "tests/packaging/roots makes it")"
    ((EUID == 0)) || skip 'only root can make an image of a whole system'
}

use_own_storage() {
    mkdir -p "$TMPDIR/$1"
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$TMPDIR/$1/"{storage,run} \
        >"$TMPDIR/$1/storage.conf"
    export CONTAINERS_STORAGE_CONF=$TMPDIR/$1/storage.conf BUILDAH_ISOLATION=chroot
}

make_image() {
    local debian
    debian=$(sed -n 's/^FROM [^ ]* \(.*\) AS build$/\1/p' "$top/scripts/Containerfile")
    make_base "$debian"
    make_busybox
    make_stand_in_for_nginx "$debian"
    build_stage originbypass localhost/library
    build_stage '' localhost/my-proxy
    touch "$TMPDIR/containers/built"
}

# The build would fetch the other CPU's libraries from the network, which the lab does not have.
make_base() {
    local container mounted
    container=$(buildah from scratch)
    mounted=$(buildah mount "$container")
    cp -a "$roots/trixie/." "$mounted"
    if [[ $built_for == "$other_cpu" ]]; then
        mkdir -p "$mounted/src/build/$other_cpu"
        cp -a "$foreign_root" "$mounted/src/build/$other_cpu"
    fi
    buildah commit -q --rm "$container" "$1"
}

make_busybox() {
    local container
    small_root "$built_for" musl
    container=$(buildah from scratch)
    cp -a "$root/." "$(buildah mount "$container")"
    buildah commit -q --rm "$container" "$(sed -n 's/^FROM \(.*\) AS originbypass$/\1/p' "$top/scripts/Containerfile")"
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
    buildah bud -q --layers --pull-never --network host "${limits[@]}" "${arguments[@]}" ${1:+--target "$1"} -t "$2" \
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
