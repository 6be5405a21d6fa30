#!/usr/bin/env bash
# scripts/kubernetes: a Deployment with each component, and a pod of it.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"
# shellcheck source-path=SCRIPTDIR source=small_roots.sh
source "$(dirname "${BASH_SOURCE[0]}")/small_roots.sh"

samples=$top/tests/packaging/kubernetes

it_adds_an_init_container() { renders init-container deployment; }

it_adds_the_library_as_a_config_map() { renders configmap deployment; }

it_adds_an_ld_so_preload() { renders ld-so-preload deployment; }

it_adds_the_configuration() { renders configuration deployment; }

it_adds_a_network_policy() { renders network-policy deployment; }

it_adds_a_cilium_network_policy() { renders cilium-network-policy deployment; }

it_keeps_what_a_deployment_has_and_adds_all_at_once() {
    render rich-deployment init-container ld-so-preload configuration network-policy
    expected rich-deployment
}

# The same manifests but for the kind, with every component.
it_changes_stateful_sets_and_daemon_sets_as_it_changes_deployments() {
    local kind component
    for component in "$top"/scripts/kubernetes/*/; do
        for kind in StatefulSet DaemonSet; do
            render deployment "$(basename "$component")" "$kind"
            sed -i "s/kind: $kind/kind: Deployment/" "$TMPDIR/rendered.yaml"
            expected "$(basename "$component")"
        done
    done
}

it_passes_on_what_the_components_have_changed() {
    local component
    for component in init-container configmap ld-so-preload; do
        render rich-deployment "$component"
        equal "$(<"$TMPDIR/rendered.yaml")" "$("$kubernetes/verify" <"$TMPDIR/rendered.yaml" 2>"$messages")"
        equal '' "$(<"$messages")"
    done
}

it_notices_that_the_components_have_changed_nothing() {
    render deployment configmap
    sed 's/kind: Deployment/kind: Rollout/' "$samples/deployment.yaml" >"$kubernetes/overlay/deployment.yaml"
    kubectl kustomize "$kubernetes/overlay" >"$TMPDIR/rendered.yaml"
    local status=0
    "$kubernetes/verify" <"$TMPDIR/rendered.yaml" >"$TMPDIR/passed" 2>"$messages" || status=$?
    equal '1 ' "$status $(<"$TMPDIR/passed")"
    contains 'verify: Rollout my-proxy does not get the library' "$(<"$messages")"
    contains 'verify: nothing gets the library, so nothing is passed on' "$(<"$messages")"
    echo 'kind: ConfigMap' | "$kubernetes/verify" >"$TMPDIR/passed" 2>"$messages" || status=2
    equal '2 ' "$status $(<"$TMPDIR/passed")"
    contains 'there is no Deployment, StatefulSet or DaemonSet' "$(<"$messages")"
}

it_names_no_host_that_nobody_has_chosen() {
    needs_kustomize
    equal 'hosts = ( );' "$(grep -v '^#' "$top/scripts/kubernetes/configuration/originbypass.conf")"
    contains 'no host is listed' "$(ORIGIN_BYPASS_CONFIG_FILE=$top/scripts/kubernetes/configuration/originbypass.conf \
        "$build/originbypass" check 2>&1)"
}

it_says_beside_a_policy_that_the_first_one_cuts_off_the_rest() {
    local component
    for component in network-policy cilium-network-policy; do
        contains 'WARNING: if this is the pods' "$(<"$top/scripts/kubernetes/$component/kustomization.yaml")"
        render deployment "$component"
        contains 'originbypass/warning: ' "$(<"$TMPDIR/rendered.yaml")"
    done
}

it_has_libraries_and_commands_that_fit_into_a_config_map_each() {
    needs_kustomize
    make_components
    local file
    for file in "$kubernetes"/configmap/{x86_64,aarch64}/{liboriginbypass.so,originbypass}; do
        (($(stat -c %s "$file") < 1024 * 1024)) || { ls -l "$file" && return 1; }
    done
    render deployment configmap
    /usr/bin/python3 - "$TMPDIR/rendered.yaml" "$kubernetes/configmap" <<'END'
import base64, sys, yaml
objects = list(yaml.safe_load_all(open(sys.argv[1])))
maps = {o["metadata"]["name"]: o["binaryData"] for o in objects if o["kind"] == "ConfigMap"}
pod = next(o for o in objects if o["kind"] == "Deployment")["spec"]["template"]["spec"]
sources = next(v for v in pod["volumes"] if v["name"] == "originbypass-files")["projected"]["sources"]
assert len(sources) == len(maps) == 4
for source in (s["configMap"] for s in sources):
    item, = source["items"]
    assert base64.b64decode(maps[source["name"]][item["key"]]) == open(f"{sys.argv[2]}/{item['path']}", "rb").read()
END
}

it_brings_the_command_into_the_pod() {
    real_library
    local component
    for component in init-container configmap; do
        render deployment "$component" configuration
        name_hosts
        contains "$ORIGIN_V4" "$(pod /opt/originbypass/originbypass resolve "$CDN")"
        pod sh -c '/opt/originbypass/originbypass doctor --pid $$; :' >"$TMPDIR/report"
        contains 'good' "$(<"$TMPDIR/report")"
        lacks 'bad ' "$(<"$TMPDIR/report")"
    done
}

it_leads_a_pod_to_the_origin_with_an_init_container() {
    real_library
    render deployment init-container configuration
    name_hosts
    equal "$EDGE_V4" "$(in_root getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    equal "$ORIGIN_V4" "$(pod getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    equal '' "$(<"$messages")"
}

it_leads_a_pod_to_the_origin_with_a_config_map() {
    real_library
    render deployment configmap configuration
    name_hosts
    equal "$ORIGIN_V4" "$(pod getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    equal '' "$(<"$messages")"
}

it_leads_a_pod_to_the_origin_with_either_libc_on_either_cpu() {
    needs_kustomize
    make_components
    local machine libc component
    for machine in "$(uname -m)" "$other_cpu"; do
        for libc in glibc musl; do
            small_root "$machine" "$libc"
            image_of_the_init_container
            for component in init-container configmap; do
                render deployment "$component" configuration
                name_hosts
                equal "$EDGE_V4" "$(in_small_root caller getaddrinfo "$CDN" inet)"
                equal "$component $machine $libc $ORIGIN_V4" "$component $machine $libc $(small_pod caller getaddrinfo "$CDN" inet)"
                equal '' "$(<"$messages")"
                contains "$ORIGIN_V4" "$(small_pod /opt/originbypass/originbypass resolve "$CDN")"
            done
        done
    done
}

it_leads_a_pod_to_the_origin_whose_shell_drops_the_variable() {
    real_library
    render deployment configmap configuration
    name_hosts
    equal "$EDGE_V4" "$(pod env -u LD_PRELOAD getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    render deployment configmap configuration ld-so-preload
    name_hosts
    equal "$ORIGIN_V4" "$(pod env -u LD_PRELOAD getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
}

it_gives_a_running_program_new_rules_when_the_kubelet_swaps_the_configuration() {
    real_library
    render deployment configmap configuration
    name_hosts
    coproc program { pod perl -MSocket -e '$| = 1; while (<STDIN>) { print inet_ntoa(scalar gethostbyname("'"$CDN"'")), "\n" }'; }
    equal "$ORIGIN_V4" "$(next_address)"
    sed -i 's/"cdn.example.com"/"api.example.com"/' "$TMPDIR/rendered.yaml"
    /usr/bin/python3 "$top/tests/packaging/pod.py" "$TMPDIR/rendered.yaml" "$root" "$root" "$TMPDIR/volumes"
    until_true next_address_is "$EDGE_V4"
    sed -i 's/"api.example.com"/"cdn.example.com"/' "$TMPDIR/rendered.yaml"
    /usr/bin/python3 "$top/tests/packaging/pod.py" "$TMPDIR/rendered.yaml" "$root" "$root" "$TMPDIR/volumes"
    until_true next_address_is "$ORIGIN_V4"
    eval "exec ${program[1]}>&-"
    # shellcheck disable=SC2154 # coproc sets it
    wait "$program_PID"
    equal '' "$(<"$messages")"
}

next_address() {
    local address
    echo >&"${program[1]}"
    read -r -t 20 address <&"${program[0]}"
    echo "$address"
}

next_address_is() { [[ $(next_address) == "$1" ]]; }

it_shows_its_policies_in_the_manual_page() {
    equal "$(cat "$top/scripts/kubernetes/network-policy/network-policy.yaml")" \
        "$(manual_block originbypass-troubleshooting.7 'NETWORK POLICIES' 'kind: NetworkPolicy')"
    equal "$(cat "$top/scripts/kubernetes/cilium-network-policy/cilium-network-policy.yaml")" \
        "$(manual_block originbypass-troubleshooting.7 'NETWORK POLICIES' CiliumNetworkPolicy)"
}

# shellcheck disable=SC2016 # backquotes of Markdown
it_shows_its_components_in_the_readme() {
    equal "$(cd "$top/scripts/kubernetes" && printf '%s\n' */ | tr -d / | sort)" \
        "$(readme_section 'In Kubernetes' | grep '^|' | grep -oE '^[^|]*\|[^|]*' | grep -oE '`[a-z-]+`' | tr -d '`' | sort)"
}

