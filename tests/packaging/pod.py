"""Runs a command in a pod of a rendered Deployment, like a kubelet:

    pod.py MANIFESTS ROOT_OF_INIT_CONTAINERS ROOT VOLUMES [COMMAND [ARGUMENT...]]

Without a command it only writes the ConfigMaps' volumes again, for a pod that is running. Volumes are directories in
VOLUMES, laid out as by a kubelet: the files of a ConfigMap are symbolic links through ..data, which is replaced as a
whole. Init containers run first, each with its own command; then the given command runs in the first container's
environment and mounts. Images are directories, and containers are bwrap's. Exits as the command does.
"""

import base64
import os
import subprocess
import sys

import yaml


def config_map_files(config_map):
    for key, text in config_map.get("data", {}).items():
        yield key, text.encode()
    for key, text in config_map.get("binaryData", {}).items():
        yield key, base64.b64decode(text)


def write_files(files, directory, mode):
    """Writes the files of ConfigMaps with this mode. A second call replaces those of the first in one step."""
    generation = f"..{len(os.listdir(directory))}"
    os.mkdir(os.path.join(directory, generation))
    for key, octets in files:
        with open(os.path.join(directory, generation, key), "wb") as file:
            file.write(octets)
        os.chmod(os.path.join(directory, generation, key), mode)
        if not os.path.lexists(os.path.join(directory, key)):
            os.symlink(os.path.join("..data", key), os.path.join(directory, key))
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
            names = [source["configMap"]["name"] for source in described.get("sources", [{"configMap": described}])]
            files = [file for name in names for file in config_map_files(config_maps[name])]
            write_files(files, directory, described.get("defaultMode", 0o644))


def mounts(container, where):
    for mount in container.get("volumeMounts", []):
        source = os.path.join(where, mount["name"], mount.get("subPath", ""))
        yield from ["--ro-bind" if mount.get("readOnly") else "--bind", os.path.realpath(source), mount["mountPath"]]


def environment(container):
    for variable in container.get("env", []):
        yield from ["--setenv", variable["name"], variable["value"]]


def user(container):
    context = container.get("securityContext", {})
    if "runAsUser" not in context or os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", str(context["runAsUser"]), "--regid", str(context["runAsGroup"]), "--clear-groups"]


def run(container, root, where, command):
    root_mode = "--ro-bind" if container.get("securityContext", {}).get("readOnlyRootFilesystem") else "--bind"
    return subprocess.run(
        ["bwrap", root_mode, root, "/", "--proc", "/proc", "--dev", "/dev", "--clearenv", "--die-with-parent",
         "--setenv", "PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
         *mounts(container, where), *environment(container), *user(container), *command],
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
