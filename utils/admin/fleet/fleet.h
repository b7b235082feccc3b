/* SPDX-License-Identifier: ISC */
/*
 * A fleet: a directory on a machine without a network, made and read by "breakglass fleet".
 *
 *     fleet.conf         what is known of the fleet's cards, and for which account; nothing of it opens a
 * door hosts              a line for each host: its name, a blank, its epoch credentials/HOST   a credentials
 * file for that host and epoch
 */
#ifndef BG_ADMIN_FLEET_H
#define BG_ADMIN_FLEET_H

#include <limits.h>
#include <stdio.h>
#include "admin/admin.h"
#include "config/credential.h"
#include "share/fleet.h"

#define FLEET_HOSTS_MAX 1000000u
#define FLEET_FILE_MAX  ((size_t)64 << 20) /* bytes of a list of hosts */
#define FLEET_ACCOUNT   32

/* --- hosts.c: lists of hosts */

struct fleet_host {
    char name[BG_FLEET_HOST];
    uint32_t epoch; /* 0 in a list without epochs */
    unsigned line;  /* of the file it was read from */
};

struct fleet_hosts { /* sorted by name; host is the heap's */
    struct fleet_host *host;
    size_t n;
};

/*
 * Read a list: a name in each line, and with `epochs` its epoch behind a blank; blank lines and those that
 * begin with # are passed over. BG_E_SYNTAX: e names the line, also of a name that comes twice; else as
 * bg_file_slurp, and e->text says why. fleet_hosts_free afterwards, after BG_OK alone.
 */
BG_MUST_CHECK enum bg_err fleet_hosts_read(const char *path, bool epochs, struct fleet_hosts *out,
                                           struct bg_ini_error *e);

/* The same from text. */
BG_MUST_CHECK enum bg_err fleet_hosts_parse(const char *text, size_t len, bool epochs,
                                            struct fleet_hosts *out, struct bg_ini_error *e);

/* The host of that name, or NULL. */
struct fleet_host *fleet_hosts_find(const struct fleet_hosts *l, const char *name);

/*
 * Take the hosts of `more` into l: a new one begins with epoch 1, a known one keeps its epoch or, with
 * `next`, moves on by one. The epochs are set in `more` too. BG_E_NOMEM; BG_E_RANGE: too many hosts, or too
 * many epochs of one. Nothing is changed unless BG_OK.
 */
BG_MUST_CHECK enum bg_err fleet_hosts_join(struct fleet_hosts *l, struct fleet_hosts *more, bool next);

/* Replace the file. As bg_file_replace. */
BG_MUST_CHECK enum bg_err fleet_hosts_write(const char *path, const struct fleet_hosts *l);

void fleet_hosts_free(struct fleet_hosts *l);

/* --- dir.c: the directory */

struct fleet {
    struct bg_credential credential; /* only its share set means anything; it stands first for fleet.conf */
    uint8_t id[BG_FLEET_ID];
    char account[FLEET_ACCOUNT];
};

/* Replace one of its files, mode 0600, by what put() prints of `what`. BG_E_NOMEM, else as bg_file_replace.
 */
BG_MUST_CHECK enum bg_err fleet_put(const char *path, void (*put)(FILE *to, const void *what),
                                    const void *what);

/* DIR/name into path. False when that is too long. */
bool fleet_path(const char *dir, const char *name, char path[PATH_MAX]);

/* The name of a fleet: the last part of its directory. It points into dir. */
const char *fleet_name(const char *dir);

/*
 * Make the directory (mode 0700, it must not exist) with an empty list of hosts and what f holds. What was
 * made is taken back when it fails. BG_E_BUSY: something of that name exists; BG_E_NOENT, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err fleet_make(const char *dir, const struct fleet *f);

/* Take away what fleet_make() made; a directory that holds more stays. errno stays. */
void fleet_unmake(const char *dir);

/* Read fleet.conf. BG_E_SYNTAX: e names the line; else as bg_file_slurp. */
BG_MUST_CHECK enum bg_err fleet_load(const char *dir, struct fleet *f, struct bg_ini_error *e);

/* --- commands.c */

/*
 * The share set of FILE, which "fleet enroll" wrote for this host, into *out, ready to take the place of c's,
 * but for the sets that were replaced before. One that was replaced here before is refused unless `spent`.
 * ADMIN_GOOD, or the finding was shown.
 */
enum admin_exit fleet_take(const char *account, const char *path, bool spent, const struct bg_credential *c,
                           struct bg_shareset *out);

/* --- enroll.c: one credentials file a host */

/*
 * Write credentials/HOST for each of hosts, with the fleet's secret: all of them beside the old ones first,
 * synced to the disk as a whole, and only then each in its place. tell(done, all) is called now and then.
 * BG_E_IO and others: the files of before are there, or some of the new ones.
 */
BG_MUST_CHECK enum bg_err fleet_enroll(const char *dir, const struct fleet *f, const uint8_t *secret,
                                       const struct fleet_hosts *hosts,
                                       void (*tell)(size_t done, size_t all));

#endif
