/* A program that, before its first lookup, enters an empty directory and gives up being root: jail DIRECTORY [USER]
 * Its configuration, in a file that only root may read, and the real functions were found when it was loaded.
 */
#include <grp.h>
#include <stdlib.h>

#include "guest.h"

int main(int argc, char **argv) {
    EXPECT(argc >= 2 && chroot(argv[1]) == 0 && chdir("/") == 0);
    if (argc == 3) {
        uid_t user = (uid_t)strtoul(argv[2], NULL, 10);
        EXPECT(setgroups(0, NULL) == 0 && setgid(user) == 0 && setuid(user) == 0);
    }
    EXPECT(access("/etc", F_OK) == -1 && access("/dev/urandom", F_OK) == -1);
    EXPECT(answers_all_kinds());
    return 0;
}
