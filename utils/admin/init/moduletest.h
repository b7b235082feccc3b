/*
 * Load a shared module in a child before any system file names it: a module that is cut short kills its host
 * in dlopen (SIGBUS), and no PAM control can help there.
 */
#ifndef BG_ADMIN_INIT_MODULETEST_H
#define BG_ADMIN_INIT_MODULETEST_H

#include <stdbool.h>
#include <stddef.h>

#define MODULE_PAM BG_PAMDIR "/pam_breakglass.so"
#define MODULE_NSS BG_NSSDIR "/libnss_breakglass.so.2"

/* All modules and the helper; every fault becomes a finding. Takes at most 5 s a module. True: all are sound.
 */
bool modules_sound(void);

#endif
