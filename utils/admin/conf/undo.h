/*
 * How to take our edits back: BG_STATEDIR/undo holds a copy of each system file as it was before us, and a
 * manifest with the SHA-256 of what we wrote. A file that still has that hash gets its copy back, byte for
 * byte; one that somebody else has edited since loses exactly our lines.
 */
#ifndef BG_ADMIN_CONF_UNDO_H
#define BG_ADMIN_CONF_UNDO_H

#include "admin/conf/conffile.h"
#include "base/err.h"

#define UNDO_DIR      BG_STATEDIR "/undo"
#define UNDO_MANIFEST UNDO_DIR "/manifest"

/* Write copies and manifest for all planned edits. Call before the first is applied. */
BG_MUST_CHECK enum bg_err undo_prepare(const struct sysedits *e);

/* Plan taking everything back, whether the manifest knows of it or not. */
BG_MUST_CHECK enum bg_err undo_plan(struct conf_plan *p);

/* Forget copies and manifest, after the plan was applied. */
void undo_forget(void);

#endif
