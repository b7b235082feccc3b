/* sshd: our drop-in, checking with sshd itself, and telling a running one. */
#ifndef BG_ADMIN_CONF_SSHD_H
#define BG_ADMIN_CONF_SSHD_H

#include <stdbool.h>
#include "admin/rows.h"

#define SSHD_PROGRAM "/usr/sbin/sshd"
#define SSHD_DROPIN  BG_SYSCONFDIR "/ssh/sshd_config.d/10-breakglass.conf"
#define SSHD_PIDFILE "/run/sshd.pid"

bool sshd_installed(void);

/* One Match block an account; NULL when memory is gone. The caller frees it. */
char *sshd_dropin(const struct account_rows *rows);

/*
 * "sshd -t", at most 10 s. False: why (cap bytes) says what sshd said. Makes /run/sshd for the time of the
 * check when it is not there, as on a host whose sshd is stopped, and says so.
 */
bool sshd_config_ok(char *why, size_t cap);

/* What sshd would use for this account (sshd -T -C): every setting that is not ours is a finding. True: ours
 * wins. */
bool sshd_block_wins(const struct account_row *row);

/* SIGHUP to the sshd of SSHD_PIDFILE if that process runs SSHD_PROGRAM; tells what was done. */
void sshd_reload(void);

#endif
