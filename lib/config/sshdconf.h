/* SPDX-License-Identifier: ISC */
/*
 * What sshd's own configuration files say, line by line and without running sshd: for telling a person which
 * line of which file it is, and for what cannot wait for another program. sshd alone knows what it all adds
 * up to: "sshd -T" is the authority.
 */
#ifndef BG_CONFIG_SSHDCONF_H
#define BG_CONFIG_SSHDCONF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "account/accounts.h"
#include "base/err.h"

/* Of an sshd for the emergency accounts alone, where there is one. */
#define BG_SSHD_CONFIG  BG_CONFDIR "/sshd_config"
#define BG_SSHD_PIDFILE BG_RUNDIR "/sshd.pid"

struct bg_sshd_line {
    const char *file;
    unsigned number;
    const char *match; /* criteria of the Match blocks that it stands in; NULL: it holds for everybody */
    const char *key, *value; /* value: without comment and outer quotes; "Match" itself is a line too */
};

/* Called for each line in the order in which sshd reads them; false ends the walk. */
typedef bool (*bg_sshd_fn)(void *arg, const struct bg_sshd_line *l);

/*
 * Walk a file and what it includes (relative names are beside it): at most 64 files of 256 KiB, 8 levels. An
 * included file that cannot be read is passed over, as sshd would. BG_E_NOENT, BG_E_UNSAFE, BG_E_IO for the
 * first one.
 */
BG_MUST_CHECK enum bg_err bg_sshd_walk(const char *path, bg_sshd_fn fn, void *arg);

/* "90", "2m", "1h30m" in seconds; false for anything else. */
BG_MUST_CHECK bool bg_sshd_seconds(const char *text, unsigned *out);

/* Seconds that sshd gives a login, LoginGraceTime or its default of 120; 0: without limit. */
unsigned bg_sshd_grace(const char *path);

/* The groups of an account as files know them: its own, those of BG_GROUPS_PATH, and of `path` (group(5)). */
#define BG_SSHD_GROUPS 16
struct bg_sshd_user {
    const char *name;
    char group[BG_SSHD_GROUPS][40];
    uint32_t id[BG_SSHD_GROUPS]; /* their numbers */
    size_t groups;
};
void bg_sshd_user(const struct bg_account *a, const char *path, struct bg_sshd_user *out);

/*
 * Does a list of patterns of AllowUsers name the user, if only from some host (user@host), does one of
 * DenyUsers name it from everywhere, or one of the groups' lists a group of its? A ! is a character of the
 * name: sshd negates in Match lines only.
 */
bool bg_sshd_names_user(const char *patterns, const struct bg_sshd_user *u);
bool bg_sshd_denies_user(const char *patterns, const struct bg_sshd_user *u);
bool bg_sshd_names_group(const char *patterns, const struct bg_sshd_user *u);

/* What keeps a user out. */
struct bg_sshd_rule {
    char key[24]; /* "DenyUsers"; "": none found */
    char file[PATH_MAX];
    unsigned number; /* 0: the default, no line sets it */
};

/*
 * The first line that keeps the user out of a host that has our Match block, or not: DenyUsers, DenyGroups,
 * AllowGroups and, where no Match block names the user, AllowUsers and, with uid 0, PermitRootLogin. Lines in
 * Match blocks of others are not looked at. False: none was found.
 */
BG_MUST_CHECK bool bg_sshd_excludes(const char *path, const struct bg_sshd_user *u, bool uid0,
                                    struct bg_sshd_rule *out);

#endif
