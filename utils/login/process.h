/* What the process must be before it decides anything: plain root, clean, with room to work. */
#ifndef BG_LOGIN_PROCESS_H
#define BG_LOGIN_PROCESS_H

#include "base/err.h"

/*
 * Become plain root: no supplementary groups, all gids and uids 0, umask 077, cwd /, SIGPIPE and SIGXFSZ
 * ignored, no core, memory locked where possible; in no cgroup and at no priority by which a caller could
 * hold us up. BG_E_REFUSED when the process is not root and cannot be.
 */
BG_MUST_CHECK enum bg_err process_become_plain_root(void);

/*
 * Raise the resource limits that a hostile caller (su) may have lowered. BG_E_REFUSED when one stays too
 * small to write the record or to compute; *which is then its name (static storage).
 */
BG_MUST_CHECK enum bg_err process_raise_limits(const char **which);

#endif
