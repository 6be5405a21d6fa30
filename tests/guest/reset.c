/* An upstream that ends its TCP connections before the query is written. SIGPIPE, which would end the program, never
 * comes. The program waits after each connect(2), so that the other side has finished.
 */
#include <sys/socket.h>
#include <sys/syscall.h>

#include "guest.h"

static int connections;

/* Replaces libc's function. */
int connect(int number, const struct sockaddr *address, socklen_t size) {
    int type = 0;
    socklen_t type_size = sizeof(type);
    int result = (int)syscall(SYS_connect, number, address, size);
    int error = errno;
    getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &type_size);
    if (type == SOCK_STREAM) {
        connections++;
        pause_ms(200);
    }
    errno = error;
    return result;
}

int main(void) {
    for (unsigned i = 0; i < 3; i++)
        EXPECT(leads_to_origin(COLD_NAME(i)));
    EXPECT(connections >= 3);
    return 0;
}
