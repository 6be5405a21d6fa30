"""Runs a command in a pod of a rendered Deployment, like a kubelet:

    pod.py MANIFESTS ROOT_OF_INIT_CONTAINERS ROOT VOLUMES [COMMAND [ARGUMENT...]]

Without a command it only writes the ConfigMaps' volumes again, for a pod that is running. Volumes are directories in
VOLUMES, laid out as by a kubelet: the files of a ConfigMap are symbolic links through ..data, which is replaced as a
whole. Init containers run first, each with its own command; then the given command runs in the first container's
environment and mounts. Images are directories, and containers are bwrap's, with the options of the variable POD_OPTIONS
besides. Exits as the command does.
"""

import base64
import os
import subprocess
import sys

import yaml


def config_map_files(config_map, items):
    """The files that a ConfigMap has in a volume: all of them, or those of a list, each with another path."""
    paths = {item["key"]: item["path"] for item in items or []}
    for key, text in [*config_map.get("data", {}).items(), *config_map.get("binaryData", {}).items()]:
        if items is None or key in paths:
            octets = text.encode() if key in config_map.get("data", {}) else base64.b64decode(text)
            yield paths.get(key, key), octets


def write_files(files, directory, mode):
    """Writes the files of ConfigMaps with this mode. A second call replaces those of the first in one step."""
    generation = f"..{len(os.listdir(directory))}"
    os.mkdir(os.path.join(directory, generation))
    for path, octets in files:
        place = os.path.join(directory, generation, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(octets)
        os.chmod(place, mode)
        first = path.split("/")[0]
        if not os.path.lexists(os.path.join(directory, first)):
            os.symlink(os.path.join("..data", first), os.path.join(directory, first))
    os.symlink(generation, os.path.join(directory, "..data_tmp"))
    os.rename(os.path.join(directory, "..data_tmp"), os.path.join(directory, "..data"))


def make_volumes(pod, config_maps, where):
    for volume in pod.get("volumes", []):
        directory = os.path.join(where, volume["name"])
        if not os.path.isdir(directory):
            os.mkdir(directory)
            os.chmod(directory, 0o777)
        described = volume.get("projected", volume.get("configMap"))
        if described is not None:
            sources = [source["configMap"] for source in described.get("sources", [{"configMap": described}])]
            files = [file for source in sources
                     for file in config_map_files(config_maps[source["name"]], source.get("items"))]
            write_files(files, directory, described.get("defaultMode", 0o644))


def mounts(container, where):
    for mount in container.get("volumeMounts", []):
        source = os.path.join(where, mount["name"], mount.get("subPath", ""))
        yield from ["--ro-bind" if mount.get("readOnly") else "--bind", os.path.realpath(source), mount["mountPath"]]


def environment(container):
    for variable in container.get("env", []):
        yield from ["--setenv", variable["name"], variable["value"]]


def user(container, root):
    """The container's user, if its image has the program that changes to it; busybox's cannot."""
    context = container.get("securityContext", {})
    if "runAsUser" not in context or os.geteuid() != 0 or not os.path.exists(os.path.join(root, "usr/bin/setpriv")):
        return []
    return ["setpriv", "--reuid", str(context["runAsUser"]), "--regid", str(context["runAsGroup"]), "--clear-groups"]


def run(container, root, where, command):
    root_mode = "--ro-bind" if container.get("securityContext", {}).get("readOnlyRootFilesystem") else "--bind"
    return subprocess.run(
        ["bwrap", root_mode, root, "/", "--proc", "/proc", "--dev", "/dev", "--clearenv", "--die-with-parent",
         "--setenv", "PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
         *os.environ.get("POD_OPTIONS", "").split(), *mounts(container, where), *environment(container),
         *user(container, root), *command],
        check=False).returncode


def main():
    manifests, root_of_init, root, where, *command = sys.argv[1:]
    with open(manifests, encoding="utf-8") as file:
        objects = list(yaml.safe_load_all(file))
    config_maps = {o["metadata"]["name"]: o for o in objects if o["kind"] == "ConfigMap"}
    pod = next(o for o in objects if o["kind"] == "Deployment")["spec"]["template"]["spec"]
    make_volumes(pod, config_maps, where)
    if not command:
        return
    for container in pod.get("initContainers", []):
        status = run(container, root_of_init, where, container["command"])
        if status != 0:
            sys.exit(f"pod.py: the init container {container['name']} has failed with status {status}")
    sys.exit(run(pod["containers"][0], root, where, command))


main()
