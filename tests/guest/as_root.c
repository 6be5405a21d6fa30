/* A setuid program that makes its rights permanent, and runs another program with them: as_root PROGRAM [ARGUMENT...]
 */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 2 || setresuid(geteuid(), geteuid(), geteuid()) != 0)
        return 2;
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 2;
}
