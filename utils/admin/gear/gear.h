/* SPDX-License-Identifier: ISC */
/*
 * Switches and routers that run Debian inside: which of them this is, what init was asked to put there, and
 * where a copy of our configuration survives an upgrade of the image.
 */
#ifndef BG_ADMIN_GEAR_GEAR_H
#define BG_ADMIN_GEAR_GEAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum gear {
    GEAR_NONE = 0,
    GEAR_SONIC,
    GEAR_CUMULUS,
    GEAR_VYOS,
    GEARS
};

struct gear_row {
    const char *name;  /* "sonic" */
    const char *does;  /* what it rewrites, for a person */
    const char *os_id; /* ID of os-release, or NULL */
    const char *sign;  /* a path that only this platform has, or NULL */
    const char *keep;  /* a folder that an upgrade of the image takes over; NULL: there is none */
};
extern const struct gear_row gears[GEARS];

/* Which one is this? By os-release and lsb-release, then by a folder of its own. */
enum gear gear_detect(void);

/* The one of that name; GEARS when there is none. */
enum gear gear_named(const char *name);

/* --- saved.c: what init was asked for, so that a hook can ask for the same again */

#define GEAR_SAVED BG_CONFDIR "/platform"

struct gear_options {
    enum gear gear;
    char account[64], services[512], sessions[512]; /* lists "": the usual ones */
    bool no_sshd, rescue;
};

/* BG_E_NOENT: init was never run for a platform, or was undone. BG_E_SYNTAX. */
BG_MUST_CHECK enum bg_err gear_load(struct gear_options *out);
/* *text is malloced. */
BG_MUST_CHECK enum bg_err gear_text(const struct gear_options *o, char **text);

/* The platform that this run is for: what was saved, until gear_set() says otherwise. */
enum gear gear_now(void);
void gear_set(enum gear g);

/* --- keep.c: the copy */

/*
 * Bring the copy in gears[].keep up to date. True also where the platform has no such folder. False: *why is
 * a phrase. Waits at most 60 s.
 */
bool gear_keep(enum gear g, const char **why);
/* Is it as the configuration is? */
bool gear_is_kept(enum gear g);
void gear_forget(enum gear g);

/* --- budget.c: a fight with another program ends */

#define GEAR_BUDGET    6u      /* times that files are put back ... */
#define GEAR_BUDGET_MS 3600000 /* ... within this time since the first of them */

struct gear_put_back {
    unsigned n;      /* times within the last GEAR_BUDGET_MS */
    unsigned boot;   /* since the machine was started */
    int64_t last_ms; /* since the last, -1: never */
    char what[256];  /* the files of the last */
    bool told;       /* that the budget is spent is on record */
};

void gear_put_backs(struct gear_put_back *out);
BG_MUST_CHECK enum bg_err gear_note_put_back(const char *what);
BG_MUST_CHECK enum bg_err gear_note_spent(void);

/* look.c: for "status": findings are shown, "platform" is added to root. */
void gear_look(json_t *root);

#endif
