/* Loads a plugin, or does nothing: opens [PLUGIN] */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc < 2)
        return 0;
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL) {
        puts(dlerror());
        return 1;
    }
    return dlclose(plugin);
}
