/* A signal handler that copies the process in the middle of a lookup: handler_fork fork | _Fork | clone
 *
 * DNS is silent to the first query for a name. The handler returns in both processes, and both get the answer. The
 * child reads from none of the sockets inherited from its parent, and keeps none open.
 */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "copy.h"
#include "guest.h"

enum { INHERITED_MAX = 64 };

static const char *function;
static volatile sig_atomic_t child = -1;
static ino_t inherited[INHERITED_MAX];
static size_t sockets_before, inherited_count, read_from_inherited;

static size_t list_sockets(ino_t *inodes, size_t room) {
    size_t count = 0;
    for (int number = 0; number < 1024; number++) {
        struct stat status;
        if (fstat(number, &status) == 0 && S_ISSOCK(status.st_mode) && count < room)
            inodes[count++] = status.st_ino;
    }
    return count;
}

static bool is_inherited(ino_t inode) {
    for (size_t i = 0; i < inherited_count; i++)
        if (inherited[i] == inode)
            return true;
    return false;
}

/* Replaces libc's function, to see which sockets are read. */
ssize_t recvfrom(int number, void *data, size_t size, int flags, struct sockaddr *restrict from,
                 socklen_t *restrict from_size) {
    struct stat status;
    if (fstat(number, &status) == 0 && is_inherited(status.st_ino))
        read_from_inherited++;
    return syscall(SYS_recvfrom, number, data, size, flags, from, from_size);
}

static void copy(int signal) {
    (void)signal;
    if (count_sockets() == sockets_before) { /* the lookup does not wait yet */
        signal_after_ms(20);
        return;
    }
    if (strcmp(function, "_Fork") == 0)
        child = _Fork();
    else if (strcmp(function, "clone") == 0)
        child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    else
        child = fork();
    if (child == 0)
        inherited_count = list_sockets(inherited, INHERITED_MAX);
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = copy};
    int status;
    function = argc == 2 ? argv[1] : "fork";
    sigaction(SIGALRM, &action, NULL);
    sockets_before = count_sockets();
    signal_after_ms(100);
    bool right = leads_to_origin("awaited.many.example.com");
    EXPECT(child >= 0);
    EXPECT(right);
    EXPECT(count_sockets() == sockets_before);
    EXPECT(child > 0 || inherited_count > sockets_before);
    EXPECT(read_from_inherited == 0);
    EXPECT(leads_to_origin("afterwards.example.com") || leads_to_origin("cdn.example.com"));
    if (child == 0)
        _exit(0);
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}
