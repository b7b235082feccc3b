/* SPDX-License-Identifier: ISC */
/* What the files about sshd share: sshd itself as the authority, and our settings. */
#ifndef BG_ADMIN_CONF_SSHD_H
#define BG_ADMIN_CONF_SSHD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include "admin/run.h"
#include "base/err.h"

#define SSHD_PROGRAM "/usr/sbin/sshd"
#define SSH_PROGRAM  "/usr/bin/ssh"

/* Run sshd with up to four words, about its own configuration (NULL) or another file. As run_program. */
BG_MUST_CHECK enum bg_err sshd_ask(const char *file, const char *const words[], struct run_result *res);

/* "sshd -T" about the configuration that the host's sshd has. */
BG_MUST_CHECK enum bg_err sshd_dump(struct run_result *res);

/* Copy the value that "sshd -T" shows for a key; false without one. */
bool sshd_value(const char *dump, const char *key, char *out, size_t cap);

/* Our settings, one a line; users: the value of AllowUsers. */
void sshd_put_settings(FILE *to, const char *indent, const char *users, bool uid0);

/* The i-th of our settings that are the same for all accounts; false behind the last. */
bool sshd_setting(size_t i, const char **key, const char **value);

/* Does anything listen on that TCP port, at any address? */
bool sshd_listens(unsigned port);

/* The process in a pid file, if it is sshd; 0 otherwise. */
pid_t sshd_running(const char *pidfile);

/* Have it read its configuration again, and wait, 5 s at most, until it listens once more. 0: there is none.
 */
pid_t sshd_hup(const char *pidfile);

#endif
