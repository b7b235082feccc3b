/* SPDX-License-Identifier: ISC */
/* The pty, in place of a real key's USB port. */
#ifndef SOFTKEY_PORT_H
#define SOFTKEY_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SK_PACKET 64 /* one report; the host writes a report number before it */

struct sk_port {
    int master;       /* -1: unplugged */
    int slave;        /* held open, so that we see no hang-up when a client leaves */
    int watch;        /* inotify: clients that open and close the slave */
    pid_t holder;     /* leads the session whose terminal the slave is */
    int clients;      /* open files of the slave that are not ours */
    const char *link; /* symbolic link to the slave, or NULL; not owned */
    char path[64];    /* of the slave */
};

/* Open a pty, make the link. False with errno set. */
bool sk_port_plug(struct sk_port *port);

/* Hang up: a client that is reading gets end of file; one that opens the link finds nothing. */
void sk_port_unplug(struct sk_port *port);

/* True if the last client has left since the last call; what it had not read is then discarded. */
bool sk_port_left(struct sk_port *port);

/* What the client wrote, without waiting; 0: nothing. */
size_t sk_port_read(struct sk_port *port, uint8_t *buf, size_t cap);

/* Send one packet; false if nobody took it within a second, or if unplugged. */
bool sk_port_write(struct sk_port *port, const uint8_t packet[SK_PACKET]);

#endif
