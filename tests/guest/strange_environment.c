/* Runs a program with an environment that no shell would make: strange_environment PROGRAM [ARGUMENT...] */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char without_value[] = "ORIGIN_BYPASS_HOSTS", kept[] = "ORIGINAL=kept", last[] = "ORIGIN_BYPASS_LOG_LEVEL=debug";
    char long_name[256] = "ORIGIN_BYPASS_";
    memset(long_name + strlen(long_name), 'X', 200);
    strcat(long_name, "=1");
    if (argc < 2)
        return 2;
    execve(argv[1], argv + 1, (char *[]){without_value, long_name, kept, without_value, last, NULL});
    perror(argv[1]);
    return 2;
}
