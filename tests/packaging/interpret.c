/* What the kernel runs a program of another CPU with, in the tests here: QEMU, a path that is given at compile time.
 *
 * qemu is a program of this machine's CPU, and its own loader would complain about the other CPU's library in
 * LD_PRELOAD. So only the program that qemu runs gets the variable. It is linked statically, because its own loader
 * would complain too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef QEMU
#define QEMU "/usr/bin/qemu-aarch64"
#endif

static char *arguments[1024] = {QEMU};

int main(int argc, char **argv) {
    static char setting[4096];
    const char *preload = getenv("LD_PRELOAD");
    int count = 1;
    if (preload != NULL && snprintf(setting, sizeof(setting), "LD_PRELOAD=%s", preload) < (int)sizeof(setting)) {
        arguments[count++] = "-E";
        arguments[count++] = setting;
    }
    for (int i = 1; i < argc && count < 1023; i++)
        arguments[count++] = argv[i];
    unsetenv("LD_PRELOAD");
    execv(QEMU, arguments);
    perror(QEMU);
    return 125;
}