it_renders_the_kustomization_of_the_readme() {
    needs_kustomize
    mkdir -p "$TMPDIR/readme"
    kubernetes=$TMPDIR/readme/originbypass
    copy_components
    readme_block 'In Kubernetes' 'kind: Kustomization' >"$TMPDIR/readme/kustomization.yaml"
    cp "$samples/deployment.yaml" "$TMPDIR/readme"
    kubectl kustomize "$TMPDIR/readme" >"$TMPDIR/rendered.yaml"
    contains 'image: registry.example.com/originbypass:1' "$(<"$TMPDIR/rendered.yaml")"
    contains 'name: originbypass-configuration' "$(<"$TMPDIR/rendered.yaml")"
}

# kubectl knows components and replacements since 1.22.
needs_kustomize() {
    needs_program kubectl
    kubectl version --client -o json 2>/dev/null | /usr/bin/python3 -c '
import json, sys
version = json.load(sys.stdin)["clientVersion"]
sys.exit((int(version["major"]), int("".join(c for c in version["minor"] if c.isdigit()))) < (1, 22))' ||
        skip 'this kubectl is older than 1.22 and knows no components'
}

# renders COMPONENT DEPLOYMENT: the result equals expected/COMPONENT.yaml.
renders() {
    render "$2" "$1"
    expected "$1"
}

