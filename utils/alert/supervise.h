/* One process a sink, started again when it dies, and systemd's watchdog. */
#ifndef BG_ALERT_SUPERVISE_H
#define BG_ALERT_SUPERVISE_H

#include <sys/stat.h>
#include "alert/worker.h"

/*
 * Run the workers. A round ends at its deadline; the service ends with a signal, or when the configuration is
 * no longer the file that `loaded` describes: taken before it was read, so that no change falls between.
 * Returns the exit status, the worst that a worker ended with (enum worker_end).
 */
int supervise(struct job *jobs, unsigned n, bool resident, const struct stat *loaded);

/* What stat(2) says of the configuration now; all zeros when there is none. */
void supervise_look(struct stat *now);

#endif