expected() { diff -u "$samples/expected/$1.yaml" "$TMPDIR/rendered.yaml"; }

# render DEPLOYMENT COMPONENT... [StatefulSet|DaemonSet]: writes to $TMPDIR/rendered.yaml, with a few octets instead of the
# library and the command.
render() {
    needs_kustomize
    local deployment=$1 component kind=Deployment
    shift
    case ${*: -1} in *Set) kind=${*: -1} && set -- "${@:1:$#-1}" ;; esac
    if [[ -z ${kubernetes-} ]]; then
        kubernetes=$TMPDIR/kubernetes
        copy_components
    fi
    mkdir -p "$kubernetes/overlay"
    sed "s/^kind: Deployment/kind: $kind/" "$samples/$deployment.yaml" >"$kubernetes/overlay/deployment.yaml"
    {
        echo 'resources: [ deployment.yaml ]'
        echo 'components:'
        for component in "$@"; do echo "  - ../$component"; done
    } >"$kubernetes/overlay/kustomization.yaml"
    kubectl kustomize "$kubernetes/overlay" >"$TMPDIR/rendered.yaml"
}

copy_components() {
    rm -rf "$kubernetes"
    cp -R "$top/scripts/kubernetes" "$kubernetes"
    mkdir "$kubernetes"/configmap/{x86_64,aarch64}
    printf 'no text: \377\n' >"$kubernetes/configmap/x86_64/liboriginbypass.so"
    printf 'no text: \376\n' >"$kubernetes/configmap/x86_64/originbypass"
    printf 'no text: \375\n' >"$kubernetes/configmap/aarch64/liboriginbypass.so"
    printf 'no text: \374\n' >"$kubernetes/configmap/aarch64/originbypass"
}

# With the real libraries and commands.
make_components() {
    kubernetes=$build/kubernetes
    needs_binaries
    make_in_tree kubernetes >/dev/null
}

# The configuration has no host: list those of the tests in the rendered one.
name_hosts() { sed -i 's/hosts = ( );/hosts = ( "cdn.example.com" );/' "$TMPDIR/rendered.yaml"; }

real_library() {
    with_root trixie
    needs_kustomize
    make_components
    make_in_tree DESTDIR="$root" STATIC=1 install
}

# pod COMMAND...: runs it in a pod of the rendered Deployment, with new volumes. The pod's image does not have the library.
pod() {
    rm -rf "$TMPDIR/volumes"
    mkdir -p "$TMPDIR/volumes"
    touch "$root/etc/ld.so.preload"
    mkdir -p "$root"/{etc/originbypass,opt/originbypass,originbypass}
    /usr/bin/python3 "$top/tests/packaging/pod.py" "$TMPDIR/rendered.yaml" "$root" "$root" "$TMPDIR/volumes" "$@" 2>"$messages"
}

# What scripts/Containerfile puts into the image of the small system's CPU, beside a busybox.
image_of_the_init_container() {
    local options=(BUILD="$build")
    [[ $cpu != "$other_cpu" ]] || options=(BUILD="$build/$other_cpu" ARCH="$other_cpu" FOREIGN_ROOT="$foreign_root")
    image=$TMPDIR/image
    [[ ! -e $image ]] || rm -r "$image"
    cp -R "$root" "$image"
    make_in_tree "${options[@]}" DESTDIR="$image" STATIC=1 STRIP=strip install
}

# small_pod COMMAND...: like pod, in the small system at $root.
small_pod() {
    rm -rf "$TMPDIR/volumes"
    mkdir -p "$TMPDIR/volumes" "$root/etc/originbypass" {"$root","$image"}/{opt/originbypass,originbypass}
    local run=(/usr/bin/python3 "$top/tests/packaging/pod.py" "$TMPDIR/rendered.yaml" "$image" "$root" "$TMPDIR/volumes" "$@")
    [[ $cpu == "$(uname -m)" ]] || run=(with_interpreter env "POD_OPTIONS=$(options_for_qemu)" "${run[@]}")
    "${run[@]}" 2>"$messages"
}

check_all "$@"
